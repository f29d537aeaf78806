"""IP sets that are full, of addresses or of records: what has no room goes into the next, with its own rule."""

from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.block.own_sets import OwnSets, numbered
from opsctl.block.records import Ledger
from opsctl.block.set_recorder import SetRecorder
from opsctl.block.terms import Term
from opsctl.block.topology.webacl import IpSet
from opsctl.model.errors import RefusedByGuard
from opsctl.model.networks import parse_network
from opsctl.sandbox.worlds.seeding import seed_network
from tests.block.facts.test_block_ledger import listed
from tests.kit.block_targets import balancer
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world, state
from tests.kit.ports import MemoryJournal

TARGET = "direct.example.com"
FIRST = "opsctl-block-ipv4-direct"
TERM = Term(until="never", since="2026-12-01T08:00:00Z", by="responder")
MANY = [f"198.51.{one}.{2 * two}" for one in range(100, 103) for two in range(100)]


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def block(world: World, *addresses: str) -> tuple[Any, MemoryJournal]:
    journal = MemoryJournal()
    asked = {"addresses": list(addresses), "target": TARGET, "layer": "waf", "ttl": "1h"}
    plan = world.plan("block-ip", asked)
    run(plan, world.aws, world, journal)
    return plan, journal


def sets() -> dict[str, list[str]]:
    """Our IP sets with their addresses, as boto3 describes them."""
    waf = client("wafv2")
    found = [one for one in waf.list_ip_sets(Scope="REGIONAL")["IPSets"] if one["Name"].startswith("opsctl-")]
    got = {one["Name"]: waf.get_ip_set(Name=one["Name"], Scope="REGIONAL", Id=one["Id"])["IPSet"] for one in found}
    return {name: sorted(one["Addresses"]) for name, one in got.items()}


def rules() -> list[str]:
    acl = client("wafv2").get_web_acl_for_resource(ResourceArn=balancer("direct-alb"))["WebACL"]
    return [one["Name"] for one in sorted(acl["Rules"], key=lambda one: one["Priority"])]


def fill(name: str, tags: int = 0, addresses: int = 0) -> None:
    """Put foreign tags or addresses on a set."""
    waf = client("wafv2")
    (one,) = [one for one in waf.list_ip_sets(Scope="REGIONAL")["IPSets"] if one["Name"] == name]
    if tags:
        others = [{"Key": f"k{number}", "Value": "v"} for number in range(tags)]
        waf.tag_resource(ResourceARN=one["ARN"], Tags=others)
    if addresses:
        got = waf.get_ip_set(Name=name, Scope="REGIONAL", Id=one["Id"])
        more = [f"45.{number // 256}.{number % 256}.7/32" for number in range(addresses)]
        waf.update_ip_set(
            Name=name,
            Scope="REGIONAL",
            Id=one["Id"],
            Addresses=[*got["IPSet"]["Addresses"], *more],
            LockToken=got["LockToken"],
        )


@pytest.mark.parametrize("full", [{"tags": 44}, {"addresses": 9_999}], ids=["of records", "of addresses"])
def test_what_a_full_set_has_no_room_for_goes_into_the_next_with_a_rule_of_its_own(
    world: World, full: dict[str, int]
) -> None:
    block(world, "203.0.113.9")
    (first,) = sets()
    fill(first, **full)
    start, before = state(), rules()
    plan, journal = block(world, "203.0.113.10")
    assert sets()[f"{first}-2"] == ["203.0.113.10/32"]
    assert rules() == ["opsctl-block-ipv4", "opsctl-block-ipv4-2", *before[1:]]
    assert {(one.address, one.kind) for one in listed(world, foreign=False).rows if "203.0" in one.address} == {
        ("203.0.113.9/32", "opsctl"),
        ("203.0.113.10/32", "opsctl"),
    }
    # A third one joins the second set, and what is blocked stays as it is.
    third, _ = block(world, "203.0.113.11", "203.0.113.10", "203.0.113.9")
    assert [one.operation for one in third.changes] == ["TagResource", "UpdateIPSet"]
    assert sets()[f"{first}-2"] == ["203.0.113.10/32", "203.0.113.11/32"]
    run(world.plan("unblock-ip", {"addresses": ["203.0.113.11"]}), world.aws, world, MemoryJournal())
    undo(plan, world, journal)
    assert state() == start


