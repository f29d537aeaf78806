"""Tells an Auto Scaling group that one of its instances has failed."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Irreversible, Proof, Risk, Severity
from opsctl.model.looking import Looking
from opsctl.model.run import Action, Context
from opsctl.services.asg_drill_calls import serves, set_unhealthy


class AsgMarkUnhealthy(Action):
    """Mark one instance of a group as unhealthy, as a health check does; the group replaces it by itself."""

    name: ClassVar[str] = "asg.mark_unhealthy"

    group: str = Field(description="Name of the group.")
    instance: str = Field(description="Id of the instance.")
    why: str = Field(description="Why.")

    def plan(self, about: Context) -> Looking[list[Change]]:
        """Plan one SetInstanceHealth."""
        yield []
        return [
            Change(
                **dict(set_unhealthy(self.instance)),
                id=self.instance,
                title=f"Tell {self.group} that {self.instance} has failed",
                why=self.why,
                expect=(serves(self.group, self.instance, so=True, healthy=True),),
                proof=Proof(configured=(serves(self.group, self.instance, so=False, healthy=True),), within_s=60),
                undo=Irreversible(because="the group replaces what it was told has failed"),
                risk=Risk(
                    severity=Severity.SEVERE,
                    affects=(self.instance,),
                    note="The instance ends; nothing serves until its replacement is in service.",
                ),
            )
        ]
