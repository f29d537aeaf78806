"""Suspends processes of an Auto Scaling group."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.asg_calls import processes_are, resume, suspend


class AsgSuspend(Action):
    """Suspend processes of a group; undo resumes them."""

    name: ClassVar[str] = "asg.suspend"

    group: str = Field(description="Name of the group.")
    processes: tuple[str, ...] = Field(description="Processes, such as AZRebalance or ReplaceUnhealthy.")
    why: str = Field(description="Why they must not run.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one SuspendProcesses."""
        yield []
        return [
            Change(
                **dict(suspend(self.group, self.processes)),
                id="suspend",
                title=f"Suspend {', '.join(self.processes)} in {self.group}",
                why=self.why,
                expect=(processes_are(self.group, self.processes, suspended=False),),
                proof=Proof(configured=(processes_are(self.group, self.processes, suspended=True),), within_s=60),
                undo=resume(self.group, self.processes),
            )
        ]
