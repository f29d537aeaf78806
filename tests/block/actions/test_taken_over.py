"""An address that two runs block: it has one end, and each run takes back only what nobody else relies on."""

from collections.abc import Iterator

import pytest

from opsctl.block.facts.block_ledger import BlockLedger, Ledgered
from opsctl.block.facts.block_verified import BlockVerified, Verified
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world, state
from tests.kit.ports import MemoryJournal

TARGET = "shop.example.com"
ONE, TWO = "203.0.113.9", "203.0.113.10"
HOUR = 3600


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


class Run:
    """A run of a playbook, with its journal."""

    def __init__(self, world: World, playbook: str, **inputs: Json) -> None:
        self.world = world
        self.plan: Plan = world.plan(playbook, inputs)
        self.journal = MemoryJournal()
        run(self.plan, world.aws, world, self.journal)

    def undo(self) -> None:
        """Take it back."""
        undo(self.plan, self.world, self.journal)


def block(world: World, *addresses: str, ttl: str, **more: Json) -> Run:
    return Run(world, "block-ip", addresses=list(addresses), target=TARGET, ttl=ttl, **more)


def ends(world: World) -> dict[str, set[int]]:
    """Each address that is blocked, with the hours that are left to its ends; -1 is never."""
    found = run_fetching(BlockLedger().read(world.about()), world.reader())
    assert isinstance(found, Ledgered)
    hours: dict[str, set[int]] = {}
    for row in found.rows:
        left = -1 if row.until == "never" else round((_seconds(row.until) - world.clock.now()) / HOUR)
        hours.setdefault(row.address.removesuffix("/32"), set()).add(left)
    return hours


def _seconds(until: str) -> float:
    from opsctl.block.terms import seconds_of

    return seconds_of(until)


def test_a_second_block_extends_the_first_everywhere_and_its_undo_gives_the_first_end_back(world: World) -> None:
    block(world, ONE, ttl="1h")
    before = state()
    second = block(world, ONE, ttl="5h", reason="again")
    assert ends(world) == {ONE: {5}}
    second.undo()
    assert ends(world) == {ONE: {1}}
    assert state() == before


@pytest.mark.parametrize("ttl", ["1h", "4h"])
def test_a_second_block_never_shortens_the_first_and_says_so(world: World, ttl: str) -> None:
    block(world, ONE, ttl="5h")
    plan = world.plan("block-ip", {"addresses": [ONE], "target": TARGET, "ttl": ttl})
    assert plan.changes == ()
    (warned,) = [one for one in plan.warnings if one.id == "blocked-for-longer"]
    assert any(ONE in line and "until" in line for line in warned.evidence)


def test_taking_back_one_incidents_block_leaves_the_others(world: World) -> None:
    here: dict[str, Json] = {"target": "direct.example.com", "addresses": [ONE]}
    first = Run(world, "block-ip", **here, ttl="24h", incident="INC-1")
    Run(world, "block-ip", **here, ttl="1h", incident="INC-2")
    again = world.plan("block-ip", here | {"ttl": "1h", "incident": "INC-2"})
    assert again.changes == (), "the need is known"
    assert incidents(world) == {("INC-1", "INC-2")}
    narrow = Run(world, "unblock-ip", addresses=[ONE], incident="INC-1")
    assert [one.id for one in narrow.plan.warnings] == ["needed-by-others"]
    assert (incidents(world), ends(world)) == ({("INC-2",)}, {ONE: {1}})
    narrow.undo()
    first.undo()
    assert (incidents(world), ends(world)) == ({("INC-2",)}, {ONE: {1}})
    world.clock.sleep(2 * HOUR)
    Run(world, "blocks-expire")
    assert ends(world) == {}


@pytest.mark.parametrize("first_goes_first", [True, False])
def test_what_two_lists_name_is_blocked_until_the_last_of_them_is_taken_back(
    world: World, *, first_goes_first: bool
) -> None:
    many = [f"198.51.{one}.{two}" for one in range(100, 103) for two in range(0, 180, 2)]
    here: dict[str, Json] = {"target": "direct.example.com", "layer": "waf", "addresses": many}
    first = Run(world, "block-ip", **here, ttl="24h", incident="INC-1")
    second = Run(world, "block-ip", **here, ttl="1h", incident="INC-2")
    assert len(ends(world)) == len(many)
    for number, one in enumerate((first, second) if first_goes_first else (second, first), start=1):
        one.undo()
        assert len(ends(world)) == (len(many) if number == 1 else 0)
    assert not [one for one in client("wafv2").list_ip_sets(Scope="REGIONAL")["IPSets"] if "list" in one["Name"]]


def incidents(world: World) -> set[tuple[str, ...]]:
    """For which incidents each place blocks."""
    found = run_fetching(BlockLedger(foreign=False).read(world.about()), world.reader())
    assert isinstance(found, Ledgered)
    return {tuple(one.incident for one in row.needs) for row in found.rows}


