"""A failed stream batch is invoked with exactly the records it had, or its letter stays."""

import datetime
import json
from typing import Any

import pytest

from opsctl.model.reads import Answer, Read
from opsctl.model.run import Identity
from opsctl.model.value import Json
from opsctl.moving.backoff import Patience
from opsctl.moving.sending import Sent
from opsctl.moving.shards import ShardSending
from tests.deadletters.test_letter import message, record
from tests.kit.ports import IDENTITY, FakeClock

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026"
CLICKS = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"
ROLE = "arn:aws:iam::123456789012:role/reads"
AT = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class Shard:
    """A shard that is read page by page, and a function that remembers what it was invoked with."""

    def __init__(self, *pages: list[Json], behind: int = 0) -> None:
        self._pages = list(pages)
        self._behind = behind
        self.events: list[Json] = []

    @property
    def identity(self) -> Identity:
        return IDENTITY

    def read(self, read: Read) -> Answer:
        if read.operation == "GetShardIterator":
            return Answer(value={"ShardIterator": "0"})
        if read.operation == "GetFunctionConfiguration":
            return Answer(value={"Role": ROLE})
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


def click(number: int) -> Json:
    return {
        "SequenceNumber": str(number),
        "Data": b"x",
        "PartitionKey": "p",
        "ApproximateArrivalTimestamp": AT + datetime.timedelta(milliseconds=987),
    }


def sent(shard: Shard, stream: str, first: int, last: int, size: Any) -> Sent:
    info = {
        "shardId": "shardId-0",
        "startSequenceNumber": str(first),
        "endSequenceNumber": str(last),
        "batchSize": size,
        "streamArn": stream,
    }
    kind = "KinesisBatchInfo" if stream == CLICKS else "DDBStreamBatchInfo"
    letter = message(record("RetryAttemptsExhausted", **{kind: info}))
    sending = ShardSending(shard, "us-east-1", Patience(FakeClock(), lambda: False))
    return sending.send([letter], lambda: None)


@pytest.mark.parametrize("pages", [[[1], [], [2, 3]], [[], [], [1, 2, 3]], [[1, 2], [3, 4]]])
def test_an_empty_page_of_a_dynamodb_shard_is_not_its_end(pages: list[list[int]]) -> None:
    shard = Shard(*([row(number) for number in page] for page in pages))
    assert len(sent(shard, TABLE, 1, 3, 3).confirmed) == 1
    assert [one["eventID"] for one in shard.events[0]["Records"]] == ["1", "2", "3"]


def test_an_empty_page_of_a_kinesis_shard_is_its_end_only_at_the_tip() -> None:
    shard = Shard([click(1)], [], [click(2)], behind=5000)
    assert len(sent(shard, CLICKS, 1, 2, 2).confirmed) == 1


@pytest.mark.parametrize(
    ("numbers", "first", "last", "size", "reason"),
    [
        ([1, 2, 3, 4, 5], 1, 5, 2, "5 records lie where the batch had 2: by a filter"),
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
    assert one["dynamodb"]["ApproximateCreationDateTime"] == int(AT.timestamp())


def test_a_kinesis_record_names_the_role_that_read_it() -> None:
    shard = Shard([click(1)])
    sent(shard, CLICKS, 1, 1, 1)
    (one,) = shard.events[0]["Records"]
    assert one["invokeIdentityArn"] == ROLE
    assert one["kinesis"]["approximateArrivalTimestamp"] == AT.timestamp() + 0.987
