"""A failed stream batch is read again through the SDK and invoked with what its mapping's filter let pass."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.sending import Sent
from opsctl.dlq.transfer.shards import ShardSending
from opsctl.model.errors import InvalidInput
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Identity
from opsctl.model.value import Json
from opsctl.sandbox.endpoint import REGION
from tests.dlq.test_dead_letter import message
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import FakeClock


class Invoking:
    """The account itself, but for invocations, which are kept."""

    def __init__(self, world: World) -> None:
        self._aws = world.aws
        self.events: list[Json] = []

    @property
    def identity(self) -> Identity:
        return self._aws.identity

    def read(self, read: Read) -> Answer:
        return self._aws.read(read)

    def stored(self, read: Read) -> Answer:
        return self._aws.stored(read)

    def takes(self, service: str, operation: str) -> frozenset[str]:
        return frozenset()

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        assert f"{service}.{operation}" == "lambda.Invoke"
        self.events.append(json.loads(params["Payload"]))
        return {"StatusCode": 200, "Payload": "null"}


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world() as made:
        yield made


def function() -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = client("iam").create_role(RoleName="reads", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    pass\n")
    made: str = client("lambda").create_function(
        FunctionName="reader",
        Runtime="python3.12",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": code.getvalue()},
    )["FunctionArn"]
    return made


def mapped(stream: str, pattern: Json) -> None:
    client("lambda").create_event_source_mapping(
        EventSourceArn=stream,
        FunctionName="reader",
        StartingPosition="TRIM_HORIZON",
        FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]},
    )


def sent(aws: Invoking, kind: str, by: str, numbers: list[str], size: int, **where: str) -> Sent:
    """What comes of the letter of a batch whose last record came just now."""
    info = {
        "startSequenceNumber": numbers[0],
        "endSequenceNumber": numbers[-1],
        "approximateArrivalOfLastRecord": datetime.now(UTC).isoformat(),
        "batchSize": size,
        **where,
    }
    context = {"functionArn": by, "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 2}
    letter = message({"version": "1.0", "requestContext": context, kind: info})
    sending = ShardSending(aws, aws.stored, REGION, Patience(FakeClock(), lambda: False))
    return sending.send([letter], lambda: None)


def test_of_a_kinesis_shard_what_passes_the_filter_is_invoked(world: World) -> None:
    kinesis: Any = client("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    stream = kinesis.describe_stream(StreamName="clicks")["StreamDescription"]
    for data in (b'{"kind": "paid"}', b'{"kind": "open"}', b"\xff", b'{"kind": "paid"}'):
        kinesis.put_record(StreamName="clicks", Data=data, PartitionKey="p")
    by, shard = function(), stream["Shards"][0]["ShardId"]
    mapped(stream["StreamARN"], {"data": {"kind": ["paid"]}})
    start = kinesis.get_shard_iterator(StreamName="clicks", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]
    numbers = [one["SequenceNumber"] for one in records]
    aws = Invoking(world)
    came = sent(aws, "KinesisBatchInfo", by, numbers, 2, shardId=shard, streamArn=stream["StreamARN"])
    assert [one.reason for one in came.stayed] == []
    first, last = aws.events[0]["Records"]
    assert [first["kinesis"]["sequenceNumber"], last["kinesis"]["sequenceNumber"]] == [numbers[0], numbers[-1]]
    assert first["kinesis"]["approximateArrivalTimestamp"] == records[0]["ApproximateArrivalTimestamp"].timestamp()
    assert first["invokeIdentityArn"].endswith(":role/reads")


def test_of_a_tables_shard_what_passes_the_filter_is_invoked(world: World) -> None:
    table: Any = client("dynamodb")
    table.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    for key, value in (("a", b"\x00\xff"), ("a", b"x"), ("b", b"y")):
        table.put_item(TableName="t", Item={"p": {"S": key}, "v": {"B": value}})
    stream = table.describe_table(TableName="t")["Table"]["LatestStreamArn"]
    by = function()
    mapped(stream, {"eventName": ["INSERT"]})
    streams: Any = client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    start = streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
    numbers = [one["dynamodb"]["SequenceNumber"] for one in records]
    aws = Invoking(world)
    came = sent(aws, "DDBStreamBatchInfo", by, numbers, 2, shardId=shard, streamArn=stream)
    assert [one.reason for one in came.stayed] == []
    first, last = aws.events[0]["Records"]
    assert [one["dynamodb"]["Keys"]["p"]["S"] for one in (first, last)] == ["a", "b"]
    assert first["dynamodb"]["NewImage"]["v"] == {"B": "AP8="}
    assert isinstance(first["dynamodb"]["ApproximateCreationDateTime"], float)


def test_nothing_but_the_records_of_streams_is_read_in_that_way(world: World) -> None:
    with pytest.raises(InvalidInput, match="reads no records"):
        world.aws.stored(Read(service="dynamodb", operation="GetItem", params={}))
    with pytest.raises(InvalidInput, match="hands out what is stored"):
        world.aws.read(Read(service="kinesis", operation="GetRecords", params={}))