def test_an_incidents_own_end_is_extended_though_another_one_lasts_longer(world: World) -> None:
    here: dict[str, Json] = {"target": "direct.example.com", "addresses": [ONE]}
    first = Run(world, "block-ip", **here, ttl="9h", incident="INC-1")
    Run(world, "block-ip", **here, ttl="1h", incident="INC-2")
    Run(world, "blocks-extend", addresses=[ONE], ttl="4h", incident="INC-2")
    assert ends(world) == {ONE: {9}}
    first.undo()
    assert ends(world) == {ONE: {4}}


def test_one_target_is_taken_back_at_a_place_that_it_shares_and_the_other_is_verified_still(world: World) -> None:
    shared: dict[str, Json] = {"addresses": [ONE], "layer": "nacl"}
    Run(world, "block-ip", **shared, target="api.example.com", ttl="2h")
    second = Run(world, "block-ip", **shared, target="legacy-web", ttl="5h")
    assert [one.operation for one in second.plan.changes] == ["CreateTags"], "the deny is there already"
    found = run_fetching(BlockVerified().read(world.about()), world.reader())
    assert isinstance(found, Verified)
    assert {one.target for one in found.ways} == {"legacy-web", "api.example.com"}
    assert found.holds
    Run(world, "unblock-ip", addresses=[ONE], target="legacy-web")
    assert ends(world) == {ONE: {2}}
    Run(world, "unblock-ip", addresses=[ONE], target="api.example.com")
    assert ends(world) == {}


def test_what_is_only_counted_for_longer_is_not_blocked_for_longer(world: World) -> None:
    Run(world, "block-ip", addresses=[ONE], target="direct.example.com", mode="count", ttl="never")
    plan = world.plan("block-ip", {"addresses": [ONE], "target": "direct.example.com", "ttl": "1h"})
    assert [one.id for one in plan.warnings if one.id == "blocked-for-longer"] == []
    assert plan.changes


def test_the_same_command_again_at_once_changes_nothing(world: World) -> None:
    block(world, ONE, ttl="5h")
    world.clock.sleep(60)
    plan = world.plan("block-ip", {"addresses": [ONE], "target": TARGET, "ttl": "5h"})
    assert (plan.changes, [one.id for one in plan.warnings if "longer" in one.id]) == ((), [])


def test_undo_leaves_the_address_that_another_run_took_over_and_takes_the_others(world: World) -> None:
    start = state()
    first = block(world, ONE, TWO, ttl="1h")
    second = block(world, ONE, ttl="5h")
    first.undo()
    assert ends(world) == {ONE: {5}}
    second.undo()
    assert ends(world) == {}
    # What the first undo kept for the second run is taken away when it is made again.
    first.undo()
    assert state() == start


def test_undo_in_the_order_of_the_runs_reversed_restores_the_account(world: World) -> None:
    start = state()
    first, second = block(world, ONE, TWO, ttl="1h"), block(world, ONE, ttl="5h")
    second.undo()
    assert ends(world) == {ONE: {1}, TWO: {1}}
    first.undo()
    assert state() == start


def test_what_is_due_for_the_first_run_stays_for_the_second(world: World) -> None:
    block(world, ONE, TWO, ttl="1h")
    block(world, ONE, ttl="5h")
    world.clock.sleep(2 * HOUR)
    Run(world, "blocks-expire")
    assert ends(world) == {ONE: {3}}
    world.clock.sleep(4 * HOUR)
    Run(world, "blocks-expire")
    assert ends(world) == {}
    assert world.plan("blocks-expire", {}).changes == ()


def test_an_extension_made_after_expiry_was_planned_keeps_the_address(world: World) -> None:
    block(world, ONE, TWO, ttl="1h")
    world.clock.sleep(2 * HOUR)
    plan = world.plan("blocks-expire", {})
    Run(world, "blocks-extend", addresses=[ONE], ttl="5h")
    run(plan, world.aws, world, MemoryJournal())
    assert ends(world)[ONE] == {5}
    Run(world, "blocks-expire")
    assert ends(world) == {ONE: {5}}


def test_expiring_twice_at_once_takes_away_what_is_due_once(world: World) -> None:
    block(world, ONE, TWO, ttl="1h")
    world.clock.sleep(2 * HOUR)
    plans = [world.plan("blocks-expire", {}) for _ in range(2)]
    for plan in plans:
        run(plan, world.aws, world, MemoryJournal())
    assert ends(world) == {}


def test_unblocking_for_one_target_leaves_the_others(world: World) -> None:
    block(world, ONE, ttl="1h")
    Run(world, "block-ip", addresses=[ONE], target="direct.example.com", ttl="1h")
    Run(world, "unblock-ip", addresses=[ONE], target="direct.example.com")
    found = run_fetching(BlockLedger().read(world.about()), world.reader())
    assert isinstance(found, Ledgered)
    assert {row.target for row in found.rows} == {TARGET}


