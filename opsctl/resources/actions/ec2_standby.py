"""Launches an instance from a launch template and stops it once it has booted, so that it stands by.

Source: EC2 API reference, RunInstances.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Grant, Instruction, Irreversible, Proof, Query, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.references import reference
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.marks import PLAN_TAG, tag_list, tag_specifications, with_mark

BOOTED_WITHIN_S, STOPPED_WITHIN_S = 1800, 900


class Ec2Standby(Action):
    """Launch one instance from a launch template into one subnet, wait until its status checks pass, and stop it.

    A stop while it still boots would cut short what is done only once, such as cloud-init and growing disks.

    Undo terminates that instance alone, and only while it still has all the tags it was launched with and none of
    the name `taken_over`: one that has taken over is kept.
    """

    name: ClassVar[str] = "ec2.standby"
    outputs: ClassVar[tuple[str, ...]] = ("instance_id",)

    template: str = Field(description="Name of the launch template; its first version is used.")
    interface: dict[str, Json] = Field(description="Its network interface, with the subnet.")
    tags: dict[str, str] = Field(description="Tags of the instance.")
    other_tags: tuple[dict[str, Json], ...] = Field((), description="Tag specifications of what else is made.")
    taken_over: str = Field(description="Key of the tag that the instance gets once it has taken over.")
    roles: tuple[str, ...] = Field((), description="ARNs of the roles that the instance is given.")
    why: str = Field(description="What the instance is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one RunInstances, the wait for its first boot, and one StopInstances."""
        yield []
        plan_id = about.plan_id
        tags = with_mark(plan_id, self.tags)
        alive = standby_is(plan_id, "pending", "running", "stopping", "stopped")
        launched = Change(
            **dict(
                launch_one(
                    self.template, self.interface, tags, self.other_tags, self.roles, token=f"{plan_id}-standby"
                )
            ),
            id="launch",
            title=f"Launch the standby into {self.interface.get('SubnetId')}",
            why=self.why,
            expect=(standby_is_absent(plan_id),),
            proof=Proof(configured=(alive,), within_s=60),
            undo=terminate_one(reference("launch", "instance_id")),
            undo_only_if=(still_stands_by(tags, plan_id, self.taken_over),),
            risk=Risk(
                severity=Severity.MEDIUM,
                note=(
                    "It boots once as a copy without the data volumes and the address: everything that "
                    "starts at boot is started."
                ),
            ),
            outputs={
                "instance_id": Query(
                    read=launched_by(plan_id), query="Reservations[].Instances[].InstanceId | [0]"
                )
            },
        )
        booted = Change(
            **dict(Instruction(kind="wait", service="ec2", operation="DescribeInstanceStatus")),
            id="booted",
            title="Wait until the standby has booted",
            why="Its status checks pass when it has booted; stopping it earlier would interrupt the first boot.",
            expect=(alive,),
            proof=Proof(configured=(has_booted(reference("launch", "instance_id")),), within_s=BOOTED_WITHIN_S),
            undo=Irreversible(because="waiting changes nothing"),
            depends_on=("launch",),
        )
        stopped = Change(
            **dict(stop_one(reference("launch", "instance_id"))),
            id="stop",
            title="Stop the standby",
            why="A stopped instance costs only its disk, and cannot write or serve.",
            expect=(standby_is(plan_id, "running"),),
            proof=Proof(configured=(standby_is(plan_id, "stopped"),), within_s=STOPPED_WITHIN_S),
            undo=Irreversible(because="undo of the launch terminates the standby, running or not"),
            depends_on=("booted",),
        )
        return [launched, booted, stopped]


_ALIVE = "Reservations[].Instances[] | [?State.Name!='terminated' && State.Name!='shutting-down']"


def launched_by(plan_id: str) -> Read:
    """Read the instances that a plan launched; those that it attached or tagged do not carry its mark."""
    filters = [{"Name": f"tag:{PLAN_TAG}", "Values": [plan_id]}]
    return Read(service="ec2", operation="DescribeInstances", params={"Filters": filters})


def launch_one(
    template: str,
    interface: Mapping[str, Json],
    tags: Mapping[str, str],
    other_tags: Sequence[Json],
    roles: Sequence[str],
    *,
    token: str,
) -> Instruction:
    """Launch one instance. What the template says of interfaces and termination protection is said anew here."""
    passed = tuple(Grant(service="iam", operation="PassRole", params={"RoleArn": role}) for role in roles)
    return Instruction(
        kind="call",
        service="ec2",
        operation="RunInstances",
        params={
            "ClientToken": token,
            "MinCount": 1,
            "MaxCount": 1,
            "LaunchTemplate": {"LaunchTemplateName": template, "Version": "1"},
            "NetworkInterfaces": [dict(interface)],
            "DisableApiTermination": False,
            "TagSpecifications": [*other_tags, *tag_specifications(tags, "instance")],
        },
        grants=passed,
    )


def stop_one(instance: Json) -> Instruction:
    """Stop an instance."""
    return Instruction(kind="call", service="ec2", operation="StopInstances", params={"InstanceIds": [instance]})


def terminate_one(instance: Json) -> Instruction:
    """Terminate an instance."""
    return Instruction(
        kind="call", service="ec2", operation="TerminateInstances", params={"InstanceIds": [instance]}
    )


def standby_is_absent(plan_id: str) -> Check:
    """The plan has launched nothing that is still alive."""
    return Check(
        read=launched_by(plan_id), query=f"{_ALIVE}.InstanceId", op="empty", says="the standby does not exist"
    )


def standby_is(plan_id: str, *states: str) -> Check:
    """The plan's instance is in one of these states."""
    of_them = " || ".join(f"State.Name=='{state}'" for state in states)
    return Check(
        read=launched_by(plan_id),
        query=f"Reservations[].Instances[] | [?{of_them}].InstanceId",
        op="present",
        says=f"the standby is {' or '.join(states)}",
    )


def has_booted(instance: Json) -> Check:
    """Both of EC2's status checks pass, or the instance is on its way down or stopped, which comes after that."""
    passed = "SystemStatus.Status=='ok' && InstanceStatus.Status=='ok'"
    later = "InstanceState.Name=='stopping' || InstanceState.Name=='stopped'"
    params: dict[str, Json] = {"InstanceIds": [instance], "IncludeAllInstances": True}
    return Check(
        read=Read(service="ec2", operation="DescribeInstanceStatus", params=params),
        query=f"InstanceStatuses[?({passed}) || {later}].InstanceId",
        op="present",
        says="the status checks of the standby pass",
    )


def still_stands_by(tags: Mapping[str, str], plan_id: str, taken_over: str) -> Check:
    """The plan's instance has every tag that it was launched with, and not the one of an instance in service."""
    has = [f"Tags[?Key=='{one['Key']}' && Value=='{_quoted(one['Value'])}']" for one in tag_list(tags)]
    return Check(
        read=launched_by(plan_id),
        query=f"Reservations[].Instances[] | [?{' && '.join(has)} && !(Tags[?Key=='{taken_over}'])].InstanceId",
        op="present",
        says="the standby still stands by, and has not taken over",
    )


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
