"""Lets an Auto Scaling group replace one of its instances."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.asg_member_calls import ending, terminate_member


class AsgTerminate(Action):
    """Terminate one instance of a group through the group's hooks; the group launches another in its place.

    It names one instance and is sent only while that is in service, so it never ends a replacement.
    """

    name: ClassVar[str] = "asg.terminate"

    group: str = Field(description="Name of the group.")
    instance: str = Field(description="Id of the instance.")
    why: str = Field(description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one TerminateInstanceInAutoScalingGroup."""
        yield []
        return [
            ending(
                terminate_member(self.instance),
                self.group,
                self.instance,
                title=f"Terminate {self.instance} in {self.group}; the group replaces it",
                why=self.why,
                because="a terminated instance is replaced, not restored",
                healthy=False,
            )
        ]
