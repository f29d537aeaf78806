"""Launches an instance from a launch template and stops it once it has booted, so that it stands by."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Instruction, Irreversible, Proof, Query, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.references import reference
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.ec2_twin_calls import (
    has_booted,
    launch_one,
    stop_one,
    terminate_one,
    twin_is,
    twin_is_absent,
    twin_still_stands_by,
    twins_of,
)
from opsctl.resources.marks import with_mark

BOOTED_WITHIN_S, STOPPED_WITHIN_S = 1800, 900


class Ec2Twin(Action):
    """Launch one instance from a launch template into one subnet, wait until its status checks pass, and stop it.

    A stop while it still boots would cut short what is done only once, such as cloud-init and growing disks.

    Undo terminates that instance alone, and only while it still has all the tags it was launched with and none of
    the name `taken_over`: one that has taken over is kept.
    """

    name: ClassVar[str] = "ec2.twin"
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
        alive = twin_is(plan_id, "pending", "running", "stopping", "stopped")
        launched = Change(
            **dict(
                launch_one(
                    self.template, self.interface, tags, self.other_tags, self.roles, token=f"{plan_id}-twin"
                )
            ),
            id="launch",
            title=f"Launch the twin into {self.interface.get('SubnetId')}",
            why=self.why,
            expect=(twin_is_absent(plan_id),),
            proof=Proof(configured=(alive,), within_s=60),
            undo=terminate_one(reference("launch", "instance_id")),
            undo_only_if=(twin_still_stands_by(tags, plan_id, self.taken_over),),
            risk=Risk(
                severity=Severity.MEDIUM,
                note="It boots once as a copy without the data volumes and the address: what runs at boot, runs.",
            ),
            outputs={
                "instance_id": Query(read=twins_of(plan_id), query="Reservations[].Instances[].InstanceId | [0]")
            },
        )
        booted = Change(
            **dict(Instruction(kind="wait", service="ec2", operation="DescribeInstanceStatus")),
            id="booted",
            title="Wait until the twin has booted",
            why="Its status checks pass when it has; stopped before that, its first boot would be cut short.",
            expect=(alive,),
            proof=Proof(configured=(has_booted(reference("launch", "instance_id")),), within_s=BOOTED_WITHIN_S),
            undo=Irreversible(because="waiting changes nothing"),
            depends_on=("launch",),
        )
        stopped = Change(
            **dict(stop_one(reference("launch", "instance_id"))),
            id="stop",
            title="Stop the twin",
            why="A stopped instance costs only its disk, and cannot write or answer anything.",
            expect=(twin_is(plan_id, "running"),),
            proof=Proof(configured=(twin_is(plan_id, "stopped"),), within_s=STOPPED_WITHIN_S),
            undo=Irreversible(because="the launch's own undo terminates the twin, which need not run for that"),
            depends_on=("booted",),
        )
        return [launched, booted, stopped]
