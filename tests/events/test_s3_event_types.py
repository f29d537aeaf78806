"""The pattern of a rule chooses what the notification chose, by S3's tables of event and detail types."""

import json

import pytest

from opsctl.events.s3_entries import S3Entry
from opsctl.events.s3_event_types import doubts_of, patterns_of, types_of, untold
from opsctl.model.value import Json
from opsctl.resources.event_patterns import Pattern, parsed

ARN = "arn:aws:sqs:eu-west-1:123456789012:scans"


def event(kind: str, key: str = "img/a.jpg", **detail: Json) -> Json:
    told = {
        "source": "aws.s3",
        "detail-type": kind,
        "detail": {"bucket": {"name": "b"}, "object": {"key": key}, **detail},
    }
    return parsed(json.dumps(told))


def chosen(entry: S3Entry, told: Json) -> int:
    """How many of the rules choose an event."""
    return sum(Pattern(json.dumps(one)).matches(told) for one in patterns_of(entry, "b"))


def entry(*events: str, **more: str) -> S3Entry:
    return S3Entry(arn=ARN, events=events, **more)


# S3 guide, "Using EventBridge": what `reason` and `deletion-type` say.
CREATED = ("PutObject", "POST Object", "CopyObject", "CompleteMultipartUpload")
GONE = {
    "s3:ObjectRemoved:Delete": {"reason": "DeleteObject", "deletion-type": "Permanently Deleted"},
    "s3:ObjectRemoved:DeleteMarkerCreated": {"reason": "DeleteObject", "deletion-type": "Delete Marker Created"},
    "s3:LifecycleExpiration:Delete": {"reason": "Lifecycle Expiration", "deletion-type": "Permanently Deleted"},
    "s3:LifecycleExpiration:DeleteMarkerCreated": {
        "reason": "Lifecycle Expiration",
        "deletion-type": "Delete Marker Created",
    },
}


@pytest.mark.parametrize(("event_type", "reason"), [*zip(("Put", "Post", "Copy"), CREATED, strict=False)])
def test_one_kind_of_creation_is_chosen_by_its_reason(event_type: str, reason: str) -> None:
    one = entry(f"s3:ObjectCreated:{event_type}")
    assert [chosen(one, event("Object Created", reason=each)) for each in CREATED] == [
        int(each == reason) for each in CREATED
    ]


def test_every_creation_is_chosen_also_by_a_reason_that_is_new() -> None:
    one = entry("s3:ObjectCreated:*", "s3:ObjectCreated:Put")
    assert chosen(one, event("Object Created", reason="RenameObject")) == 1
    assert chosen(one, event("Object Deleted", reason="DeleteObject")) == 0


@pytest.mark.parametrize(
    "events", [(one,) for one in GONE] + [("s3:ObjectRemoved:*",), ("s3:LifecycleExpiration:*",)]
)
def test_a_removal_is_not_taken_for_an_expiry_nor_a_marker_for_a_deletion(events: tuple[str, ...]) -> None:
    for name, detail in GONE.items():
        wanted = name in events or name.rpartition(":")[0] == events[0].removesuffix(":*")
        assert chosen(entry(*events), event("Object Deleted", **detail)) == int(wanted), (events, name)


def test_several_event_types_are_each_chosen_by_exactly_one_rule() -> None:
    one = entry("s3:ObjectCreated:*", "s3:ObjectRemoved:Delete", "s3:LifecycleExpiration:DeleteMarkerCreated")
    told = [event("Object Created", reason="PutObject")]
    told += [event("Object Deleted", **detail) for detail in GONE.values()]
    assert [chosen(one, each) for each in told] == [1, 1, 0, 0, 1]


@pytest.mark.parametrize(
    "event_type", ["s3:Replication:*", "s3:Replication:OperationMissedThreshold", "s3:ReducedRedundancyLostObject"]
)
def test_what_eventbridge_is_never_told_of_is_named(event_type: str) -> None:
    assert untold((event_type, "s3:ObjectAcl:Put")) == [event_type]


def test_the_other_event_types_have_a_detail_type_each() -> None:
    found = {
        one.name
        for name in (
            "s3:ObjectRestore:*",
            "s3:ObjectTagging:*",
            "s3:ObjectAcl:Put",
            "s3:LifecycleTransition",
            "s3:IntelligentTiering",
        )
        for one in types_of(name)
    }
    assert found == {
        "Object Restore Initiated",
        "Object Restore Completed",
        "Object Restore Expired",
        "Object Tags Added",
        "Object Tags Deleted",
        "Object ACL Updated",
        "Object Storage Class Changed",
        "Object Access Tier Changed",
    }


@pytest.mark.parametrize(
    ("filters", "key", "wanted"),
    [
        ({}, "any/thing", True),
        ({"prefix": "img/"}, "img/a.jpg", True),
        ({"prefix": "img/"}, "doc/a.jpg", False),
        ({"suffix": ".jpg"}, "img/a.jpg", True),
        ({"suffix": ".jpg"}, "img/a.png", False),
        ({"prefix": "img/", "suffix": ".jpg"}, "img/x/a.jpg", True),
        ({"prefix": "img/", "suffix": ".jpg"}, "img/a.png", False),
        ({"prefix": "img/", "suffix": ".jpg"}, "doc/a.jpg", False),
        ({"prefix": "a*b/", "suffix": ".jpg"}, "a*b/c.jpg", True),
        ({"prefix": "a*b/", "suffix": ".jpg"}, "aXb/c.jpg", False),
        ({"prefix": "my+files/"}, "my files/a", True),
    ],
)
def test_prefix_and_suffix_are_asked_for_both(filters: dict[str, str], key: str, wanted: bool) -> None:
    assert chosen(entry("s3:ObjectCreated:*", **filters), event("Object Created", key)) == int(wanted)


def test_what_a_rule_chooses_otherwise_is_said() -> None:
    assert doubts_of(entry("s3:ObjectCreated:*", prefix="img/", suffix=".jpg")) == []
    (shared,) = doubts_of(entry("s3:ObjectCreated:*", prefix="a/log", suffix="log.gz"))
    assert "a/log" in shared
    (decoded,) = doubts_of(entry("s3:ObjectCreated:*", prefix="my%20files/"))
    assert "decoded" in decoded
