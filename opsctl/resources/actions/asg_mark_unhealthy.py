"""Tells an Auto Scaling group that one of its instances has failed."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.asg_member_calls import ending, set_unhealthy


class AsgMarkUnhealthy(Action):
    """Mark one instance of a group as unhealthy, as a health check does; the group replaces it by itself."""

    name: ClassVar[str] = "asg.mark_unhealthy"

    group: str = Field(description="Name of the group.")
    instance: str = Field(description="Id of the instance.")
    why: str = Field(description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one SetInstanceHealth."""
        yield []
        return [
            ending(
                set_unhealthy(self.instance),
                self.group,
                self.instance,
                title=f"Mark {self.instance} unhealthy in {self.group}",
                why=self.why,
                because="the group replaces an unhealthy instance",
                healthy=True,
            )
        ]
