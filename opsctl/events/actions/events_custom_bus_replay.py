"""Replays what a custom event bus keeps into one queue, by a subscriber that is there only for that."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.custom_bus_calls import ReplaySubscriber
from opsctl.events.jobs.events_queue_quiet import EventsQueueQuiet
from opsctl.model.changes import Change, Grant, Irreversible, Proof
from opsctl.model.durations import LONGEST_WAIT_S
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context


class EventsCustomBusReplay(Action):
    """Make a subscriber from one point in time to another, wait until its queue is quiet, delete it.

    No other subscriber gets anything. It goes when the queue is quiet, when somebody interrupts, and by an undo.
    """

    name: ClassVar[str] = "events.custom_bus_replay"

    bus_arn: str = Field(description="ARN of the custom event bus.")
    start: str = Field(description="First moment, by the time of publishing.")
    end: str = Field(description="Last moment.")
    queue: str = Field(description="ARN of the queue.")
    url: str = Field(description="URL of the queue.")
    role: str = Field(description="ARN of the role with which EventBridge sends to the queue.")
    quiet_s: int = Field(300, ge=30, description="How long nothing has to come before the replay counts as over.")
    within_s: int = Field(6 * 3600, ge=60, le=LONGEST_WAIT_S, description="For how long it is watched at most.")
    why: str = Field(description="Why it is replayed.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan the subscriber, the wait, and its removal."""
        yield from ()
        one = ReplaySubscriber(
            bus_arn=self.bus_arn,
            name=f"opsctl-replay-{about.plan_id}",
            queue=self.queue,
            role=self.role,
            start=self.start,
            end=self.end,
        )
        return [one.made(about.plan_id, why=self.why), self._watch(one, about), one.taken_away(after="quiet")]

    def _watch(self, one: ReplaySubscriber, about: Context) -> Change:
        job = EventsQueueQuiet(
            run_id=about.plan_id,
            url=self.url,
            quiet_s=self.quiet_s,
            within_s=self.within_s,
            bus_arn=self.bus_arn,
            subscriber=one.name,
        )
        return Change(
            kind="job",
            service="opsctl",
            operation=job.name,
            params=job.model_dump(mode="json"),
            grants=(
                Grant(service="sqs", operation="GetQueueAttributes", params={"QueueUrl": self.url}),
                Grant(service="eventbridgev2", operation="ListSubscribers", params={"EventBusArn": self.bus_arn}),
                Grant(service="eventbridgev2", operation="DeleteSubscriber"),
            ),
            id="quiet",
            title=f"Wait until nothing has come to the queue for {self.quiet_s} s",
            why="EventBridge does not tell how far such a replay is; Ctrl-C ends it.",
            expect=(),
            proof=Proof(configured=()),
            undo=Irreversible(because="waiting changes nothing", only_reads=True),
            depends_on=("subscriber",),
        )
