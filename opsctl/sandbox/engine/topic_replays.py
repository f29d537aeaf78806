"""Archives of FIFO topics, and their replays to a subscription: a job on the sandbox's clock.

Sources: SNS guide, "Message archiving for FIFO topic owners" (one copy of each message, `BeginningArchiveTime`)
and "Message replay for FIFO topic subscribers" (same content, MessageId and Timestamp, `Replayed`; the filter
decides on replayed messages; with an `EndingPoint` the subscription is paused, without one it goes on with what is
new). Whether what is published while a replay runs is delivered at once is not said there; here it is held back,
which is the worse of the two. In which place of a message `Replayed` stands is not said either: here in the
envelope, and as an attribute of a raw message.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from opsctl.model.value import json_object
from opsctl.sandbox.engine.conditions import conditions

PENDING, UNDER_WAY, COMPLETED, FAILED = "Pending", "In progress", "Completed", "Failed"
_DAY, _INTERVAL_S = 86_400, 60


def archived(topic: Any) -> list[dict[str, Any]]:
    """What a topic has archived, in the order of publishing."""
    kept: list[dict[str, Any]] = topic.__dict__.setdefault("archived", [])
    return kept


def days_of(topic: Any) -> int:
    """For how many days a topic keeps its messages; 0 where it has no archive."""
    policy = json_object(getattr(topic, "archive_policy", "") or "") or {}
    return int(policy.get("MessageRetentionPeriod") or 0)


def beginning(topic: Any) -> float:
    """The oldest moment that can be replayed."""
    kept_from = conditions(topic.account_id).now() - days_of(topic) * _DAY
    return max(kept_from, float(topic.__dict__.get("archive_since", kept_from)))


def keep(topic: Any, message_id: str, message: str, told: dict[str, Any]) -> None:
    """Archive a message that was published."""
    archived(topic).append(
        {"id": message_id, "at": conditions(topic.account_id).now(), "message": message, **told}
    )


def counted(topic: Any) -> list[tuple[float, bool]]:
    """When something of a topic was replayed, and whether it was taken; also by a subscription that is gone."""
    told: list[tuple[float, bool]] = topic.__dict__.setdefault("counted", [])
    return told


def count(subscription: Any, *, delivered: bool) -> None:
    """Count a message that is replayed."""
    counted(subscription.topic).append((conditions(subscription.account_id).now(), delivered))


def held_back(subscription: Any) -> bool:
    """Whether a subscription gets nothing that is new: while it is replayed to, and when that had an end."""
    told = subscription.attributes
    policy = json_object(told.get("ReplayPolicy") or "") or {}
    return bool(policy) and (told.get("ReplayStatus") != COMPLETED or "EndingPoint" in policy)


def begin(subscription: Any, send: Callable[[dict[str, Any]], None]) -> None:
    """Let a replay start; `send` hands one archived message on."""
    about = conditions(subscription.account_id)
    told = subscription.attributes
    told["ReplayStatus"] = PENDING
    policy = json_object(told["ReplayPolicy"]) or {}
    about.later(
        about.durations.replay_start, partial(_go_on, subscription, policy, _seconds(policy, "Start"), send)
    )


def _go_on(
    subscription: Any, policy: dict[str, Any], after: float, send: Callable[[dict[str, Any]], None]
) -> None:
    """Send what was published in the next minute that has messages; a newer policy ends this one."""
    about, told = conditions(subscription.account_id), subscription.attributes
    if subscription.arn not in subscription.topic.sns_backend.subscriptions:
        return
    while json_object(told.get("ReplayPolicy") or "") == policy and told.get("ReplayStatus") != FAILED:
        left = [one for one in archived(subscription.topic) if after <= one["at"] <= _seconds(policy, "End")]
        left = [one for one in left if one["at"] >= beginning(subscription.topic)]
        if not left:
            told["ReplayStatus"] = COMPLETED
            return
        told["ReplayStatus"] = UNDER_WAY
        minute = left[0]["at"] // _INTERVAL_S
        for one in [one for one in left if one["at"] // _INTERVAL_S == minute]:
            send(one)
            after = max(after, one["at"] + 1e-6)
        if about.durations.replay_interval:
            about.later(about.durations.replay_interval, partial(_go_on, subscription, policy, after, send))
            return


def _seconds(policy: dict[str, Any], end: str) -> float:
    told = policy.get(f"{end}ingPoint")
    return datetime.fromisoformat(str(told)).timestamp() if told else float("inf")


def written(seconds: float) -> str:
    """A moment as SNS writes it."""
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"
