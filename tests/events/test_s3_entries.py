"""Entries of notifications: which S3 refuses beside each other, and which are the same however they are spelled.

The pairs are those of the S3 guide, "Configuring event notifications using object key name filtering", its
examples of valid and invalid configurations first.
"""

import json

import pytest

from opsctl.events.s3_entries import S3Entry, entries_of, entry_named, lost_of, read_document
from opsctl.model.errors import InvalidInput
from opsctl.render.inert import visible

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


@pytest.mark.parametrize("id_", ["plain", "a\x07b", "tab\there", "\u202eright", "\U000e0001", "back\\x07slash"])
def test_an_entry_is_found_by_its_id_as_it_is_shown(id_: str) -> None:
    here = (entry().model_copy(update={"id": id_}),)
    assert entry_named(visible(id_), here, "uploads", "id") == here[0]


def test_an_id_that_looks_escaped_is_taken_as_it_is_first_and_one_that_is_not_there_is_wrong_input() -> None:
    here = tuple(entry().model_copy(update={"id": one}) for one in ("a\\x07", "a\x07"))
    assert entry_named("a\\x07", here, "uploads", "id") == here[0]
    with pytest.raises(InvalidInput, match="no notification"):
        entry_named("\\u{ffffff}", here, "uploads", "id")


FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:resize"
MD5 = "0cc175b9c0f1b6a831c399e269772661"


@pytest.mark.parametrize(
    ("id_", "arn", "owner"),
    [
        ("tf-s3-queue-20240517160621839900000005", QUEUE, "Terraform, which writes the whole configuration"),
        (
            "arn:aws:cloudformation:eu-west-1:123456789012:stack/Media/0a1b2c3d-1111-2222-3333-444455556666--728",
            FUNCTION,
            "CDK, stack Media",
        ),
        (f"resize-{MD5}", FUNCTION, "the Serverless Framework, function resize"),
        (f"other-{MD5}", FUNCTION, ""),
        (f"images-{MD5}", QUEUE, ""),
        ("NTBkYjU3Y2UtM2Zk", QUEUE, ""),
        ("tf-s3-queue-mine", QUEUE, ""),
    ],
)
def test_the_program_that_keeps_an_entry_is_known_by_its_id(id_: str, arn: str, owner: str) -> None:
    assert S3Entry(arn=arn, events=(CREATED,), id=id_).kept_by == owner
