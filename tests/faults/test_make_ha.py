"""make-ha on an account: applied, applied again, and taken back."""

from collections.abc import Iterator

import pytest

from opsctl.model.value import Json
from opsctl.sandbox.rules import queue_settings as rules_queue_settings
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.ha_account import ha_state, run, undo
from tests.kit.moto_account import World, fresh_world
from tests.kit.ports import MemoryJournal

EXAMPLES: dict[str, dict[str, Json]] = {
    "group": {"instance": "legacy-web", "rpo": "1h", "allow_data_loss": "2h"},
    "group-behind-a-load-balancer": {"instance": "direct-web-1"},
    "snapshots-by-a-policy": {"instance": "legacy-web", "rpo": "2h", "snapshots": "dlm"},
    "recover": {"instance": "legacy-web", "mode": "recover"},
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made, pytest.MonkeyPatch.context() as patch:
        # A queue's name is taken for 60 seconds after it was deleted: those of the clock that the runs wait on.
        patch.setattr(rules_queue_settings, "now", made.clock.now)
        yield made


@pytest.mark.parametrize("example", EXAMPLES)
def test_applied_and_undone_leaves_the_lone_instance_as_it_was(world: World, example: str) -> None:
    start, journal = ha_state(), MemoryJournal()
    plan = world.plan("make-ha", EXAMPLES[example])
    run(plan, world.aws, world, journal)
    assert ha_state() != start
    run(plan, world.aws, world, MemoryJournal())
    undo(plan, world, journal)
    assert ha_state() == start
