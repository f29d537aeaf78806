"""Makes an Auto Scaling group of one."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.asg_calls import (
    GONE_WITHIN_S,
    create_group,
    delete_group,
    describe_group,
    group_is_absent,
    group_is_ours,
)
from opsctl.resources.marks import PLAN_TAG


class AsgGroup(Action):
    """Create an empty Auto Scaling group for a single writer; undo deletes it, never by force.

    It replaces at most one instance and never runs two on purpose: its maintenance policy is 0 to 100 percent,
    whatever the account's default is, and it neither rebalances capacity nor limits an instance's life. An
    instance whose terminate hook is abandoned is kept.
    """

    name: ClassVar[str] = "asg.group"

    group: str = Field(description="Name of the group; not in use yet.")
    template: str = Field(description="Name of the launch template.")
    version: str = Field("1", description="Version number; fixed, so that it changes only on purpose.")
    subnets: tuple[str, ...] = Field(description="Subnet ids, one a zone.")
    max_size: int = Field(1, ge=1, description="Maximum number of instances.")
    health_checks: tuple[str, ...] = Field(
        ("EBS",), description="Health checks in addition to EC2's, which is always on: EBS, ELB."
    )
    grace_s: int = Field(300, ge=0, description="Health check grace period, in seconds.")
    tags: dict[str, str] = Field({}, description="Tags of the group and of every instance it launches.")
    roles: tuple[str, ...] = Field((), description="ARNs of its instances' roles, for the plan's IAM policy.")
    why: str = Field(description="What the group is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateAutoScalingGroup."""
        answer = yield from require(describe_group(self.group))
        if answer.get("AutoScalingGroups"):
            raise RefusedByGuard(
                f"there is a group {self.group} already; nothing was changed", "choose another name"
            )
        return [
            Change(
                **dict(create_group(self.group, self._params(about.plan_id), self.roles)),
                id="create",
                title=f"Create Auto Scaling group {self.group}, still empty",
                why=self.why,
                expect=(group_is_absent(self.group),),
                proof=Proof(configured=(group_is_ours(self.group, about.plan_id),), within_s=GONE_WITHIN_S),
                undo=delete_group(self.group),
                risk=Risk(severity=Severity.MEDIUM),
            )
        ]

    def _params(self, plan_id: str) -> dict[str, Json]:
        mine = {"ResourceId": self.group, "ResourceType": "auto-scaling-group"}
        tags = [
            {**mine, "Key": key, "Value": value, "PropagateAtLaunch": True}
            for key, value in sorted(self.tags.items())
        ]
        tags.append({**mine, "Key": PLAN_TAG, "Value": plan_id, "PropagateAtLaunch": False})
        return {
            "LaunchTemplate": {"LaunchTemplateName": self.template, "Version": self.version},
            "MinSize": 0,
            "MaxSize": self.max_size,
            "DesiredCapacity": 0,
            "VPCZoneIdentifier": ",".join(self.subnets),
            "HealthCheckType": ",".join(self.health_checks),
            "HealthCheckGracePeriod": self.grace_s,
            "DefaultInstanceWarmup": 0,
            "CapacityRebalance": False,
            "InstanceMaintenancePolicy": {"MinHealthyPercentage": 0, "MaxHealthyPercentage": 100},
            "InstanceLifecyclePolicy": {"RetentionTriggers": {"TerminateHookAbandon": "retain"}},
            "DeletionProtection": "prevent-force-deletion",
            "Tags": tags,
        }
