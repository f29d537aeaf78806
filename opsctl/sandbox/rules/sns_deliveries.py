"""What SNS does with a message that a queue does not take, and with a second Subscribe, where moto is laxer.

Sources: SNS guide, "Dead-letter queues" (a client error, such as a policy or a key that does not let SNS in, is
not tried again: the message goes to the subscription's dead-letter queue, or nowhere) and "Raw message delivery"
(more than ten attributes: discarded as a client side error); Publish answers all the same (SNS API); Subscribe
with other attributes is refused (recorded in public tests, test_subscribe_idempotency).
"""

import json
from collections.abc import Callable
from typing import Any

from opsctl.model.value import json_object
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.deliveries import invoke_later, send_message
from opsctl.sandbox.engine.service_permissions import policy_of, service_delivers

SERVICE = "sns.amazonaws.com"
RAW_ATTRIBUTES = 10


def install() -> None:
    """Put the rules around moto's subscriptions."""
    from moto.sns.models import Subscription
    from moto.sns.responses import SNSResponse

    Subscription.publish = _permitted(Subscription.publish)
    SNSResponse.subscribe = _same_or_new(SNSResponse.subscribe)


def _permitted(method: Callable[..., None]) -> Callable[..., None]:
    def publish(self: Any, message: str, message_id: str, *args: Any, **more: Any) -> None:
        reaches = self.protocol not in ("sqs", "lambda") or is_taken(self, more)
        if reaches and self.protocol != "lambda":
            method(self, message, message_id, *args, **more)
            return
        matcher = self._filter_policy_matcher
        if matcher is not None and not matcher.matches(more.get("message_attributes"), message):
            return
        if reaches:
            invoke_later(self.account_id, self.endpoint, _for_function(self, message, message_id, more))
            return
        redrive = json_object(self.attributes.get("RedrivePolicy") or "") or {}
        dead = str(redrive.get("deadLetterTargetArn", ""))
        if dead and _lets_in(self, dead):
            send_message(self.account_id, dead.split(":")[3], dead, message)

    return publish


def _for_function(subscription: Any, message: str, message_id: str, more: dict[str, Any]) -> str:
    """The event that a function gets of a message (Lambda guide, "Invoking Lambda functions with Amazon SNS
    notifications"), without the signature.
    """
    if more.get("message_structure") == "json":
        message = subscription._parse_message_structure(message, "lambda")
    told = {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": subscription.topic.arn,
        "Subject": more.get("subject"),
        "Message": message,
        "Timestamp": conditions(subscription.account_id).moment().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "MessageAttributes": more.get("message_attributes") or {},
    }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": told,
    }
    return json.dumps({"Records": [record]})


def is_taken(subscription: Any, more: dict[str, Any]) -> bool:
    """Whether a queue or function takes a message of its subscription."""
    raw = subscription.attributes.get("RawMessageDelivery")
    if raw and len(more.get("message_attributes") or {}) > RAW_ATTRIBUTES:
        return False
    return _lets_in(subscription, subscription.endpoint)


def _lets_in(subscription: Any, arn: str) -> bool:
    """A queue or function of another account is not looked at: moto keeps none."""
    account = arn.split(":")[4]
    if account != subscription.account_id:
        return bool(subscription.protocol == "sqs")
    if policy_of(account, arn) is None:
        return False
    topic = subscription.topic.arn
    return service_delivers(account, arn, service=SERVICE, source_arn=topic, source_account=account)


def _same_or_new(method: Callable[..., Any]) -> Callable[..., Any]:
    def subscribe(self: Any) -> Any:
        from moto.sns.exceptions import SNSInvalidParameter

        asked = self._get_attributes()
        where = [self._get_param(name) for name in ("TopicArn", "Endpoint", "Protocol")]
        known = self.backend._find_subscription(*where)
        if known is not None and asked and _told(asked) != _told(known.attributes):
            raise SNSInvalidParameter(
                "Invalid parameter: Attributes Reason: Subscription already exists with different attributes"
            )
        return method(self)

    return subscribe


_SETTABLE = ("RawMessageDelivery", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy", "DeliveryPolicy")


def _told(attributes: dict[str, Any]) -> dict[str, str]:
    """What of the attributes somebody may set, without what says nothing."""
    plain = {name: str(attributes[name]).lower() for name in _SETTABLE if attributes.get(name)}
    return {name: value for name, value in plain.items() if value not in ("messageattributes", "{}")}
