"""Sets the minimum size of an Auto Scaling group."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.asg_calls import min_size_is, set_sizes


class AsgMinSize(Action):
    """Set how many instances a group has at least; undo sets the old number."""

    name: ClassVar[str] = "asg.min_size"

    group: str = Field(description="Name of the group.")
    before: int = Field(0, ge=0, description="The minimum size now.")
    size: int = Field(ge=0, description="The minimum size wanted.")
    why: str = Field(description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one UpdateAutoScalingGroup."""
        yield []
        return [
            Change(
                **dict(set_sizes(self.group, MinSize=self.size)),
                id="set",
                title=f"Set minimum size of {self.group} to {self.size}",
                why=self.why,
                expect=(
                    min_size_is(self.group, self.size, so=False),
                    min_size_is(self.group, self.before, so=True).model_copy(update={"context": True}),
                ),
                proof=Proof(configured=(min_size_is(self.group, self.size, so=True),), within_s=60),
                undo=set_sizes(self.group, MinSize=self.before),
            )
        ]
