"""Watches the queue of a replay until nothing has come to it for a while: nothing tells when such a replay has
ended.

Source: the model of the EventBridge API for custom event buses (a subscriber has no state of its replay);
GetQueueAttributes (SQS API: counts are approximate, and settle within about a minute).
"""

from typing import ClassVar

from pydantic import Field

from opsctl.model.commands import run_command
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.resources.queue_facts import queue_attributes

POLL_S = 15.0
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class EventsQueueQuiet(Job):
    """Count the messages of a queue until their number stays the same for so long. Interrupted, end the replay."""

    name: ClassVar[str] = "events.queue_quiet"

    run_id: str
    url: str
    quiet_s: int = Field(description="How long the count has to stay the same.")
    within_s: int
    bus_arn: str
    subscriber: str = Field(description="Name of the subscriber that is deleted when somebody interrupts.")

    def run(self, tools: Tools) -> JobResult:
        """Watch until it is quiet."""
        begun = changed = tools.clock.now()
        last: int | None = None
        counts: set[int] = set()
        while True:
            answer = tools.aws.read(queue_attributes(self.url))
            if answer.refusal is not None:
                return self._left(f"it cannot be seen: {answer.refusal}")
            told = answer.value.get("Attributes") or {}
            count = sum(int(told.get(name, 0)) for name in _COUNTS)
            counts.add(count)
            now = tools.clock.now()
            if count != last:
                last, changed = count, now
            if now - changed >= self.quiet_s:
                return self._over(count, came=len(counts) > 1)
            if tools.stopping():
                return self._stopped(tools, count)
            if now - begun >= self.within_s:
                return self._left(f"the queue has about {count} messages, and more may come")
            tools.progress(f"the queue has about {count} messages, for {now - changed:.0f} s")
            tools.clock.sleep(min(POLL_S, self.quiet_s))

    def _over(self, count: int, *, came: bool) -> JobResult:
        says = f"the queue has about {count} messages, as many as {self.quiet_s} s before"
        if not came:
            says += "; none was seen to come: there was none, its consumer took it, or the replay had not begun"
        return JobResult(says=says, complete=True, details={"messages": count, "came": came})

    def _left(self, says: str) -> JobResult:
        undo, resume = run_command("undo", self.run_id), run_command("resume", self.run_id)
        hint = f"{resume} watches on; {undo} ends the replay"
        return JobResult(says=says, complete=False, hint=hint)

    def _stopped(self, tools: Tools, count: int) -> JobResult:
        """Delete the subscriber, with which the replay ends."""
        listing = Read(service="eventbridgev2", operation="ListSubscribers", params={"EventBusArn": self.bus_arn})
        listed = tools.aws.read(listing)
        found: list[Json] = (listed.value or {}).get("Subscribers") or []
        try:
            for one in found:
                if one["Name"] == self.subscriber:
                    named = {"SubscriberArn": one["SubscriberArn"]}
                    tools.aws.write("eventbridgev2", "DeleteSubscriber", named, None)
        except (AwsRefused, OutcomeUnknown) as fault:
            return self._left(f"the replay could not be ended: {fault.summary}")
        if listed.refusal is not None:
            return self._left(f"the replay could not be ended: {listed.refusal}")
        return JobResult(
            says=f"the replay was ended, and what was sent stays sent; the queue has about {count} messages",
            complete=False,
            hint="plan again for the rest; nothing is left to undo",
            details={"messages": count, "ended": True},
        )
