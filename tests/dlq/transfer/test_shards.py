"""A failed stream batch is invoked with exactly the records it had, or its letter stays."""

import base64
import datetime
import json
from collections.abc import Sequence
from typing import Any

import pytest

from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.sending import Sent
from opsctl.dlq.transfer.shards import ShardSending
from opsctl.model.reads import Answer, Read, Refusal, RefusalKind
from opsctl.model.run import Identity
from opsctl.model.value import Json
from tests.dlq.test_dead_letter import FUNCTION, message, record
from tests.kit.ports import IDENTITY, FakeClock, only_reads, refusal

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026"
CLICKS = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"
READER = FUNCTION.removesuffix(":$LATEST")
ROLE = "arn:aws:iam::123456789012:role/reads"
AT = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class Shard:
    """A shard that is read page by page, and a function that remembers what it was invoked with."""

    def __init__(self, *pages: list[Json], behind: int = 0, mappings: Sequence[Json] = ()) -> None:
        self._pages = list(pages)
        self._behind = behind
        self._mappings = list(mappings)
        self.alone: Json = {}
        self.refusals: list[Refusal] = []
        self.reads: list[Read] = []
        self.events: list[Json] = []

    @property
    def identity(self) -> Identity:
        return IDENTITY

    def read(self, read: Read) -> Answer:
        only_reads(read)
        return self.stored(read)

    def stored(self, read: Read) -> Answer:
        self.reads.append(read)
        if read.operation == "ListEventSourceMappings":
            return Answer(value={"EventSourceMappings": self._mappings})
        if read.operation == "GetEventSourceMapping":
            return Answer(value=self.alone)
        if read.operation == "GetShardIterator":
            return Answer(value={"ShardIterator": "0"})
        if read.operation == "GetFunctionConfiguration":
            return Answer(value={"Role": ROLE})
        if self.refusals:
            return Answer(refusal=self.refusals.pop(0))
        page: dict[str, Json] = {"Records": self._pages.pop(0) if self._pages else []}
        page["NextShardIterator"] = "next" if self._pages or self._behind else ""
        if read.service == "kinesis":
            page["MillisBehindLatest"] = self._behind if self._pages else 0
        return Answer(value=page)

    def takes(self, service: str, operation: str) -> frozenset[str]:
        return frozenset()

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        self.events.append(json.loads(params["Payload"]))
        return {"StatusCode": 200, "Payload": "null"}


def row(number: int, **more: Json) -> Json:
    told = {"ApproximateCreationDateTime": AT, "SequenceNumber": str(number), "Keys": {"p": {"S": "k"}}}
    return {"eventID": str(number), "eventName": "INSERT", "dynamodb": told, **more}


def click(number: int, key: str = "p", data: bytes = b"x") -> Json:
    return {
        "SequenceNumber": str(number),
        "Data": data,
        "PartitionKey": key,
        "ApproximateArrivalTimestamp": AT + datetime.timedelta(milliseconds=987),
    }


def sent(shard: Shard, stream: str, first: int, last: int, size: Any) -> Sent:
    info = {
        "shardId": "shardId-0",
        "startSequenceNumber": str(first),
        "endSequenceNumber": str(last),
        "batchSize": size,
        "streamArn": stream,
        "approximateArrivalOfLastRecord": "2026-01-01T00:00:05.000Z",
    }
    kind = "KinesisBatchInfo" if ":kinesis:" in stream else "DDBStreamBatchInfo"
    letter = message(record("RetryAttemptsExhausted", **{kind: info}))
    sending = ShardSending(shard, shard.stored, "us-east-1", Patience(FakeClock(), lambda: False))
    return sending.send([letter], lambda: None)


