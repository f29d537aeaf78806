"""A producer's right to send is taken away with boto3 as the witness: nothing else of its policies changes."""

import json
from collections.abc import Iterator

import pytest

from opsctl.cli.commands.fanout_migrate_watch import minute_line
from opsctl.events.facts.fanout_finish import still_sent
from opsctl.events.migration_counts import MigrationCounts, MinuteCounts, counts_of, minutes_of
from opsctl.events.send_rights import NarrowedStatement, NotNarrowed, narrowed
from opsctl.model.errors import RefusedByGuard
from opsctl.model.reads import Answer
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import conditions
from tests.kit.functions import TRUST
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client
from tests.kit.ports import MemoryJournal
from tests.kit.timed import MovingClock, move, timed_world

ROLE = "checkout"


def make_topic(_: object) -> None:
    """A topic with two queues, and a producer's role that may publish."""
    topic = client("sns").create_topic(Name="orders")["TopicArn"]
    for name in ("billing", "audit"):
        url = client("sqs").create_queue(QueueName=name)["QueueUrl"]
        told = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=told["QueueArn"])
    client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(TRUST))
    put("publishes", {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic})


def put(name: str, *statements: Json) -> None:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    client("iam").put_role_policy(RoleName=ROLE, PolicyName=name, PolicyDocument=json.dumps(document))


def written(statement: Json) -> str:
    return json.dumps(statement, sort_keys=True)


def policies() -> Json:
    iam = client("iam")
    names = iam.list_role_policies(RoleName=ROLE)["PolicyNames"]
    return {
        one: sorted(
            map(written, iam.get_role_policy(RoleName=ROLE, PolicyName=one)["PolicyDocument"]["Statement"])
        )
        for one in names
    }


@pytest.fixture
def world() -> Iterator[World]:
    with timed_world(make_topic) as (made, about):
        made.clock = MovingClock(about)
        yield made


def arn(world: World, queue: str) -> str:
    return f"arn:aws:sqs:us-east-1:{world.account}:{queue}"


def finished(world: World) -> tuple[object, MemoryJournal]:
    wish: dict[str, Json] = {"topic": "orders", "producer": ROLE}
    plan, journal = world.plan("fanout-finish", wish, overrides=("still-in-use",)), MemoryJournal()
    run(plan, world.aws, world, journal)
    assert world.plan("fanout-finish", wish, overrides=("still-in-use",)).changes == ()
    return plan, journal


