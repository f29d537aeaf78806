"""Unblocking, expiring and extending against every fault: resume reaches the end, undo reaches the start."""

from collections.abc import Callable, Iterator

import pytest

from opsctl.model.value import Json
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, fresh_world, state
from tests.kit.ports import MemoryJournal
from tests.kit.samples import part_of
from tests.kit.survival import through

MANY = [f"198.51.{one}.{two}" for one in (100, 101) for two in range(100)]
EXAMPLES: dict[str, tuple[str, dict[str, Json]]] = {
    "unblock one of two": ("unblock-ip", {"addresses": ["203.0.113.9"]}),
    "unblock what a list names": ("unblock-ip", {"addresses": [*MANY, "203.0.113.9"]}),
    "unblock one of a list": ("unblock-ip", {"addresses": [MANY[0]]}),
    "expire": ("blocks-expire", {}),
    "extend": ("blocks-extend", {"addresses": ["203.0.113.9", "203.0.113.10"], "ttl": "7d"}),
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        for addresses, ttl, layer in (
            (["203.0.113.9", "203.0.113.10"], "1h", "auto"),
            (["203.0.113.77"], "never", "auto"),
            (MANY, "30d", "waf"),
        ):
            asked = {"addresses": addresses, "target": "shop.example.com", "ttl": ttl, "layer": layer}
            run(made.plan("block-ip", asked), made.aws, made, MemoryJournal())
        made.clock.sleep(2 * 3600)
        yield made


def survive(world: World, example: str, rounds: Callable[[int], list[Round]]) -> None:
    playbook, inputs = EXAMPLES[example]
    start, plan, journal = state(), world.plan(playbook, inputs), MemoryJournal()
    assert plan.changes

    def then(one: Round) -> None:
        if one.resumed:
            run(plan, world.aws, world, journal)
            assert world.plan(playbook, inputs).changes == (), one
        undo(plan, world, journal)
        assert state() == start, one

    through(world, rounds(len(plan.changes)), lambda aws: run(plan, aws, world, journal), then, journal=journal)


@pytest.mark.parametrize("example", part_of(2, "blocks lifted", EXAMPLES))
def test_resume_reaches_the_end_and_undo_the_start_after_another_fault_at_each_call(
    world: World, example: str
) -> None:
    survive(world, example, lambda calls: sampled(example, calls))


@pytest.mark.exhaustive
@pytest.mark.parametrize("example", EXAMPLES)
def test_resume_reaches_the_end_and_undo_the_start_whatever_call_fails(world: World, example: str) -> None:
    survive(world, example, every)
