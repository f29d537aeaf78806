"""Archive and replay of FIFO topics, which moto stores or refuses.

Sources: SNS guide, "Message archiving for FIFO topic owners" (FIFO topics only, 1 to 365 days, `{}` switches it
off and deletes what is archived, a topic with an archive cannot be deleted) and "Message replay for FIFO topic
subscribers" (`PointType` Timestamp and `StartingPoint` are required, the start is not before the beginning of the
archive); DeleteTopic (SNS API: InvalidState). The texts of the refusals are this sandbox's own.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from opsctl.model.value import json_object
from opsctl.sandbox.engine import topic_replays
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.rules import sns_deliveries

DAYS_AT_MOST = 365


def install() -> None:
    """Put the rules around moto's topics and subscriptions."""
    from moto.core.common_models import CloudWatchMetricProvider
    from moto.sns.models import SNSBackend, Subscription, Topic
    from moto.sns.responses import SNSResponse

    # moto finds it among the provider's subclasses, which Python holds only weakly.
    CloudWatchMetricProvider.opsctl_replays = type(
        "ReplayMetrics", (CloudWatchMetricProvider,), {"get_cloudwatch_metrics": staticmethod(_metrics)}
    )

    deliver = Subscription.publish
    Topic.publish = _archiving(Topic.publish)
    Subscription.publish = _unless_held_back(deliver)
    Subscription.get_post_data = _dated(Subscription.get_post_data)
    SNSBackend.set_topic_attribute = _checked_archive(SNSBackend.set_topic_attribute)
    SNSBackend.create_topic = _archived_from_the_start(SNSBackend.create_topic)
    SNSBackend.delete_topic = _unless_archived(SNSBackend.delete_topic)
    SNSBackend.set_subscription_attributes = _checked_replay(SNSBackend.set_subscription_attributes, deliver)
    SNSResponse.get_topic_attributes = _with_archive(SNSResponse.get_topic_attributes)


def begin_earlier(account: str, seconds: float) -> None:
    """Let the archives of an account be so much older, and their messages come during an hour and a half ago."""
    from moto.sns.models import sns_backends

    for backend in sns_backends[account].values():
        for topic in backend.topics.values():
            if topic_replays.days_of(topic):
                topic.archive_since -= seconds
                kept = topic_replays.archived(topic)
                for number, one in enumerate(kept):
                    one["at"] -= (90 - number * 60 / len(kept)) * 60


def _metrics(account_id: str, region: str) -> list[Any]:
    """What was replayed, by the topic: the guide does not say by which dimensions."""
    from moto.cloudwatch.models import MetricDatum
    from moto.sns.models import sns_backends

    found = []
    for one in list(sns_backends[account_id][region].topics.values()):
        dimensions = [{"Name": "TopicName", "Value": one.name}]
        for at, delivered in topic_replays.counted(one):
            moment = datetime.fromtimestamp(at, UTC).replace(tzinfo=None)
            for name, value in (("Delivered", delivered), ("Failed", not delivered)):
                told = f"NumberOfReplayedNotifications{name}"
                found.append(MetricDatum("AWS/SNS", told, float(value), dimensions, moment, "Count"))
    return found


def _archiving(method: Callable[..., str]) -> Callable[..., str]:
    def publish(self: Any, message: str, **told: Any) -> str:
        if self.content_based_deduplication and not told.get("deduplication_id"):
            # CreateTopic (SNS API): a SHA-256 hash of the body, without the attributes.
            told["deduplication_id"] = hashlib.sha256(message.encode()).hexdigest()
        message_id = method(self, message, **told)
        if topic_replays.days_of(self):
            topic_replays.keep(self, message_id, message, told)
        return message_id

    return publish


def _unless_held_back(method: Callable[..., None]) -> Callable[..., None]:
    def publish(self: Any, *args: Any, **more: Any) -> None:
        if not topic_replays.held_back(self):
            method(self, *args, **more)

    return publish


def _replayed(subscription: Any, deliver: Callable[..., None]) -> Callable[[dict[str, Any]], None]:
    """What hands an archived message to a subscription as it was, and marked."""

    def send(kept: dict[str, Any]) -> None:
        told = {name: value for name, value in kept.items() if name not in ("id", "at", "message")}
        if subscription.attributes.get("RawMessageDelivery"):
            mark = {"Replayed": {"Type": "String", "Value": "true"}}
            told["message_attributes"] = {**(told.get("message_attributes") or {}), **mark}
        topic_replays.count(subscription, delivered=sns_deliveries.is_taken(subscription, told))
        subscription.replaying = kept
        try:
            deliver(subscription, kept["message"], kept["id"], **told)
        finally:
            subscription.replaying = None

    return send


def _dated(method: Callable[..., Any]) -> Callable[..., Any]:
    """A replayed message has the time of its publishing, and says that it is one."""

    def post_data(self: Any, *args: Any, **more: Any) -> Any:
        made = method(self, *args, **more)
        kept = self.__dict__.get("replaying")
        return {**made, "Timestamp": topic_replays.written(kept["at"]), "Replayed": True} if kept else made

    return post_data


