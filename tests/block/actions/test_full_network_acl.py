"""A network ACL that is full, as boto3 sees it: what makes room, and what is refused with what stands there."""

from collections.abc import Iterator

import pytest

from opsctl.block.facts.block_verified import BlockVerified
from opsctl.model.errors import RefusedByGuard
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.seeding import seed_network
from tests.block.facts.test_block_ledger import listed
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world, state
from tests.kit.ports import MemoryJournal

TARGET = "direct.example.com"


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def network_acl() -> Json:
    """The network ACL in front of the target."""
    filters = [{"Name": "tag:Name", "Values": ["direct"]}]
    return client("ec2").describe_network_acls(Filters=filters)["NetworkAcls"][0]


def denies() -> dict[str, int]:
    """What is denied inbound, with the numbers."""
    rules = [one for one in network_acl()["Entries"] if not one["Egress"] and one["RuleNumber"] < 32767]
    return {
        one.get("CidrBlock") or one["Ipv6CidrBlock"]: one["RuleNumber"]
        for one in rules
        if one["RuleAction"] == "deny"
    }


def fill(rules: int = 20) -> None:
    """Denies of somebody else until there are so many rules."""
    acl = network_acl()
    there = [one for one in acl["Entries"] if not one["Egress"] and one["RuleNumber"] < 32767]
    for number in range(1, rules - len(there) + 1):
        client("ec2").create_network_acl_entry(
            NetworkAclId=acl["NetworkAclId"],
            RuleNumber=number,
            Protocol="-1",
            RuleAction="deny",
            Egress=False,
            CidrBlock=f"192.0.2.{number}/32",
        )


def block(world: World, *addresses: str, **more: Json) -> tuple[list[str], MemoryJournal, object]:
    asked = {"addresses": list(addresses), "target": TARGET, "layer": "nacl", "ttl": "1h", **more}
    plan, journal = world.plan("block-ip", asked), MemoryJournal()
    run(plan, world.aws, world, journal)
    return [one.operation for one in plan.changes], journal, plan


def test_an_expired_block_makes_room_in_the_same_plan_and_undo_restores_it(world: World) -> None:
    block(world, "203.0.113.9")
    fill()
    world.clock.sleep(7200)
    start, before = state(), denies()
    made, journal, plan = block(world, "198.51.100.7")
    assert made == ["CreateTags", "DeleteNetworkAclEntry", "CreateNetworkAclEntry"]
    assert set(denies()) ^ set(before) == {"203.0.113.9/32", "198.51.100.7/32"}
    undo(plan, world, journal)  # type: ignore[arg-type]
    assert state() == start


def test_an_undo_brings_back_no_expired_deny_that_nobody_would_end(world: World) -> None:
    block(world, "203.0.113.9")
    fill()
    world.clock.sleep(7200)
    _, journal, plan = block(world, "198.51.100.7")
    assert "203.0.113.9/32" not in denies()
    run(world.plan("blocks-expire", {}), world.aws, world, MemoryJournal())  # takes the record off
    undo(plan, world, journal)  # type: ignore[arg-type]
    assert {"203.0.113.9/32", "198.51.100.7/32"}.isdisjoint(denies())


def test_what_was_put_together_of_two_incidents_is_listed_for_both_and_goes_with_both(world: World) -> None:
    block(world, "203.0.113.8", incident="INC-1")
    start = denies()
    fill()
    _, journal, plan = block(world, "203.0.113.9", incident="INC-2", ttl="2h")
    (row,) = [one for one in listed(world).rows if one.ours]
    assert (row.address, sorted(one.incident for one in row.needs)) == ("203.0.113.8/31", ["INC-1", "INC-2"])
    assert [one.address for one in listed(world, incident="INC-1").rows] == ["203.0.113.8/31"]
    narrow = world.plan("unblock-ip", {"addresses": ["203.0.113.8/31"], "incident": "INC-2"})
    assert (narrow.changes, [one.id for one in narrow.warnings]) == ((), ["needed-by-others"])
    undo(plan, world, journal)  # type: ignore[arg-type]
    assert {"203.0.113.8/31", "203.0.113.9/32"}.isdisjoint(denies())
    assert denies().keys() >= start.keys()
    block(world, "203.0.113.9", incident="INC-2", ttl="2h")
    run(world.plan("unblock-ip", {"addresses": ["203.0.113.8/31"]}), world.aws, world, MemoryJournal())
    tags = {one["Key"] for one in network_acl()["Tags"] if one["Key"].startswith("opsctl:block/")}
    assert ([one for one in denies() if one.startswith("203.0.113.")], tags) == ([], set())


@pytest.mark.parametrize("rules", [19, 20], ids=["a number free", "none free"])
def test_neighbours_become_one_entry_and_each_is_blocked_all_along(world: World, rules: int) -> None:
    block(world, "203.0.113.8")
    block(world, "203.0.113.9", ttl="2h")
    fill(rules)
    wanted = ["198.51.100.7", "198.51.100.70"][: 21 - rules]
    start, before = state(), denies()
    made, journal, plan = block(world, *wanted)
    assert ("203.0.113.8/31" in denies(), len(denies()) <= 20) == (True, True)
    gone = ["DeleteNetworkAclEntry"] * 2
    order = [one for one in made if "Entry" in one][:3]
    assert order == (
        ["CreateNetworkAclEntry", *gone] if rules < 20 else [gone[0], "CreateNetworkAclEntry", gone[1]]
    )
    assert not {"203.0.113.8/32", "203.0.113.9/32"} & set(denies())
    assert {name for name in before if name.startswith("192.0.2.")} <= set(denies())
    ends = {row.address: row.until for row in listed(world, foreign=False).rows}
    assert ends["203.0.113.8/31"] > ends["198.51.100.7/32"], "the later end counts for both"
    verified = run_fetching(BlockVerified().read(world.about()), world.reader())
    assert not getattr(verified, "removed")  # noqa: B009 - the fact's result is a Value
    undo(plan, world, journal)  # type: ignore[arg-type]
    assert state() == start


def test_where_nothing_may_go_the_refusal_lists_what_stands_there(world: World) -> None:
    block(world, "203.0.113.9")
    fill()
    before = state()
    with pytest.raises(RefusedByGuard) as refused:
        block(world, "198.51.100.7")
    said = "\n".join([refused.value.summary, *refused.value.evidence])
    assert "20 of 20 inbound rules" in said
    assert f"{network_acl()['NetworkAclId']} 99 deny  203.0.113.9/32: opsctl, by responder, until" in said
    assert "1 deny  192.0.2.1/32: not of opsctl" in said
    assert state() == before


def test_aws_waf_takes_what_a_full_network_acl_has_no_room_for(world: World) -> None:
    fill()
    asked = {"addresses": ["198.51.100.7"], "target": TARGET, "ttl": "1h"}
    plan = world.plan("block-ip", asked)
    assert {one.service for one in plan.changes} == {"wafv2"}
    assert [one.id for one in plan.warnings if one.id == "stays-open"] == []
