"""SNS: setting what a FIFO topic archives, and what of it is replayed to a subscription.

Sources: SNS guide, "Message archiving for FIFO topic owners" and "Message replay for FIFO topic subscribers": a
replay with an end pauses the subscription, and a policy without an end, from there on, has it receive again.
"Starting a replay will replace the existing replay", so that the same policy also ends one that is under way.
"""

import json

from opsctl.model.changes import Check, Instruction
from opsctl.model.value import Json, Value, json_object
from opsctl.resources.dead_letter_reads import subscription_attributes

RUNS = """contains(`["Pending","In progress"]`, Attributes.ReplayStatus || '')"""


SECONDS = len("2026-01-01T00:00:00")


class ReplaySpan(Value):
    """What is replayed to a subscription, by the time of publishing; without an end also what is new."""

    start: str
    end: str = ""

    @property
    def policy(self) -> dict[str, Json]:
        """The replay policy as SNS takes it."""
        end = {"EndingPoint": self.end} if self.end else {}
        return {"PointType": "Timestamp", "StartingPoint": self.start, **end}

    @property
    def words(self) -> str:
        """The span for a person."""
        start, end = (one.replace(".000Z", "Z") for one in (self.start, self.end))
        return f"{start} to {end}" if end else f"from {start} on"


def is_replayed(told: Json, span: ReplaySpan) -> bool:
    """Whether the attributes of a subscription have this replay policy."""
    policy = json_object(told.get("ReplayPolicy") or "") or {}
    moments = [str(policy.get(name) or "")[:SECONDS] for name in ("StartingPoint", "EndingPoint")]
    return moments == [span.start[:SECONDS], span.end[:SECONDS]]


def set_replay(subscription: Json, span: ReplaySpan) -> Instruction:
    """Have a span replayed to a subscription, in place of what was replayed to it before."""
    return Instruction(
        kind="call",
        service="sns",
        operation="SetSubscriptionAttributes",
        params={
            "SubscriptionArn": subscription,
            "AttributeName": "ReplayPolicy",
            "AttributeValue": json.dumps(span.policy, sort_keys=True),
        },
    )


def replays(subscription: Json, span: ReplaySpan, *, there: bool) -> Check:
    """The subscription has this replay policy, or has not; SNS may write moments otherwise after the second."""
    told = "from_json(Attributes.ReplayPolicy || '{}')"
    start, end = span.start[:SECONDS], span.end[:SECONDS]
    ends = f"starts_with({told}.EndingPoint || '', '{end}')" if end else f"({told}.EndingPoint || '') == ''"
    same = [f"starts_with({told}.StartingPoint || '', '{start}')", ends]
    return Check(
        read=subscription_attributes(subscription),
        query=" && ".join(same),
        op="equals",
        value=there,
        says=f"the subscription {'replays' if there else 'does not replay'} {span.words}",
    )


def none_runs(subscription: Json) -> Check:
    """No replay is under way to a subscription: a new one would take its place."""
    return Check(
        read=subscription_attributes(subscription),
        query=RUNS,
        op="equals",
        value=False,
        context=True,
        says="no replay to the subscription is under way",
    )


def status_is(subscription: Json, wanted: str, *, there: bool = True) -> Check:
    """How far the replay to a subscription is."""
    return Check(
        read=subscription_attributes(subscription),
        query=f"(Attributes.ReplayStatus || '') == '{wanted}'",
        op="equals",
        value=there,
        says=f"the replay {'is' if there else 'is not'} {wanted}",
    )
