"""Waits for a while between two changes, where a service follows late and nothing tells when it has."""

from typing import ClassVar

from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.spans import span

STEP_S = 15.0


class TimePause(Job):
    """Wait until so many seconds are over; run again, it goes on with what is left of them."""

    name: ClassVar[str] = "time.pause"

    seconds: int
    what: str
    takes_back: bool = False

    def run(self, tools: Tools) -> JobResult:
        """Wait in short steps, and say how long it still is."""
        key = "back" if self.takes_back else "until"
        known = tools.checkpoint.recall(key)
        until = float(known) if known is not None else tools.clock.now() + self.seconds
        tools.checkpoint.remember(key, until)
        while (left := until - tools.clock.now()) > 0:
            if tools.stopping():
                hint = "resume waits for the rest"
                return JobResult(says=f"{span(left)} were left to wait", complete=False, hint=hint)
            tools.progress(f"{self.what}: {span(left)} left")
            tools.clock.sleep(min(STEP_S, left))
        return JobResult(says=f"waited {self.seconds} s", complete=True)
