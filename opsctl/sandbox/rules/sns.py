"""SNS's own rules, where moto is laxer. Source: SNS API reference and guide (sns-dead-letter-queues)."""

import json
from collections.abc import Callable
from typing import Any


def install() -> None:
    """Put the rules around moto's subscriptions."""
    from moto.sns.models import SNSBackend, Subscription

    Subscription.private_key = _one_for_all(Subscription.private_key)
    Subscription.get_post_data = _naming_itself(Subscription.get_post_data)
    SNSBackend.set_subscription_attributes = _checked_redrive(SNSBackend.set_subscription_attributes)


def _one_for_all(method: Callable[..., Any]) -> Callable[..., Any]:
    """SNS signs with one key, whoever subscribes (SNS guide, "Verifying the signatures")."""
    made: list[Any] = []

    def key(self: Any) -> Any:
        made[:] = made or [method(self)]
        return made[0]

    return key


def _naming_itself(method: Callable[..., Any]) -> Callable[..., Any]:
    """The link in a notification names the subscription that got it (SNS guide, "HTTP/HTTPS notification JSON
    format": "UnsubscribeURL ... unsubscribe the endpoint from this topic")."""

    def post_data(self: Any, *args: Any, **more: Any) -> Any:
        made = method(self, *args, **more)
        home = f"https://sns.{self.topic.sns_backend.region_name}.amazonaws.com/"
        return {**made, "UnsubscribeURL": f"{home}?Action=Unsubscribe&SubscriptionArn={self.arn}"}

    return post_data


def _checked_redrive(method: Callable[..., Any]) -> Callable[..., Any]:
    """A redrive policy names a queue of the topic's type and region; sent without a value it is taken away."""

    def changed(self: Any, arn: str, name: str, value: Any) -> None:
        redrive = name == "RedrivePolicy"
        if redrive and value is not None:
            _check(self, arn, value)
        method(self, arn, name, value)
        if redrive and value is None:
            next(one for one in self.subscriptions.values() if one.arn == arn).attributes.pop(name)

    return changed


def _check(backend: Any, arn: str, value: str) -> None:
    from moto.sns.exceptions import SNSInvalidParameter

    try:
        policy = json.loads(value)
    except ValueError:
        policy = None
    if not isinstance(policy, dict) or not isinstance(policy.get("deadLetterTargetArn"), str):
        raise SNSInvalidParameter("Invalid parameter: RedrivePolicy: invalid JSON")
    strangers = sorted(policy.keys() - {"deadLetterTargetArn"})
    if strangers:
        raise SNSInvalidParameter(
            f"Invalid parameter: RedrivePolicy: invalid JSON. Attribute {strangers[0]} is unknown."
        )
    target = policy["deadLetterTargetArn"].split(":")
    if len(target) != 6 or target[2] != "sqs" or target[3] != backend.region_name:
        raise SNSInvalidParameter("Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn")
    _check_type(backend, arn, fifo=target[5].endswith(".fifo"))


def _check_type(backend: Any, arn: str, *, fifo: bool) -> None:
    """Recorded from AWS: a FIFO queue that is subscribed to a FIFO topic takes a FIFO queue only, while a standard
    queue that is subscribed to one takes a standard queue (public snapshots, "test_validations_for_fifo").
    """
    from moto.sns.exceptions import SNSInvalidParameter

    told = next(one for one in backend.subscriptions.values() if one.arn == arn)
    topic_is_fifo = arn.split(":")[5].endswith(".fifo")
    if topic_is_fifo and told.endpoint.endswith(".fifo") and not fifo:
        raise SNSInvalidParameter(
            "Invalid parameter: RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a "
            "FIFO Topic."
        )
    if fifo and not topic_is_fifo:
        raise SNSInvalidParameter(
            "Invalid parameter: RedrivePolicy: a subscription of a standard topic uses a standard queue"
        )
