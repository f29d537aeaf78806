"""tune apply against every fault: resumed it reaches the end, undone the start, and nothing stays stopped.

What an undo has to restore is told by describes: every instance as it was, and no reservation that costs.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest

from opsctl.model.changes import Change, Irreversible
from opsctl.model.errors import AwsRefused, OpsctlError
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json
from opsctl.resources.actions.ec2_stop import STOPPED_WITHIN_S
from opsctl.sandbox.engine.conditions import QUICK, Conditions
from opsctl.sandbox.engine.guest import Guest
from opsctl.sandbox.engine.guest_network import NETWORK
from opsctl.sandbox.worlds.hpc import make_fleet
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.fleet import ids_of
from tests.kit.fleet_look import fleet, reserved, states
from tests.kit.ha_account import instance_named, inverse_plan
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client
from tests.kit.ports import Killed, MemoryJournal, Wrapping, refusal
from tests.kit.samples import one_in, part_of
from tests.kit.survival import through
from tests.kit.timed import MovingClock, move, timed_world
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


def _unheard(_line: str) -> None:
    """Nobody listens."""


@dataclass
class Fleet:
    """The fleet, and the conditions in its account."""

    world: World
    about: Conditions
    path: Path
    kept: list[MemoryJournal] = field(default_factory=list)

    def apply(self, plan: Plan, journal: MemoryJournal, aws: Aws | None = None) -> None:
        """Carry a plan out, or go on with it; each journal has its own jobs."""
        carry_out(plan, self.world, journal, self._jobs_of(journal), aws, progress=getattr(aws, "hear", _unheard))

    def undo(self, plan: Plan, journal: MemoryJournal) -> None:
        """Take back what a run set out to do."""
        self.apply(inverse_plan(plan, journal), MemoryJournal())

    def _jobs_of(self, journal: MemoryJournal) -> Path:
        path = self.path / str(id(journal))
        self.kept.append(journal)
        path.mkdir(exist_ok=True)
        return path

    def plan(self, example: str) -> Plan:
        """Plan an example anew: AWS knows the tokens of a plan's calls again."""
        return self.world.plan("tune-apply", EXAMPLES[example])


@contextmanager
def made(path: Path) -> Iterator[Fleet]:
    with timed_world(make_fleet, durations=QUICK) as (world, about):
        world.clock = MovingClock(about)
        yield Fleet(world, about, path)


def calls_of(plan: Plan) -> int:
    return sum(change.kind in ("call", "job") for change in plan.changes)


def survive(example: str, path: Path, rounds: Callable[[int], list[Round]]) -> None:
    with made(path) as it:
        start, plan, journal = fleet(), it.plan(example), MemoryJournal()

        def then(one: Round) -> None:
            if one.resumed:
                it.apply(plan, journal)
                assert it.plan(example).changes == (), one
                assert reserved() == [], one
            it.undo(plan, journal)
            assert fleet() == start, one

        through(
            it.world,
            rounds(calls_of(plan)),
            lambda aws: it.apply(plan, journal, aws),
            then,
            journal=journal,
            path=path,
        )


@pytest.mark.parametrize("example", EXAMPLES)
def test_resumed_it_reaches_the_end_and_undone_the_start_after_another_fault_at_some_calls(
    example: str, tmp_path: Path
) -> None:
    # Some of the calls, others with each change of the code; `-m exhaustive` takes more.
    survive(example, tmp_path, lambda calls: one_in(6, example, sampled(f"tune-{example}", calls)))


@pytest.mark.exhaustive
@pytest.mark.parametrize("example", EXAMPLES)
def test_resumed_it_reaches_the_end_and_undone_the_start_whatever_call_fails(example: str, tmp_path: Path) -> None:
    survive(example, tmp_path, every)


