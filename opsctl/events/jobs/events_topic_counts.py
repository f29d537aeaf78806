"""Reads what CloudWatch counted of a replay of a FIFO topic: delivered and failed.

Source: SNS guide, "Message replay for FIFO topic subscribers" (two metrics, one point a minute). By which
dimensions they are told is not said there: those that name the topic or the subscription are taken.
"""

from typing import ClassVar

from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.reads import Read
from opsctl.model.spans import span
from opsctl.model.value import Json

COUNTED_AFTER_S, STEP_S = 90, 30.0
NAMESPACE = "AWS/SNS"
_METRICS = {"NumberOfReplayedNotificationsDelivered": "delivered", "NumberOfReplayedNotificationsFailed": "failed"}


class EventsTopicCounts(Job):
    """Wait until CloudWatch may have counted, then read once. It changes nothing."""

    name: ClassVar[str] = "events.topic_counts"

    topic: str
    subscription: str
    since: str

    def run(self, tools: Tools) -> JobResult:
        """Wait, and read; interrupted, read at once."""
        until = tools.clock.now() + COUNTED_AFTER_S
        while (left_s := until - tools.clock.now()) > 0 and not tools.stopping():
            tools.progress(f"waiting until CloudWatch has counted what failed (at most {span(left_s)})")
            tools.clock.sleep(min(STEP_S, left_s))
        says = self._counts(tools)
        return JobResult(says=says, complete=True, details={"failures": says})

    def _counts(self, tools: Tools) -> str:
        queries: list[Json] = []
        for metric, word in _METRICS.items():
            params: dict[str, Json] = {"Namespace": NAMESPACE, "MetricName": metric}
            answer = tools.aws.read(Read(service="cloudwatch", operation="ListMetrics", params=params))
            if answer.refusal is not None:
                return f"what failed to be delivered is unknown: {answer.refusal}"
            queries += [self._query(one, word, len(queries)) for one in self._ours(answer.value)]
        if not queries:
            return "what failed to be delivered is unknown: CloudWatch has counted nothing so far"
        # What is counted in the minute that has just begun is told by a moment after it.
        params = {"MetricDataQueries": queries, "StartTime": self.since, "EndTime": tools.clock.now() + 60}
        answer = tools.aws.read(Read(service="cloudwatch", operation="GetMetricData", params=params))
        if answer.refusal is not None:
            return f"what failed to be delivered is unknown: {answer.refusal}"
        counts = dict.fromkeys(_METRICS.values(), 0.0)
        for one in answer.value.get("MetricDataResults") or []:
            counts[str(one["Label"])] = max(counts[str(one["Label"])], sum(one.get("Values") or []))
        failed = (
            f"{counts['failed']:.0f} failed so far" if counts["failed"] else "none was counted as failed so far"
        )
        return f"CloudWatch counted {counts['delivered']:.0f} delivered, and {failed}"

    def _ours(self, told: Json) -> list[Json]:
        names = {self.topic, self.subscription, self.subscription.rpartition(":")[2]}
        return [
            one
            for one in told.get("Metrics") or []
            if names & {str(each.get("Value")) for each in one.get("Dimensions") or []}
        ]

    def _query(self, metric: Json, label: str, number: int) -> Json:
        told: dict[str, Json] = {name: metric[name] for name in ("Namespace", "MetricName", "Dimensions")}
        return {"Id": f"m{number}", "Label": label, "MetricStat": {"Metric": told, "Period": 60, "Stat": "Sum"}}
