"""What reaches the targets of rules and schedules, and what is left of what does not."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from opsctl.dlq.dead_letter import dead_letter_of
from opsctl.model.value import Json
from opsctl.sandbox.endpoint import REGION
from opsctl.sandbox.engine.conditions import Conditions
from tests.kit.moto_account import World, client
from tests.kit.queues import EVENTS_MAY_SEND, arn, queue, receive
from tests.kit.timed import move, timed_world

Told = tuple[World, Conditions]


@pytest.fixture
def world() -> Iterator[Told]:
    with timed_world() as made:
        yield made


def bodies(url: str) -> list[Json]:
    """What was sent since it was asked for last."""
    found = receive(url)
    for one in found:
        client("sqs").delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    return [json.loads(one["Body"]) for one in found]


def matching(*targets: Json, **more: str) -> str:
    """A rule for what a shop tells; returns its ARN."""
    made: str = client("events").put_rule(
        Name="shop", **({"EventPattern": json.dumps({"source": ["shop"]})} | more)
    )["RuleArn"]
    client("events").put_targets(Rule="shop", Targets=[{"Id": str(n), **one} for n, one in enumerate(targets)])
    return made


def put(detail: Json) -> None:
    entry = {"Source": "shop", "DetailType": "Order", "Detail": json.dumps(detail)}
    assert client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


@pytest.mark.parametrize(
    ("settings", "body"),
    [
        ({"InputPath": "$.detail"}, {"n": [1, "two"]}),
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        # Recorded: what is missing is an empty text, and a list in a JSON template keeps its form.
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"n": "$.detail.n", "none": "$.detail.none"},
                    "InputTemplate": '{"list": <n>, "missing": "<none>"}',
                }
            },
            {"list": [1, "two"], "missing": ""},
        ),
    ],
)
def test_an_event_that_was_put_reaches_its_target_as_eventbridge_makes_its_input(
    world: Told, settings: Json, body: Json
) -> None:
    url = queue("orders", Policy=EVENTS_MAY_SEND)
    matching({"Arn": arn(url), **settings})
    put({"n": [1, "two"]})
    assert bodies(url) == [body]


def test_an_event_of_which_the_template_makes_nothing_is_not_delivered(world: Told) -> None:
    url = queue("orders")
    template = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"text": "<n>"}'}
    matching({"Arn": arn(url), "InputTransformer": template})
    put({"n": [1]})
    assert bodies(url) == []


def test_a_rule_with_a_schedule_alone_and_one_that_is_switched_off_choose_nothing(world: Told) -> None:
    url = queue("orders")
    client("events").put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    client("events").put_targets(Rule="nightly", Targets=[{"Id": "1", "Arn": arn(url)}])
    matching({"Arn": arn(url)}, State="DISABLED")
    put({})
    assert bodies(url) == []


def test_a_pattern_that_is_none_is_refused(world: Told) -> None:
    with pytest.raises(ClientError) as refused:
        client("events").put_rule(Name="r", EventPattern='{"source": "shop"}')
    assert refused.value.response["Error"]["Code"] == "InvalidEventPatternException"


def test_an_event_for_a_queue_that_is_gone_is_a_dead_letter_at_once(world: Told) -> None:
    """EventBridge guide: a resource that does not exist is not tried again."""
    dead = queue("dead", Policy=EVENTS_MAY_SEND)
    gone = arn(dead).replace("dead", "gone")
    rule = matching({"Arn": gone, "DeadLetterConfig": {"Arn": arn(dead)}, "Input": '"x"'})
    put({"n": 1})
    (found,) = receive(dead)
    letter = dead_letter_of(found)
    assert (letter.kind, letter.origin, letter.rule, letter.code) == ("eventbridge", gone, rule, "NO_RESOURCE")
    assert json.loads(found["Body"])["detail"] == {"n": 1}
    assert found["MessageAttributes"]["RETRY_ATTEMPTS"]["StringValue"] == "0"


def role(*actions: str) -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}}],
    }
    made: str = client("iam").create_role(RoleName="runs", AssumeRolePolicyDocument=json.dumps(trust))["Role"][
        "Arn"
    ]
    may("p", list(actions), "*")
    return made


def may(name: str, actions: list[str], resource: str) -> None:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("iam").put_role_policy(RoleName="runs", PolicyName=name, PolicyDocument=document)


def scheduled(target: Json, dead: str, by: str, expression: str = "rate(1 hour)", **more: Any) -> str:
    made: str = client("scheduler").create_schedule(
        Name="nightly",
        ScheduleExpression=expression,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"RoleArn": by, "DeadLetterConfig": {"Arn": arn(dead)}, **target},
        **more,
    )["ScheduleArn"]
    return made


def test_a_rate_goes_off_again_and_again_until_the_schedule_is_changed(world: Told) -> None:
    _, about = world
    url, dead, by = queue("work"), queue("dead"), role("sqs:SendMessage")
    target = {"Arn": arn(url), "Input": '{"n": 1}'}
    scheduled(target, dead, by)
    move(about, 7300)
    assert bodies(url) == [{"n": 1}, {"n": 1}]
    client("scheduler").update_schedule(
        Name="nightly",
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        State="DISABLED",
        Target={"RoleArn": by, **target},
    )
    move(about, 7300)
    assert bodies(url) == []
    client("scheduler").delete_schedule(Name="nightly")
    move(about, 7300)
    assert about.timeline.next_due() is None


def test_a_one_time_schedule_goes_off_once_in_its_own_zone_and_may_be_gone_then(world: Told) -> None:
    _, about = world
    url, dead = queue("work"), queue("dead")
    at = datetime.fromtimestamp(about.now() + 600, UTC)
    # Kolkata is five and a half hours ahead, all year.
    local = datetime.fromtimestamp(about.now() + 600 + 19_800, UTC)
    scheduled(
        {"Arn": arn(url), "Input": '{"at": "<aws.scheduler.scheduled-time>"}'},
        dead,
        role("sqs:SendMessage"),
        f"at({local:%Y-%m-%dT%H:%M:%S})",
        ScheduleExpressionTimezone="Asia/Kolkata",
        ActionAfterCompletion="DELETE",
    )
    move(about, 599)
    assert bodies(url) == []
    move(about, 100_000)
    assert bodies(url) == [{"at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}]
    assert client("scheduler").list_schedules()["Schedules"] == []


SEND = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"


def to_queue(url: str) -> Json:
    return {"Arn": SEND, "Input": json.dumps({"QueueUrl": url, "MessageBody": "m"})}


def templated(url: str) -> Json:
    return {"Arn": arn(url), "Input": "m"}


@pytest.mark.parametrize("target", [to_queue, templated])
def test_the_dead_letter_of_a_schedule_is_its_request_in_the_form_of_the_guides_example(
    world: Told, target: Callable[[str], Json]
) -> None:
    account, about = world
    gone, dead = queue("gone"), queue("dead")
    told = target(gone)
    scheduled(told, dead, role("sqs:SendMessage"))
    client("sqs").delete_queue(QueueUrl=gone)
    move(about, 3601)
    (found,) = receive(dead)
    request = json.loads(found["Body"])
    assert (request["MessageBody"], request["QueueUrl"].rpartition("/")[2]) == ("m", "gone")
    values = {name: one["StringValue"] for name, one in found["MessageAttributes"].items()}
    assert values == {
        "SCHEDULE_ARN": f"arn:aws:scheduler:{REGION}:{account.account}:schedule/nightly",
        "TARGET_ARN": told["Arn"],
        "ERROR_CODE": "AWS.SimpleQueueService.NonExistentQueue",
        "ERROR_MESSAGE": "The specified queue does not exist for this wsdl version.",
        "EXECUTION_ID": values["EXECUTION_ID"],
        "SCHEDULED_TIME": f"{datetime.fromtimestamp(about.now() - 1, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
    }
    letter = dead_letter_of(found)
    assert (letter.kind, letter.origin, letter.refused) == ("scheduler", told["Arn"], "")


def test_a_schedule_calls_and_leaves_dead_letters_with_its_own_role(world: Told) -> None:
    _, about = world
    url, dead = queue("work"), queue("dead")
    by = role("sns:Publish")
    scheduled(templated(url), dead, by)
    move(about, 3601)
    assert (receive(url), receive(dead)) == ([], [])
    may("dead", ["sqs:SendMessage"], arn(dead))
    move(about, 3600)
    (found,) = receive(dead)
    assert found["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "AccessDenied"


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"Arn": "arn:aws:lambda:{place}:function:none", "Input": "{}"}, "ResourceNotFoundException"),
        ({"Arn": "arn:aws:sns:{place}:none", "Input": "m"}, "NotFound"),
    ],
)
def test_a_schedule_whose_function_or_topic_is_gone_says_so(world: Told, target: Json, code: str) -> None:
    account, about = world
    dead = queue("dead")
    place = f"{REGION}:{account.account}"
    scheduled(target | {"Arn": target["Arn"].format(place=place)}, dead, role("sqs:*", "sns:*", "lambda:*"))
    move(about, 3601)
    (found,) = receive(dead)
    assert found["MessageAttributes"]["ERROR_CODE"]["StringValue"] == code


def test_a_queue_that_does_not_let_the_rule_in_gets_nothing_and_the_dead_letter_queue_says_so(world: Told) -> None:
    url, dead = queue("closed"), queue("undelivered", Policy=EVENTS_MAY_SEND)
    rule = matching({"Arn": arn(url), "DeadLetterConfig": {"Arn": arn(dead)}})
    put({"n": 1})
    assert bodies(url) == []
    (one,) = receive(dead)
    assert one["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    policy = json.loads(EVENTS_MAY_SEND)
    policy["Statement"][0]["Condition"] = {"ArnEquals": {"aws:SourceArn": rule}}
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    put({"n": 2})
    assert [one["detail"] for one in bodies(url)] == [{"n": 2}]