class Room(Wrapping):
    """EC2 has no room for the instances of a plan until it goes back: what another took is free again by then.

    At the n-th call of the way back the process dies, before the call or after it.
    """

    def __init__(
        self, it: Fleet, plan: Plan, dies_at: int = 0, *, after: bool = False, later: bool = False
    ) -> None:
        super().__init__(it.world.aws)
        self._faults, self._dies_at, self._after = it.about.faults, dies_at, after
        started = {one.id.rpartition("/")[2] for one in plan.changes if one.id.startswith("start")}
        if later:
            self._faults.no_room_later = started
        else:
            self._faults.no_room = started
        self.back: list[str] | None = None

    def hear(self, line: str) -> None:
        """Take the executor's progress."""
        if line.startswith("going back"):
            self.back = self.back or []
            self._faults.no_room, self._faults.no_room_later = set(), set()

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
        it.apply(plan, journal, room)
    except OpsctlError as error:
        return error.summary
    raise AssertionError("there was room")


@pytest.mark.parametrize(("example", "later"), [*((example, False) for example in EXAMPLES), ("ena", True)])
def test_without_room_for_a_start_everything_goes_back_by_itself_and_says_so(
    example: str, later: bool, tmp_path: Path
) -> None:
    with made(tmp_path) as it:
        start, plan, journal = fleet(), it.plan(example), MemoryJournal()
        told = go_back(it, plan, journal, Room(it, plan, later=later))
        assert "InsufficientInstanceCapacity" in told
        assert "taken back" in told
        assert fleet() == start
        assert [one for one in journal.intended() if not isinstance(plan.change(one).undo, Irreversible)] == []


@pytest.mark.parametrize(
    ("example", "way"),
    part_of(2, "way-back", product(("ena", "two-moved-into-a-new-group"), ("resumed", "undone"))),
)
def test_killed_at_calls_of_the_way_back_it_is_gone_on_with(example: str, way: str, tmp_path: Path) -> None:
    with made(tmp_path) as it:
        start, whole = fleet(), Room(it, it.plan(example))
        go_back(it, it.plan(example), MemoryJournal(), whole)
        assert whole.back
        for at in one_in(3, example, range(1, len(whole.back) + 1)):
            plan, journal = it.plan(example), MemoryJournal()
            room = Room(it, plan, at, after=bool(at % 2))
            with pytest.raises(Killed):
                go_back(it, plan, journal, room)
            if way == "resumed":
                assert "took this back" in go_back(it, plan, journal, Room(it, plan))
            else:
                it.undo(plan, journal)
            assert fleet() == start, at


class Denying(Wrapping):
    """The caller may not make one call."""

    def __init__(self, inner: Aws, operation: str) -> None:
        super().__init__(inner)
        self._operation = operation

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Pass on, or deny as EC2 does."""
        if operation == self._operation:
            raise AwsRefused(refusal(RefusalKind.DENIED, "UnauthorizedOperation", f"{service}.{operation}"))
        return super().write(service, operation, params, region)


@pytest.mark.parametrize(
    "operation",
    ["StopInstances", "ModifyInstanceAttribute", "ModifyNetworkInterfaceAttribute", "CreateCapacityReservation"],
)
def test_without_the_permission_for_a_change_the_instance_runs_as_before(operation: str, tmp_path: Path) -> None:
    with made(tmp_path) as it:
        start, plan = fleet(), it.plan("type-and-queues")
        with pytest.raises(OpsctlError, match=r"UnauthorizedOperation.*taken back"):
            it.apply(plan, MemoryJournal(), Denying(it.world.aws, operation))
        assert fleet() == start


def test_a_start_that_is_not_permitted_is_finished_by_a_resume_of_somebody_who_may(tmp_path: Path) -> None:
    with made(tmp_path) as it:
        plan, journal = it.plan("ena"), MemoryJournal()
        with pytest.raises(OpsctlError, match="UnauthorizedOperation"):
            it.apply(plan, journal, Denying(it.world.aws, "StartInstances"))
        it.apply(plan, journal)
        assert it.plan("ena").changes == ()
        assert reserved() == []


class Terminating(Wrapping):
    """Somebody terminates an instance right after a call of this operation, the first of them."""

    def __init__(self, inner: Aws, operation: str, instance: str, *, then_dies: bool) -> None:
        super().__init__(inner)
        self._operation, self._instance, self._dies = operation, instance, then_dies

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Pass on, then terminate it."""
        answer = super().write(service, operation, params, region)
        if operation == self._operation and self._instance:
            client("ec2").terminate_instances(InstanceIds=[self._instance])
            self._instance = ""
            if self._dies:
                raise Killed
        return answer


