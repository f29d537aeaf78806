"""How many messages topics were told and queues were sent, by the minute, as CloudWatch has it; moto has no count.

Source: SNS guide, CloudWatch metrics (NumberOfMessagesPublished, NumberOfNotificationsFilteredOut); SQS guide
(NumberOfMessagesSent, which counts no moves into dead-letter queues). CloudWatch knows them some time later; here
at once.
"""

import datetime
from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine.conditions import conditions

_KEPT_S = 6 * 3600


def install() -> None:
    """Count what moto's queues and topics do, and let its CloudWatch find the counts."""
    from moto.core.common_models import CloudWatchMetricProvider
    from moto.sns.models import Subscription, Topic
    from moto.sqs.models import SQSBackend

    SQSBackend.send_message = _sent(SQSBackend.send_message)
    Topic.publish = _published(Topic.publish)
    Subscription.publish = _filtered(Subscription.publish)
    # moto finds it among the provider's subclasses, which Python holds only weakly.
    CloudWatchMetricProvider.opsctl_messages = type(
        "MessageCounts", (CloudWatchMetricProvider,), {"get_cloudwatch_metrics": staticmethod(_metrics)}
    )


def _count(account: str, region: str, space: str, metric: str, name: str) -> None:
    about = conditions(account)
    minute = int(about.now() // 60 * 60)
    key = (region, space, metric, name, minute)
    about.counted[key] = about.counted.get(key, 0) + 1
    for old in [one for one in about.counted if one[-1] < minute - _KEPT_S]:
        del about.counted[old]


def _sent(method: Callable[..., Any]) -> Callable[..., Any]:
    def send(self: Any, queue_name: str, *args: Any, **more: Any) -> Any:
        answer = method(self, queue_name, *args, **more)
        _count(self.account_id, self.region_name, "AWS/SQS", "NumberOfMessagesSent", queue_name)
        return answer

    return send


def _published(method: Callable[..., Any]) -> Callable[..., Any]:
    def publish(self: Any, *args: Any, **more: Any) -> Any:
        _count(self.account_id, self.arn.split(":")[3], "AWS/SNS", "NumberOfMessagesPublished", self.name)
        return method(self, *args, **more)

    return publish


def _filtered(method: Callable[..., Any]) -> Callable[..., Any]:
    def publish(self: Any, message: str, *args: Any, **more: Any) -> Any:
        matcher = self._filter_policy_matcher
        if matcher is not None and not matcher.matches(more.get("message_attributes"), message):
            region, name = self.topic.arn.split(":")[3], self.topic.name
            _count(self.account_id, region, "AWS/SNS", "NumberOfNotificationsFilteredOut", name)
        return method(self, message, *args, **more)

    return publish


def _metrics(account_id: str, region: str) -> list[Any]:
    from moto.cloudwatch.models import MetricDatum

    dimension = {"AWS/SNS": "TopicName", "AWS/SQS": "QueueName"}
    return [
        MetricDatum(
            space,
            metric,
            float(count),
            [{"Name": dimension[space], "Value": name}],
            datetime.datetime.fromtimestamp(minute, datetime.UTC).replace(tzinfo=None),
            "Count",
        )
        for (where, space, metric, name, minute), count in list(conditions(account_id).counted.items())
        if where == region
    ]
