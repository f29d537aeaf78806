"""Replays what a FIFO topic archived to one of its subscriptions, which receives what is new again afterwards.

Source: SNS guide, "Message replay for FIFO topic subscribers".
"""

from typing import ClassVar

from pydantic import Field

from opsctl.events.jobs.events_topic_replay import EventsTopicReplay
from opsctl.events.topic_replay_calls import ReplaySpan, none_runs, replays, set_replay, status_is
from opsctl.events.topic_replay_waits import WAITED, replay_completed, replay_counted
from opsctl.model.changes import Change, Check, Grant, Irreversible, Proof, Risk, Severity
from opsctl.model.durations import LONGEST_WAIT_S
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.dead_letter_reads import subscription_attributes


class EventsTopicReplayAction(Action):
    """Set a replay policy at a subscription, watch the replay, and have the subscription receive again after it.

    A replay with an end pauses the subscription, so the last change sets a policy without one, from `resume_at`
    on: what was published meanwhile comes then. The same policy ends a replay that fails, that somebody
    interrupts, and that is undone; what was sent stays sent.
    """

    name: ClassVar[str] = "events.topic_replay"

    subscription: str = Field(description="ARN of the subscription.")
    endpoint: str = Field(description="Its endpoint, for people.")
    topic: str = Field(description="Name of the topic.")
    start: str = Field(description="From when on messages are replayed, as SNS writes moments.")
    end: str = Field("", description="Until when; empty: it goes on with what is new.")
    resume_at: str = Field(description="From when on the subscription receives again; before the replay began.")
    within_s: int = Field(6 * 3600, ge=60, le=LONGEST_WAIT_S, description="For how long it is watched at most.")
    why: str = Field(description="Why it is replayed.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan the replay, its watch, and with an end the change that has the subscription receive again."""
        yield from ()
        completed = replay_completed(self.subscription, passing=bool(self.end))
        watched = [self._start(), self._watch(about), completed]
        made = [*watched, self._receives(), self._caught_up()] if self.end else watched
        counted = replay_counted(self.topic, self.subscription, since=self.resume_at, after=made[-1].id)
        return [*made, counted]

    @property
    def _span(self) -> ReplaySpan:
        return ReplaySpan(start=self.start, end=self.end)

    @property
    def _then(self) -> ReplaySpan:
        return ReplaySpan(start=self.resume_at)

    def _start(self) -> Change:
        note = (
            f"{self.endpoint} will receive nothing new afterwards, until the change that has it receive again."
            if self.end
            else "It gets everything since then once more, and goes on with what is new."
        )
        under_way = Check(
            read=subscription_attributes(self.subscription),
            query="(Attributes.ReplayStatus || '') != 'Completed'",
            op="equals",
            value=True,
            says="the replay is not complete yet",
        )
        return Change(
            **dict(set_replay(self.subscription, self._span)),
            id="start",
            title=f"Replay {self._span.words} of topic {self.topic} to {self.endpoint}",
            why=self.why,
            expect=(replays(self.subscription, self._span, there=False), none_runs(self.subscription)),
            proof=Proof(
                configured=(replays(self.subscription, self._span, there=True),),
                within_s=60,
                passing=bool(self.end),
            ),
            undo=set_replay(self.subscription, self._then),
            # One without an end that has caught up receives already: setting it back would only repeat messages.
            undo_only_if=() if self.end else (under_way,),
            undo_leaves_it=True,
            lasting="what was sent already stays sent",
            undo_risk=Risk(note=f"It ends the replay; the subscription receives again {self._then.words}."),
            risk=Risk(severity=Severity.MEDIUM, affects=(self.endpoint,), note=note),
        )

    def _watch(self, about: Context) -> Change:
        job = EventsTopicReplay(
            run_id=about.plan_id,
            subscription=self.subscription,
            span=self._span,
            then=self._then,
            within_s=self.within_s,
        )
        named = {"SubscriptionArn": self.subscription}
        return Change(
            kind="job",
            service="opsctl",
            operation=job.name,
            params=job.model_dump(mode="json"),
            grants=(
                Grant(service="sns", operation="GetSubscriptionAttributes", params=named),
                Grant(service="sns", operation="SetSubscriptionAttributes", params=named),
            ),
            id="watch",
            title=f"Watch the replay to {self.endpoint}",
            why="SNS tells whether it runs; Ctrl-C ends it and has the subscription receive again.",
            expect=(),
            proof=Proof(configured=()),
            undo=WAITED,
            depends_on=("start",),
        )

    def _receives(self) -> Change:
        return Change(
            **dict(set_replay(self.subscription, self._then)),
            id="receives",
            title=f"Have {self.endpoint} receive again {self._then.words}",
            why="After a replay with an end SNS delivers nothing new to the subscription.",
            expect=(replays(self.subscription, self._span, there=True),),
            proof=Proof(configured=(replays(self.subscription, self._then, there=True),), within_s=60),
            undo=Irreversible(because="the subscription receives as it did before", only_reads=True),
            risk=Risk(note="What was published since then comes now; what it had already comes once more."),
            depends_on=("completed",),
        )

    def _caught_up(self) -> Change:
        return Change(
            kind="wait",
            service="sns",
            operation="GetSubscriptionAttributes",
            id="caught-up",
            title=f"See that {self.endpoint} receives what is new",
            why="Only then is nothing held back any more.",
            expect=(status_is(self.subscription, "Failed", there=False),),
            proof=Proof(configured=(status_is(self.subscription, "Completed"),), within_s=3600),
            undo=WAITED,
            depends_on=("receives",),
        )
