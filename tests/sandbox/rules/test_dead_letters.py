"""The rules of those who send to dead-letter queues, around moto: each from a fact about AWS."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opsctl.sandbox.rules import queue_settings as rules_queue_settings
from tests.kit.moto_account import World, client, fresh_world, server
from tests.kit.queues import SNS_MAY_SEND, arn, attribute, pair, queue, redrive, refused

SEND = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:Send*", "Resource": "*"}]}


@pytest.fixture(autouse=True)
def world() -> Iterator[World]:
    server()
    with fresh_world() as made:
        yield made


def test_the_name_of_a_deleted_queue_is_free_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    url = queue("q")
    client("sqs").delete_queue(QueueUrl=url)
    message = refused("AWS.SimpleQueueService.QueueDeletedRecently", client("sqs").create_queue, QueueName="q")
    assert message.startswith("You must wait 60 seconds")
    real = rules_queue_settings.now
    monkeypatch.setattr(rules_queue_settings, "now", lambda: real() + 60)
    assert queue("q") == url


def test_a_notification_names_the_subscription_that_got_it() -> None:
    topic = client("sns").create_topic(Name="t")["TopicArn"]
    urls = [queue(name, Policy=SNS_MAY_SEND) for name in ("a", "b")]
    subscriptions = [
        client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn(name))["SubscriptionArn"]
        for name in ("a", "b")
    ]
    client("sns").publish(TopicArn=topic, Message="x")
    got = [client("sqs").receive_message(QueueUrl=url)["Messages"][0]["Body"] for url in urls]
    links = [json.loads(body)["UnsubscribeURL"].rpartition("SubscriptionArn=")[2] for body in got]
    assert links == subscriptions


def test_creating_a_queue_that_is_there_does_not_mark_it() -> None:
    url = queue("q")
    client("sqs").create_queue(QueueName="q", tags={"opsctl:plan": "ours"})
    assert not client("sqs").list_queue_tags(QueueUrl=url).get("Tags")


def test_setting_one_attribute_leaves_the_policy() -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    url = queue("q", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
    assert json.loads(attribute(url, "Policy"))["Statement"] == [statement]
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert attribute(url, "Policy") == ""


def test_a_policy_without_statements_is_refused() -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    setting = client("sqs").set_queue_attributes
    refused("InvalidAttributeValue", setting, QueueUrl=queue("q"), Attributes={"Policy": policy})


@pytest.mark.parametrize(
    ("target", "count", "reason"),
    [("nobody", 3, "does not exist"), ("dead", 0, "maxReceiveCount"), ("dead", 1001, "maxReceiveCount")],
)
def test_a_redrive_policy_that_cannot_work_is_refused_and_nothing_is_set(
    target: str, count: int, reason: str
) -> None:
    url, dead = queue("q"), queue("dead")
    policy = {"deadLetterTargetArn": arn(dead).replace("dead", target), "maxReceiveCount": count}
    setting = client("sqs").set_queue_attributes
    attributes = {"RedrivePolicy": json.dumps(policy)}
    assert reason in refused("InvalidParameterValue", setting, QueueUrl=url, Attributes=attributes)
    assert attribute(url, "RedrivePolicy") == ""


def test_an_empty_redrive_policy_takes_it_away() -> None:
    main, _ = pair()
    client("sqs").set_queue_attributes(QueueUrl=main, Attributes={"RedrivePolicy": ""})
    assert attribute(main, "RedrivePolicy") == ""


def test_a_queue_is_encrypted_in_one_way() -> None:
    url = queue("q", KmsMasterKeyId="alias/ours")
    assert attribute(url, "SqsManagedSseEnabled") == "false"
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
    assert attribute(url, "KmsMasterKeyId") in ("", "None")


def subscription(topic: str = "t", endpoint: str = "q") -> str:
    fifo = {"FifoTopic": "true"} if topic.endswith(".fifo") else {}
    made = client("sns").create_topic(Name=topic, Attributes=fifo)["TopicArn"]
    found: str = client("sns").subscribe(TopicArn=made, Protocol="sqs", Endpoint=arn(queue(endpoint)))[
        "SubscriptionArn"
    ]
    return found


def test_a_subscriptions_redrive_policy_goes_without_a_value_and_not_with_an_empty_one() -> None:
    sub = subscription()
    setting = client("sns").set_subscription_attributes
    named = {"SubscriptionArn": sub, "AttributeName": "RedrivePolicy"}
    setting(**named, AttributeValue=json.dumps({"deadLetterTargetArn": arn(queue("d"))}))
    refused("InvalidParameter", setting, **named, AttributeValue="")
    setting(**named)
    assert "RedrivePolicy" not in client("sns").get_subscription_attributes(SubscriptionArn=sub)["Attributes"]


@pytest.mark.parametrize(
    "policy",
    [
        {"deadLetterTargetArn": "DLQ", "maxReceiveCount": 3},
        {"deadLetterTargetArn": "arn:aws:sns:us-east-1:1:t"},
        {"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:1:q"},
        {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:1:q.fifo"},
    ],
)
def test_a_subscriptions_redrive_policy_names_a_fitting_queue_and_nothing_else(policy: dict[str, Any]) -> None:
    text = json.dumps(policy).replace("DLQ", arn(queue("d")))
    setting = client("sns").set_subscription_attributes
    refused(
        "InvalidParameter",
        setting,
        SubscriptionArn=subscription(),
        AttributeName="RedrivePolicy",
        AttributeValue=text,
    )


@pytest.mark.parametrize("dead", ["arn:aws:sqs:us-east-1:1:q.fifo", "arn:aws:sns:us-east-1:1:t"])
def test_a_rules_target_and_a_schedule_take_standard_queues_only(dead: str) -> None:
    client("events").put_rule(Name="r", ScheduleExpression="rate(1 hour)")
    target = {"Id": "a", "Arn": arn(queue("q")), "DeadLetterConfig": {"Arn": dead}}
    refused("ValidationException", client("events").put_targets, Rule="r", Targets=[target])
    target = {"Arn": arn(queue("q")), "RoleArn": "arn:aws:iam::1:role/r", "DeadLetterConfig": {"Arn": dead}}
    refused("ValidationException", client("scheduler").create_schedule, **schedule(target))


def schedule(target: dict[str, Any]) -> dict[str, Any]:
    return {
        "Name": "s",
        "ScheduleExpression": "rate(1 hour)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": target,
    }


def test_updating_a_schedule_replaces_also_what_happens_after_completion() -> None:
    wanted = schedule({"Arn": arn(queue("q")), "RoleArn": "arn:aws:iam::1:role/r"})
    client("scheduler").create_schedule(**wanted, ActionAfterCompletion="DELETE")
    client("scheduler").update_schedule(**wanted)
    assert client("scheduler").get_schedule(Name="s")["ActionAfterCompletion"] == "NONE"


@pytest.mark.parametrize(
    ("expression", "age_s", "taken"),
    [("rate(1 hour)", 600, False), ("cron(0 8 * * ? *)", 600, False), ("rate(1 hour)", 60, True),
     ("at(2099-01-01T00:00:00)", 600, True)],
)  # fmt: skip
def test_an_update_takes_no_start_of_the_past_for_what_recurs(expression: str, age_s: int, taken: bool) -> None:
    wanted = schedule({"Arn": arn(queue("q")), "RoleArn": "arn:aws:iam::1:role/r"})
    wanted |= {"ScheduleExpression": expression}
    client("scheduler").create_schedule(**wanted)
    start = datetime.now(UTC) - timedelta(seconds=age_s)
    if taken:
        client("scheduler").update_schedule(**wanted, StartDate=start)
    else:
        refused("ValidationException", client("scheduler").update_schedule, **wanted, StartDate=start)


def function(role: str, **more: Any) -> str:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role_arn = client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    client("lambda").create_function(
        FunctionName="f",
        Runtime="python3.12",
        Role=role_arn,
        Handler="app.handler",
        Code={"ZipFile": code.getvalue()},
        **more,
    )
    return str(role_arn)


def test_a_function_takes_a_dead_letter_queue_that_its_role_may_send_to(world: World) -> None:
    role = function("r")
    dead = {"TargetArn": arn(queue("dead"))}
    update = client("lambda").update_function_configuration
    assert "does not have permissions to call SendMessage" in refused(
        "InvalidParameterValueException", update, FunctionName="f", DeadLetterConfig=dead
    )
    client("iam").put_role_policy(RoleName="r", PolicyName="send", PolicyDocument=json.dumps(SEND))
    update(FunctionName="f", DeadLetterConfig=dead)
    assert client("lambda").get_function_configuration(FunctionName="f")["DeadLetterConfig"] == dead
    decision = client("iam").simulate_principal_policy(
        PolicySourceArn=role, ActionNames=["sqs:SendMessage", "sqs:DeleteQueue"], ResourceArns=[dead["TargetArn"]]
    )["EvaluationResults"]
    assert [one["EvalDecision"] for one in decision] == ["allowed", "implicitDeny"]
    update(FunctionName="f", DeadLetterConfig={"TargetArn": ""})
    assert "DeadLetterConfig" not in client("lambda").get_function_configuration(FunctionName="f")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("arn:aws:sqs:us-east-1:1:q.fifo", "FIFO"),
        ("arn:aws:sqs:us-east-1:1:nobody", "does not exist"),
        ("arn:aws:s3:::bucket", "Invalid DLQ ARN"),
    ],
)
def test_a_function_refuses_a_dead_letter_queue_that_cannot_be(target: str, reason: str) -> None:
    function("r")
    update = client("lambda").update_function_configuration
    config = {"TargetArn": target}
    assert reason in refused("InvalidParameterValueException", update, FunctionName="f", DeadLetterConfig=config)


def test_an_update_under_a_stale_revision_is_refused() -> None:
    function("r")
    read, update = client("lambda").get_function_configuration, client("lambda").update_function_configuration
    seen = read(FunctionName="f")["RevisionId"]
    update(FunctionName="f", Timeout=9, RevisionId=seen)
    refused("PreconditionFailedException", update, FunctionName="f", Timeout=10, RevisionId=seen)
    assert read(FunctionName="f")["Timeout"] == 9


def test_a_managed_rule_is_its_services_own() -> None:
    dead = {"Id": "a", "Arn": arn(queue("q"))}
    client("events").put_rule(Name="r", ScheduleExpression="rate(1 hour)")
    from moto.events.models import events_backends

    events_backends[arn(queue("q")).split(":")[4]]["us-east-1"].event_buses["default"].rules["r"].managed_by = "x"
    refused("ManagedRuleException", client("events").put_targets, Rule="r", Targets=[dead])


def test_a_redrive_policy_survives_the_change_of_another_attribute() -> None:
    main, dead = pair()
    client("sqs").set_queue_attributes(QueueUrl=main, Attributes={"DelaySeconds": "3"})
    assert json.loads(attribute(main, "RedrivePolicy")) == json.loads(redrive(dead))


def test_the_alarms_of_a_metric_are_those_of_its_dimensions() -> None:
    cloudwatch = client("cloudwatch")
    metric = {"Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible"}
    for name in ("a", "b"):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Dimensions=[{"Name": "QueueName", "Value": name}],
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            Period=60,
            Statistic="Maximum",
            Threshold=0,
            **metric,
        )
    dimensions = [{"Name": "QueueName", "Value": "b"}]
    found = cloudwatch.describe_alarms_for_metric(Dimensions=dimensions, **metric)["MetricAlarms"]
    assert [one["AlarmName"] for one in found] == ["b"]
    assert cloudwatch.describe_alarms_for_metric(**metric)["MetricAlarms"] == []
