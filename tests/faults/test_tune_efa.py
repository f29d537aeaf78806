"""tune apply with EFA, ENA Express, MTU and weighting against every fault: nothing stays stopped or half attached.

What an undo has to restore is told by describes: instances, interfaces, security groups, and what is reserved.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from opsctl.model.errors import AwsRefused, OpsctlError
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import QUICK, Conditions
from opsctl.sandbox.worlds.hpc import AL2023, make_fleet
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.fleet import guest_named
from tests.kit.fleet_look import fleet, reserved, states
from tests.kit.ha_account import inverse_plan
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client
from tests.kit.ports import MemoryJournal, Wrapping, refusal
from tests.kit.samples import one_in
from tests.kit.survival import through
from tests.kit.timed import MovingClock, timed_world

EXAMPLES: dict[str, dict[str, Json]] = {
    "efa-on-two-cards": {"instances": ["hpc-3"], "efa": True},
    "one-after-the-other": {"instances": ["hpc-2", "hpc-3"], "efa": True, "batch": 1},
    "express-and-mtu": {"instances": ["hpc-3"], "ena_express": True, "mtu": 8900},
    "weighting": {"instances": ["hpc-7"], "bandwidth_weighting": "vpc-1"},
}
_LONG = "one-after-the-other"
_AGAIN = {"express-and-mtu"}
"""What a guest is set to is asked of it only by doing it again."""


@dataclass
class Fleet:
    """The fleet, and the conditions in its account."""

    world: World
    about: Conditions
    path: Path
    runs: int = 0

    def plan(self, example: str) -> Plan:
        """Plan an example anew: AWS knows the tokens of a plan's calls again."""
        return self.world.plan("tune-apply", EXAMPLES[example])

    def run(self, plan: Plan, journal: MemoryJournal, aws: Aws | None = None) -> None:
        """Apply a plan, or go on with it; the jobs of each plan keep their own checkpoints."""
        path = self.path / plan.id
        path.mkdir(exist_ok=True)
        carry_out(plan, self.world, journal, path, aws)

    def undo(self, plan: Plan, journal: MemoryJournal) -> None:
        """Take back what a run set out to do."""
        carry_out(inverse_plan(plan, journal), self.world, MemoryJournal(), self.path / plan.id)


def _with_a_weighted_type(clients: Callable[[str], Any]) -> None:
    """hpc-7, of a type whose bandwidth can be weighted."""
    ec2 = clients("ec2")
    image = ec2.describe_images(Filters=[{"Name": "name", "Values": [AL2023]}])["Images"][0]["ImageId"]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "hpc-7"}]}]
    beside = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["hpc-3"]}])["Reservations"][0]
    plain = [{"DeviceIndex": 0, "SubnetId": beside["Instances"][0]["SubnetId"]}]
    launch = {"ImageId": image, "NetworkInterfaces": plain, "TagSpecifications": tags}
    ec2.run_instances(**launch, InstanceType="c8a.12xlarge", MinCount=1, MaxCount=1)


@contextmanager
def made(path: Path) -> Iterator[Fleet]:
    with timed_world(make_fleet, _with_a_weighted_type, durations=QUICK) as (world, about):
        world.clock = MovingClock(about)
        yield Fleet(world, about, path)


def look() -> Json:
    """What has to be as it was."""
    ec2 = client("ec2")
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    return [fleet(), interfaces, ec2.describe_security_groups()["SecurityGroups"]]


def writes_of(plan: Plan) -> int:
    """How many calls a plan makes, those that send its scripts among them."""
    calls = sum(change.kind in ("call", "edit") for change in plan.changes)
    return calls + sum(1 + bool(change.params["proof"]) for change in plan.changes if change.kind == "job")


def survive(path: Path, example: str, rounds: Callable[[int], list[Round]]) -> None:
    with made(path) as it:
        start, up = look(), states()
        plan, journal = it.plan(example), MemoryJournal()

        def then(one: Round) -> None:
            if one.resumed:
                it.run(plan, journal)
                assert example in _AGAIN or it.plan(example).changes == (), one
                assert (reserved(), states()) == ([], up), one
            it.undo(plan, journal)
            assert look() == start, one

        through(
            it.world,
            rounds(writes_of(plan)),
            lambda aws: it.run(plan, journal, aws),
            then,
            journal=journal,
            path=path,
        )


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one != _LONG])
def test_resumed_it_reaches_the_end_and_undone_the_start_after_another_fault_at_some_calls(
    tmp_path: Path, example: str
) -> None:
    # A fifth of the calls, another with each change of the code; `-m exhaustive` takes more.
    survive(tmp_path, example, lambda calls: one_in(5, example, sampled(f"tune-{example}", calls)))


@pytest.mark.exhaustive
@pytest.mark.parametrize("example", EXAMPLES)
def test_resumed_it_reaches_the_end_and_undone_the_start_whatever_call_fails(tmp_path: Path, example: str) -> None:
    survive(tmp_path, example, every)


def test_without_room_for_the_start_the_efa_goes_back_and_the_instance_runs_as_before(tmp_path: Path) -> None:
    with made(tmp_path) as it:
        start, plan, journal = look(), it.plan("efa-on-two-cards"), MemoryJournal()
        node = next(one.id.rpartition("/")[2] for one in plan.changes if one.id.startswith("start"))

        class Full(Wrapping):
            """AWS has room again as soon as the interfaces are detached."""

            def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
                if operation == "DetachNetworkInterface":
                    it.about.faults.no_room.discard(node)
                return self.inner.write(service, operation, params, region)

        it.about.faults.no_room.add(node)
        with pytest.raises(OpsctlError, match="taken back"):
            it.run(plan, journal, Full(it.world.aws))
        assert look() == start


class NoDevice(Wrapping):
    """AWS attaches no EFA at any device."""

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Refuse attachments."""
        if operation == "AttachNetworkInterface":
            raise AwsRefused(refusal(RefusalKind.INVALID, "AttachmentLimitExceeded", "ec2.AttachNetworkInterface"))
        return self.inner.write(service, operation, params, region)


def test_an_attachment_that_aws_refuses_at_every_device_leaves_no_instance_stopped(tmp_path: Path) -> None:
    with made(tmp_path) as it:
        start, plan, journal = look(), it.plan("efa-on-two-cards"), MemoryJournal()
        with pytest.raises(OpsctlError, match="AttachmentLimitExceeded"):
            it.run(plan, journal, NoDevice(it.world.aws))
        assert look() == start


def test_the_driver_alone_is_installed_and_proved_and_nothing_is_stopped(tmp_path: Path) -> None:
    with made(tmp_path) as it:
        it.run(it.plan("efa-on-two-cards"), MemoryJournal())
        guest = guest_named("hpc-3")
        del guest.modules["efa"]
        start, journal = look(), MemoryJournal()
        plan = it.world.plan("tune-apply", EXAMPLES["efa-on-two-cards"] | {"efa_driver": "everywhere"})
        it.run(plan, journal)
        assert "efa" in guest.modules
        assert look() == start
        it.undo(plan, journal)
        assert look() == start


def test_a_forged_installer_ends_the_run_before_anything_is_made_or_stopped(tmp_path: Path) -> None:
    with made(tmp_path) as it:
        start, plan, journal = look(), it.plan("efa-on-two-cards"), MemoryJournal()
        it.about.faults.forged_installers.update(
            one.id.rpartition("/")[2] for one in plan.changes if one.id.startswith("start")
        )
        with pytest.raises(OpsctlError, match="not signed by AWS"):
            it.run(plan, journal)
        assert look() == start