def test_a_set_that_is_there_without_its_rule_gets_one(world: World) -> None:
    """A run that died between the two left it."""
    block(world, "203.0.113.9")
    (first,) = sets()
    fill(first, addresses=9_999)
    client("wafv2").create_ip_set(
        Name=f"{first}-2", Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=["203.0.113.10/32"]
    )
    plan, _ = block(world, "203.0.113.10")
    assert [one.operation for one in plan.changes] == ["UpdateWebACL"]
    assert rules()[:2] == ["opsctl-block-ipv4", "opsctl-block-ipv4-2"]


def test_a_web_acl_without_a_reference_left_is_refused_with_the_number(world: World) -> None:
    waf = client("wafv2")
    acl = waf.get_web_acl_for_resource(ResourceArn=balancer("direct-alb"))["WebACL"]
    theirs = waf.create_ip_set(Name="t", Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=[])["Summary"]["ARN"]
    visible = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "m"}
    full = [
        {
            "Name": f"r{number}",
            "Priority": 1000 + number,
            "Statement": {"IPSetReferenceStatement": {"ARN": theirs}},
            "Action": {"Count": {}},
            "VisibilityConfig": visible,
        }
        for number in range(50)
    ]
    key = {"Name": acl["Name"], "Scope": "REGIONAL", "Id": acl["Id"]}
    token = waf.get_web_acl(**key)["LockToken"]
    waf.update_web_acl(
        **key, DefaultAction=acl["DefaultAction"], VisibilityConfig=visible, Rules=full, LockToken=token
    )
    with pytest.raises(RefusedByGuard) as refused:
        block(world, "203.0.113.9")
    assert "has 50 of 50 references" in " ".join([refused.value.summary, *refused.value.evidence])


def test_ten_thousand_addresses_take_five_calls_where_nothing_is_there_yet(world: World) -> None:
    many = [f"45.{number // 256}.{number % 256}.7" for number in range(10_000)]
    plan = world.plan("block-ip", {"addresses": many, "target": "shop-alb", "layer": "waf"})
    made = [one.operation for one in plan.changes]
    five = ["CreateIPSet", "CreateIPSet", "UpdateIPSet", "CreateWebACL", "AssociateWebACL"]
    assert made == [*five, *five[:-1], "AssociateDistributionWebACL"], "a load balancer and a distribution"
    journal, start = MemoryJournal(), state()
    run(plan, world.aws, world, journal)
    wanted = sorted(f"{one}/32" for one in many)
    assert list(sets().values()) == [wanted, wanted], "the set, and the list that the record is on"
    undo(plan, world, journal)
    assert state() == start


def test_the_lists_of_runs_that_died_are_found_and_taken_away(world: World) -> None:
    """One that a run made of whose set nothing is left, and one without any record."""
    _, journal = block(world, *MANY)
    (mine,) = [name for name in sets() if name.startswith("opsctl-list-")]
    start = state()
    waf = client("wafv2")
    for name in ("opsctl-list-01234567-20200101-000000-dead", f"{mine[:21]}20200101-000000-dead"):
        waf.create_ip_set(Name=name, Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=["192.0.2.1/32"])
    young = "opsctl-list-01234567-20990101-000000-here"
    waf.create_ip_set(Name=young, Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=[])
    with_them, plan, again = state(), world.plan("blocks-expire", {}), MemoryJournal()
    assert [one.operation for one in plan.changes] == ["DeleteIPSet", "DeleteIPSet"]
    run(plan, world.aws, world, again)
    (left,) = [one for one in waf.list_ip_sets(Scope="REGIONAL")["IPSets"] if one["Name"] == young]
    waf.delete_ip_set(Name=young, Scope="REGIONAL", Id=left["Id"], LockToken=left["LockToken"])
    assert state() == start
    assert journal.intended()
    assert with_them != start


def known(addresses: int) -> IpSet:
    many = tuple(f"45.{number // 256}.{number % 256}.7/32" for number in range(addresses))
    return IpSet(arn=f"arn-{addresses}", id="id", name="s", version=4, addresses=many)


