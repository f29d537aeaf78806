"""Functions that really run, by Lambda's rules, and rules that call them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.sandbox.endpoint import REGION
from opsctl.sandbox.engine.conditions import AWS_LIKE, Conditions, Durations
from opsctl.sandbox.engine.events import emit
from tests.kit.functions import function, queue, received, role, rule, zipped
from tests.kit.groups import LAUNCH, make_group, refused
from tests.kit.local_functions import Killed
from tests.kit.moto_account import client
from tests.kit.queues import SNS_MAY_SEND
from tests.kit.timed import move, timed_world

ECHO = """
import os
def lambda_handler(event, context):
    print("got", event)
    return {"event": event, "who": os.environ["WHO"], "left": context.get_remaining_time_in_millis()}
"""
READS_ITS_LOG = """
import boto3
def lambda_handler(event, context):
    print("begun")
    print("")
    found = boto3.client("logs").filter_log_events(logGroupName=context.log_group_name)["events"]
    return [one["message"] for one in found]
"""
FAILS = """
def lambda_handler(event, context):
    raise ValueError("no luck")
"""
HOOKS = {
    "source": ["aws.autoscaling"],
    "detail-type": ["EC2 Instance-launch Lifecycle Action", "EC2 Instance-terminate Lifecycle Action"],
    "detail": {"AutoScalingGroupName": ["g"]},
}


@pytest.fixture(autouse=True)
def about() -> Iterator[Conditions]:
    with timed_world() as (_, about):
        yield about


def invoke(**more: Any) -> tuple[Any, dict[str, Any]]:
    answer = client("lambda").invoke(FunctionName="f", **more)
    return json.loads(answer["Payload"].read() or "null"), answer


def test_a_function_runs_its_code_with_its_environment() -> None:
    function(ECHO, Environment={"Variables": {"WHO": "me"}})
    value, answer = invoke(Payload=json.dumps({"a": 1}))
    assert value == {"event": {"a": 1}, "who": "me", "left": 60_000}
    assert "FunctionError" not in answer


@pytest.mark.parametrize("way", ["Qualifier", "name"])
def test_an_alias_runs_the_code_of_its_version(way: str, about: Conditions) -> None:
    function("def lambda_handler(event, context):\n    return 'released'\n")
    version = client("lambda").publish_version(FunctionName="f")["Version"]
    client("lambda").create_alias(FunctionName="f", Name="live", FunctionVersion=version)
    code = zipped("def lambda_handler(event, context):\n    return 'not yet'\n")
    client("lambda").update_function_code(FunctionName="f", ZipFile=code)
    asked = {"FunctionName": "f", "Qualifier": "live"} if way == "Qualifier" else {"FunctionName": "f:live"}
    answer = client("lambda").invoke(**asked)
    assert json.loads(answer["Payload"].read()) == "released"


def test_what_it_prints_is_in_its_log_while_it_still_runs() -> None:
    function(READS_ITS_LOG)
    value, _ = invoke()
    assert [line for line in value if not line.startswith("START")] == ["begun"]


def test_an_exception_is_an_answer() -> None:
    function(FAILS)
    value, answer = invoke()
    assert (answer["FunctionError"], value["errorType"], value["errorMessage"]) == (
        "Unhandled",
        "ValueError",
        "no luck",
    )


def test_what_it_prints_is_its_log(about: Conditions) -> None:
    function(ECHO, Environment={"Variables": {"WHO": "me"}})
    invoke(Payload=b"{}")
    assert about.invocations[0].logs == ("got {}",)


def test_its_clients_lead_to_the_sandbox_and_its_calls_are_known(about: Conditions) -> None:
    code = """
import boto3
def lambda_handler(event, context):
    return boto3.client("ec2").describe_vpcs()["Vpcs"][0]["OwnerId"]
"""
    function(code)
    value, _ = invoke()
    assert value == client("sts").get_caller_identity()["Account"]
    assert about.function_calls == [("ec2.DescribeVpcs", {})]


def test_its_waiting_passes_time_on_the_account_s_clock_and_takes_none(about: Conditions) -> None:
    code = """
import time
from datetime import datetime, timezone
def lambda_handler(event, context):
    began = time.time()
    time.sleep(30)
    return [time.time() - began, datetime.now(timezone.utc).timestamp() - began, time.monotonic() - began]
"""
    function(code)
    assert invoke()[0] == [30, 30, 30]


def test_what_stands_in_for_the_machine_behaves_like_it(about: Conditions) -> None:
    code = """
