"""An archive with boto3 as the witness: days are said, and no event is deleted."""

import json
from collections.abc import Iterator

import pytest

from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.sandbox.engine.conditions import Conditions
from opsctl.sandbox.worlds.outage import BUS, make_outage
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client
from tests.kit.outage import let_pass
from tests.kit.ports import MemoryJournal
from tests.kit.timed import MovingClock, timed_world

Told = tuple[World, Conditions]


@pytest.fixture
def world() -> Iterator[Told]:
    with timed_world(make_outage) as (made, about):
        made.clock = MovingClock(about)
        let_pass(about, 1)
        yield made, about


def archives() -> list[str]:
    return sorted(one["ArchiveName"] for one in client("events").list_archives()["Archives"])


def test_it_is_made_with_its_days_and_undone_only_while_nothing_is_in_it(world: Told) -> None:
    client("events").create_event_bus(Name="audit.eu")
    plan, journal = world[0].plan("events-archive", {"bus": "audit.eu", "days": "30"}), MemoryJournal()
    run(plan, world[0].aws, world[0], journal)
    told = client("events").describe_archive(ArchiveName="audit.eu")
    assert (told["RetentionDays"], told["EventSourceArn"].rpartition(":")[2]) == (30, "event-bus/audit.eu")
    undo(plan, world[0], journal)
    assert archives() == ["orders-archive"]


def test_one_with_events_is_kept_by_an_undo(world: Told) -> None:
    plan, journal = world[0].plan("events-archive", {"bus": "default", "days": "forever"}), MemoryJournal()
    assert any(one.id == "for-ever" for one in plan.warnings)
    run(plan, world[0].aws, world[0], journal)
    entry = {"Source": "shop", "DetailType": "x", "Detail": json.dumps({})}
    client("events").put_events(Entries=[entry])
    undo(plan, world[0], journal)
    assert archives() == ["default", "orders-archive"]


def test_what_is_archived_already_days_that_are_not_said_and_a_key_that_is_missing_are_refused(
    world: Told,
) -> None:
    with pytest.raises(RefusedByGuard, match="covered"):
        world[0].plan("events-archive", {"bus": BUS, "days": "7", "pattern": '{"source": ["a"]}'})
    for days in ("0", "", "-1"):
        with pytest.raises(InvalidInput, match=r"days|does not match"):
            world[0].plan("events-archive", {"bus": "default", "days": days})
    with pytest.raises(InvalidInput, match="refuses the pattern"):
        world[0].plan("events-archive", {"bus": "default", "days": "7", "pattern": '{"source": "a"}'})
    with pytest.raises(InvalidInput, match="no event bus 'nowhere'"):
        world[0].plan("events-archive", {"bus": "nowhere", "days": "7"})
    arn = f"arn:aws:events:us-east-1:{world[0].account}:event-busv2/new"
    with pytest.raises(InvalidInput, match="Custom Event Bus"):
        world[0].plan("events-archive", {"bus": arn, "days": "7"})
    with pytest.raises(InvalidInput, match="is a topic, not a bus"):
        world[0].plan("events-archive", {"bus": "arn:aws:sns:us-east-1:1:orders.fifo", "days": "7"})
    key = f"arn:aws:kms:us-east-1:{world[0].account}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    client("events").create_event_bus(Name="secret", KmsKeyIdentifier=key)
    with pytest.raises(RefusedByGuard, match="key-missing"):
        world[0].plan("events-archive", {"bus": "secret", "days": "7"})
    plan, journal = world[0].plan("events-archive", {"bus": "secret", "days": "7", "key": key}), MemoryJournal()
    run(plan, world[0].aws, world[0], journal)
    assert client("events").describe_archive(ArchiveName="secret")["KmsKeyIdentifier"] == key
