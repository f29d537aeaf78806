"""make-ha on an account: every call fails once in every way, and still the end and the start are reached."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from opsctl.model.errors import OpsctlError
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Identity
from opsctl.model.value import Json, canonical
from opsctl.sandbox import rules_queue_settings
from opsctl.sandbox.worlds import seed_network
from tests.kit.ha_account import ha_state, inverse_plan, run, undo
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import FAULTS, Faulty, Killed, MemoryJournal

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


@dataclass
class EveryCallFails:
    """An account in which every call fails once, in turn in one of the ways, beginning with the n-th."""

    inner: Aws
    turn: int
    failed: set[str] = field(default_factory=set)

    @property
    def identity(self) -> Identity:
        """Who calls."""
        return self.inner.identity

    def read(self, read: Read) -> Answer:
        """Pass on."""
        return self.inner.read(read)

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Fail the first time, pass on the second."""
        call = canonical([service, operation, params])
        if call in self.failed:
            return self.inner.write(service, operation, params, region)
        self.failed.add(call)
        self.turn += 1
        return Faulty(self.inner, FAULTS[self.turn % len(FAULTS)], 1).write(service, operation, params, region)


def stubborn(plan: Plan, world: World, journal: MemoryJournal, turn: int) -> int:
    """Go on with a run until it is done, whatever fails; returns how often it was begun."""
    aws = EveryCallFails(world.aws, turn)
    for attempt in range(1, 200):
        try:
            run(plan, aws, world, journal)
        except (OpsctlError, Killed):
            continue
        return attempt
    raise AssertionError("it never ends")


@pytest.mark.parametrize("example", EXAMPLES)
def test_applied_and_undone_leaves_the_lone_instance_as_it_was(world: World, example: str) -> None:
    start, journal = ha_state(), MemoryJournal()
    plan = world.plan("make-ha", EXAMPLES[example])
    run(plan, world.aws, world, journal)
    assert ha_state() != start
    run(plan, world.aws, world, MemoryJournal())
    undo(plan, world, journal)
    assert ha_state() == start


@pytest.mark.parametrize("turn", [0, 4])
def test_resume_and_undo_reach_their_ends_when_every_call_fails_once(world: World, turn: int) -> None:
    start, journal = ha_state(), MemoryJournal()
    plan = world.plan("make-ha", EXAMPLES["group"])
    assert stubborn(plan, world, journal, turn) > 5
    groups = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert [(one["MinSize"], one["MaxSize"], one["DesiredCapacity"]) for one in groups] == [(1, 1, 1)]
    stubborn(inverse_plan(plan, journal), world, MemoryJournal(), turn)
    assert ha_state() == start


@pytest.mark.parametrize("at", [6, 17, 28, 30])
def test_undo_reaches_the_start_from_wherever_the_run_broke(world: World, at: int) -> None:
    start, journal = ha_state(), MemoryJournal()
    plan = world.plan("make-ha", EXAMPLES["group"])
    with pytest.raises((OpsctlError, Killed)):
        run(plan, Faulty(world.aws, ("killed-after", "killed-before", "denied")[at % 3], at), world, journal)
    undo(plan, world, journal)
    assert ha_state() == start
