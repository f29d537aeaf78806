"""Replays a span of event time into one queue, by a rule that is there only for that."""

import json
from typing import ClassVar

from pydantic import Field

from opsctl.events.replay_calls import ReplayWindow, start_replay, watch_replay
from opsctl.events.replay_rule import ReplayRule
from opsctl.model.changes import Change, Risk, Severity
from opsctl.model.durations import LONGEST_WAIT_S
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.model.value import Json


class EventsReplayInto(Action):
    """Make a rule that takes this plan's replay alone and has one queue as its target, replay to it, take it away.

    No other rule gets anything. The rule and the queue's permission go when the replay has ended, when AWS refuses
    it, and by an undo.
    """

    name: ClassVar[str] = "events.replay_into"

    archive_arn: str = Field(description="ARN of the archive.")
    bus_arn: str = Field(description="ARN of the bus that the archive is of.")
    start: str = Field(description="First moment of event time.")
    end: str = Field(description="Last moment of event time.")
    queue: str = Field(description="ARN of the queue, a standard one.")
    url: str = Field(description="URL of the queue.")
    pattern: str = Field("", description="Event pattern in JSON of what is replayed; empty: everything.")
    within_s: int = Field(6 * 3600, ge=60, le=LONGEST_WAIT_S, description="For how long it is watched at most.")
    why: str = Field(description="Why it is replayed.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan permission, rule and target, the replay, and the removal of the three."""
        yield from ()
        window = ReplayWindow(archive_arn=self.archive_arn, bus_arn=self.bus_arn, start=self.start, end=self.end)
        # An event has this member only when it comes from a replay, and this value only from this one.
        pattern: dict[str, Json] = {**json.loads(self.pattern or "{}"), "replay-name": [about.plan_id]}
        rule = ReplayRule(
            bus=window.bus, name=f"opsctl-replay-{about.plan_id}"[:64], queue=self.queue, url=self.url
        )
        arn = rule.arn(about.identity)
        risk = Risk(
            severity=Severity.MEDIUM,
            affects=(self.queue.rpartition(":")[2],),
            note="The queue gets every event of that time, those that it had already too.",
        )
        made = rule.made(pattern, about)
        start = start_replay(window, about, [arn], why=self.why, risk=risk, after=tuple(one.id for one in made))
        watched = watch_replay(window, about, [rule.name], self.within_s)
        return [*made, start, *watched, *rule.taken_away(about, after=watched[-1].id)]
