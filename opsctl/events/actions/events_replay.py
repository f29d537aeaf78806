"""Replays a span of event time from an archive to rules of its bus."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.replay_calls import ReplayWindow, start_replay, watch_replay
from opsctl.model.changes import Change, Risk, Severity
from opsctl.model.durations import LONGEST_WAIT_S
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context


class EventsReplayAction(Action):
    """Start one replay whose name is the plan's id, watch it, and end with a failure where it did not complete.

    Undo cancels what is left of it; what was sent stays sent.
    """

    name: ClassVar[str] = "events.replay"

    archive_arn: str = Field(description="ARN of the archive.")
    bus_arn: str = Field(description="ARN of the bus that the archive is of; events go nowhere else.")
    start: str = Field(description="First moment of event time.")
    end: str = Field(description="Last moment of event time.")
    rules: tuple[str, ...] = Field((), description="ARNs of the rules that get the events; none: all of the bus.")
    reached: tuple[str, ...] = Field(
        (), description="Names of the rules that get them, shown and asked about after."
    )
    repeats: tuple[str, ...] = Field((), description="What is known to do harm or noise when it happens twice.")
    within_s: int = Field(6 * 3600, ge=60, le=LONGEST_WAIT_S, description="For how long it is watched at most.")
    why: str = Field(description="Why it is replayed.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one StartReplay, and its watch."""
        yield from ()
        window = ReplayWindow(archive_arn=self.archive_arn, bus_arn=self.bus_arn, start=self.start, end=self.end)
        severity = Severity.HIGH if self.repeats else Severity.MEDIUM
        risk = Risk(
            severity=severity if self.rules else Severity.SEVERE,
            affects=self.reached,
            note="Each target of these rules gets the events again, those that it had already too.",
        )
        start = start_replay(window, about, self.rules, why=self.why, risk=risk)
        return [start, *watch_replay(window, about, self.reached, self.within_s)]
