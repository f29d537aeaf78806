"""Watches the replay of a FIFO topic to a subscription until it has ended; interrupted, it ends the replay.

Source: SNS guide, "Message replay for FIFO topic subscribers" (`ReplayStatus`, and the two metrics of a replay).
"""

import json
from typing import ClassVar

from pydantic import Field

from opsctl.events.subscription_calls import subscription_of
from opsctl.events.topic_archives import RUNNING
from opsctl.events.topic_replay_calls import ReplaySpan, is_replayed
from opsctl.model.commands import run_command
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.reads import Answer
from opsctl.model.value import Json
from opsctl.resources.dead_letter_reads import subscription_attributes

POLL_S, POLL_AT_MOST_S, POLL_GROWTH = 5.0, 30.0, 1.5
ENDED = ("Completed", "Failed")
STALE_S = 30.0
"""For so long an end without a beginning may be that of the replay before: SNS tells changes late."""


class EventsTopicReplay(Job):
    """Read how far the replay is until it ends. Interrupted, have the subscription receive again, and say so.

    A subscription that is there for the replay alone has no ARN when the plan is made: it is found by its topic
    and queue, and taken away when somebody interrupts. SNS tells a state and no moment: nobody can say which
    message was sent last.
    """

    name: ClassVar[str] = "events.topic_replay"

    run_id: str
    subscription: str = Field("", description="ARN of the subscription; empty: topic and queue find it.")
    topic: str = Field("", description="ARN of the topic.")
    queue: str = Field("", description="ARN of the queue.")
    span: ReplaySpan = Field(description="What is replayed.")
    then: ReplaySpan | None = Field(description="From where on it receives again when somebody interrupts.")
    within_s: int

    def run(self, tools: Tools) -> JobResult:
        """Watch to the end."""
        begun, every_s, seen = tools.clock.now(), POLL_S, False
        while True:
            answer = self._look(tools)
            if answer.refusal is not None:
                hint = f"{run_command('resume', self.run_id)} looks again; {self._undo()}"
                return JobResult(says=f"it cannot be seen: {answer.refusal}", complete=False, hint=hint)
            told = answer.value.get("Attributes") or {}
            if not is_replayed(told, self.span):
                return self._replaced(tools, told)
            state = str(told.get("ReplayStatus") or RUNNING[0])
            waited_s = tools.clock.now() - begun
            seen = seen or state not in ENDED
            if state in ENDED and (seen or waited_s >= STALE_S):
                return JobResult(says=f"{state}: {self.span.words}", complete=True, details={"state": state})
            if tools.stopping():
                return self._stopped(tools, state)
            if waited_s >= self.within_s:
                return self._left(state)
            tools.progress(f"replay to the subscription: {state}, for {waited_s:.0f} s")
            tools.clock.sleep(min(every_s, self.within_s - waited_s))
            every_s = min(every_s * POLL_GROWTH, POLL_AT_MOST_S)

    def _look(self, tools: Tools) -> Answer:
        """Read the subscription; one that is not there is missing."""
        if self.subscription:
            return tools.aws.read(subscription_attributes(self.subscription))
        found = tools.aws.read(subscription_of(self.topic, self.queue).read)
        if found.refusal is not None:
            return found
        arn = self._found(found.value)
        return tools.aws.read(subscription_attributes(arn)) if arn else Answer(value={})

    def _found(self, listed: Json) -> str:
        mine = [one for one in listed.get("Subscriptions") or [] if one["Endpoint"] == self.queue]
        return str(mine[0]["SubscriptionArn"]) if mine else ""

    def _replaced(self, tools: Tools, told: Json) -> JobResult:
        if tools.checkpoint.recall("ended"):
            says = f"the replay was ended when somebody interrupted{self._afterwards()}"
            return JobResult(says=says, complete=False, hint="plan again for the rest")
        return JobResult(
            says=f"another replay has taken the place of this one: {told.get('ReplayPolicy') or 'none'}",
            complete=False,
            hint="look at the subscription, and plan again",
        )

    def _left(self, state: str) -> JobResult:
        paused = "; when it has ended the subscription receives nothing new" if self.span.end and self.then else ""
        return JobResult(
            says=f"{state} after {self.within_s} s; the replay goes on in SNS{paused}",
            complete=False,
            hint=f"{run_command('resume', self.run_id)} watches on; {self._undo()}",
            details={"state": state},
        )

    def _stopped(self, tools: Tools, state: str) -> JobResult:
        """End the replay: by the policy with which the subscription receives again, or with the subscription."""
        tools.checkpoint.remember("ended", True)
        try:
            self._end(tools)
        except (AwsRefused, OutcomeUnknown) as fault:
            says = f"{state}; it could not be ended: {fault.summary}"
            return JobResult(says=says, complete=False, hint=self._undo(), details={"state": state})
        return JobResult(
            says=f"{state}; it was ended, and what was sent stays sent{self._afterwards()}",
            complete=False,
            hint="plan again for the rest" + ("; nothing is left to undo" if self.then else f"; {self._undo()}"),
            details={"state": state, "ended": True},
        )

    def _end(self, tools: Tools) -> None:
        if self.then is not None:
            policy = json.dumps(self.then.policy, sort_keys=True)
            named = {"SubscriptionArn": self.subscription, "AttributeName": "ReplayPolicy"}
            tools.aws.write("sns", "SetSubscriptionAttributes", named | {"AttributeValue": policy}, None)
            return
        listed = tools.aws.read(subscription_of(self.topic, self.queue).read)
        if listed.refusal is not None:
            raise AwsRefused(listed.refusal)
        if arn := self._found(listed.value):
            tools.aws.write("sns", "Unsubscribe", {"SubscriptionArn": arn}, None)

    def _afterwards(self) -> str:
        return f"; the subscription receives again {self.then.words}" if self.then else ""

    def _undo(self) -> str:
        ends = "ends it and has the subscription receive again" if self.then else "ends it"
        return f"{run_command('undo', self.run_id)} {ends}"
