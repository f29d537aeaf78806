"""A script on the hpc world: sent once whatever happens, waited for, told for each instance, and taken back."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opsctl.model.errors import AwsRefused, Drifted, OpsctlError, OutcomeUnknown, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.engine.conditions import QUICK, Conditions
from opsctl.sandbox.worlds.hpc import make_fleet
from tests.kit.box_plans import plan_of
from tests.kit.fleet import described, ids_of, mtu_of
from tests.kit.ha_account import inverse_plan
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client
from tests.kit.ports import Faulty, Killed, MemoryJournal
from tests.kit.timed import MovingClock, timed_world

NARROW = ["ip link set dev ens5 mtu 1500"]


class Account:
    """The hpc world on a clock of its own, and runs of one script there."""

    def __init__(self, world: World, about: Conditions, path: Path) -> None:
        self.world, self.about, self.path = world, about, path
        self.journal = MemoryJournal()

    def plan(self, *names: str, **given: Json) -> Plan:
        asked = {"instances": ids_of(*names), "commands": NARROW, "title": "Set the MTU", "why": "so"} | given
        action = self.world.registry.actions["ssm.command"].model_validate(asked)
        about = self.world.about()
        return plan_of(*run_fetching(action.plan(about), self.world.reader()), plan_id=about.plan_id)

    def run(
        self, plan: Plan, aws: Aws | None = None, stopping: Callable[[], bool] = lambda: False
    ) -> dict[str, Any]:
        """Apply a plan, or go on with it; returns what its change came to."""
        carry_out(plan, self.world, self.journal, self.path, aws, stopping)
        return self.told

    @property
    def told(self) -> dict[str, Any]:
        return dict(self.journal.records[-1][2])

    def once(self, plan: Plan) -> dict[str, Any]:
        """Apply a plan as a run of its own."""
        other = Account(self.world, self.about, self.path / str(len(list(self.path.iterdir()))))
        return other.run(plan)

    def undo(self, plan: Plan) -> None:
        carry_out(inverse_plan(plan, self.journal), self.world, MemoryJournal(), self.path)

    def sent(self) -> list[Any]:
        """The commands of our runs; the world has one of its own."""
        found = client("ssm").list_commands()["Commands"]
        return [one for one in found if one["Comment"].startswith("opsctl ")]


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with timed_world(make_fleet) as (world, about):
        world.clock = MovingClock(about)
        about.durations = QUICK
        yield Account(world, about, tmp_path)


def exits(told: dict[str, Any]) -> list[int | None]:
    return [one["exit"] for one in told["ran"]]


def test_one_command_runs_it_everywhere_and_undo_runs_the_other_one_there(account: Account) -> None:
    plan = account.plan("hpc-1", "hpc-2", undo_commands=["ip link set dev ens5 mtu 9001"])
    assert exits(account.run(plan)) == [0, 0]
    assert [mtu_of("hpc-1"), mtu_of("hpc-2")] == ["1500", "1500"]
    assert len(account.sent()) == 1
    account.undo(plan)
    assert [mtu_of("hpc-1"), mtu_of("hpc-2")] == ["9001", "9001"]


@pytest.mark.parametrize("fault", ["lost-after", "killed-after", "killed-before", "lost-before"])
def test_whatever_becomes_of_the_answer_it_is_sent_once(account: Account, fault: str) -> None:
    plan = account.plan("hpc-1", commands=["echo once >> /root/times"])
    try:
        account.run(plan, Faulty(account.world.aws, fault, 1))
    except (Killed, OutcomeUnknown):
        account.run(plan)
    assert len(account.sent()) == 1
    assert account.journal.last("run") == "done"


def test_somebody_who_stops_while_a_lost_command_is_looked_for_sends_no_second_one(account: Account) -> None:
    account.about.durations = replace(QUICK, command_listed=20)
    plan = account.plan("hpc-1")
    with pytest.raises(Killed):
        account.run(plan, Faulty(account.world.aws, "killed-after", 1))
    with pytest.raises(OpsctlError):
        account.run(plan, stopping=Later(3))
    account.world.clock.sleep(60)
    assert len(account.sent()) == 1
    account.run(plan)
    assert (len(account.sent()), account.journal.last("run")) == (1, "done")


class Later:
    """Somebody who asks to stop, but not at once."""

    def __init__(self, after: int) -> None:
        self._left = after

    def __call__(self) -> bool:
        self._left -= 1
        return self._left < 0


def test_a_script_that_fails_somewhere_ends_the_run_and_resume_runs_it_there_again(account: Account) -> None:
    # Only one of them has the device.
    script = ["test -e /sys/class/net/eth0 || test -e /root/mended"]
    plan = account.plan("hpc-1", "hpc-4", commands=script)
    with pytest.raises(OpsctlError, match=r"ran on 1 of 2 instances; not on i-\w+ \(exit code 1\)"):
        account.run(plan)
    account.once(account.plan("hpc-1", commands=["echo yes > /root/mended"]))
    assert sorted(exits(account.run(plan)), key=str) == [0, 0]
    assert [len(one["InstanceIds"]) for one in reversed(account.sent())] == [2, 1, 1]


def test_a_fleet_of_which_some_may_fail_is_told_one_by_one(account: Account) -> None:
    plan = account.plan("hpc-1", "hpc-4", commands=["test -e /sys/class/net/eth0"], must_succeed=False)
    told = account.run(plan)
    assert sorted(exits(told), key=str) == [0, 1]


def test_a_program_that_is_not_there_is_not_found(account: Account) -> None:
    told = account.run(account.plan("hpc-1", commands=["nonsense --now"], must_succeed=False))
    (one,) = told["ran"]
    assert (one["exit"], one["errors"].splitlines()[0]) == (127, "sh: nonsense: command not found")


def test_another_exit_code_may_be_a_success_and_no_other_is(account: Account) -> None:
    account.once(account.plan("hpc-1", commands=["exit 3"], expected=[0, 3]))
    with pytest.raises(OpsctlError, match="exit code 4"):
        account.once(account.plan("hpc-1", commands=["exit 4"], expected=[0, 3]))


def test_a_proof_that_does_not_hold_ends_the_run(account: Account) -> None:
    proof = ["test $(cat /sys/class/net/ens5/mtu) = 1500"]
    told = account.once(account.plan("hpc-1", proof=proof))
    assert exits(told["proof"]) == [0]
    with pytest.raises(OpsctlError, match="ran on 1 of 1 instance; its proof ran on 0 of 1 instance"):
        account.once(account.plan("hpc-2", commands=["true"], proof=proof))


def test_no_script_is_planned_for_an_instance_whose_agent_is_not_online(account: Account) -> None:
    with pytest.raises(RefusedByGuard, match="no SSM agent is online on") as caught:
        account.plan("hpc-1", "hpc-5")
    assert described("hpc-5")["InstanceId"] in caught.value.summary
    assert described("hpc-1")["InstanceId"] not in caught.value.summary


def test_an_agent_that_is_lost_meanwhile_is_not_waited_for_longer_than_its_delivery(account: Account) -> None:
    plan = account.plan("hpc-1", "hpc-2", must_succeed=False, deliver_within_s=60)
    (lost,) = ids_of("hpc-2")
    account.about.faults.lost_agents.add(lost)
    before = account.world.clock.now()
    told = {one["instance"]: one["status"] for one in account.run(plan)["ran"]}
    assert told[lost] == "DeliveryTimedOut"
    assert sorted(told.values()) == ["DeliveryTimedOut", "Success"]
    assert 60 <= account.world.clock.now() - before < 120


def test_a_script_that_takes_too_long_is_ended_by_its_agent(account: Account) -> None:
    (slow,) = ids_of("hpc-1")
    account.about.faults.slow_scripts[slow] = 900
    told = account.run(account.plan("hpc-1", timeout_s=30, must_succeed=False))
    assert [(one["status"], one["exit"]) for one in told["ran"]] == [("ExecutionTimedOut", None)]


def test_where_all_have_to_succeed_nothing_is_sent_when_one_has_been_terminated(account: Account) -> None:
    plan = account.plan("hpc-1", "hpc-2")
    client("ec2").terminate_instances(InstanceIds=ids_of("hpc-2"))
    with pytest.raises(OpsctlError, match=r"ran on 0 of 2 instances.*NoAgent.*|NotSent"):
        account.run(plan)
    assert account.sent() == []


def test_where_some_may_fail_the_others_get_it(account: Account) -> None:
    plan = account.plan("hpc-1", "hpc-2", must_succeed=False)
    gone = ids_of("hpc-2")
    client("ec2").terminate_instances(InstanceIds=gone)
    told = {one["instance"]: one["status"] for one in account.run(plan)["ran"]}
    assert told == {gone[0]: "NoAgent", ids_of("hpc-1")[0]: "Success"}


def test_a_long_output_is_read_whole_for_that_instance_alone(account: Account) -> None:
    script = [
        "for a in 1 2 3 4 5 6 7 8 9; do for b in 1 2 3 4 5 6 7 8 9; do echo",
        "  echo 0123456789012345678901234567890123456789; done; done",
    ]
    reads = Counting(account.world.aws)
    told = account.run(account.plan("hpc-1", "hpc-2", commands=["uname -r", *script]), reads)
    assert [len(one["output"]) > 2500 and not one["truncated"] for one in told["ran"]] == [True, True]
    assert reads.count("GetCommandInvocation") == 2


class Counting:
    """An account that notes which reads are made."""

    def __init__(self, inner: Aws) -> None:
        self._inner = inner
        self.made: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def read(self, read: Any) -> Any:
        self.made.append(read.operation)
        return self._inner.read(read)

    def count(self, operation: str) -> int:
        return self.made.count(operation)


def test_nobody_may_send_what_the_policy_of_the_plan_does_not_name(account: Account) -> None:
    denied = Faulty(account.world.aws, "denied", 1)
    with pytest.raises((AwsRefused, Drifted)):
        account.run(account.plan("hpc-1"), denied)
    assert account.sent() == []


def test_no_instances_are_nothing_to_do(account: Account) -> None:
    assert account.plan().changes == ()


def test_an_undo_has_to_succeed_wherever_the_machine_is_still_there(account: Account) -> None:
    """A run that goes on past a failure may leave an instance out; an undo that does leaves its work there."""
    plan = account.plan("hpc-1", "hpc-2", undo_commands=["test -e /etc/mended"], must_succeed=False)
    account.run(plan)
    client("ec2").terminate_instances(InstanceIds=ids_of("hpc-2"))
    with pytest.raises(OpsctlError, match=r"i-\w+ \(exit code 1\)"):
        account.undo(plan)
    account.once(account.plan("hpc-1", commands=["echo yes > /etc/mended"]))
    account.undo(plan)
