"""Puts a lifecycle hook on an Auto Scaling group."""

from typing import ClassVar, Literal

from pydantic import Field

from opsctl.model.changes import Change, Proof
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.asg_calls import delete_hook, hook_is, put_hook


class AsgHook(Action):
    """Hold every instance that a group launches or terminates until its lifecycle action is completed.

    Undo deletes the hook. AWS gives up after 100 heartbeats, and after 48 hours in any case.
    """

    name: ClassVar[str] = "asg.hook"

    group: str = Field(description="Name of the group.")
    hook: str = Field(description="Name of the hook.")
    at: Literal["LAUNCHING", "TERMINATING"] = Field(description="The transition: LAUNCHING or TERMINATING.")
    heartbeat_s: int = Field(1800, ge=30, le=7200, description="Heartbeat timeout, in seconds.")
    result: Literal["ABANDON", "CONTINUE"] = Field(
        "ABANDON", description="Default result, when the timeout passes."
    )
    why: str = Field(description="What happens while an instance waits.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one PutLifecycleHook."""
        yield []
        when = "on launch" if self.at == "LAUNCHING" else "on termination"
        return [
            Change(
                **dict(put_hook(self.group, self.hook, self.at, self.heartbeat_s, self.result)),
                id="put",
                title=f"Add lifecycle hook {self.hook} to {self.group} ({when})",
                why=self.why,
                expect=(hook_is(self.group, self.hook, None),),
                proof=Proof(configured=(hook_is(self.group, self.hook, self.heartbeat_s),), within_s=60),
                undo=delete_hook(self.group, self.hook),
            )
        ]