import os.path
from datetime import datetime
import boto3

def lambda_handler(event, context):
    ec2 = boto3.client("ec2")
    ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)
    made = ec2.describe_volumes()["Volumes"][0]["CreateTime"]
    return [os.environ["WHO"], isinstance(made, datetime), "HOME" in os.environ]
"""
    function(code, Environment={"Variables": {"WHO": "me"}})
    assert invoke()[0] == ["me", True, False]


def test_a_function_that_takes_too_long_is_ended(about: Conditions) -> None:
    function("import time\ndef lambda_handler(event, context):\n    time.sleep(61)\n")
    assert invoke()[0]["errorType"] == "Sandbox.Timedout"


def test_a_function_can_be_killed_before_a_call_and_after_one(about: Conditions) -> None:
    code = """
import boto3
def lambda_handler(event, context):
    try:
        boto3.client("ec2").create_vpc(CidrBlock="10.8.0.0/16")
    except Exception:
        return "went on"
"""

    def kill(api: str, params: dict[str, Any]) -> None:
        raise Killed(api)

    function(code)
    vpcs = client("ec2").describe_vpcs
    about.faults.before_call = kill
    assert (invoke()[0]["errorType"], len(vpcs()["Vpcs"])) == ("Killed", 1)
    about.faults.before_call, about.faults.after_call = None, kill
    assert (invoke()[0]["errorType"], len(vpcs()["Vpcs"])) == ("Killed", 2)


def test_a_new_role_cannot_be_assumed_for_some_seconds(about: Conditions) -> None:
    about.durations = AWS_LIKE
    arn = role("fresh")
    says = "The role defined for the function cannot be assumed by Lambda."
    asked: dict[str, Any] = {"source": ECHO, "role_arn": arn}
    refused("InvalidParameterValueException", function, says=says, **asked)
    move(about, 10)
    function(ECHO, role_arn=arn)
    assert client("lambda").get_function_configuration(FunctionName="f")["State"] == "Pending"
    refused("ResourceConflictException", client("lambda").invoke, FunctionName="f")
    move(about, 5)
    assert client("lambda").get_function_configuration(FunctionName="f")["State"] == "Active"


def test_a_role_that_does_not_trust_lambda_is_refused() -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}],
    }
    asked: dict[str, Any] = {"source": ECHO, "role_arn": role("other", trust)}
    refused("InvalidParameterValueException", function, **asked)


def test_an_asynchronous_failure_is_tried_three_times_and_then_a_dead_letter(about: Conditions) -> None:
    url, arn = queue("dead")
    function(FAILS, DeadLetterConfig={"TargetArn": arn})
    assert client("lambda").get_function_configuration(FunctionName="f")["DeadLetterConfig"] == {"TargetArn": arn}
    client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload=b'{"a": 1}')
    began = about.now()
    move(about, 600)
    assert [one.at - began for one in about.invocations] == [0, 60, 180]
    (dead,) = received(url)
    assert dead["Body"] == '{"a": 1}'
    assert dead["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no luck"
    assert dead["MessageAttributes"]["ErrorCode"]["DataType"] == "Number"


def test_an_alias_that_is_invoked_asynchronously_runs_the_version_it_leads_to(about: Conditions) -> None:
    url, arn = queue("dead")
    function(FAILS, DeadLetterConfig={"TargetArn": arn})
    version = client("lambda").publish_version(FunctionName="f")["Version"]
    client("lambda").create_alias(FunctionName="f", Name="prod", FunctionVersion=version)
    client("lambda").update_function_code(FunctionName="f", ZipFile=zipped(ECHO))
    client("lambda").invoke(FunctionName="f:prod", InvocationType="Event", Payload="{}")
    move(about, 600)
    assert [one["MessageAttributes"]["ErrorMessage"]["StringValue"] for one in received(url)] == ["no luck"]


def test_the_number_of_retries_is_the_functions_to_say(about: Conditions) -> None:
    function(FAILS)
    client("lambda").put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
    client("lambda").invoke(FunctionName="f", InvocationType="Event")
    move(about, 600)
    assert len(about.invocations) == 1


def test_a_schedule_calls_its_function_every_minute_while_it_is_enabled(about: Conditions) -> None:
    rule("sweep", function(ECHO, Environment={"Variables": {"WHO": "x"}}), ScheduleExpression="rate(1 minute)")
    move(about, 59)
    assert len(about.invocations) == 0
    move(about, 121)
    assert len(about.invocations) == 3
    assert json.loads(about.invocations[0].payload)["detail-type"] == "Scheduled Event"
    client("events").disable_rule(Name="sweep")
    move(about, 300)
    assert len(about.invocations) == 3
    client("events").remove_targets(Rule="sweep", Ids=["1"])
    client("events").delete_rule(Name="sweep")
    move(about, 300)
    assert about.timeline.next_due() is None


@pytest.mark.parametrize("expression", ["rate(1 minutes)", "rate(2 minute)", "rate(0 minutes)"])
def test_a_rate_is_written_as_aws_wants_it(expression: str) -> None:
    refused("ValidationException", client("events").put_rule, Name="x", ScheduleExpression=expression)


def test_a_lifecycle_event_calls_the_function_of_a_rule_that_matches(about: Conditions) -> None:
    rule("hooks", function(ECHO, Environment={"Variables": {"WHO": "x"}}), EventPattern=json.dumps(HOOKS))
    make_group(hooks=(LAUNCH,))
    move(about, 1)
    (ran,) = about.invocations
    assert json.loads(ran.payload)["detail"]["LifecycleTransition"] == LAUNCH


def test_the_dead_letter_of_a_target_is_the_event_and_not_what_the_target_was_to_get(about: Conditions) -> None:
    url, arn = queue("dead")
    name = rule("hooks", function(ECHO), allow=False, dead=arn, EventPattern=json.dumps({"source": ["shop"]}))
    target = client("events").list_targets_by_rule(Rule="hooks")["Targets"][0]
    client("events").put_targets(Rule="hooks", Targets=[{**target, "Input": '"fixed"'}])
    emit(arn.split(":")[4], REGION, source="shop", detail_type="x", resources=[], detail={"a": 1})
    move(about, 1)
    (dead,) = received(url)
    assert json.loads(dead["Body"])["detail"] == {"a": 1}
    assert dead["MessageAttributes"]["RULE_ARN"]["StringValue"] == name


def test_a_function_that_lets_nobody_in_is_not_called_and_the_event_is_a_dead_letter(about: Conditions) -> None:
    url, arn = queue("undelivered")
    rule("hooks", function(ECHO), allow=False, dead=arn, EventPattern=json.dumps(HOOKS))
    make_group(hooks=(LAUNCH,))
    move(about, 1)
    assert about.invocations == []
    assert received(url)[0]["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"


@pytest.mark.parametrize(("delays", "times"), [((), []), ((0, 0), [0, 0]), ((90,), [90]), ((5, 700), [5, 700])])
def test_events_are_lost_come_twice_or_late(
    delays: tuple[float, ...], times: list[float], about: Conditions
) -> None:
    rule("hooks", function(ECHO, Environment={"Variables": {"WHO": "x"}}), EventPattern=json.dumps(HOOKS))
    about.faults.deliver = lambda event: [(delay, event) for delay in delays]
    began = about.now()
    make_group(hooks=(LAUNCH,))
    move(about, 1000)
    assert [one.at - began for one in about.invocations] == times


def test_events_go_to_queues_and_topics_too(about: Conditions) -> None:
    url, arn = queue("events")
    topic = client("sns").create_topic(Name="t")["TopicArn"]
    let_in = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish"}
    policy = json.dumps({"Statement": [{**let_in, "Resource": topic}]})
    client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    other, other_arn = queue("subscribed")
    client("sqs").set_queue_attributes(QueueUrl=other, Attributes={"Policy": SNS_MAY_SEND})
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=other_arn)
    rule("one", arn, EventPattern=json.dumps(HOOKS))
    rule("two", topic, EventPattern=json.dumps(HOOKS))
    make_group(hooks=(LAUNCH,))
    assert json.loads(received(url)[0]["Body"])["source"] == "aws.autoscaling"
    assert "aws.autoscaling" in received(other)[0]["Body"]


def test_a_function_with_no_concurrency_waits(about: Conditions) -> None:
    function(ECHO, Environment={"Variables": {"WHO": "x"}})
    client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    client("lambda").invoke(FunctionName="f", InvocationType="Event")
    move(about, 600)
    assert about.invocations == []
    client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    move(about, 60)
    assert len(about.invocations) == 1


def test_durations_are_nothing_unless_somebody_says_so() -> None:
    periods = ("health_check", "launch_retry", "policy_hour", "metric_period")
    assert not any(value for name, value in vars(Durations()).items() if name not in periods)
