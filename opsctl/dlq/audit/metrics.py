"""Which metrics a list and an audit ask for, and what they tell.

`NumberOfMessagesSent` does not count what SQS itself moves to a dead-letter queue (SQS guide), so arrivals are
what the queue grew by and what was deleted from it in the meantime; messages that expired are not seen.
`ApproximateAgeOfOldestMessage` of a dead-letter queue counts from the move into it (SQS guide,
setting-up-dead-letter-queue-retention).
"""

from typing import NamedTuple

from opsctl.dlq.audit.candidates import idle, serving
from opsctl.dlq.audit.metric_batches import Metric, lambda_metric, sqs_metric
from opsctl.dlq.audit.region import Region

LIST_PERIOD_S, LIST_SPAN_S = 300, 3600
DAY_S, AUDIT_DAYS = 86_400, 14
STANDING_DAYS = 7


class MetricsWanted(NamedTuple):
    """Metrics and the span they are wanted for, in seconds since the epoch."""

    metrics: list[Metric]
    start_s: int
    end_s: int


def list_metrics(region: Region) -> MetricsWanted:
    """Depth, age, sent and deleted of each dead-letter queue over the last hour."""
    end = int(region.now // LIST_PERIOD_S * LIST_PERIOD_S + LIST_PERIOD_S)
    metrics = [
        one
        for arn in (*serving(region), *idle(region))
        if arn in region.queues
        for one in _listed(region.queues[arn].facts.name)
    ]
    return MetricsWanted(metrics, end - LIST_SPAN_S - LIST_PERIOD_S, end)


def audit_metrics(region: Region) -> MetricsWanted:
    """For two weeks: what was deleted from queues that hold dead letters, and who is invoked asynchronously."""
    end = int(region.now // DAY_S * DAY_S + DAY_S)
    full = [region.queues[arn].facts for arn in (*serving(region), *idle(region)) if arn in region.queues]
    names = [facts.name for facts in full if facts.total]
    metrics = [one for name in names for one in (deleted_daily(name), standing_daily(name))]
    metrics += [asynchronous(name) for name in region.functions if name not in region.functions_with_home]
    return MetricsWanted(metrics, end - AUDIT_DAYS * DAY_S, end)


def age(queue: str) -> Metric:
    """The age of the oldest message, in seconds."""
    return sqs_metric(queue, "ApproximateAgeOfOldestMessage", "Maximum", LIST_PERIOD_S)


def deleted_daily(queue: str) -> Metric:
    """Messages deleted a day."""
    return sqs_metric(queue, "NumberOfMessagesDeleted", "Sum", DAY_S)


def standing_daily(queue: str) -> Metric:
    """The fewest messages there were at any time of a day."""
    return sqs_metric(queue, "ApproximateNumberOfMessagesVisible", "Minimum", DAY_S)


def asynchronous(function: str) -> Metric:
    """Events that Lambda queued for a function, whoever sent them."""
    return lambda_metric(function, "AsyncEventsReceived", "Sum", DAY_S)


def oldest_s(queue: str, region: Region) -> int | None:
    """The age of the oldest message; None when CloudWatch does not tell."""
    last = region.points_for(age(queue)).last
    return None if last is None else int(last)


def arrivals_per_hour(queue: str, depth: int, region: Region) -> float | None:
    """Messages an hour that came in during the last hour; None when CloudWatch does not tell."""
    visible, deleted, sent, hidden = (region.points_for(one) for one in _listed(queue)[1:])
    if visible.refused:
        return None
    if len(visible.at) < 2:
        # A queue that was empty and untouched for six hours has no metrics.
        return None if depth or visible.at else 0.0
    concealed = dict(zip(hidden.at, hidden.values, strict=True))
    start, end = visible.at[0], visible.at[-1]
    grown = (visible.values[-1] + concealed.get(end, 0)) - (visible.values[0] + concealed.get(start, 0))
    gone = sum(value for at, value in zip(deleted.at, deleted.values, strict=True) if at > start)
    hours = (len(visible.at) - 1) * LIST_PERIOD_S / 3600
    return max(0.0, grown + gone, sum(v for at, v in zip(sent.at, sent.values, strict=True) if at > start)) / hours


def _listed(queue: str) -> tuple[Metric, ...]:
    return (
        age(queue),
        sqs_metric(queue, "ApproximateNumberOfMessagesVisible", "Maximum", LIST_PERIOD_S),
        sqs_metric(queue, "NumberOfMessagesDeleted", "Sum", LIST_PERIOD_S),
        sqs_metric(queue, "NumberOfMessagesSent", "Sum", LIST_PERIOD_S),
        sqs_metric(queue, "ApproximateNumberOfMessagesNotVisible", "Maximum", LIST_PERIOD_S),
    )
