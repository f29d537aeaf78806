"""A list that follows a feed: equal after each sync, whoever syncs, and no more of it gone than may go."""

from collections.abc import Iterator

import pytest

from opsctl.block.records import list_tag, parse_ledger
from opsctl.block.sync_changes import Difference
from opsctl.block.terms import NEVER, Term
from opsctl.model.errors import Drifted, RefusedByGuard
from opsctl.model.networks import parse_network
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.sandbox.worlds.seeding import seed_network
from tests.block.actions.test_full_sets import rules, sets
from tests.block.facts.test_block_ledger import listed
from tests.block.test_records import HOSTILE, of_aws
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world, state
from tests.kit.ports import MemoryJournal

TARGET = "direct.example.com"
FEED = [f"45.7.{number}.0/24" for number in range(0, 20, 2)]
NAME = "opsctl-sync-drop-ipv4"


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def planned(world: World, feed: list[str], **more: Json) -> Plan:
    return world.plan("block-list", {"list": "drop", "target": TARGET, "addresses": feed, **more})


def sync(world: World, feed: list[str], **more: Json) -> tuple[Plan, MemoryJournal]:
    plan, journal = planned(world, feed, **more), MemoryJournal()
    run(plan, world.aws, world, journal)
    return plan, journal


def in_list() -> list[str]:
    (found,) = [addresses for name, addresses in sets().items() if name.startswith(f"{NAME}-")]
    return found


def test_the_first_sync_makes_the_list_and_undo_takes_it_away(world: World) -> None:
    start, before = state(), rules()
    plan, journal = sync(world, [*FEED, "2001:db8:7::/48"])
    assert in_list() == sorted(FEED)
    assert sorted(sets())[1].startswith("opsctl-sync-drop-ipv6-")
    assert rules() == [NAME, "opsctl-sync-drop-ipv6", *before]
    undo(plan, world, journal)
    assert state() == start


def test_each_sync_is_one_call_a_set_and_undo_takes_back_just_that(world: World) -> None:
    sync(world, FEED)
    start = state()
    plan, journal = sync(world, [*FEED[1:], "198.51.100.77", "45.9.0.0/24"])
    assert [one.operation for one in plan.changes] == ["UpdateIPSet"]
    assert in_list() == sorted([*FEED[1:], "198.51.100.77/32", "45.9.0.0/24"])
    undo(plan, world, journal)
    assert state() == start


def test_an_unchanged_feed_is_no_change_whatever_the_order_and_the_halves_it_comes_in(world: World) -> None:
    sync(world, FEED)
    halves = [f"45.7.0.{half}/25" for half in (0, 128)]
    plan = planned(world, [*reversed(FEED[1:]), *halves, FEED[3]])
    assert plan.changes == ()


def test_more_removals_than_may_be_are_refused_with_the_numbers(world: World) -> None:
    sync(world, FEED)
    with pytest.raises(RefusedByGuard) as refused:
        planned(world, FEED[3:])
    assert "would lose 3 of 10 networks" in refused.value.summary
    assert "--max-removals 30" in refused.value.hint
    assert "45.7.0.0/24" in " ".join(refused.value.evidence)
    assert planned(world, FEED[3:], max_removals=30).changes
    assert planned(world, FEED[2:]).changes, "20 percent go without a word"


def test_a_family_that_the_feed_no_longer_has_is_removed_as_well(world: World) -> None:
    sync(world, [*FEED, "2001:db8:7::/48"])
    sync(world, FEED)
    assert {name[:21]: len(found) for name, found in sets().items()} == {NAME: 10, "opsctl-sync-drop-ipv6": 0}


def test_two_syncs_of_one_feed_at_once_are_one(world: World) -> None:
    sync(world, FEED)
    feed = [*FEED, "45.9.0.0/24"]
    plans = [planned(world, feed) for _ in range(2)]
    for plan in plans:
        run(plan, world.aws, world, MemoryJournal())
    assert in_list() == sorted(feed)


def test_a_sync_that_another_one_overtook_stops_as_drifted(world: World) -> None:
    sync(world, FEED)
    late = planned(world, [*FEED[1:], "45.8.0.0/24"])
    sync(world, [*FEED[2:], "45.9.0.0/24"])
    with pytest.raises(Drifted):
        run(late, world.aws, world, MemoryJournal())
    assert in_list() == sorted([*FEED[2:], "45.9.0.0/24"])


def test_the_first_two_syncs_at_once_make_one_list(world: World) -> None:
    plans = [planned(world, FEED) for _ in range(2)]
    for plan in plans:
        run(plan, world.aws, world, MemoryJournal())
    assert (in_list(), rules().count(NAME)) == (sorted(FEED), 1)


