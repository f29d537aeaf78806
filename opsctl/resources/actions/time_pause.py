"""Waits for a while between two steps, where a service follows late and nothing tells when it has."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Instruction, Irreversible, Proof
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence
from opsctl.resources.jobs.time_pause import TimePause


class TimePauseAction(Action):
    """Wait so many seconds; undo waits `undo_s`, at the same place between the changes that are taken back."""

    name: ClassVar[str] = "time.pause"

    seconds: int = Field(ge=1, le=3600, description="How long.")
    undo_s: int = Field(0, ge=0, le=3600, description="How long an undo waits here.")
    what: str = Field(description="What has to follow, in a few words.")
    why: str = Field(description="Why there is nothing to look at instead.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one job."""
        yield from ()
        job = TimePause(seconds=self.seconds, what=self.what)
        back = job.model_copy(update={"seconds": self.undo_s, "takes_back": True})
        nothing = Irreversible(because="waiting changes nothing", only_reads=True)
        return [
            Change(
                **dict(_instruction(job)),
                id="pause",
                title=f"Wait {_long(self.seconds)}: {self.what}",
                why=sentence(self.why),
                expect=(),
                proof=Proof(configured=()),
                undo=_instruction(back) if self.undo_s else nothing,
            )
        ]


def _instruction(job: TimePause) -> Instruction:
    params = job.model_dump(mode="json")
    return Instruction(kind="job", service="opsctl", operation=job.name, params=params)


def _long(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    if rest or not minutes:
        return f"{seconds} seconds"
    return f"{minutes} minute{'s' * (minutes != 1)}"
