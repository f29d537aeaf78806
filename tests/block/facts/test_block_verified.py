"""Blocks proved again: what somebody removed, overtook or bypassed since is found, and nothing else."""

from collections.abc import Iterator

import pytest

from opsctl.block.facts.block_verified import BlockVerified, Verified
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.render.views.block_verification import heading_of
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.block_targets import acl_of, balancer
from tests.kit.ha_account import run
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import MemoryJournal


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def block(world: World, **inputs: Json) -> None:
    asked = {"addresses": ["203.0.113.9"], "target": "shop.example.com", **inputs}
    run(world.plan("block-ip", asked), world.aws, world, MemoryJournal())


def verified(world: World, **asked: Json) -> Verified:
    found = run_fetching(BlockVerified.model_validate(asked).read(world.about()), world.reader())
    assert isinstance(found, Verified)
    return found


def deny_of(address: str) -> tuple[str, int]:
    """The network ACL that denies an address, and the number of the rule."""
    (found,) = [
        (acl["NetworkAclId"], int(entry["RuleNumber"]))
        for acl in client("ec2").describe_network_acls()["NetworkAcls"]
        for entry in acl["Entries"]
        if entry.get("CidrBlock") == address
    ]
    return found


def test_what_stands_holds_on_every_way(world: World) -> None:
    block(world)
    found = verified(world)
    assert (found.holds, found.wrong, found.blocks) == (True, (), 3)
    assert [one.holds for one in found.ways] == [True, True]
    assert verified(world, target="another.example.com").blocks == 0


def test_a_deny_that_somebody_deleted_is_found(world: World) -> None:
    block(world, layer="nacl", target="api.example.com")
    acl, number = deny_of("203.0.113.9/32")
    client("ec2").delete_network_acl_entry(NetworkAclId=acl, RuleNumber=number, Egress=False)
    found = verified(world)
    assert [(one.address, one.resource) for one in found.removed] == [("203.0.113.9/32", acl)]
    assert not found.holds


def test_what_is_narrowed_to_nothing_says_that_there_are_others(world: World) -> None:
    block(world)
    found = verified(world, addresses=["203.0.113.10"])
    there = verified(world).blocks
    where = f"{found.region} and at CloudFront, account {found.account}"
    assert heading_of(found) == f"No such block of opsctl to verify, but {there} others in {where}"


def test_a_deny_of_one_port_does_not_stand_for_the_deny_that_was_removed(world: World) -> None:
    block(world)
    acl, number = deny_of("203.0.113.9/32")
    client("ec2").delete_network_acl_entry(NetworkAclId=acl, RuleNumber=number, Egress=False)
    ssh = {"NetworkAclId": acl, "Protocol": "6", "PortRange": {"From": 22, "To": 22}, "RuleAction": "deny"}
    client("ec2").create_network_acl_entry(RuleNumber=number, CidrBlock="203.0.113.9/32", Egress=False, **ssh)
    assert ("203.0.113.9/32", acl) in [(one.address, one.resource) for one in verified(world).removed]


def test_a_rule_that_lets_the_address_in_before_its_deny_is_found(world: World) -> None:
    block(world)
    entry = {"NetworkAclId": acl_of("edge-a"), "Protocol": "-1", "RuleAction": "allow", "Egress": False}
    client("ec2").create_network_acl_entry(RuleNumber=5, CidrBlock="203.0.113.0/24", **entry)
    found = verified(world)
    assert ["allow rule 5" in line for line in found.overtaken] == [True]
    assert all(one.holds for one in found.ways), "AWS WAF still stops it"


def test_a_way_that_was_opened_since_is_found(world: World) -> None:
    block(world, layer="waf")
    client("wafv2").disassociate_web_acl(ResourceArn=balancer("shop-alb"))
    found = verified(world)
    assert [one.holds for one in found.ways] == [True, False]
    assert any("shop-alb" in line for line in found.wrong)


def test_what_is_due_is_counted_and_not_judged(world: World) -> None:
    block(world, ttl="1h")
    world.clock.sleep(2 * 3600)
    found = verified(world)
    assert (found.blocks, found.due, found.ways, found.holds) == (0, 3, (), True)


def test_a_target_that_is_gone_cannot_be_told(world: World) -> None:
    block(world, layer="nacl", target="api.example.com")
    balancers = client("elbv2")
    for one in balancers.describe_load_balancers()["LoadBalancers"]:
        if one["LoadBalancerName"] == "api-nlb":
            balancers.delete_load_balancer(LoadBalancerArn=one["LoadBalancerArn"])
    found = verified(world)
    assert not found.holds
    assert found.unknown or found.wrong