def test_any_laptop_lists_it_and_other_blocks_keep_out_of_it(world: World) -> None:
    sync(world, FEED, reason="Spamhaus DROP")
    asked = {"addresses": ["203.0.113.9"], "target": TARGET, "layer": "waf", "ttl": "1h"}
    run(world.plan("block-ip", asked), world.aws, world, MemoryJournal())
    assert in_list() == sorted(FEED), "what is blocked by hand would go with the next sync"
    rows = [row for row in listed(world).rows if row.listed]
    told = {(row.listed, row.kind, row.until, row.by, row.reason, row.target) for row in rows}
    assert told == {("drop", "opsctl", NEVER, "responder", "Spamhaus DROP", TARGET)}
    assert len(rows) == len(FEED)
    assert {row.listed for row in listed(world, addresses=["45.7.2.7"]).rows} == {"drop"}


def test_unblocking_says_that_the_next_sync_brings_it_back_and_expiring_leaves_lists_alone(world: World) -> None:
    sync(world, FEED)
    plan = world.plan("unblock-ip", {"addresses": FEED[:1]})
    (warned,) = [one for one in plan.warnings if one.id == "on-a-list"]
    assert warned.evidence[0].startswith("45.7.0.0/24 by list drop at ")
    run(plan, world.aws, world, MemoryJournal())
    assert in_list() == sorted(FEED[1:])
    world.clock.sleep(400 * 24 * 3600)
    assert world.plan("blocks-expire", {}).changes == ()
    sync(world, FEED)
    assert in_list() == sorted(FEED)


def test_whoever_blocks_what_a_list_has_is_told_that_the_list_may_drop_it(world: World) -> None:
    sync(world, FEED)
    inside = {"addresses": ["45.7.0.9", "45.7.2.0/24"], "target": TARGET, "ttl": "1h"}
    plan = world.plan("block-ip", inside)
    assert plan.changes == ()
    told = {one.id: one.evidence for one in plan.warnings}
    assert [text.partition(" at ")[0] for text in told["on-a-list"]] == [
        "45.7.0.0/24 by list drop",
        "45.7.2.0/24 by list drop",
    ]
    assert "blocked-for-longer" not in told
    extended = world.plan("blocks-extend", {"addresses": ["45.7.2.0/24"], "ttl": "2h"})
    assert (extended.changes, [one.id for one in extended.warnings]) == ((), ["on-a-list"])
    apart = world.plan("block-ip", inside | {"own_rule": True})
    assert "blocked-for-longer" not in {one.id for one in apart.warnings}
    run(apart, world.aws, world, MemoryJournal())
    assert "on-a-list" not in {one.id for one in world.plan("block-ip", inside).warnings}
    sync(world, FEED[2:], max_removals=100)
    assert world.plan("block-ip", inside).facts["decision"]["ways"][0]["dropped"]


def test_a_list_of_which_nobody_recorded_what_it_is_gets_its_record_back(world: World) -> None:
    sync(world, FEED)
    waf = client("wafv2")
    (one,) = [one for one in waf.list_ip_sets(Scope="REGIONAL")["IPSets"] if one["Name"].startswith(NAME)]
    waf.untag_resource(ResourceARN=one["ARN"], TagKeys=["opsctl:list"])
    assert {row.kind for row in listed(world).rows if row.address == FEED[0]} == {"unrecorded"}
    plan, _ = sync(world, FEED)
    assert [one.operation for one in plan.changes] == ["TagResource"]
    assert {row.listed for row in listed(world).rows if row.address == FEED[0]} == {"drop"}


def test_the_record_of_a_list_fits_and_comes_back_whatever_people_write() -> None:
    since = "2026-12-01T08:00:00Z"
    term = Term(until=NEVER, since=since, by=HOSTILE, reason=HOSTILE, incident=HOSTILE, target=HOSTILE)
    tags = list_tag("n" * 31, term)
    of_aws(tags)
    (record,) = parse_ledger(tags, present=FEED).records
    assert (record.list_name, record.networks, record.until) == ("n" * 31, tuple(FEED), NEVER)
    assert parse_ledger({"opsctl:list": "hello"}, present=FEED).records == ()


def test_a_difference_is_told_by_networks_not_by_text() -> None:
    wanted = [parse_network(text) for text in ("198.51.100.7", "2001:db8::1", "45.0.0.0/24")]
    found = Difference.between(["198.51.100.7/32", "2001:DB8::1/128", "45.1.0.0/24"], wanted)
    assert (found.added, found.removed, found.present) == (("45.0.0.0/24",), ("45.1.0.0/24",), 3)
