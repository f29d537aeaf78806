"""What is blocked at CloudFront alone is named before an origin is opened again."""

from collections.abc import Iterator

import pytest

from opsctl.block.facts.block_edge_only import BlockEdgeOnly, EdgeOnly
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.seeding import seed_network
from tests.block.actions.test_lock_origin import done
from tests.kit.block_targets import acl_of
from tests.kit.moto_account import World, client, fresh_world

TARGET = {"target": "shop.example.com"}


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def found(world: World) -> EdgeOnly:
    result = run_fetching(BlockEdgeOnly(**TARGET).read(world.about()), world.reader())
    assert isinstance(result, EdgeOnly)
    return result


def block(world: World, address: str, **more: str) -> None:
    done(world.plan("block-ip", {"addresses": [address], "ttl": "2h", **TARGET, **more}), world)


def test_a_block_made_while_the_origin_was_locked_is_named_and_one_made_before_is_not(world: World) -> None:
    block(world, "198.51.100.7", incident="INC-1")
    done(world.plan("lock-origin", TARGET), world)
    block(world, "203.0.113.9", incident="INC-2")
    assert found(world).addresses == ("203.0.113.9/32",)
    assert " for INC-2" in found(world).found[0]
    assert found(world).unknown == ()
    plan = world.plan("block-ip", {"addresses": ["203.0.113.44"], "ttl": "2h", "own_rule": True, **TARGET})
    assert not [one for one in plan.warnings if one.id == "bypass"]
    done(plan, world)
    assert found(world).addresses == ("203.0.113.9/32",), "the other is blocked behind the lock as well"
    acl = acl_of("edge-a")
    entry = {"NetworkAclId": acl, "Protocol": "-1", "RuleAction": "deny", "Egress": False}
    client("ec2").create_network_acl_entry(**entry, RuleNumber=7, CidrBlock="203.0.113.0/24")
    assert found(world).addresses == (), "somebody has denied it there as well"


def test_the_plan_carries_what_its_undo_is_to_ask_and_says_now_who_gets_around(world: World) -> None:
    block(world, "203.0.113.9", layer="cloudfront")
    plan = world.plan("lock-origin", TARGET)
    assert [one.id for one in plan.warnings if "203.0.113.9" in str(one.evidence)] == ["gets-around"]
    assert [one.id for one in plan.undo_warnings] == ["lets-around", "cannot-tell-around"]
    assert {call.uses for one in plan.undo_warnings for call in one.facts.values()} == {"block.edge_only"}
