"""Watches the replay of a FIFO topic to a subscription until it has ended; interrupted, it ends the replay.

Source: SNS guide, "Message replay for FIFO topic subscribers" (`ReplayStatus`, and the two metrics of a replay).
"""

import json
from typing import ClassVar

from pydantic import Field

from opsctl.events.topic_archives import RUNNING
from opsctl.events.topic_replay_calls import ReplaySpan, is_replayed
from opsctl.model.commands import run_command
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.value import Json
from opsctl.resources.dead_letter_reads import subscription_attributes

POLL_S, POLL_AT_MOST_S, POLL_GROWTH = 5.0, 30.0, 1.5
ENDED = ("Completed", "Failed")
STALE_S = 30.0
"""For so long an end without a beginning may be that of the replay before: SNS tells changes late."""


class EventsTopicReplay(Job):
    """Read how far the replay is until it ends. Interrupted, have the subscription receive again, and say so.

    SNS tells a state and no moment: nobody can say which message was sent last.
    """

    name: ClassVar[str] = "events.topic_replay"

    run_id: str
    subscription: str
    span: ReplaySpan = Field(description="What is replayed.")
    then: ReplaySpan = Field(description="From where on the subscription receives again when somebody interrupts.")
    within_s: int

    def run(self, tools: Tools) -> JobResult:
        """Watch to the end."""
        begun, every_s, seen = tools.clock.now(), POLL_S, False
        while True:
            answer = tools.aws.read(subscription_attributes(self.subscription))
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

    def _replaced(self, tools: Tools, told: Json) -> JobResult:
        if tools.checkpoint.recall("ended"):
            says = f"the replay was ended when somebody interrupted; it receives again {self.then.words}"
            return JobResult(says=says, complete=False, hint="plan again for the rest")
        return JobResult(
            says=f"another replay has taken the place of this one: {told.get('ReplayPolicy') or 'none'}",
            complete=False,
            hint="look at the subscription, and plan again",
        )

    def _left(self, state: str) -> JobResult:
        paused = "; when it has ended the subscription receives nothing new" if self.span.end else ""
        return JobResult(
            says=f"{state} after {self.within_s} s; the replay goes on in SNS{paused}",
            complete=False,
            hint=f"{run_command('resume', self.run_id)} watches on; {self._undo()}",
            details={"state": state},
        )

    def _stopped(self, tools: Tools, state: str) -> JobResult:
        """End the replay by the policy with which the subscription receives again."""
        tools.checkpoint.remember("ended", True)
        wanted = {"AttributeName": "ReplayPolicy", "AttributeValue": json.dumps(self.then.policy, sort_keys=True)}
        try:
            tools.aws.write(
                "sns", "SetSubscriptionAttributes", {"SubscriptionArn": self.subscription, **wanted}, None
            )
        except (AwsRefused, OutcomeUnknown) as fault:
            says = f"{state}; it could not be ended: {fault.summary}"
            return JobResult(says=says, complete=False, hint=self._undo(), details={"state": state})
        return JobResult(
            says=f"{state}; it was ended, what was sent stays sent, and the subscription receives again "
            f"{self.then.words}",
            complete=False,
            hint="plan again for the rest; nothing is left to undo",
            details={"state": state, "ended": True, "receives": self.then.words},
        )

    def _undo(self) -> str:
        return f"{run_command('undo', self.run_id)} ends it and has the subscription receive again"
