"""SNS topics: each subscription is an edge of its own, with its filter and its dead-letter queue.

Sources: SNS guide, "Message delivery retries", "Dead-letter queues", "Subscription filter policies", "Fanout to
Firehose delivery streams" (a subscription has a role for that, SubscriptionRoleArn); SNS API.
"""

from opsctl.events.delivery_graph import DeliveryNode, Verdict
from opsctl.events.hops import Admission, Form, Hop, ReadResource, Waypoint
from opsctl.events.resource_answers import ResourceAnswers, items_of, read_of
from opsctl.events.selections import FilterSelection
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context
from opsctl.model.value import Json, json_object
from opsctl.resources.sns_filters import ATTRIBUTES

SERVICE = "sns.amazonaws.com"
READ_AT_MOST = 200
PAUSED = "a replay with an end has paused it: it gets nothing published after "
_PENDING = "PendingConfirmation"
_BY_POLICY = ("sqs", "lambda")
_AWS_MANAGED = ("sqs", "lambda", "firehose")


def read(place: Waypoint, _: Context) -> Fetching[ReadResource]:
    """Read the topic and its subscriptions, then each subscription by itself: no call tells filters of several."""
    told = ResourceAnswers()
    first = yield from told.ask(
        [
            ("topic", read_of("sns", "GetTopicAttributes", TopicArn=place.arn)),
            ("subscriptions", read_of("sns", "ListSubscriptionsByTopic", TopicArn=place.arn)),
        ]
    )
    attributes = (first["topic"] or {}).get("Attributes") or {}
    listed = list(items_of(first["subscriptions"], "Subscriptions"))
    confirmed = [one for one in listed if str(one["SubscriptionArn"]).startswith("arn:")]
    if len(confirmed) > READ_AT_MOST:
        told.unknown.append(f"{len(confirmed) - READ_AT_MOST:,} of its subscriptions were not read")
    reads = [(f"subscription {one['SubscriptionArn']}", _attributes(one)) for one in confirmed[:READ_AT_MOST]]
    details = (yield from told.ask(reads)) if reads else {}
    hops = [_pending(one) for one in listed if one["SubscriptionArn"] == _PENDING]
    hops += [
        _subscription(place, one, details[f"subscription {one['SubscriptionArn']}"])
        for one in confirmed[:READ_AT_MOST]
    ]
    fifo = place.arn.endswith(".fifo")
    node = DeliveryNode(
        arn=place.arn,
        kind="topic",
        name=place.arn.rpartition(":")[2],
        notes=() if listed or told.unknown or "topic" in told.missing else ("nobody has subscribed",),
        unknown=tuple(told.unknown),
        exists="topic" not in told.missing,
    )
    policy = None if first["topic"] is None else str(attributes.get("Policy", ""))
    key = str(attributes.get("KmsMasterKeyId", ""))
    return ReadResource(
        node=node,
        hops=tuple(hops),
        admission=Admission(action="sns:Publish", policy=policy, key=key, fifo=fifo),
    )


def _attributes(one: Json) -> Json:
    return read_of("sns", "GetSubscriptionAttributes", SubscriptionArn=one["SubscriptionArn"])


def _pending(one: Json) -> Hop:
    return Hop(
        to=Waypoint(arn=str(one.get("Endpoint", ""))),
        by=f"subscription by {one.get('Protocol', '')}",
        verdict="blocked",
        why=("nobody has confirmed the subscription; the token is valid for two days",),
        causes=("pending",),
    )


def _subscription(place: Waypoint, listed: Json, value: Json) -> Hop:
    told = (value or {}).get("Attributes") or {}
    protocol, endpoint = str(listed.get("Protocol", "")), str(listed.get("Endpoint", ""))
    policy = told.get("FilterPolicy") or ""
    verdict: Verdict = "delivers" if policy.strip() in ("", "{}") else "filtered"
    scope = "the message body" if told.get("FilterPolicyScope") == "MessageBody" else "message attributes"
    raw = told.get("RawMessageDelivery") == "true"
    dead = str((json_object(told.get("RedrivePolicy") or "") or {}).get("deadLetterTargetArn", ""))
    lost = []
    if not dead:
        lost.append("the endpoint refuses the message: SNS discards it at once, or after its retries")
    if raw:
        lost.append("the message has more than ten attributes: raw delivery discards it")
    fifo = place.arn.endswith(".fifo")
    paused = _paused(told)
    return Hop(
        to=Waypoint(arn=endpoint),
        by=f"subscription by {protocol}",
        verdict="unknown" if value is None else "blocked" if paused else verdict,
        why=("its filter and its dead-letter queue could not be read",) if value is None else paused,
        causes=("replay-paused",) if paused else (),
        passes=f"{policy} on {scope}" if verdict == "filtered" else "",
        service=SERVICE if protocol in _BY_POLICY else "",
        role=str(told.get("SubscriptionRoleArn", "")) if protocol == "firehose" else "",
        on_behalf_of=place.arn,
        retry=_retry(protocol),
        order="in order within a message group" if fifo and endpoint.endswith(".fifo") else "no order",
        duplicates="none within five minutes" if fifo and endpoint.endswith(".fifo") else "at least once",
        lost="; ".join(lost),
        dead_letter=dead,
        takes=FilterSelection(policy=policy, scope=str(told.get("FilterPolicyScope") or ATTRIBUTES)),
        makes=_form(protocol, raw=raw),
    )


def _form(protocol: str, *, raw: bool) -> Form:
    """A function gets a record of its own kind: raw delivery is for others (SNS guide, "Raw message delivery")."""
    if protocol == "lambda":
        return "sns-record"
    return "same" if raw else "notification"


def _paused(told: Json) -> tuple[str, ...]:
    """A replay with an end leaves the subscription without anything new (SNS guide, "Message replay for FIFO topic
    subscribers"), once it has ended and maybe before.
    """
    end = (json_object(told.get("ReplayPolicy") or "") or {}).get("EndingPoint")
    return (f"{PAUSED}{end}",) if end else ()


def _retry(protocol: str) -> str:
    if protocol in _AWS_MANAGED:
        return "100,015 attempts in 23 days where the service fails; none where it refuses"
    return "50 attempts in 6 hours, unless the topic's delivery policy says otherwise"
