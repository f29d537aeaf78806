"""Lets an empty Auto Scaling group launch its instance."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.looking import Looking
from opsctl.model.run import Action, Context
from opsctl.services.asg_calls import (
    detach_instances,
    group_has_instance,
    group_is_empty,
    group_is_in_service,
    instances_of,
    set_sizes,
)

LAUNCHED_WITHIN_S = 48 * 3600
"""A launch hook holds an instance for up to 48 hours, and a first snapshot may take many of them."""


class AsgLaunch(Action):
    """Set an empty group's desired capacity to one and wait until the new instance is in service.

    Undo detaches that instance, alive.
    """

    name: ClassVar[str] = "asg.launch"
    outputs: ClassVar[tuple[str, ...]] = ("instances",)

    group: str = Field(description="Name of the group; empty.")
    replaces: str = Field("", description="Id of the instance that loses its address and volumes to the new one.")
    why: str = Field(description="Why a new instance is wanted.")

    def plan(self, about: Context) -> Looking[list[Change]]:
        """Plan one UpdateAutoScalingGroup."""
        yield []
        return [
            Change(
                **dict(set_sizes(self.group, DesiredCapacity=1)),
                id="launch",
                title=f"Launch the first instance of {self.group}",
                why=self.why,
                expect=(group_is_empty(self.group),),
                proof=Proof(
                    configured=(group_has_instance(self.group),),
                    effective=(group_is_in_service(self.group),),
                    within_s=LAUNCHED_WITHIN_S,
                ),
                undo=detach_instances(self.group, "launch"),
                risk=Risk(
                    severity=Severity.SEVERE if self.replaces else Severity.MEDIUM,
                    affects=(self.replaces,) if self.replaces else (),
                    note="The old instance loses its volumes and its address to the new one."
                    if self.replaces
                    else "",
                ),
                outputs={"instances": instances_of(self.group)},
            )
        ]