@pytest.mark.parametrize("pages", [[[1], [], [2, 3]], [[], [], [1, 2, 3]], [[1, 2], [3, 4]]])
def test_an_empty_page_of_a_dynamodb_shard_is_not_its_end(pages: list[list[int]]) -> None:
    shard = Shard(*([row(number) for number in page] for page in pages))
    assert len(sent(shard, TABLE, 1, 3, 3).confirmed) == 1
    assert [one["eventID"] for one in shard.events[0]["Records"]] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("code", "kind", "taken"),
    [
        ("LimitExceededException", RefusalKind.INVALID, 1),
        ("ThrottlingException", RefusalKind.THROTTLED, 1),
        ("ExpiredIteratorException", RefusalKind.INVALID, 0),
    ],
)
def test_a_shard_that_others_read_as_well_is_read_again_after_a_while(
    code: str, kind: RefusalKind, taken: int
) -> None:
    shard = Shard([row(1)])
    shard.refusals = [refusal(kind, code, "dynamodbstreams.GetRecords")] * 2
    assert len(sent(shard, TABLE, 1, 1, 1).confirmed) == taken


def test_an_empty_page_of_a_kinesis_shard_is_its_end_only_at_the_tip() -> None:
    shard = Shard([click(1)], [], [click(2)], behind=5000)
    assert len(sent(shard, CLICKS, 1, 2, 2).confirmed) == 1


@pytest.mark.parametrize(
    ("numbers", "first", "last", "size", "reason"),
    [
        ([1, 2, 3, 4, 5], 1, 5, 2, "5 records lie where the batch had 2, and the mapping that could tell"),
        ([3, 4], 1, 4, 4, "only 2 of the batch's 4 records"),
        ([1], 1, 4, 4, "only 1 of the batch's 4 records"),
        ([2, 3, 4], 1, 4, 3, "not all from its first to its last"),
        ([1, 4], 1, 4, 3, "only 2 of the batch's 3 records"),
        ([], 1, 4, 4, "does not retain these records any more"),
        ([5, 6], 1, 4, 2, "does not retain these records any more"),
        ([1], 1, 1, None, "does not say which records"),
        ([1], 1, 1, True, "does not say which records"),
    ],
)
@pytest.mark.parametrize("stream", [CLICKS, TABLE])
def test_a_letter_whose_batch_cannot_be_told_exactly_stays_and_nothing_is_invoked(
    stream: str, numbers: list[int], first: int, last: int, size: Any, reason: str
) -> None:
    make = click if stream == CLICKS else row
    shard = Shard([make(number) for number in numbers])
    came = sent(shard, stream, first, last, size)
    assert reason in came.stayed[0].reason
    assert shard.events == []


def test_who_deleted_an_item_is_told_as_lambda_tells_it() -> None:
    shard = Shard([row(1, userIdentity={"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"})])
    sent(shard, TABLE, 1, 1, 1)
    (one,) = shard.events[0]["Records"]
    assert one["userIdentity"] == {"principalId": "dynamodb.amazonaws.com", "type": "Service"}
    assert repr(one["dynamodb"]["ApproximateCreationDateTime"]) == "1767225600.0"


def test_a_kinesis_record_names_the_role_that_read_it() -> None:
    shard = Shard([click(1)])
    sent(shard, CLICKS, 1, 1, 1)
    (one,) = shard.events[0]["Records"]
    assert one["invokeIdentityArn"] == ROLE
    assert one["kinesis"]["approximateArrivalTimestamp"] == AT.timestamp() + 0.987


def mapped(stream: str, *patterns: Json, changed: str = "2025-12-31T23:00:00+00:00", **more: Json) -> Json:
    """An event source mapping as a list of them has it."""
    filters = [{"Pattern": json.dumps(one)} for one in patterns]
    told = {
        "UUID": "u-1",
        "FunctionArn": READER,
        "EventSourceArn": stream,
        "LastModified": changed,
        "ParallelizationFactor": 1,
        **more,
    }
    return told | ({"FilterCriteria": {"Filters": filters}} if filters else {})


def order(number: int, kind: str, key: str = "p") -> Json:
    return click(number, key, json.dumps({"kind": kind}).encode())


def invoked(shard: Shard) -> list[str]:
    """The numbers of the records that the function got, of one invocation or none."""
    (event,) = shard.events or [{"Records": []}]
    return [(one.get("kinesis") or {}).get("sequenceNumber") or one["eventID"] for one in event["Records"]]


ONLY_PAID = {"data": {"kind": ["paid"]}}


