"""A rule for API calls with boto3 as the witness: what is called arrives, as far as a trail logs it."""

import json
from collections.abc import Iterator

import pytest

from opsctl.events.facts.events_api_calls import EventsApiCalls, unlogged
from opsctl.events.trails import TrailFound, TrailsRead, read_trails
from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import IDENTITY, MemoryJournal

WISH: dict[str, Json] = {"service": "iam", "calls": ["CreateUser"], "to": "oncall"}


def make_trail(_: object) -> None:
    """A trail that logs, a queue and a topic."""
    client("s3").create_bucket(Bucket="calls")
    client("cloudtrail").create_trail(Name="all-calls", S3BucketName="calls", IsMultiRegionTrail=True)
    client("cloudtrail").start_logging(Name="all-calls")
    client("sqs").create_queue(QueueName="oncall")
    client("sns").create_topic(Name="oncall")


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(make_trail) as made:
        yield made


def planned(world: World, **more: Json) -> list[str]:
    return [one.operation for one in world.plan("events-api-calls", WISH | more).changes]


def received() -> list[str]:
    url = client("sqs").get_queue_url(QueueName="oncall")["QueueUrl"]
    told = client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages") or []
    return [json.loads(one["Body"])["detail"]["requestParameters"].get("UserName") for one in told]


def test_a_call_that_is_wanted_arrives_and_others_do_not(world: World) -> None:
    plan, journal = world.plan("events-api-calls", WISH), MemoryJournal()
    run(plan, world.aws, world, journal)
    (rule,) = client("events").list_rules()["Rules"]
    assert (rule["State"], json.loads(rule["EventPattern"])["detail"]["eventSource"]) == (
        "ENABLED",
        ["iam.amazonaws.com"],
    )
    client("iam").create_user(UserName="eve")
    client("iam").delete_user(UserName="eve")
    assert received() == ["eve"]
    client("cloudtrail").stop_logging(Name="all-calls")
    client("iam").create_user(UserName="mallory")
    assert received() == []
    undo(plan, world, journal)
    assert client("events").list_rules()["Rules"] == []


def test_calls_that_only_read_come_where_they_were_asked_for(world: World) -> None:
    with pytest.raises(RefusedByGuard, match="never-comes"):
        world.plan("events-api-calls", WISH | {"calls": ["ListUsers"]})
    plan = world.plan("events-api-calls", WISH | {"calls": ["GetUser"], "reads": True})
    run(plan, world.aws, world, MemoryJournal())
    (rule,) = client("events").list_rules()["Rules"]
    assert rule["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    client("iam").create_user(UserName="eve")
    client("iam").get_user(UserName="eve")
    assert received() == ["eve"]
    client("events").put_rule(Name=rule["Name"], EventPattern=rule["EventPattern"], State="ENABLED")
    client("iam").get_user(UserName="eve")
    assert received() == []


def test_a_topic_is_let_in_without_a_condition_and_the_two_sts_calls_are_ordinary(world: World) -> None:
    more: dict[str, Json] = {"service": "sts", "calls": ["GetSessionToken"], "to": "topic:oncall"}
    plan, journal = world.plan("events-api-calls", more), MemoryJournal()
    run(plan, world.aws, world, journal)
    arn = f"arn:aws:sns:us-east-1:{world.account}:oncall"
    policy = json.loads(client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
    assert any(one["Principal"] == {"Service": "events.amazonaws.com"} for one in policy["Statement"])
    assert planned(world, **more) == []


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda trail: trail.stop_logging(Name="all-calls"), "all-calls: off"),
        (lambda trail: trail.delete_trail(Name="all-calls"), "no trail logs"),
        (
            lambda trail: trail.put_event_selectors(
                TrailName="all-calls",
                EventSelectors=[
                    {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True, "DataResources": []}
                ],
            ),
            "change something",
        ),
    ],
)
def test_without_a_trail_that_logs_it_is_refused(world: World, break_it: object, says: str) -> None:
    assert callable(break_it)
    break_it(client("cloudtrail"))
    with pytest.raises(RefusedByGuard, match="no-trail") as caught:
        world.plan("events-api-calls", WISH)
    assert says in str(caught.value.evidence)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"service": "i am"}, "no service"),
        ({"calls": ["Create User"]}, "not the name"),
        ({"to": "nobodys"}, "nobodys"),
        ({"to": "topic:nobodys"}, "no topic"),
        ({"to": "topic:x.fifo"}, "no topic for this"),
        ({"to": "arn:aws:sns:eu-west-1:123456789012:oncall"}, "no topic"),
    ],
)
def test_wrong_input_is_said_before_anything_is_made(world: World, more: dict[str, Json], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        world.plan("events-api-calls", WISH | more)


ADVANCED = [
    {
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Management"]},
            {"Field": "readOnly", "Equals": ["true"]},
        ]
    },
    {
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::SQS::Queue"]},
        ]
    },
]


def test_advanced_selectors_are_read_as_they_are_written(world: World) -> None:
    client("cloudtrail").put_event_selectors(TrailName="all-calls", AdvancedEventSelectors=ADVANCED)
    (trail,) = run_fetching(read_trails(world.about()), world.reader()).trails
    assert (trail.logging, trail.reads, trail.writes, trail.data) == (True, True, False, ("AWS::SQS::Queue",))


def trail(**more: Json) -> TrailsRead:
    return TrailsRead(
        trails=(TrailFound(name="t", arn="t", **{"logging": True, "reads": True, "writes": True, **more}),)
    )


@pytest.mark.parametrize(
    ("told", "service", "calls", "reads", "says"),
    [
        (trail(), "iam", ["CreateUser"], False, []),
        (trail(reads=False), "iam", ["GetUser"], True, ["only read"]),
        (trail(excluded=("kms.amazonaws.com",)), "kms", ["DisableKey"], False, ["no trail logs management"]),
        (trail(global_services=False), "iam", ["CreateUser"], False, ["no trail logs management"]),
        (trail(global_services=False), "ec2", ["StopInstances"], False, []),
        (trail(), "s3", ["PutObject"], False, ["data events"]),
        (trail(), "s3", ["PutObject", "DeleteBucket"], False, ["data events"]),
        (trail(data=("AWS::S3::Object",), writes=False, reads=False), "s3", ["PutObject"], False, []),
        (TrailsRead(unknown="may not be read"), "iam", ["CreateUser"], False, []),
    ],
)
def test_what_no_trail_logs_is_said(
    told: TrailsRead, service: str, calls: list[str], reads: bool, says: list[str]
) -> None:
    found = list(unlogged(f"{service}.amazonaws.com", calls, told, reads=reads))
    assert len(found) == len(says)
    assert all(text in one for text, one in zip(says, found, strict=True))


def test_global_services_report_to_one_region_alone() -> None:
    fact = EventsApiCalls(service="iam", calls=("CreateUser",), to="oncall")
    elsewhere = IDENTITY.model_copy(update={"region": "eu-west-1"})
    (said,) = fact.never_come("iam.amazonaws.com", ["CreateUser"], Context(identity=elsewhere, plan_id="p"))
    assert "us-east-1 alone" in said