@pytest.mark.parametrize(
    ("operation", "dies"),
    [
        ("ModifyInstancePlacement", False),
        ("ModifyInstancePlacement", True),
        ("StartInstances", True),
        ("StartInstances", False),
        ("StopInstances", False),
    ],
    ids=["by-itself", "by-an-undo", "by-an-undo-once-started", "as-it-starts", "as-it-stops"],
)
def test_one_that_is_terminated_in_the_middle_leaves_the_other_running_and_nothing_reserved(
    operation: str, dies: bool, tmp_path: Path
) -> None:
    with made(tmp_path) as it:
        plan, journal, lost = it.plan("two-moved-into-a-new-group"), MemoryJournal(), instance_named("hpc-2")
        began = it.about.now()
        with pytest.raises(Killed if dies else OpsctlError):
            it.apply(plan, journal, Terminating(it.world.aws, operation, lost, then_dies=dies))
        if dies:
            it.undo(plan, journal)
        assert states()["hpc-3"] == "running"
        assert reserved() == []
        assert it.about.now() - began < STOPPED_WITHIN_S / 2  # what can never come is not waited for


class Starting(Wrapping):
    """Somebody, as another run, starts the instances as soon as they have stopped."""

    def __init__(self, it: Fleet) -> None:
        super().__init__(it.world.aws)
        self._about = it.about

    def hear(self, line: str) -> None:
        """Take the executor's progress."""
        if line.startswith("[") and line.endswith("have stopped"):
            move(self._about, 60)
            client("ec2").start_instances(InstanceIds=ids_of("hpc-2", "hpc-3"))


def test_one_that_somebody_starts_again_is_not_waited_for_and_nothing_stays_reserved(tmp_path: Path) -> None:
    with made(tmp_path) as it:
        plan, began = it.plan("two-moved-into-a-new-group"), it.about.now()
        with pytest.raises(OpsctlError, match=r"nobody has started .* again.*taken back"):
            it.apply(plan, MemoryJournal(), Starting(it))
        assert (states()["hpc-2"], states()["hpc-3"]) == ("running", "running")
        assert reserved() == []
        assert it.about.now() - began < STOPPED_WITHIN_S / 2


