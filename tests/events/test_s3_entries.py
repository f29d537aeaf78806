"""Entries of notifications: which S3 refuses beside each other, and which are the same however they are spelled.

The pairs are those of the S3 guide, "Configuring event notifications using object key name filtering", its
examples of valid and invalid configurations first.
"""

import json

import pytest

from opsctl.events.s3_entries import S3Entry, entries_of, lost_of, read_document
from opsctl.model.errors import InvalidInput

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:images"
CREATED = "s3:ObjectCreated:*"


def entry(events: str = CREATED, *, prefix: str = "", suffix: str = "") -> S3Entry:
    """An entry for one queue."""
    return S3Entry(arn=QUEUE, events=tuple(events.split()), prefix=prefix, suffix=suffix)


OVERLAPS = [
    (entry(prefix="images"), entry(prefix="logs"), False),
    (entry(suffix=".jpg"), entry(suffix=".png"), False),
    (entry(prefix="images", suffix=".jpg"), entry(prefix="images", suffix=".png"), False),
    (entry(prefix="images"), entry(prefix="imagesonly"), True),
    (entry(), entry(prefix="images"), True),
    (entry(suffix="jpg"), entry(suffix="pg"), True),
    (entry(prefix="images"), entry(suffix=".jpg"), True),
    (entry(prefix="a", suffix=".jpg"), entry(prefix="ab", suffix="g"), True),
    (entry(prefix="a", suffix=".jpg"), entry(prefix="b", suffix=".jpg"), False),
    (entry(), entry(), True),
    (entry("s3:ObjectCreated:Put"), entry(), True),
    (entry("s3:ObjectCreated:Put"), entry("s3:ObjectCreated:Post"), False),
    (entry("s3:ObjectCreated:Put s3:ObjectRemoved:Delete"), entry("s3:ObjectRemoved:*"), True),
    (entry(), entry("s3:ObjectRemoved:*"), False),
    (entry("s3:ObjectRemoved:*"), entry("s3:ObjectRemoved:Delete", prefix="x"), True),
    (entry("s3:ObjectTagging:Put"), entry("s3:ObjectTagging:Delete"), False),
    (entry(prefix="/"), entry(prefix="images/"), False),
    (entry(prefix="Images"), entry(prefix="images"), False),
    (entry(prefix="images/", suffix=""), entry(prefix="images/a/b"), True),
    (entry("s3:LifecycleExpiration:*"), entry("s3:LifecycleTransition"), False),
]


@pytest.mark.parametrize(("one", "other", "overlap"), OVERLAPS)
def test_what_s3_refuses_beside_each_other(one: S3Entry, other: S3Entry, *, overlap: bool) -> None:
    assert one.overlaps(other) is overlap
    assert other.overlaps(one) is overlap


def test_spelling_empty_values_and_ids_do_not_make_two_of_one() -> None:
    told = {
        "QueueConfigurations": [
            {
                "Id": "rewritten",
                "QueueArn": QUEUE,
                "Events": [CREATED],
                "Filter": {
                    "Key": {"FilterRules": [{"Name": "Prefix", "Value": "a/"}, {"Name": "Suffix", "Value": ""}]}
                },
            }
        ]
    }
    (read,) = entries_of(told)
    assert read.does() == entry(prefix="a/").does()
    assert lost_of(told, {"QueueConfigurations": [{**entry(prefix="a/").written(), "Id": "other"}]}) == ()
    assert lost_of(told, {}) == (read,)


@pytest.mark.parametrize(
    "document", [{"QueueConfigurations": []}, {"result": {"document": {"EventBridgeConfiguration": {}}}}]
)
def test_a_kept_configuration_is_read_bare_or_as_show_wrote_it(document: object) -> None:
    assert read_document(json.dumps(document), "--from")


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"Queues": []}', '{"QueueConfigurations": [{"Id": "a"}]}', '{"QueueConfigurations": ["a"]}'],
)
def test_what_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_document(text, "--from")


@pytest.mark.parametrize(
    "entry",
    [
        {"QueueArn": "x", "Events": [CREATED]},
        {"QueueArn": "arn:aws:sns:eu-west-1:123456789012:images", "Events": [CREATED]},
        {"QueueArn": QUEUE, "Events": CREATED},
        {"QueueArn": QUEUE, "Events": []},
    ],
)
def test_an_entry_that_s3_would_not_take_is_no_entry_of_a_backup(entry: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        read_document(json.dumps({"QueueConfigurations": [entry]}), "document")
