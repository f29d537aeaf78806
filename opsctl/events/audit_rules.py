"""What an audit of events looks for: each finding by its stable id, with the reason in AWS's own terms.

What has no dead-letter queue, and what is wrong with one, is found by `opsctl dlq audit`.
"""

from typing import Literal

from opsctl.model.value import Value

EventSeverity = Literal["high", "medium", "low"]
EVENT_SEVERITIES: tuple[EventSeverity, ...] = ("high", "medium", "low")

WHY_LOST: dict[str, str] = {
    "no-permission": (
        "AWS services write to queues, topics and functions by the resource's own policy. SNS confirms a "
        "subscription without looking at it, and neither SNS nor EventBridge tries again what is refused."
    ),
    "kms": (
        "To write to what is encrypted, a service needs kms:GenerateDataKey and kms:Decrypt in the key's policy; "
        "that of a key of AWS's own cannot be changed."
    ),
    "destination-gone": (
        "Events to what no longer exists are lost without a sign; in a bucket's notifications it stops every edit."
    ),
    "fifo-mismatch": (
        "S3 cannot notify FIFO queues; EventBridge needs a message group for one, and content-based deduplication."
    ),
    "region": (
        "S3 and the rules of EventBridge deliver within one Region only; SNS comes from and to Regions to opt "
        "into by another name, or not at all."
    ),
    "throttled": "A function with a reserved concurrency of 0 refuses every event.",
    "pending": "A subscription that nobody confirmed gets nothing; its token is valid for two days.",
    "replay-paused": (
        "After a replay with an end SNS delivers nothing new to a subscription, until a replay policy without one."
    ),
    "two-consumers": "Consumers of one queue share its messages: each gets a part, and none gets all.",
    "pattern-never": "The rule waits for events that nobody sends like that, so it never matches.",
    "filter-never": (
        "A subscription whose filter looks for what messages do not have gets none of them, and nobody is told: "
        "what is filtered out is no failure."
    ),
    "envelope-unexpected": (
        "SNS puts each message into an envelope of its own, unless delivery is raw; a consumer, or the filter of "
        "its mapping, that looks for the other form fails or deletes it."
    ),
    "rule-disabled": "A disabled rule drops what it would match; nothing keeps it for later.",
    "mapping-disabled": "A disabled mapping leaves messages in the queue until they expire.",
    "rule-no-target": "What a rule without a target matches goes nowhere.",
    "esm-filter-discards": (
        "Messages that a mapping's filter does not want are deleted from the queue (Lambda guide, filtering)."
    ),
    "retry-short": "With few attempts or little time, a short outage of the target loses events.",
    "api-gateway-200": (
        "PutEvents answers 200 and a count of entries that failed; unless the integration's response looks at "
        "FailedEntryCount, whoever called the API takes a lost event for a sent one."
    ),
    "sends-itself": (
        "One program that sends to several queues fails between two of them some day, and then one has the "
        "message and the other has not. A topic hands one message to all."
    ),
    "account-condition": (
        "A policy with conditions may shut EventBridge out of a topic: its calls may not have what they ask for."
    ),
    "fifo-order-lost": (
        "A standard queue behind a FIFO topic gets messages in any order and more than once; for who has a filter "
        "the topic itself delivers once at most."
    ),
    "raw-too-many-attributes": (
        "With raw delivery a message of more than ten attributes is discarded as a client error; an agent that "
        "adds one to each message is enough."
    ),
    "loop": "What an event sets off sends another to where it came from: it goes round until somebody stops it.",
    "test-event": (
        "S3 sends a test event at every edit of a bucket's notifications. It has no Records, so a consumer that "
        "expects them fails, and it ends as a dead letter."
    ),
    "duplicate-delivery": (
        "The same events reach the same queue by two ways, so that its consumer gets each twice."
    ),
    "not-archived": "Without an archive nothing of a bus can be replayed after an outage.",
}
_LOW = ("loop", "test-event", "duplicate-delivery", "not-archived")
_MEDIUM = (
    "rule-disabled",
    "mapping-disabled",
    "rule-no-target",
    "esm-filter-discards",
    "retry-short",
    "api-gateway-200",
    "sends-itself",
    "account-condition",
    "envelope-unexpected",
    "fifo-order-lost",
    "raw-too-many-attributes",
)
_ORDER = {id_: number for number, id_ in enumerate(WHY_LOST)}


class EventFinding(Value):
    """One thing that is wrong on the way of events: where, why it matters, and the command that mends it.

    `seen` says what CloudWatch counted of it, `suspected` where it counted nothing, empty where it cannot tell;
    `says` is the whole in one line.
    """

    id: str
    severity: EventSeverity
    resource: str
    arn: str
    what: str
    why: str
    fix: str
    seen: str = ""
    says: str


def event_finding(
    id_: str, *, resource: str, arn: str, what: str, fix: str, seen: str = "", worse: bool = False
) -> EventFinding:
    """Make a finding; one that is `worse` than most of its kind is high."""
    severity: EventSeverity = "low" if id_ in _LOW else "medium" if id_ in _MEDIUM and not worse else "high"
    return EventFinding(
        id=id_,
        severity=severity,
        resource=resource,
        arn=arn,
        what=what,
        why=WHY_LOST[id_],
        fix=fix,
        seen=seen,
        says=f"{id_}: {resource}: {what}. Fix: {fix}",
    )


def worst_first(one: EventFinding) -> tuple[int, int, str, str]:
    """The order in which findings are shown."""
    return EVENT_SEVERITIES.index(one.severity), _ORDER[one.id], one.resource, one.what
