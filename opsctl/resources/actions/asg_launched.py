"""Waits until an Auto Scaling group has launched a replacement in another zone."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Instruction, Irreversible, Proof
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.asg_calls import describe_group
from opsctl.resources.asg_member_calls import launched_elsewhere


class AsgLaunched(Action):
    """Wait until a group has launched a replacement of one of its instances in another zone; changes nothing."""

    name: ClassVar[str] = "asg.launched"

    group: str = Field(description="Name of the group.")
    instance: str = Field(description="Id of the instance that is replaced.")
    zone: str = Field(description="The zone that it is in.")
    within_s: int = Field(1800, ge=1, description="How long it may take.")
    why: str = Field(description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one wait."""
        yield []
        read = describe_group(self.group)
        launched = launched_elsewhere(self.group, self.instance, self.zone)
        return [
            Change(
                **dict(Instruction(kind="wait", service=read.service, operation=read.operation)),
                id="launched",
                title=f"Wait until {self.group} has launched a replacement in another zone than {self.zone}",
                why=self.why,
                expect=(),
                proof=Proof(configured=(launched,), within_s=self.within_s),
                undo=Irreversible(because="waiting changes nothing"),
            )
        ]
