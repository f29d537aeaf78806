"""The metrics SQS publishes about its queues, which moto does not, for the last hour.

Source: SQS guide, CloudWatch metrics. What moto does not remember (what was deleted) is not made up.
"""

import datetime
import time
from typing import Any

_EVERY_S, _POINTS = 300, 13


def install() -> None:
    """Tell moto's CloudWatch where to find them; it asks every subclass of its provider."""
    from moto.core.common_models import CloudWatchMetricProvider

    # moto finds it among the provider's subclasses, which Python holds only weakly.
    CloudWatchMetricProvider.opsctl_sqs = type(
        "SqsMetrics", (CloudWatchMetricProvider,), {"get_cloudwatch_metrics": staticmethod(_metrics)}
    )


def _metrics(account_id: str, region: str) -> list[Any]:
    from moto.cloudwatch.models import MetricDatum
    from moto.sqs.models import sqs_backends

    now = time.time()
    found = []
    for queue in list(sqs_backends[account_id][region].queues.values()):
        messages = [(_since(one), bool(one.visible)) for one in list(queue._messages)]
        dimensions = [{"Name": "QueueName", "Value": queue.name}]
        for at in (now - _EVERY_S * number for number in range(_POINTS)):
            moment = datetime.datetime.fromtimestamp(at, datetime.UTC).replace(tzinfo=None)
            for name, value, unit in _values(messages, at):
                found.append(MetricDatum("AWS/SQS", name, value, dimensions, moment, unit))
    return found


def _values(messages: list[tuple[float, bool]], at: float) -> tuple[tuple[str, float, str], ...]:
    """What was there at a moment, of the messages that still are."""
    there = [(since, visible) for since, visible in messages if since <= at]
    shown = sum(visible for _, visible in there)
    return (
        ("ApproximateNumberOfMessagesVisible", float(shown), "Count"),
        ("ApproximateNumberOfMessagesNotVisible", float(len(there) - shown), "Count"),
        ("ApproximateAgeOfOldestMessage", max((at - since for since, _ in there), default=0.0), "Seconds"),
    )


def _since(message: Any) -> float:
    """When a message came; in a dead-letter queue the age counts from the move into it (SQS guide)."""
    return float(getattr(message, "moved_at", (message.sent_timestamp or 0) / 1000))
