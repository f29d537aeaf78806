"""tune apply against every fault: resumed it reaches the end, undone the start, and nothing stays stopped.

What an undo has to restore is told by describes: every instance as it was, and no reservation that costs.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest

from opsctl.execution.executor import Executor
from opsctl.model.changes import Irreversible
from opsctl.model.errors import OpsctlError
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import QUICK, Conditions
from opsctl.sandbox.worlds.hpc import make_fleet
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.fleet_look import fleet, reserved
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World
from tests.kit.ports import Faulty, Killed, MemoryJournal, Wrapping
from tests.kit.samples import one_in
from tests.kit.timed import MovingClock, timed_world
from tests.registry.staging import Noting

EXAMPLES: dict[str, dict[str, Json]] = {
    "ena": {"instances": ["hpc-4"], "ena": True},
    "type-and-queues": {"instances": ["hpc-3"], "instance_type": "c6i.32xlarge", "queues": 16},
    "two-moved-into-a-new-group": {
        "instances": ["hpc-2", "hpc-3"],
        "placement_group": "close",
        "create": "cluster",
    },
    "one-after-the-other": {
        "instances": ["hpc-1", "hpc-2"],
        "placement_group": "",
        "queues": 0,
        "instance_type": "c5n.9xlarge",
        "batch": 1,
    },
}


@dataclass
class Fleet:
    """The fleet, and the conditions in its account."""

    world: World
    about: Conditions

    def plan(self, example: str) -> Plan:
        """Plan an example anew: AWS knows the tokens of a plan's calls again."""
        return self.world.plan("tune-apply", EXAMPLES[example])


@contextmanager
def made() -> Iterator[Fleet]:
    with timed_world(make_fleet, durations=QUICK) as (world, about):
        world.clock = MovingClock(about)
        yield Fleet(world, about)


def calls_of(plan: Plan) -> int:
    return sum(change.kind == "call" for change in plan.changes)


def survive(example: str, rounds: Callable[[int], list[Round]]) -> None:
    with made() as it:
        start = fleet()
        for one in rounds(calls_of(it.plan(example))):
            plan, journal = it.plan(example), MemoryJournal()
            with suppress(OpsctlError, Killed):
                run(plan, Faulty(it.world.aws, one.fault, one.at), it.world, journal)
            if one.resumed:
                run(plan, it.world.aws, it.world, journal)
                assert it.plan(example).changes == (), one
                assert reserved() == [], one
            undo(plan, it.world, journal)
            assert fleet() == start, one


@pytest.mark.parametrize("example", EXAMPLES)
def test_resumed_it_reaches_the_end_and_undone_the_start_after_another_fault_at_some_calls(example: str) -> None:
    # A third of the calls, another with each change of the code; `-m exhaustive` takes all.
    survive(example, lambda calls: one_in(3, example, sampled(f"tune-{example}", calls)))


@pytest.mark.exhaustive
@pytest.mark.parametrize("example", EXAMPLES)
def test_resumed_it_reaches_the_end_and_undone_the_start_whatever_call_fails(example: str) -> None:
    survive(example, every)


class Room(Wrapping):
    """EC2 has no room for the instances of a plan until it goes back: what another took is free again by then.

    At the n-th call of the way back the process dies, before the call or after it.
    """

    def __init__(self, it: Fleet, plan: Plan, dies_at: int = 0, *, after: bool = False) -> None:
        super().__init__(it.world.aws)
        self._faults, self._dies_at, self._after = it.about.faults, dies_at, after
        self._faults.no_room = {one.id.rpartition("/")[2] for one in plan.changes if one.id.startswith("start")}
        self.back: list[str] | None = None

    def hear(self, line: str) -> None:
        """Take the executor's progress."""
        if line.startswith("going back"):
            self.back = self.back or []
            self._faults.no_room = set()

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Pass on, or die."""
        if self.back is None:
            return super().write(service, operation, params, region)
        self.back.append(operation)
        dies = len(self.back) == self._dies_at
        if dies and not self._after:
            raise Killed
        answer = super().write(service, operation, params, region)
        if dies:
            raise Killed
        return answer


def go_back(it: Fleet, plan: Plan, journal: MemoryJournal, room: Room) -> str:
    try:
        Executor(plan, room, journal, it.world.clock, room.hear, lambda: False).apply()
    except OpsctlError as error:
        return error.summary
    raise AssertionError("there was room")


@pytest.mark.parametrize("example", EXAMPLES)
def test_without_room_for_a_start_everything_goes_back_by_itself_and_says_so(example: str) -> None:
    with made() as it:
        start, plan, journal = fleet(), it.plan(example), MemoryJournal()
        told = go_back(it, plan, journal, Room(it, plan))
        assert "InsufficientInstanceCapacity" in told
        assert "taken back" in told
        assert fleet() == start
        assert [one for one in journal.intended() if not isinstance(plan.change(one).undo, Irreversible)] == []


@pytest.mark.parametrize("example", ["ena", "two-moved-into-a-new-group"])
@pytest.mark.parametrize("way", ["resumed", "undone"])
def test_killed_at_calls_of_the_way_back_it_is_gone_on_with(example: str, way: str) -> None:
    with made() as it:
        start, whole = fleet(), Room(it, it.plan(example))
        go_back(it, it.plan(example), MemoryJournal(), whole)
        assert whole.back
        for at in one_in(2, example, range(1, len(whole.back) + 1)):
            plan, journal = it.plan(example), MemoryJournal()
            room = Room(it, plan, at, after=bool(at % 2))
            with pytest.raises(Killed):
                go_back(it, plan, journal, room)
            if way == "resumed":
                assert "took this back" in go_back(it, plan, journal, Room(it, plan))
            else:
                undo(plan, it.world, journal)
            assert fleet() == start, at


def test_without_capacity_to_reserve_nothing_is_stopped() -> None:
    with made() as it:
        plan, journal, calls = it.plan("ena"), MemoryJournal(), Noting(it.world.aws)
        it.about.faults.no_capacity = {"us-east-1a"}
        two = [one.model_copy(update={"params": one.params | {"InstanceCount": 2}}) for one in plan.changes[2:3]]
        with pytest.raises(OpsctlError, match="InsufficientInstanceCapacity"):
            run(
                plan.model_copy(update={"changes": (*plan.changes[:2], *two, *plan.changes[3:])}),
                calls,
                it.world,
                journal,
            )
        assert "ec2.StopInstances" not in calls.done
        assert reserved() == []
