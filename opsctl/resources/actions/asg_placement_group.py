"""Sets the placement group that an Auto Scaling group launches into."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.asg_launch_calls import placement_is, set_placement


class AsgPlacementGroup(Action):
    """Have a group launch into a placement group; undo sets the one before, or none.

    Instances that run stay where they are: an instance refresh replaces them, with `asg.refresh`.
    """

    name: ClassVar[str] = "asg.placement_group"

    group: str = Field(description="Name of the group.")
    before: str = Field("", description="Name of the placement group now; empty: none.")
    placement_group: str = Field(description="Name of the placement group wanted; empty: none.")
    why: str = Field(description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one UpdateAutoScalingGroup."""
        yield []
        where = f"into placement group {self.placement_group}" if self.placement_group else "into none"
        return [
            Change(
                **dict(set_placement(self.group, self.placement_group)),
                id="place",
                title=f"Have {self.group} launch {where}",
                why=self.why,
                expect=(placement_is(self.group, self.before),),
                proof=Proof(configured=(placement_is(self.group, self.placement_group),), within_s=60),
                undo=set_placement(self.group, self.before),
                risk=Risk(
                    severity=Severity.MEDIUM,
                    affects=(self.group,),
                    note="Where the placement group has no capacity a launch fails, also of a replacement.",
                ),
            )
        ]
