"""Archives and replays of the sandbox: window, rules, states, names and limits as EventBridge's."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opsctl.sandbox.engine.conditions import QUICK, Conditions
from opsctl.sandbox.worlds.outage import BUS, make_outage
from tests.kit.moto_account import World, client
from tests.kit.outage import let_pass, orders_in, put_orders
from tests.kit.queues import refused
from tests.kit.timed import move, timed_world

Told = tuple[World, Conditions]


@pytest.fixture
def world() -> Iterator[Told]:
    with timed_world(make_outage) as (made, about):
        let_pass(about, 24)
        about.durations = QUICK
        yield made, about


def arn_of(kind: str, world: World, name: str) -> str:
    return f"arn:aws:events:us-east-1:{world.account}:{kind}/{name}"


def asked(told: Told, name: str, minutes: float = 60, end: float = 0, **destination: Any) -> dict[str, Any]:
    """A replay of the time from some minutes ago until some minutes ago."""
    world, about = told
    return {
        "ReplayName": name,
        "EventSourceArn": arn_of("archive", world, "orders-archive"),
        "EventStartTime": datetime.fromtimestamp(about.now(), UTC) - timedelta(minutes=minutes),
        "EventEndTime": datetime.fromtimestamp(about.now(), UTC) - timedelta(minutes=end),
        "Destination": {"Arn": arn_of("event-bus", world, BUS)} | destination,
    }


def bills() -> str:
    url: str = client("sqs").get_queue_url(QueueName="order-bills")["QueueUrl"]
    return url


def state(name: str) -> str:
    told: str = client("events").describe_replay(ReplayName=name)["State"]
    return told


def test_only_what_happened_in_the_window_comes_again_with_the_replays_name_and_is_not_archived_again(
    world: Told,
) -> None:
    events = client("events")
    put_orders(world[1], 101, minutes_ago=50)
    put_orders(world[1], 102, minutes_ago=20)
    assert orders_in(bills()) == [101, 102]
    count = events.describe_archive(ArchiveName="orders-archive")["EventCount"]
    assert events.start_replay(**asked(world, "one", 60, 30))["State"] == "STARTING"
    assert "EventLastReplayedTime" not in events.describe_replay(ReplayName="one")
    move(world[1], 60)
    told = events.describe_replay(ReplayName="one")
    assert (told["State"], "EventLastReplayedTime" in told) == ("COMPLETED", True)
    (message,) = client("sqs").receive_message(QueueUrl=bills())["Messages"]
    assert '"replay-name": "one"' in message["Body"]
    assert events.describe_archive(ArchiveName="orders-archive")["EventCount"] == count


def test_rules_that_are_not_named_or_disabled_get_nothing(world: Told) -> None:
    events = client("events")
    put_orders(world[1], 103, minutes_ago=20)
    orders_in(bills())
    events.start_replay(**asked(world, "a", FilterArns=[arn_of("rule", world[0], f"{BUS}/mail-customers")]))
    move(world[1], 60)
    assert orders_in(bills()) == []
    events.disable_rule(Name="bill-orders", EventBusName=BUS)
    events.start_replay(**asked(world, "b"))
    move(world[1], 60)
    assert orders_in(bills()) == []


def test_one_that_is_cancelled_keeps_what_it_sent_and_a_name_is_never_free_again(world: Told) -> None:
    events = client("events")
    for number in range(5):
        put_orders(world[1], number, minutes_ago=50 - number)
    orders_in(bills())
    world[1].durations = replace(QUICK, replay_interval=10)
    events.start_replay(**asked(world, "c"))
    move(world[1], 15)
    assert events.cancel_replay(ReplayName="c")["State"] == "CANCELLING"
    move(world[1], 60)
    assert state("c") == "CANCELLED"
    assert orders_in(bills()) == [0, 1]
    refused("IllegalStatusException", events.cancel_replay, ReplayName="c")
    refused("ResourceAlreadyExistsException", events.start_replay, **asked(world, "c"))


def test_what_eventbridge_refuses(world: Told) -> None:
    events = client("events")
    assert "must be before" in refused("ValidationException", events.start_replay, **asked(world, "d", 5, 5))
    other = {"Destination": {"Arn": arn_of("event-bus", world[0], "default")}}
    said = refused("ValidationException", events.start_replay, **(asked(world, "d") | other))
    assert "Cross event bus replay is not permitted" in said
    for number in range(10):
        events.start_replay(**asked(world, f"busy-{number}"))
    said = refused("LimitExceededException", events.start_replay, **asked(world, "d"))
    assert said == "The requested resource exceeds the maximum number allowed."


def test_the_archives_managed_rule_is_left_alone_without_force(world: Told) -> None:
    events = client("events")
    name = "Events-Archive-orders-archive"
    refused("ManagedRuleException", events.remove_targets, Rule=name, EventBusName=BUS, Ids=[name])
    refused("ManagedRuleException", events.delete_rule, Name=name, EventBusName=BUS)
    events.remove_targets(Rule=name, EventBusName=BUS, Ids=[name], Force=True)
    events.delete_archive(ArchiveName="orders-archive")
    assert name not in {one["Name"] for one in events.list_rules(EventBusName=BUS)["Rules"]}


def test_an_event_for_a_target_that_the_sandbox_does_not_serve_is_taken(world: Told) -> None:
    machine = f"arn:aws:states:us-east-1:{world[0].account}:stateMachine:ship"
    role = f"arn:aws:iam::{world[0].account}:role/events"
    client("events").put_targets(
        Rule="bill-orders", EventBusName=BUS, Targets=[{"Id": "ship", "Arn": machine, "RoleArn": role}]
    )
    put_orders(world[1], 7)
    assert orders_in(bills()) == [7]