def test_of_more_records_those_that_pass_the_mappings_filter_are_the_batch() -> None:
    """Data that is no JSON is dropped by a filter on data, as is what does not match."""
    records = [order(1, "paid"), click(2, "p", b"no json"), order(3, "open"), order(4, "paid")]
    shard = Shard(records, mappings=[mapped(CLICKS, ONLY_PAID)])
    assert len(sent(shard, CLICKS, 1, 4, 2).confirmed) == 1
    assert invoked(shard) == ["1", "4"]


def test_a_filter_of_a_dynamodb_stream_sees_the_record_as_the_function_gets_it() -> None:
    expired = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    records = [row(1, userIdentity=expired), row(2), row(3, userIdentity=expired)]
    there = {"ApproximateCreationDateTime": [{"exists": True}]}
    shard = Shard(records, mappings=[mapped(TABLE, {"userIdentity": {"type": ["Service"]}, "dynamodb": there})])
    sent(shard, TABLE, 1, 3, 2)
    assert invoked(shard) == ["1", "3"]


def test_one_of_several_filters_is_enough() -> None:
    shard = Shard(
        [order(1, "paid"), order(2, "open"), order(3, "sent")],
        mappings=[mapped(CLICKS, ONLY_PAID, {"data": {"kind": ["sent"]}})],
    )
    sent(shard, CLICKS, 1, 3, 2)
    assert invoked(shard) == ["1", "3"]


PAID_AND_OPEN = [order(1, "paid"), order(2, "open"), order(3, "paid"), order(4, "paid")]


@pytest.mark.parametrize(
    ("mapping", "size", "reason"),
    [
        (mapped(CLICKS, ONLY_PAID), 2, "4 records lie where the batch had 2, 3 of them pass its mapping's filter"),
        (mapped(CLICKS), 3, "4 records lie where the batch had 3, and its mapping reads one batch of a shard"),
        (mapped(CLICKS, {"data": {"kind": ["open"]}}), 1, "is not from its first to its last"),
        (mapped(CLICKS, {"data": {"kind": ["open"]}}), 3, "is not from its first to its last"),
        (mapped(CLICKS, ONLY_PAID, changed="2026-01-01T00:00:06+00:00"), 3, "its mapping was changed after"),
        (mapped(CLICKS, {"partitionKey": ["p"]}), 3, "a filter asks for partitionKey, of which"),
        (
            mapped(CLICKS, {"data": {"kind": [{"numeric": [1]}]}}),
            3,
            "cannot tell which passed its filter: numeric takes",
        ),
        (mapped(CLICKS, ONLY_PAID, TumblingWindowInSeconds=60), 4, "its mapping has a tumbling window"),
        (mapped(CLICKS, ONLY_PAID), 4, "3 of the batch's 4 records pass its mapping's filter"),
        (mapped(f"{TABLE}x", ONLY_PAID), 3, "the mapping that could tell which was deleted"),
    ],
)
def test_a_letter_stays_when_what_its_mapping_says_does_not_give_the_batch(
    mapping: Json, size: int, reason: str
) -> None:
    shard = Shard(PAID_AND_OPEN, mappings=[mapping])
    came = sent(shard, CLICKS, 1, 4, size)
    assert reason in came.stayed[0].reason
    assert shard.events == []


def test_two_mappings_of_one_stream_and_function_are_no_answer() -> None:
    shard = Shard(PAID_AND_OPEN, mappings=[mapped(CLICKS, ONLY_PAID), mapped(f"{CLICKS}/consumer/c:1")])
    assert "2 mappings read the stream" in sent(shard, CLICKS, 1, 4, 3).stayed[0].reason


def test_of_an_alias_and_the_function_itself_that_read_one_stream_the_one_that_was_invoked_counts() -> None:
    alias = mapped(CLICKS, {"data": {"kind": ["open"]}}, FunctionArn=f"{READER}:prod")
    shard = Shard(PAID_AND_OPEN, mappings=[alias, mapped(CLICKS, ONLY_PAID)])
    sent(shard, CLICKS, 1, 4, 3)
    assert invoked(shard) == ["1", "3", "4"]


