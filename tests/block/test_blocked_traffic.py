"""Blocks judged by somebody else: requests are sent through the sandbox, whose evaluation is not opsctl's walk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.sandbox.attack import Attack, Attacked
from opsctl.sandbox.endpoint import REGION
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.traffic_sending import attack
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.command import opsctl
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.samples import part_of

BAD, NEIGHBOUR = "203.0.113.9", "203.0.113.10"
WAYS = {
    "shop.example.com": ("shop.example.com", "www.example.com", "shop-alb"),
    "direct.example.com": ("direct.example.com", "direct-alb"),
    "api.example.com": ("api.example.com", "api-nlb"),
    "legacy.example.com": ("legacy.example.com",),
}


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def sent(world: World, address: str, target: str) -> Attacked:
    asked = Attack(address=address, target=target, requests=4)
    return attack(world.account, REGION, client, conditions(world.account), asked)


@pytest.mark.parametrize("target", part_of(2, "blocked traffic", WAYS))
def test_who_is_blocked_is_refused_on_every_way_and_nobody_else(world: World, tmp_path: Path, target: str) -> None:
    names = WAYS[target]
    assert [sent(world, BAD, name).passed for name in names] == [4] * len(names)
    assert opsctl(tmp_path, "block-ip", BAD, "--target", target, "--yes").returncode == 0
    assert [(sent(world, BAD, name).passed, sent(world, NEIGHBOUR, name).passed) for name in names] == [
        (0, 4)
    ] * len(names)
    assert opsctl(tmp_path, "unblock-ip", BAD, "--yes").returncode == 0
    assert [sent(world, BAD, name).passed for name in names] == [4] * len(names)


@pytest.mark.parametrize("layer", ["waf", "nacl"])
def test_each_layer_alone_refuses_where_it_stands(world: World, tmp_path: Path, layer: str) -> None:
    block = ("block-ip", "203.0.113.0/28", "--target", "direct.example.com", "--layer", layer, "--yes")
    assert opsctl(tmp_path, *block).returncode == 0
    (why,) = sent(world, BAD, "direct-alb").by
    assert ("web ACL direct-acl rule opsctl-block-ipv4" in why) is (layer == "waf")
    assert sent(world, "203.0.113.16", "direct-alb").passed == 4
    assert sent(world, BAD, "legacy.example.com").passed == 4
