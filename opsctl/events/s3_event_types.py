"""What S3's event types are called at EventBridge, and the pattern that chooses what a notification chose; pure.

Sources: S3 guide, "Using EventBridge" (detail types, `reason`, `deletion-type`), "Supported event types for SQS,
SNS, and Lambda" and "Configuring event notifications using object key name filtering"; EventBridge guide,
"Comparison operators".
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import unquote_plus

from opsctl.events.s3_entries import S3Entry
from opsctl.model.value import Json


class DetailType(NamedTuple):
    """A detail type, with what its `reason` and `deletion-type` have to be; empty: whatever they are."""

    name: str
    reason: str = ""
    deletion: str = ""


_CREATED, _DELETED = "Object Created", "Object Deleted"
_FOR_GOOD, _MARKER = "Permanently Deleted", "Delete Marker Created"
_CALL, _LIFECYCLE = "DeleteObject", "Lifecycle Expiration"
_TOLD = {
    "s3:ObjectCreated:Put": DetailType(_CREATED, "PutObject"),
    "s3:ObjectCreated:Post": DetailType(_CREATED, "POST Object"),
    "s3:ObjectCreated:Copy": DetailType(_CREATED, "CopyObject"),
    "s3:ObjectCreated:CompleteMultipartUpload": DetailType(_CREATED, "CompleteMultipartUpload"),
    "s3:ObjectRemoved:Delete": DetailType(_DELETED, _CALL, _FOR_GOOD),
    "s3:ObjectRemoved:DeleteMarkerCreated": DetailType(_DELETED, _CALL, _MARKER),
    "s3:LifecycleExpiration:Delete": DetailType(_DELETED, _LIFECYCLE, _FOR_GOOD),
    "s3:LifecycleExpiration:DeleteMarkerCreated": DetailType(_DELETED, _LIFECYCLE, _MARKER),
    "s3:ObjectRestore:Post": DetailType("Object Restore Initiated"),
    "s3:ObjectRestore:Completed": DetailType("Object Restore Completed"),
    "s3:ObjectRestore:Delete": DetailType("Object Restore Expired"),
    "s3:ObjectTagging:Put": DetailType("Object Tags Added"),
    "s3:ObjectTagging:Delete": DetailType("Object Tags Deleted"),
    "s3:ObjectAcl:Put": DetailType("Object ACL Updated"),
    "s3:LifecycleTransition": DetailType("Object Storage Class Changed"),
    "s3:IntelligentTiering": DetailType("Object Access Tier Changed"),
}


def types_of(event: str) -> list[DetailType]:
    """The detail types of an event type, `*` at its end allowed; none where EventBridge is not told of it."""
    if event == "s3:ObjectCreated:*":
        # Whatever the reason: S3 may come to know more of them.
        return [DetailType(_CREATED)]
    if event.endswith("*"):
        return [one for name, one in _TOLD.items() if name.startswith(event[:-1])]
    return [_TOLD[event]] if event in _TOLD else []


def detail_types() -> frozenset[str]:
    """All detail types of S3."""
    return frozenset(one.name for one in _TOLD.values())


def untold(events: Sequence[str]) -> list[str]:
    """The event types that S3 never sends to EventBridge: replication, and a lost reduced-redundancy object."""
    return [one for one in events if not types_of(one)]


def patterns_of(entry: S3Entry, bucket: str) -> list[dict[str, Json]]:
    """The patterns that together choose what a notification of a bucket chose; one where one can.

    All that a pattern asks for is asked of every detail type in it. So those that ask the same stand together.
    """
    wanted = dict.fromkeys(one for event in entry.events for one in types_of(event))
    if DetailType(_CREATED) in wanted:
        wanted = dict.fromkeys(one for one in wanted if one.name != _CREATED or not one.reason)
    asked: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for name in dict.fromkeys(one.name for one in wanted):
        for reasons, deletions in _asked([one for one in wanted if one.name == name]):
            asked.setdefault((reasons, deletions), []).append(name)
    return [_pattern(entry, bucket, names, *limits) for limits, names in asked.items()]


def _asked(same: Sequence[DetailType]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Reasons and deletion types of one detail type that are asked for together."""
    by_deletions: dict[tuple[str, ...], list[str]] = {}
    for reason in dict.fromkeys(one.reason for one in same):
        deletions = sorted({one.deletion for one in same if one.reason == reason and one.deletion})
        by_deletions.setdefault(tuple(deletions), []).append(reason)
    for limits, reasons in by_deletions.items():
        # Both are all that there are.
        yield tuple(one for one in reasons if one), () if set(limits) == {_FOR_GOOD, _MARKER} else limits


def _pattern(
    entry: S3Entry, bucket: str, names: list[str], reasons: tuple[str, ...], deletions: tuple[str, ...]
) -> dict[str, Json]:
    detail: dict[str, Json] = {"bucket": {"name": [bucket]}}
    if key := _key(entry):
        detail["object"] = {"key": [key]}
    if reasons:
        detail["reason"] = list(reasons)
    if deletions:
        detail["deletion-type"] = list(deletions)
    return {"source": ["aws.s3"], "detail-type": names, "detail": detail}


def _key(entry: S3Entry) -> Json:
    # S3 takes the filters of notifications URL-encoded, and tells EventBridge the key as it is.
    prefix, suffix = unquote_plus(entry.prefix), unquote_plus(entry.suffix)
    if prefix and suffix:
        starless = [one.replace("\\", "\\\\").replace("*", "\\*") for one in (prefix, suffix)]
        return {"wildcard": "*".join(starless)}
    return {"prefix": prefix} if prefix else {"suffix": suffix} if suffix else None


def doubts_of(entry: S3Entry) -> list[str]:
    """What the patterns may choose otherwise than the notification did."""
    found = []
    prefix, suffix = unquote_plus(entry.prefix), unquote_plus(entry.suffix)
    if (prefix, suffix) != (entry.prefix, entry.suffix):
        found.append(f"the filter of {entry.says} is URL-encoded; the rule asks for it decoded")
    if any(prefix.endswith(suffix[:size]) for size in range(1, len(suffix) + 1)):
        found.append(f"a key in which prefix {prefix} and suffix {suffix} share characters is not chosen any more")
    return found