def test_only_what_lets_it_send_is_taken_out_and_undo_puts_it_back(world: World) -> None:
    both, others = [arn(world, "billing"), arn(world, "audit")], [arn(world, "billing"), arn(world, "mine")]
    put(
        "mixed",
        {"Sid": "Own", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": both},
        {"Sid": "More", "Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:GetQueueUrl"], "Resource": both},
        {
            "Sid": "Other",
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": others,
        },
        {"Sid": "Reads", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
    )
    put("whole", {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": both[1]})
    before = policies()
    plan, journal = finished(world)
    after = policies()
    assert sorted(after) == ["mixed", "publishes"]
    assert after["publishes"] == before["publishes"]
    told = client("iam").get_role_policy(RoleName=ROLE, PolicyName="mixed")["PolicyDocument"]["Statement"]
    found = {one["Sid"]: (one["Action"], one["Resource"]) for one in told}
    assert found == {
        "Reads": ("s3:GetObject", "*"),
        "More": (["sqs:GetQueueUrl"], both),
        "Other": (["sqs:SendMessage"], [arn(world, "mine")]),
    }
    undo(plan, world, journal)  # type: ignore[arg-type]
    assert policies() == before


def test_what_somebody_added_meanwhile_stays(world: World) -> None:
    own = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn(world, "billing")}
    reads = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    put("mixed", own, reads)
    plan = world.plan("fanout-finish", {"topic": "orders", "producer": ROLE}, overrides=("still-in-use",))
    more = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
    put("mixed", own, reads, more)
    journal = MemoryJournal()
    run(plan, world.aws, world, journal)
    assert policies()["mixed"] == sorted(map(written, [reads, more]))
    put("mixed", more)
    undo(plan, world, journal)
    assert policies()["mixed"] == sorted(map(written, [more, own]))


@pytest.mark.parametrize("resource", ["*", "arn:aws:sqs:*:*:bill*"])
def test_a_wildcard_and_a_managed_policy_are_left_to_a_person(world: World, resource: str) -> None:
    put("wide", {"Effect": "Allow", "Action": "sqs:Send*", "Resource": resource})
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}}
    made = client("iam").create_policy(PolicyName="Queues", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    client("iam").attach_role_policy(RoleName=ROLE, PolicyArn=made)
    with pytest.raises(RefusedByGuard, match="by-hand") as caught:
        world.plan("fanout-finish", {"topic": "orders", "producer": ROLE}, overrides=("still-in-use",))
    assert "managed policy Queues" in str(caught.value.evidence)
    assert "inline policy wide" in str(caught.value.evidence)


def test_a_producer_that_may_not_publish_is_refused(world: World) -> None:
    client("iam").delete_role_policy(RoleName=ROLE, PolicyName="publishes")
    put("own", {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn(world, "billing")})
    with pytest.raises(RefusedByGuard, match="cannot-publish"):
        world.plan("fanout-finish", {"topic": "orders", "producer": ROLE}, overrides=("still-in-use",))


def test_a_producer_of_whom_nobody_can_tell_whether_it_may_publish_is_refused(world: World) -> None:
    topic = client("sns").list_topics()["Topics"][0]["TopicArn"]
    only = {"StringEquals": {"aws:PrincipalTag/team": "orders"}}
    put("publishes", {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic, "Condition": only})
    with pytest.raises(RefusedByGuard, match="cannot-publish"):
        world.plan("fanout-finish", {"topic": "orders", "producer": ROLE})


def test_a_metric_that_cloudwatch_could_not_give_is_not_nought() -> None:
    results = [{"Id": "published", "Values": [4.0]}, {"Id": "q0", "Values": [], "StatusCode": "InternalError"}]
    told = counts_of(Answer(value={"MetricDataResults": results}), ["billing"])
    assert told.published is None


def test_what_was_sent_another_way_in_the_last_hour_stops_it(world: World) -> None:
    put("own", {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn(world, "billing")})
    wish: dict[str, Json] = {"topic": "orders", "producer": ROLE}
    topic = client("sns").list_topics()["Topics"][0]["TopicArn"]
    client("sns").publish(TopicArn=topic, Message="new way")
    url = client("sqs").get_queue_url(QueueName="billing")["QueueUrl"]
    for _ in range(2):
        client("sqs").send_message(QueueUrl=url, MessageBody="old way")
    later(world, 120)
    with pytest.raises(RefusedByGuard, match="still-in-use") as caught:
        world.plan("fanout-finish", wish)
    assert "queue billing was sent 2 messages in the last hour, and the topic published 1" in str(
        caught.value.evidence
    )
    later(world, 3700)
    client("sns").publish(TopicArn=topic, Message="new way")
    later(world, 120)
    assert len(world.plan("fanout-finish", wish).changes) == 1


def later(world: World, seconds: float) -> None:
    """Let time pass in the account and for who plans."""
    move(conditions(world.account), seconds)


Q = "arn:aws:sqs:us-east-1:1:billing"


@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ({"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": Q}, None),
        ({"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": Q}, None),
        ({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": Q + "2"}, None),
        ({"Effect": "Allow", "Action": "SQS:sendmessage", "Resource": Q}, 0),
        ({"Effect": "Allow", "Action": ["sqs:SendMessage", "a:b"], "Resource": [Q, Q + "2"]}, 2),
        ({"Effect": "Allow", "Action": "*", "Resource": Q}, "by *"),
        ({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*"}, "by arn:aws:sqs:*"),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "NotAction"),
        ({"Effect": "Allow", "Action": "sqs:SendMessage", "NotResource": "x"}, "NotResource"),
    ],
)
def test_a_statement_is_narrowed_by_its_elements_or_not_at_all(statement: Json, left: object) -> None:
    found = narrowed(statement, [Q])
    if isinstance(found, NarrowedStatement):
        assert len(found.new) == left
    elif isinstance(found, NotNarrowed):
        assert str(left) in found.why
    else:
        assert left is None


def test_what_came_another_way_is_said_by_hour_and_minute() -> None:
    counts = MigrationCounts(published=10, sent={"billing": 12, "audit": 10})
    assert len(still_sent(counts)) == 1
    assert still_sent(MigrationCounts(published=0, sent={"billing": 0})) != []
    assert still_sent(MigrationCounts()) == []
    one = MinuteCounts(at=0, published=10, filtered=1, sent={"billing": 12, "audit": 9})
    assert minute_line(one) == (
        "00:00 UTC: 10 published, 1 filtered out; billing 12 sent (2 by another way), audit 9 sent"
    )


def test_each_minute_has_its_counts() -> None:
    results = [
        {"Id": "published", "Timestamps": ["1970-01-01T00:01:00+00:00"], "Values": [5.0]},
        {"Id": "q0", "Timestamps": [0, 60], "Values": [2.0, 6.0]},
    ]
    found = minutes_of(Answer(value={"MetricDataResults": results}), ["billing"], 0, 120)
    assert [(one.at, one.published, one.sent["billing"]) for one in found] == [(0, 0, 2), (60, 5, 6)]
