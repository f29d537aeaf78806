"""Watches a replay until it has ended: how far it is, and what of it could not be delivered; interrupted, cancels
it.

Sources: DescribeReplay and CancelReplay (EventBridge API).
"""

from datetime import UTC, datetime
from typing import ClassVar

from pydantic import Field

from opsctl.model.commands import run_command
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.reads import Read
from opsctl.model.spans import span
from opsctl.model.value import Json

POLL_S, POLL_AT_MOST_S, POLL_GROWTH = 5.0, 30.0, 1.5
ENDED = ("COMPLETED", "CANCELLED", "FAILED")
COUNTED_AFTER_S = 90
_METRICS = ("FailedInvocations", "InvocationsSentToDlq", "InvocationsFailedToBeSentToDlq")
"""Of a rule of the default bus by its name alone, of another bus by both names (EventBridge guide, "Monitoring
Amazon
EventBridge": its table names the rule alone, the text above it both); each is sent only where it is not zero."""


class EventsReplay(Job):
    """Read the replay until it ends; then read once what its rules failed to deliver.

    Interrupted, it cancels the replay and says what was sent; out of time, it leaves the replay running.
    """

    name: ClassVar[str] = "events.replay"

    replay: str = Field(description="Name of the replay.")
    start: str
    end: str
    bus: str
    rules: tuple[str, ...] = Field((), description="Names of the rules that get the events.")
    within_s: int

    def run(self, tools: Tools) -> JobResult:
        """Watch to the end."""
        deadline, every_s = tools.clock.now() + self.within_s, POLL_S
        read = Read(service="events", operation="DescribeReplay", params={"ReplayName": self.replay})
        while True:
            answer = tools.aws.read(read)
            if answer.refusal is not None:
                hint = f"{run_command('resume', self.replay)} looks again"
                return JobResult(says=f"it cannot be seen: {answer.refusal}", complete=False, hint=hint)
            told = answer.value or {}
            if told.get("State") in ENDED:
                return self._ended(tools, told)
            left_s = deadline - tools.clock.now()
            if tools.stopping():
                return self._cancelled(tools, told)
            if left_s <= 0:
                return self._left(told)
            tools.progress(f"replay {self.replay}: {self._far(told)} (watched for {span(left_s)} more at most)")
            tools.clock.sleep(min(every_s, left_s))
            every_s = min(every_s * POLL_GROWTH, POLL_AT_MOST_S)

    def _far(self, told: Json) -> str:
        last = told.get("EventLastReplayedTime")
        if last is None:
            return "nothing sent yet, as far as AWS tells"
        begin, end, now = (_seconds(one) for one in (self.start, self.end, last))
        share = 100 * min(max((now - begin) / (end - begin), 0.0), 1.0)
        return f"sent up to {_written(now)}, {share:.0f} % of the time"

    def _cancelled(self, tools: Tools, told: Json) -> JobResult:
        """Cancel the replay; what AWS sends until it has heard of it is said as far as it can be seen."""
        try:
            tools.aws.write("events", "CancelReplay", {"ReplayName": self.replay}, None)
        except (AwsRefused, OutcomeUnknown) as fault:
            says = f"{self._far(told)}; it could not be cancelled: {fault.summary}"
            hint = (
                f"{run_command('undo', self.replay)} tries again; {run_command('resume', self.replay)} watches on"
            )
            return JobResult(says=says, complete=False, hint=hint)
        answer = tools.aws.read(
            Read(service="events", operation="DescribeReplay", params={"ReplayName": self.replay})
        )
        seen = answer.value or told
        return JobResult(
            says=f"cancelled: {self._far(seen)}, and that stays sent",
            complete=False,
            hint=f"{run_command('undo', self.replay)} takes away what was made for it; plan again for the rest",
            details={
                "state": seen.get("State"),
                "sent_up_to": seen.get("EventLastReplayedTime"),
                "cancelled": True,
            },
        )

    def _left(self, told: Json) -> JobResult:
        undo, resume = run_command("undo", self.replay), run_command("resume", self.replay)
        return JobResult(
            says=f"{self._far(told)}; the replay goes on in AWS",
            complete=False,
            hint=f"{undo} cancels the rest and takes nothing back; {resume} watches on",
            details={"state": told.get("State"), "sent_up_to": told.get("EventLastReplayedTime")},
        )

    def _ended(self, tools: Tools, told: Json) -> JobResult:
        state = str(told["State"])
        why = f": {told['StateReason']}" if told.get("StateReason") else ""
        last = told.get("EventLastReplayedTime")
        whole = f"the last event is of {_written(_seconds(last))}" if last else "no event was in that time"
        parts = [f"{state}{why}", whole if state == "COMPLETED" else self._far(told)]
        failures = self._failures(tools, told) if state == "COMPLETED" else "not asked for"
        parts += [failures] if state == "COMPLETED" else []
        details = {"state": state, "sent_up_to": told.get("EventLastReplayedTime"), "failures": failures}
        return JobResult(says="; ".join(parts), complete=True, details=details)

    def _failures(self, tools: Tools, told: Json) -> str:
        if not self.rules:
            return "what the rules failed to deliver is in their metrics FailedInvocations"
        until = tools.clock.now() + COUNTED_AFTER_S
        while (left_s := until - tools.clock.now()) > 0 and not tools.stopping():
            tools.progress(f"waiting until CloudWatch has counted what failed (at most {span(left_s)})")
            tools.clock.sleep(min(POLL_AT_MOST_S, left_s))
        answer = tools.aws.read(self._metrics(_seconds(told.get("ReplayStartTime") or self.start), until))
        if answer.refusal is not None:
            return f"what failed to be delivered is unknown: {answer.refusal}"
        counts = {
            one["Label"]: sum(one.get("Values") or []) for one in answer.value.get("MetricDataResults") or []
        }
        seen = [f"{label} {count:.0f}" for label, count in counts.items() if count]
        if not seen:
            return "failed deliveries: unknown, CloudWatch has counted none so far, and targets retry for hours"
        return f"failed so far: {', '.join(seen)}"

    def _metrics(self, start: float, end: float) -> Read:
        bus = [] if self.bus == "default" else [{"Name": "EventBusName", "Value": self.bus}]
        queries = [
            {
                "Id": f"m{number}x{index}",
                "Label": f"{metric} of rule {rule}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/Events",
                        "MetricName": metric,
                        "Dimensions": [*bus, {"Name": "RuleName", "Value": rule}],
                    },
                    "Period": 60,
                    "Stat": "Sum",
                },
            }
            for number, rule in enumerate(self.rules[:100])
            for index, metric in enumerate(_METRICS)
        ]
        params = {"MetricDataQueries": queries, "StartTime": _written(start), "EndTime": _written(end)}
        return Read(service="cloudwatch", operation="GetMetricData", params=params)


def _seconds(value: Json) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    return datetime.fromisoformat(str(value)).timestamp()


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