def _checked_archive(method: Callable[..., None]) -> Callable[..., None]:
    def changed(self: Any, topic_arn: str, name: str, value: Any) -> None:
        if name != "archive_policy" or _set_archive(self.get_topic(topic_arn), value):
            method(self, topic_arn, name, value)
        else:
            self.get_topic(topic_arn).__dict__.pop(name, None)

    return changed


def _archived_from_the_start(method: Callable[..., Any]) -> Callable[..., Any]:
    def created(self: Any, name: str, attributes: dict[str, str] | None = None, *args: Any, **more: Any) -> Any:
        policy = (attributes or {}).get("ArchivePolicy")
        if policy is not None:
            _check_archive(name, policy)
        topic = method(self, name, attributes, *args, **more)
        if policy and "archive_since" not in topic.__dict__:
            topic.archive_since = conditions(self.account_id).now()
        return topic

    return created


def _set_archive(topic: Any, value: str) -> bool:
    """Begin or end the archive of a topic; returns whether it has one."""
    _check_archive(topic.name, value)
    if not json.loads(value):
        topic_replays.archived(topic).clear()
        topic.__dict__.pop("archive_since", None)
        return False
    if not topic_replays.days_of(topic):
        topic.archive_since = conditions(topic.account_id).now()
    return True


def _check_archive(name: str, value: str) -> None:
    if not name.endswith(".fifo"):
        raise _invalid("ArchivePolicy: only FIFO topics have an archive")
    policy = json_object(value or "")
    if policy is None or policy.keys() - {"MessageRetentionPeriod"}:
        raise _invalid("ArchivePolicy: invalid JSON")
    days = str(policy.get("MessageRetentionPeriod", "1"))
    if not days.isdecimal() or not 1 <= int(days) <= DAYS_AT_MOST:
        raise _invalid("ArchivePolicy: MessageRetentionPeriod is 1 to 365 days")


def _unless_archived(method: Callable[..., None]) -> Callable[..., None]:
    def deleted(self: Any, arn: str) -> None:
        topic = self.topics.get(arn)
        if topic is not None and topic_replays.days_of(topic):
            raise _refused("InvalidState", "Cannot delete a topic with an active message archive policy")
        method(self, arn)

    return deleted


def _with_archive(method: Callable[..., Any]) -> Callable[..., Any]:
    def told(self: Any) -> Any:
        answer = method(self)
        topic = self.backend.get_topic(self._get_param("TopicArn"))
        if topic_replays.days_of(topic):
            answer.result["Attributes"] |= {
                "ArchivePolicy": topic.archive_policy,
                "BeginningArchiveTime": topic_replays.written(topic_replays.beginning(topic)),
            }
        return answer

    return told


def _checked_replay(method: Callable[..., None], deliver: Callable[..., None]) -> Callable[..., None]:
    def changed(self: Any, arn: str, name: str, value: Any) -> None:
        if name != "ReplayPolicy":
            method(self, arn, name, value)
            return
        from moto.sns.exceptions import SNSNotFoundError

        subscription = next((one for one in self.subscriptions.values() if one.arn == arn), None)
        if subscription is None:
            raise SNSNotFoundError(f"Subscription with arn {arn} not found")
        _check_replay(subscription.topic, value)
        subscription.attributes["ReplayPolicy"] = value
        topic_replays.begin(subscription, _replayed(subscription, deliver))

    return changed


def _check_replay(topic: Any, value: str) -> None:
    policy = json_object(value or "") or {}
    if not topic_replays.days_of(topic):
        raise _invalid("ReplayPolicy: the topic has no ArchivePolicy")
    if policy.get("PointType") != "Timestamp" or policy.keys() - {"PointType", "StartingPoint", "EndingPoint"}:
        raise _invalid("ReplayPolicy: invalid PointType")
    start, end = _moment(policy, "StartingPoint"), _moment(policy, "EndingPoint")
    now = conditions(topic.account_id).now()
    if start is None or not topic_replays.beginning(topic) <= start <= now:
        raise _invalid("ReplayPolicy: invalid StartingPoint")
    if "EndingPoint" in policy and (end is None or not start <= end <= now):
        raise _invalid("ReplayPolicy: invalid EndingPoint")


def _moment(policy: dict[str, Any], name: str) -> float | None:
    try:
        told = datetime.fromisoformat(str(policy.get(name)))
    except ValueError:
        return None
    return told.timestamp() if told.tzinfo else None


def _invalid(text: str) -> Exception:
    return _refused("InvalidParameter", f"Invalid parameter: {text}")


def _refused(code: str, text: str) -> Exception:
    from moto.sns.exceptions import SNSException

    made: Exception = type(code, (SNSException,), {"code": code})(text)
    return made
