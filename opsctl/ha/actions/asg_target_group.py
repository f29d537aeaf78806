"""Hands a target group over to an Auto Scaling group."""

from typing import ClassVar

from pydantic import Field

from opsctl.ha.tags import GROUP_TAG
from opsctl.model.changes import Change, Check, Instruction, Proof, Query, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.references import reference
from opsctl.model.run import Action, Context
from opsctl.resources.asg_calls import attach_target_groups, group_exists, target_groups_are
from opsctl.resources.ec2_instance_calls import instances_tagged

_SERVES = (
    "Reservations[].Instances[] | not_null([?State.Name=='running'] | [0].InstanceId, "
    "[?State.Name=='stopped'] | [0].InstanceId)"
)


class AsgTargetGroup(Action):
    """Let a group register its instances with a target group, while the group is still empty.

    Detaching an instance from a group takes it out of the target group as well, so the undo of this step, which
    comes after that, registers whichever of the group's instances runs by then again by hand. While it is still
    listed as draining it counts as taken out. By then the group has no instance: which were its own is told by
    make-ha's tag `opsctl:ha` alone.
    """

    name: ClassVar[str] = "asg.target_group"

    group: str = Field(description="Name of the group; still empty. Its instances carry the tag opsctl:ha.")
    arn: str = Field(description="ARN of the target group, of target type instance.")
    instance: str = Field(description="Id of the instance that is registered directly now.")
    port: int = Field(description="Port it is registered with.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one AttachLoadBalancerTargetGroups."""
        yield []
        name = self.arn.split("/")[1]
        health = Read(service="elbv2", operation="DescribeTargetHealth", params={"TargetGroupArn": self.arn})
        target = {"Id": reference("attach", "instance"), "Port": self.port}
        registered = Check(
            read=health,
            query="TargetHealthDescriptions[?TargetHealth.State!='draining'].Target.Id",
            op="contains",
            value=[reference("attach", "instance")],
            says=f"the instance is registered with {name}",
        )
        return [
            Change(
                **dict(attach_target_groups(self.group, [self.arn])),
                id="attach",
                title=f"Attach target group {name} to {self.group}",
                why=(
                    "The group has to register replacements with the load balancer, and deregister the old "
                    "instance."
                ),
                expect=(
                    registered,
                    target_groups_are(self.group, [self.arn], attached=False).model_copy(update={"context": True}),
                ),
                proof=Proof(configured=(target_groups_are(self.group, [self.arn], attached=True),), within_s=120),
                undo=Instruction(
                    kind="call",
                    service="elbv2",
                    operation="RegisterTargets",
                    params={"TargetGroupArn": self.arn, "Targets": [target]},
                ),
                undo_leaves_it=True,
                # Once the group is gone this was undone: before that, or by whoever deleted the group.
                undo_only_if=(group_exists(self.group),),
                risk=Risk(
                    severity=Severity.MEDIUM,
                    affects=(name,),
                    note=(
                        "Undo deregisters the instance from the target group and registers it again: the "
                        "load balancer sends it no traffic until its health checks pass."
                    ),
                ),
                outputs={"instance": Query(read=instances_tagged(GROUP_TAG, self.group), query=_SERVES)},
            )
        ]
