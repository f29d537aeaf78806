"""The facts on the sandbox's own worlds, over HTTP, with AWS's rules on."""

from collections.abc import Iterator

import pytest

from opsctl.block.decision import Decision
from opsctl.block.facts.block_decision import BlockDecision
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.moto_account import World, fresh_world


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """The sandbox's network worlds in an account of their own."""
    with fresh_world(seed_network) as made:
        yield made


@pytest.mark.parametrize(
    ("target", "layers"),
    [
        ("shop.example.com", [("nacl", "alb"), ("waf", "alb"), ("waf", "distribution")]),
        ("direct.example.com", [("nacl", "alb"), ("waf", "alb")]),
        ("api.example.com", [("nacl", "nlb")]),
        ("legacy-web", [("nacl", "interface")]),
        ("legacy.example.com", [("nacl", "interface")]),
    ],
)
def test_every_world_is_understood(world: World, target: str, layers: list[tuple[str, str]]) -> None:
    fetching = BlockDecision(target=target, addresses=("203.0.113.7", "2001:db8::7")).read(world.about())
    decision = run_fetching(fetching, world.reader())
    assert isinstance(decision, Decision)
    assert sorted({(one.layer, one.resource_kind) for one in decision.points}) == layers
    assert (decision.open, decision.unknown) == ((), ())
    assert all(way.closable and not way.dropped for way in decision.ways)