def test_an_encrypted_filter_is_asked_for_by_itself() -> None:
    """A list of mappings leaves it out; whoever may not use the key is told so instead."""
    hidden = mapped(CLICKS, KMSKeyArn="arn:aws:kms:us-east-1:123456789012:key/k")
    shard = Shard(PAID_AND_OPEN, mappings=[hidden])
    shard.alone = mapped(CLICKS, ONLY_PAID)
    assert len(sent(shard, CLICKS, 1, 4, 3).confirmed) == 1
    shard = Shard(PAID_AND_OPEN, mappings=[hidden])
    shard.alone = {"FilterCriteriaError": {"ErrorCode": "KMSAccessDeniedException", "Message": "denied to you"}}
    assert "cannot be read (denied to you)" in sent(shard, CLICKS, 1, 4, 3).stayed[0].reason


def test_records_that_lambda_takes_apart_before_it_filters_are_not_judged_as_they_lie() -> None:
    aggregated = click(2, "a", b"\xf3\x89\x9a\xc2...")
    shard = Shard(
        [order(1, "paid"), aggregated, order(3, "paid")], mappings=[mapped(f"{CLICKS}/consumer/c:1", ONLY_PAID)]
    )
    assert "takes aggregated records apart" in sent(shard, CLICKS, 1, 3, 2).stayed[0].reason


@pytest.mark.parametrize(
    ("keys", "size", "numbers"),
    [
        # Keys of the first and the last record are in it; the rest has to be the only choice that fits.
        ("abba", 2, [1, 4]),
        ("abbcccd", 4, [1, 2, 3, 7]),
        ("abbcccd", 5, [1, 4, 5, 6, 7]),
        ("abbcccd", 7, [1, 2, 3, 4, 5, 6, 7]),
        ("abcbbad", 3, [1, 6, 7]),
    ],
)
def test_with_parallel_batches_the_only_choice_of_whole_keys_is_the_batch(
    keys: str, size: int, numbers: list[int]
) -> None:
    records = [click(number, key) for number, key in enumerate(keys, 1)]
    shard = Shard(records, mappings=[mapped(CLICKS, ParallelizationFactor=2)])
    sent(shard, CLICKS, 1, len(keys), size)
    assert invoked(shard) == [str(number) for number in numbers]


@pytest.mark.parametrize(
    ("keys", "size"), [("abca", 3), ("abbccd", 4), ("abbccdddde", 6), ("aab", 1), ("abba", 3)]
)
def test_with_parallel_batches_a_letter_stays_when_several_choices_fit_or_none(keys: str, size: int) -> None:
    records = [click(number, key) for number, key in enumerate(keys, 1)]
    shard = Shard(records, mappings=[mapped(CLICKS, ParallelizationFactor=2)])
    assert "not one choice of them only" in sent(shard, CLICKS, 1, len(keys), size).stayed[0].reason
    assert shard.events == []


def test_a_table_is_spread_by_item_and_only_what_passes_the_filter_counts() -> None:
    def item(number: int, key: str, name: str) -> Json:
        told = {"Keys": {"p": {"S": key}, "s": {"N": "1"}}, "SequenceNumber": str(number)}
        return {"eventID": str(number), "eventName": name, "dynamodb": told}

    rows = [item(1, "a", "INSERT"), item(2, "b", "INSERT"), item(3, "b", "MODIFY"), item(4, "a", "INSERT")]
    shard = Shard(rows, mappings=[mapped(TABLE, {"eventName": ["INSERT"]}, ParallelizationFactor=4)])
    sent(shard, TABLE, 1, 4, 2)
    assert invoked(shard) == ["1", "4"]


def test_a_stream_that_a_consumer_reads_is_itself_read() -> None:
    shard = Shard([click(1)])
    sent(shard, f"{CLICKS}/consumer/c:1", 1, 1, 1)
    streams = [one.params["StreamARN"] for one in shard.reads if one.service == "kinesis"]
    assert streams == [CLICKS, CLICKS]
    assert base64.b64decode(shard.events[0]["Records"][0]["kinesis"]["data"]) == b"x"