class Stopping(Noting):
    """Somebody, as another run, stops hpc-4 right before this run does."""

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Pass on, then stop it."""
        answer = super().write(service, operation, params, region)
        if operation == "CreateCapacityReservation":
            client("ec2").stop_instances(InstanceIds=ids_of("hpc-4"))
        return answer


def test_one_that_somebody_else_has_stopped_is_left_to_them_and_nothing_stays_reserved(tmp_path: Path) -> None:
    with made(tmp_path) as it:
        plan, calls = it.plan("ena"), Stopping(it.world.aws)
        with pytest.raises(OpsctlError, match=r"is running.*taken back"):
            it.apply(plan, MemoryJournal(), calls)
        assert not {"ec2.StartInstances", "ec2.ModifyInstanceAttribute"} & set(calls.done)
        move(it.about, 60)
        assert (states()["hpc-4"], reserved()) == ("stopped", [])


def test_without_capacity_to_reserve_nothing_is_stopped(tmp_path: Path) -> None:
    with made(tmp_path) as it:
        plan, calls = it.plan("ena"), Noting(it.world.aws)
        it.about.faults.no_capacity = {"us-east-1a"}
        # The place that the running instance has is there; for one more there is none.
        changes = [one if not one.id.startswith("reserve") else for_two(one) for one in plan.changes]
        with pytest.raises(OpsctlError, match="InsufficientInstanceCapacity"):
            it.apply(plan.model_copy(update={"changes": tuple(changes)}), MemoryJournal(), calls)
        assert "ec2.StopInstances" not in calls.done
        assert reserved() == []


def for_two(change: Change) -> Change:
    return change.model_copy(update={"params": change.params | {"InstanceCount": 2}})


def test_a_guest_that_cannot_tell_of_its_drivers_is_stopped_only_where_that_is_accepted(tmp_path: Path) -> None:
    with made(tmp_path) as it, pytest.MonkeyPatch.context() as patch:
        patch.delitem(NETWORK, "modinfo")
        start, calls = fleet(), Noting(it.world.aws)
        with pytest.raises(OpsctlError, match="plan again with --accept ena-driver"):
            it.apply(it.plan("ena"), MemoryJournal(), calls)
        assert (calls.done, fleet()) == (["ssm.SendCommand"], start)
        plan = it.world.plan("tune-apply", EXAMPLES["ena"], ("ena-driver",))
        assert "if it can tell" in plan.changes[0].title
        it.apply(plan, MemoryJournal())
        assert it.plan("ena").changes == ()


def test_without_the_driver_in_the_guest_nothing_is_made_or_stopped(tmp_path: Path) -> None:
    with made(tmp_path) as it, pytest.MonkeyPatch.context() as patch:
        start, plan, calls = fleet(), it.plan("ena"), Noting(it.world.aws)
        patch.setattr(Guest, "module", lambda _self, _name: None)
        with pytest.raises(OpsctlError, match="Look for the drivers ena"):
            it.apply(plan, MemoryJournal(), calls)
        assert calls.done == ["ssm.SendCommand"]
        assert fleet() == start


def test_what_runs_is_drained_before_each_stop_and_a_drain_that_fails_stops_nothing(tmp_path: Path) -> None:
    inputs: dict[str, Json] = {"instances": ["hpc-1", "hpc-2"], "instance_type": "c5n.9xlarge", "batch": 1}
    with made(tmp_path) as it:
        plan, calls = it.world.plan("tune-apply", inputs | {"drain_with": "true"}), Noting(it.world.aws)
        it.apply(plan, MemoryJournal(), calls)
        told = [one for one in calls.done if one in ("ssm.SendCommand", "ec2.StopInstances")]
        assert told == ["ssm.SendCommand", "ec2.StopInstances"] * 2
        assert set(states().values()) == {"running"}
        plan = it.world.plan("tune-apply", inputs | {"instance_type": "c5n.18xlarge", "drain_with": "false"})
        calls = Noting(it.world.aws)
        with pytest.raises(OpsctlError, match="Run false"):
            it.apply(plan, MemoryJournal(), calls)
        assert "ec2.StopInstances" not in calls.done
        assert reserved() == []


def test_a_turn_whose_status_checks_fail_stops_those_after_it_and_reserves_nothing_more(tmp_path: Path) -> None:
    with made(tmp_path) as it:
        plan, journal, calls = it.plan("one-after-the-other"), MemoryJournal(), Noting(it.world.aws)
        first = next(one.id.rpartition("/")[2] for one in plan.changes if one.id.startswith("stop.1/i-"))
        it.about.faults.impaired = {first}
        with pytest.raises(OpsctlError, match="status checks"):
            it.apply(plan, journal, calls)
        assert calls.done.count("ec2.StopInstances") == 1
        assert set(states().values()) == {"running"}
        assert reserved() == []
        it.about.faults.impaired = set()
        it.apply(plan, journal)
        assert it.plan("one-after-the-other").changes == ()


def test_a_stop_that_is_refused_starts_those_again_that_were_stopped_before_it(tmp_path: Path) -> None:
    with made(tmp_path) as it:
        plan = it.plan("two-moved-into-a-new-group")
        last = [one.id.rpartition("/")[2] for one in plan.changes if one.id.startswith("stop.1/i-")][-1]
        client("ec2").modify_instance_attribute(InstanceId=last, DisableApiStop={"Value": True})
        start, calls = fleet(), Noting(it.world.aws)
        with pytest.raises(OpsctlError, match="OperationNotPermitted"):
            it.apply(plan, MemoryJournal(), calls)
        assert calls.done.count("ec2.StopInstances") == 1
        assert fleet() == start


def test_the_vf_stays_on_and_an_undo_stops_nothing_for_it(tmp_path: Path) -> None:
    with made(tmp_path) as it:
        from moto.ec2.models import ec2_backends

        legacy = ec2_backends[it.world.account]["us-east-1"].get_instance(instance_named("hpc-5"))
        legacy.sriov_net_support = ""
        plan, journal = it.world.plan("tune-apply", {"instances": ["hpc-5"], "sriov": True}), MemoryJournal()
        it.apply(plan, journal)
        assert legacy.sriov_net_support == "simple"
        calls = Noting(it.world.aws)
        it.apply(inverse_plan(plan, journal), MemoryJournal(), calls)
        assert calls.done == []
