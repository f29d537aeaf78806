"""Waits until instances pass their status checks."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Instruction, Irreversible, Proof
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.run import Action, Context
from opsctl.resources.ec2_instance_calls import none_terminated

HEALTHY_WITHIN_S = 1200


class Ec2Healthy(Action):
    """Wait until EC2's status checks of the system and of the instance are ok; what comes after waits as well.

    It changes nothing.
    """

    name: ClassVar[str] = "ec2.healthy"

    instances: tuple[str, ...] = Field(description="Ids of the instances.")
    why: str = Field(description="Why it is waited for.")
    otherwise: str = Field("", description="What to do when they do not pass in time.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one wait, none without instances."""
        yield []
        if not self.instances:
            return []
        check = passes_checks(self.instances)
        return [
            Change(
                **dict(Instruction(kind="wait", service="ec2", operation="DescribeInstanceStatus")),
                id="checks",
                title=f"Wait until {check.says}",
                why=self.why,
                expect=(none_terminated(self.instances),),
                proof=Proof(configured=(check,), within_s=HEALTHY_WITHIN_S, otherwise=self.otherwise),
                undo=Irreversible(because="waiting changes nothing"),
            )
        ]


def passes_checks(instances: tuple[str, ...]) -> Check:
    """Both status checks of every one of these instances are ok."""
    return Check(
        read=Read(service="ec2", operation="DescribeInstanceStatus", params={"InstanceIds": list(instances)}),
        query="InstanceStatuses[?InstanceStatus.Status=='ok' && SystemStatus.Status=='ok'].InstanceId",
        op="contains",
        value=list(instances),
        says=f"{', '.join(instances)} {'passes' if len(instances) == 1 else 'pass'} the status checks",
    )
