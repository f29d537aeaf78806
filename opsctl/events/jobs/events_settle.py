"""Waits until a rule that was just made is in effect everywhere. Source: PutRule ("a short period of time")."""

from typing import ClassVar

from opsctl.model.jobs import Job, JobResult, Tools

POLL_S = 10.0


class EventsSettle(Job):
    """Let some seconds pass; a rule that EventBridge does not know everywhere yet would miss what is replayed."""

    name: ClassVar[str] = "events.settle"

    seconds: int

    def run(self, tools: Tools) -> JobResult:
        """Wait, from the beginning of the first attempt."""
        begun = tools.checkpoint.recall("begun")
        if begun is None:
            begun = tools.clock.now()
            tools.checkpoint.remember("begun", begun)
        until = float(begun) + self.seconds
        while (left_s := until - tools.clock.now()) > 0:
            if tools.stopping():
                return JobResult(says="interrupted", complete=False, hint="resume waits for the rest")
            tools.progress(f"waiting until the rule is in effect ({left_s:.0f} s)")
            tools.clock.sleep(min(POLL_S, left_s))
        return JobResult(says=f"waited {self.seconds} s", complete=True)
