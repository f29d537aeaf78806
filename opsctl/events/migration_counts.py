"""What CloudWatch counted on both ways of a migration: what queues were sent, and what the topic was told.

Sources: CloudWatch metrics in the SQS guide (NumberOfMessagesSent) and the SNS guide (NumberOfMessagesPublished,
NumberOfNotificationsFilteredOut).
"""

from collections.abc import Sequence
from datetime import datetime

from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json, Value

HOUR_S = 3600


class MigrationCounts(Value):
    """Sums of the last hour; None where CloudWatch was not read. A queue's count is of both ways together."""

    published: int | None = None
    filtered: int | None = None
    sent: dict[str, int] = {}


class MinuteCounts(Value):
    """What was counted in one minute; `at` is its beginning, in seconds since the epoch."""

    at: int
    published: int = 0
    filtered: int = 0
    sent: dict[str, int] = {}


def counts_read(topic: str, queues: Sequence[str], now: float) -> Read:
    """Ask for all of the last hour in one call."""
    end = int(now // 60 * 60)
    return minutes_read(topic, queues, end - HOUR_S, end)


def minutes_read(topic: str, queues: Sequence[str], start: int, end: int) -> Read:
    """Ask for all of them between two whole minutes in one call."""
    queries = [
        _query("published", "AWS/SNS", "NumberOfMessagesPublished", "TopicName", topic),
        _query("filtered", "AWS/SNS", "NumberOfNotificationsFilteredOut", "TopicName", topic),
        *(_query(f"q{at}", "AWS/SQS", "NumberOfMessagesSent", "QueueName", one) for at, one in enumerate(queues)),
    ]
    params = {"StartTime": start, "EndTime": end, "MetricDataQueries": queries}
    return Read(service="cloudwatch", operation="GetMetricData", params=params)


def counts_of(answer: Answer, queues: Sequence[str]) -> MigrationCounts:
    """The sums; what has no point was not counted, which is nought.

    A metric that CloudWatch could not give (GetMetricData: StatusCode InternalError or Forbidden) is not read.
    """
    if answer.refusal is not None:
        return MigrationCounts()
    told = answer.value.get("MetricDataResults") or []
    if any(one.get("StatusCode") in ("InternalError", "Forbidden") for one in told):
        return MigrationCounts()
    found = {
        str(one["Id"]): int(sum(one.get("Values") or [])) for one in answer.value.get("MetricDataResults") or []
    }
    return MigrationCounts(
        published=found.get("published", 0),
        filtered=found.get("filtered", 0),
        sent={name: found.get(f"q{at}", 0) for at, name in enumerate(queues)},
    )


def minutes_of(answer: Answer, queues: Sequence[str], start: int, end: int) -> list[MinuteCounts]:
    """Each minute between the two; nothing where it was not read."""
    if answer.refusal is not None:
        return []
    found = {
        str(one["Id"]): dict(
            zip(map(_seconds, one.get("Timestamps") or []), one.get("Values") or [], strict=False)
        )
        for one in answer.value.get("MetricDataResults") or []
    }
    return [
        MinuteCounts(
            at=at,
            published=int(found.get("published", {}).get(at, 0)),
            filtered=int(found.get("filtered", {}).get(at, 0)),
            sent={name: int(found.get(f"q{number}", {}).get(at, 0)) for number, name in enumerate(queues)},
        )
        for at in range(start, end, 60)
    ]


def _seconds(value: Json) -> int:
    if isinstance(value, (int, float)):
        return int(value)
    told = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return int(told.timestamp())


def _query(name: str, space: str, metric: str, dimension: str, value: str) -> Json:
    about = {"Namespace": space, "MetricName": metric, "Dimensions": [{"Name": dimension, "Value": value}]}
    return {"Id": name, "MetricStat": {"Metric": about, "Period": 60, "Stat": "Sum"}}
