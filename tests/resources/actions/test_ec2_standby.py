"""A standby is stopped only once its first boot is over, and a boot that fails is not waited for without end."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from opsctl.execution.executor import Executor
from opsctl.model.errors import Unproved
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.value import Json
from opsctl.resources.actions.ec2_standby import BOOTED_WITHIN_S, Ec2Standby
from opsctl.sandbox.engine.conditions import AWS_LIKE, Conditions
from opsctl.sandbox.worlds.network import IMAGE
from tests.kit.box_plans import plan_of
from tests.kit.canned import drive
from tests.kit.moto_account import World, client
from tests.kit.ports import MemoryJournal, Wrapping
from tests.kit.timed import MovingClock, timed_world


@dataclass
class Checked(Wrapping):
    """An account that notes what the status checks say at each StopInstances."""

    said: list[list[str]] = field(default_factory=list)

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Note, and pass on."""
        if operation == "StopInstances":
            found = client("ec2").describe_instance_status(InstanceIds=params["InstanceIds"])
            (one,) = found["InstanceStatuses"]
            self.said.append([one["SystemStatus"]["Status"], one["InstanceStatus"]["Status"]])
        return self.inner.write(service, operation, params, region)


@pytest.fixture
def world() -> Iterator[tuple[World, Conditions]]:
    with timed_world(durations=AWS_LIKE) as made:
        yield made


def standby(world: World) -> Plan:
    data: Json = {"ImageId": IMAGE, "InstanceType": "t3.small"}
    client("ec2").create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    action = Ec2Standby(
        template="web",
        interface={"DeviceIndex": 0, "SubnetId": subnet},
        tags={"opsctl:ha-role": "standby"},
        taken_over="opsctl:ha-failover",
        why="It stands by.",
    )
    about = world.about()
    changes, _ = drive(action.plan(about), {})
    return plan_of(*changes, plan_id=about.plan_id)


def apply(plan: Plan, aws: Aws, about: Conditions) -> list[str]:
    lines: list[str] = []
    Executor(plan, aws, MemoryJournal(), MovingClock(about), lines.append, lambda: False).apply()
    return lines


def test_it_is_stopped_when_its_status_checks_pass_and_not_before(world: tuple[World, Conditions]) -> None:
    account, about = world
    began, aws = about.now(), Checked(account.aws)
    lines = apply(standby(account), aws, about)
    assert aws.said == [["ok", "ok"]]
    assert about.now() - began >= AWS_LIKE.instance_start + AWS_LIKE.status_checks
    assert any("waiting for: the status checks of the standby pass" in line for line in lines)


def test_a_first_boot_that_fails_is_told_after_a_while_and_leaves_it_running(
    world: tuple[World, Conditions],
) -> None:
    account, about = world
    plan, aws = standby(account), Checked(account.aws)
    about.faults.impaired = Everything()
    with pytest.raises(
        Unproved, match="Wait until the standby has booted: not so after 1800 s: the status checks"
    ):
        apply(plan, aws, about)
    assert aws.said == []
    assert BOOTED_WITHIN_S == 1800


def test_applied_again_it_is_neither_started_nor_waited_for(world: tuple[World, Conditions]) -> None:
    account, about = world
    plan, aws = standby(account), Checked(account.aws)
    apply(plan, aws, about)
    now = about.now()
    apply(plan, aws, about)
    assert (len(aws.said), about.now()) == (1, now)


class Everything(set[str]):
    """A set of whatever is asked for."""

    def __contains__(self, _: object) -> bool:
        return True