@pytest.mark.parametrize(
    ("there", "tags", "more", "number"),
    [
        ({}, 0, 1, 1),
        ({1: 9_999}, 0, 1, 1),
        ({1: 10_000}, 0, 1, 2),
        ({1: 9_999, 2: 10_000}, 0, 2, 3),
        ({1: 10_000, 3: 0}, 0, 1, 2),
        ({1: 5}, 44, 1, 1),
        ({1: 5}, 45, 1, 2),
        ({1: 5}, 45, 300, 1),
    ],
    ids=["none", "the last", "full", "two full", "a gap", "a tag", "no tag", "a list needs none"],
)
def test_the_first_set_with_room_is_taken(there: dict[int, int], tags: int, more: int, number: int) -> None:
    held = {n: known(size) for n, size in there.items()}
    ours = OwnSets.of("s", {numbered("s", n): one for n, one in held.items()})
    recorder = SetRecorder(
        run="20261201-080000-abcd",
        now=0,
        description="d",
        term=TERM,
        ledgers={one.arn: Ledger(tags=tags) for one in held.values()},
    )
    assert ours.number_for([f"198.51.{one // 250}.{one % 250}/32" for one in range(more)], recorder) == number


def test_what_any_set_holds_is_not_missing() -> None:
    ours = OwnSets.of("s", {"s": known(3), "s-2": known(5), "s-1": known(9), "s-02": known(9), "st": known(9)})
    assert sorted(ours.there) == [1, 2]
    asked = [parse_network(f"45.0.{number}.7") for number in range(7)]
    assert ours.missing(asked) == ["45.0.5.7/32", "45.0.6.7/32"]
    assert list(ours.holding(asked[3:])) == [2]


def test_neighbours_among_many_are_put_together_and_found_by_each_address(world: World) -> None:
    """Exactly what was asked for is blocked; a list that is typed keeps its addresses apart."""
    many = [f"45.10.0.{one}" for one in range(256)] + [
        f"45.10.{1 + one // 99}.{one % 99 * 2}" for one in range(198)
    ]
    plan, journal = block(world, *many)
    ((_, there), (_, listed_there)) = sorted(sets().items())
    apart = [f"{one}/32" for one in many[256:]]
    assert there == listed_there == sorted(["45.10.0.0/24", *apart])
    (row,) = listed(world, addresses=["45.10.0.77"]).rows
    assert (row.address, row.kind) == ("45.10.0.0/24", "opsctl")
    unblocking = world.plan("unblock-ip", {"addresses": ["45.10.0.77"]})
    assert unblocking.changes == ()
    assert {one.id for one in unblocking.warnings} == {"not-blocked", "in-wider-blocks"}
    # The same list for longer extends the network that it became, and says of nothing that it ends earlier.
    again = world.plan("block-ip", {"addresses": many, "target": TARGET, "layer": "waf", "ttl": "9h"})
    assert [one.operation for one in again.changes] == ["CreateIPSet"], "a list of the later end"
    assert not [one for one in again.warnings if one.id == "ends-earlier"]
    undo(plan, world, journal)
    assert listed(world, foreign=False).rows == ()


def test_a_list_is_extended_expired_and_taken_back_as_any_other_block(world: World) -> None:
    plan, journal = block(world, *MANY)
    start = state()
    longer, again = (
        world.plan("block-ip", {"addresses": MANY, "target": TARGET, "layer": "waf", "ttl": "9h"}),
        MemoryJournal(),
    )
    run(longer, world.aws, world, again)
    ends = {row.until for row in listed(world, foreign=False).rows}
    world.clock.sleep(2 * 3600)
    assert listed(world, foreign=False).due == ()
    undo(longer, world, again)
    assert state() == start
    assert len(listed(world, foreign=False).due) == len(MANY)
    assert ends.isdisjoint(row.until for row in listed(world, foreign=False).rows)
    run(world.plan("blocks-expire", {}), world.aws, world, MemoryJournal())
    assert list(sets().values()) == [[]], "the list went with the addresses"
    undo(plan, world, journal)
