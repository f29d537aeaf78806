"""FIFO topics with what they archive, and their subscriptions with what is replayed to them.

Sources: SNS guide, "Message archiving for FIFO topic owners" (`ArchivePolicy` has the one member
`MessageRetentionPeriod`, 1 to 365 days; `{}` switches it off and deletes what is archived; `BeginningArchiveTime`
is the oldest moment that can be replayed) and "Message replay for FIFO topic subscribers" (`ReplayPolicy`,
`ReplayStatus`); Subscribe and GetTopicAttributes (SNS API).
"""

import re
from datetime import UTC, datetime

from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read, RefusalKind
from opsctl.model.run import Context
from opsctl.model.value import Json, Value, json_object
from opsctl.resources.actions.sns_topic import topic_arn
from opsctl.resources.dead_letter_reads import subscription_attributes, topic_attributes

RUNNING = ("Pending", "In progress")
DAYS_AT_MOST = 365
# CreateTopic in the SNS API.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}(\.fifo)?")


class ArchivedTopic(Value):
    """A topic: `days` that it archives, 0 where it does not; `since` the oldest moment that can be replayed."""

    name: str
    arn: str
    fifo: bool
    days: int = 0
    since: float | None = None
    key: str = ""


class ReplayedSubscription(Value):
    """A subscription of a topic, with the replay that it was given last: its policy and how far it is."""

    arn: str
    protocol: str
    endpoint: str
    pending: bool = False
    filtered: bool = False
    raw: bool = False
    start: str = ""
    end: str = ""
    status: str = ""

    @property
    def named(self) -> str:
        """Its endpoint as people call it."""
        kind = {"sqs": "queue", "firehose": "delivery stream"}.get(self.protocol, self.protocol)
        return f"{kind} {self.endpoint.rpartition(':')[2]}"


def topic_arn_of(asked: str, about: Context) -> str:
    """Return the ARN of a topic that a person named; InvalidInput when it is none, or elsewhere."""
    name = asked.removeprefix("topic:")
    if not name.startswith("arn:"):
        if not _NAME.fullmatch(name):
            raise InvalidInput.one(
                f"{asked!r} is no name of a topic",
                source="topic",
                hint="letters, digits, - and _, and .fifo at the end of a FIFO topic",
            )
        return topic_arn(name, about.identity)
    parts = name.split(":")
    here = ["arn", about.identity.partition, "sns", about.region, about.account]
    if len(parts) != 6 or parts[:5] != here or not _NAME.fullmatch(parts[5]):
        raise InvalidInput.one(f"{asked} is no topic of this account and region", source="topic")
    return name


def read_topic(arn: str) -> Fetching[ArchivedTopic]:
    """Read a topic; InvalidInput where there is none or it is a standard topic, which has no archive."""
    name = arn.rpartition(":")[2]
    if not name.endswith(".fifo"):
        raise InvalidInput.one(
            f"{name} is a standard topic, and only a FIFO topic has an archive",
            source="topic",
            hint="an event bus can keep what comes to it, and hand it to queues by rules",
        )
    (answer,) = yield [topic_attributes(arn)]
    if answer.refusal is not None:
        if answer.refusal.kind is RefusalKind.MISSING:
            raise InvalidInput.one(f"there is no topic {name!r}", source="topic")
        raise FactUnknown(answer.refusal)
    told = answer.value.get("Attributes") or {}
    policy = json_object(told.get("ArchivePolicy") or "") or {}
    begin = told.get("BeginningArchiveTime")
    return ArchivedTopic(
        name=name,
        arn=arn,
        fifo=True,
        days=int(policy.get("MessageRetentionPeriod") or 0),
        since=_moment(str(begin)) if begin else None,
        key=str(told.get("KmsMasterKeyId") or ""),
    )


def read_subscriptions(topic: str) -> Fetching[list[ReplayedSubscription]]:
    """Read who is subscribed to a topic, and the attributes of each; FactUnknown where one may not be read."""
    listing = Read(service="sns", operation="ListSubscriptionsByTopic", params={"TopicArn": topic})
    (listed,) = yield [listing]
    if listed.refusal is not None:
        raise FactUnknown(listed.refusal)
    found = list(listed.value.get("Subscriptions") or [])
    confirmed = [one for one in found if str(one["SubscriptionArn"]).startswith("arn:")]
    reads = [subscription_attributes(str(one["SubscriptionArn"])) for one in confirmed]
    answers = (yield reads) if reads else []
    for answer in answers:
        if answer.refusal is not None:
            raise FactUnknown(answer.refusal)
    told = [_subscription(one, one_answer.value) for one, one_answer in zip(confirmed, answers, strict=True)]
    waiting = [one for one in found if one not in confirmed]
    return told + [_subscription(one, {"Attributes": {"PendingConfirmation": "true"}}) for one in waiting]


def _subscription(listed: Json, answer: Json) -> ReplayedSubscription:
    told = answer.get("Attributes") or {}
    policy = json_object(told.get("ReplayPolicy") or "") or {}
    return ReplayedSubscription(
        arn=str(listed["SubscriptionArn"]),
        protocol=str(listed["Protocol"]),
        endpoint=str(listed["Endpoint"]),
        pending=str(told.get("PendingConfirmation", "false")).lower() == "true",
        filtered=bool(json_object(told.get("FilterPolicy") or "")),
        raw=str(told.get("RawMessageDelivery", "false")).lower() == "true",
        start=str(policy.get("StartingPoint") or ""),
        end=str(policy.get("EndingPoint") or ""),
        status=str(told.get("ReplayStatus") or ""),
    )


def point(seconds: float) -> str:
    """Write a moment as a replay policy has it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _moment(text: str) -> float | None:
    """Read a moment; None where it is written in a way that nobody has seen."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