def test_unblocking_says_who_else_blocks_the_address(world: World) -> None:
    from tests.kit.block_targets import acl_of
    from tests.kit.moto_account import client

    block(world, ONE, ttl="1h", layer="waf", mode="block")
    block(world, "203.0.113.0/28", ttl="1h", layer="waf")
    client("ec2").create_network_acl_entry(
        NetworkAclId=acl_of("edge-a"),
        RuleNumber=7,
        Protocol="-1",
        RuleAction="deny",
        Egress=False,
        CidrBlock="203.0.113.0/24",
    )
    plan = world.plan("unblock-ip", {"addresses": [ONE]})
    said = {one.id: " ".join(one.evidence) for one in plan.warnings}
    assert "203.0.113.0/24 at edge (deny rule 7)" in said["still-blocked"]
    assert "203.0.113.0/28" in said["in-wider-blocks"]
    assert "not-blocked" not in said
    nobody = world.plan("unblock-ip", {"addresses": ["192.0.2.1"]})
    assert (nobody.changes, [one.id for one in nobody.warnings]) == ((), ["not-blocked"])


def test_an_address_in_a_wider_block_that_ends_earlier_is_told(world: World) -> None:
    block(world, "203.0.113.0/28", ttl="1h")
    plan = world.plan("block-ip", {"addresses": [ONE], "target": TARGET, "ttl": "5h"})
    (warned,) = [one for one in plan.warnings if one.id == "ends-earlier"]
    assert any("203.0.113.0/28" in line for line in warned.evidence)


def test_a_record_on_a_full_resource_is_refused_with_what_stands_there(world: World) -> None:
    from opsctl.model.errors import RefusedByGuard
    from tests.kit.block_targets import acl_of
    from tests.kit.moto_account import client

    block(world, ONE, ttl="1h")
    tags = [{"Key": f"k{number}", "Value": ""} for number in range(48)]
    client("ec2").create_tags(Resources=[acl_of("edge-a")], Tags=tags)
    with pytest.raises(RefusedByGuard) as refused:
        world.plan("block-ip", {"addresses": [TWO], "target": TARGET, "layer": "nacl"})
    text = " ".join([refused.value.summary, *refused.value.evidence])
    assert "50 tags" in text


def test_records_that_say_nothing_any_more_make_room(world: World) -> None:
    from tests.kit.block_targets import acl_of
    from tests.kit.moto_account import client

    stale = {
        "Key": "opsctl:block/20200101-000000-old",
        "Value": "192.0.2.1 until=never since=2020-01-01T00:00:00Z",
    }
    tags = [{"Key": f"k{number}", "Value": ""} for number in range(47)]
    client("ec2").create_tags(Resources=[acl_of("edge-a")], Tags=[*tags, stale])
    made = block(world, TWO, ttl="1h", layer="nacl")
    assert [one.operation for one in made.plan.changes] == ["DeleteTags", "CreateTags", "CreateNetworkAclEntry"]
    assert ends(world) == {TWO: {1}}


def targets(world: World) -> dict[str, set[str]]:
    """What each resource that blocks the first address is recorded to be for."""
    found = run_fetching(BlockLedger(addresses=(ONE,)).read(world.about()), world.reader())
    assert isinstance(found, Ledgered)
    told: dict[str, set[str]] = {}
    for row in found.rows:
        told.setdefault(row.resource, set()).add(row.target)
    return told


def test_a_longer_block_for_one_target_leaves_what_the_blocks_of_another_are_for(world: World) -> None:
    other = "direct.example.com"
    Run(world, "block-ip", addresses=[ONE, TWO], target=other, ttl="1h")
    theirs = targets(world)
    block(world, ONE, ttl="1h")
    before = targets(world)
    block(world, ONE, ttl="5h")
    assert targets(world) == before, "each is still found by what it is for"
    assert {place: told for place, told in before.items() if place in theirs} == theirs
    assert ends(world)[ONE] == {5}, "an address has one end"
    left = Run(world, "unblock-ip", addresses=[ONE], target=TARGET)
    assert left.plan.changes
    assert targets(world) == theirs, "nobody asked for that"


def test_blocks_for_several_targets_at_one_place_are_extended_each_for_its_own(world: World) -> None:
    """The load balancer's name and the host in front of it lead to the same network ACL."""
    block(world, ONE, ttl="1h", incident="INC-1")
    Run(world, "block-ip", addresses=[TWO], target="shop-alb", ttl="1h", incident="INC-2")
    Run(world, "blocks-extend", addresses=[ONE, TWO], ttl="5h")
    found = run_fetching(BlockLedger().read(world.about()), world.reader())
    assert isinstance(found, Ledgered)
    assert {(row.address, row.target, row.incident) for row in found.rows} == {
        (f"{ONE}/32", TARGET, "INC-1"),
        (f"{TWO}/32", "shop-alb", "INC-2"),
    }
    assert ends(world) == {ONE: {5}, TWO: {5}}
