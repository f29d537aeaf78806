"""Resumes processes of an Auto Scaling group."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.asg_calls import group_exists, processes_are, resume, suspend
from opsctl.resources.asg_undo_steps import none_is_kept


class AsgResume(Action):
    """Resume suspended processes of a group; undo suspends them again.

    With `ends_kept`, undo first has the group end an instance that an abandoned hook left in it, never one that
    still has data volumes: for that it waits, and stops with what to do.
    """

    name: ClassVar[str] = "asg.resume"

    group: str = Field(description="Name of the group.")
    processes: tuple[str, ...] = Field(description="Processes that are suspended, such as Launch.")
    ends_kept: bool = Field(
        False,
        description="Whether undo first terminates the instances that the group retains after abandoned hooks.",
    )
    why: str = Field(description="Why they may run now.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one ResumeProcesses."""
        yield []
        return [
            Change(
                **dict(resume(self.group, self.processes)),
                id="resume",
                title=f"Resume {', '.join(self.processes)} in {self.group}",
                why=self.why,
                expect=(processes_are(self.group, self.processes, suspended=True),),
                proof=Proof(configured=(processes_are(self.group, self.processes, suspended=False),), within_s=60),
                undo=suspend(self.group, self.processes),
                undo_only_if=(group_exists(self.group),),
                undo_first=none_is_kept(self.group, about.commands) if self.ends_kept else (),
                risk=Risk(
                    severity=Severity.MEDIUM, note="From now on the group replaces instances automatically."
                ),
            )
        ]
