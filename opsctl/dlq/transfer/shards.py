"""Reads the records of a failed stream batch again and invokes the function with them.

Source: Lambda guide, "Retaining discarded batches": a record of a failed batch names the shard and the sequence
numbers and holds no records; they can be read while the stream retains them. Which of them were in the batch is
told by `opsctl.dlq.stream_batches`, or the letter stays. The function is invoked as the event source
mapping invokes it, synchronously (docs/how-redrive-works.md): a batch counts as delivered only when the function
returned without an error, and may be as large as it was the first time.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

from opsctl.dlq.dead_letter import dead_letter_of
from opsctl.dlq.stream_batches import Batch, StreamMapping, records_of
from opsctl.dlq.stream_events import dynamodb_record, kinesis_record
from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.call_sending import CallSending, DeliveryCall
from opsctl.dlq.transfer.sending import Alive, Sent
from opsctl.dlq.transfer.stream_mappings import CONSUMER, mapping_of, seconds
from opsctl.model.ports import Aws
from opsctl.model.reads import Answer, Read, Refusal, RefusalKind
from opsctl.model.value import Json

_PAGES_AT_MOST = 100
_ATTEMPTS = 5
_PAYLOAD_LIMIT = 6_291_456
_ALIVE_EVERY_S = 5.0


class ShardSending:
    """Implements `Sending` for failed Kinesis and DynamoDB stream batches."""

    repeats_s = 0.0

    def __init__(self, aws: Aws, stored: Callable[[Read], Answer], region: str, patience: Patience) -> None:
        """`stored` reads the records themselves, which is no ordinary read."""
        self._aws = aws
        self._stored = stored
        self._region = region
        self._patience = patience
        self._roles: dict[str, str] = {}
        self._mappings: dict[tuple[str, str], StreamMapping | None] = {}
        self._calls = CallSending(aws, region, self._call_of, patience, fault_in)

    @property
    def closed(self) -> str:
        """Why nothing more can be delivered, or nothing."""
        return self._calls.closed

    def parts(self, messages: list[Json]) -> list[list[Json]]:
        """Each alone, as each is a call."""
        return [[message] for message in messages]

    def send(self, messages: list[Json], alive: Alive) -> Sent:
        """Read each batch again and wait for its function, which may take a quarter of an hour."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            sending = pool.submit(self._calls.send, messages, _nothing)
            while wait([sending], timeout=_ALIVE_EVERY_S).not_done:
                alive()
            return sending.result()

    def _call_of(self, message: Json) -> DeliveryCall:
        dead_letter = dead_letter_of(message)
        info = dict(dead_letter.stream)
        if not _names_records(info):
            raise ValueError("the record does not say which records of which stream failed")
        kinesis = info.pop("kind") == "KinesisBatchInfo"
        mapping = self._mapping(dead_letter.origin, str(info["streamArn"]))
        found = self._records(info, kinesis=kinesis)
        if kinesis:
            seen = [kinesis_record(one, info, self._region, self._role(dead_letter.origin)) for one in found]
        else:
            seen = [dynamodb_record(one, info) for one in found]
        records = records_of(_batch(info), [_number(one) for one in found], seen, mapping)
        payload = json.dumps({"Records": records}, separators=(",", ":"), ensure_ascii=False)
        if len(payload.encode()) > _PAYLOAD_LIMIT:
            raise ValueError(f"the batch of {len(records)} records is larger than the 6 MB a function can get")
        return DeliveryCall(
            service="lambda",
            operation="Invoke",
            params={"FunctionName": dead_letter.origin, "InvocationType": "RequestResponse", "Payload": payload},
        )

    def _records(self, info: dict[str, Json], *, kinesis: bool) -> list[Json]:
        service = "kinesis" if kinesis else "dynamodbstreams"
        iterator = self._iterator(service, info)
        last = int(info["endSequenceNumber"])
        # Kinesis wants the stream beside the iterator when it is known by its ARN; DynamoDB knows no such member.
        of_stream = {"StreamARN": _stream(info)} if kinesis else {}
        found: list[Json] = []
        for _ in range(_PAGES_AT_MOST):
            page = self._read(service, "GetRecords", {"ShardIterator": iterator, **of_stream})
            for record in page.get("Records") or []:
                number = _number(record)
                if number > last:
                    return found
                found.append(record)
                if number == last:
                    return found
            iterator = page.get("NextShardIterator")
            # Pages may be empty before the end; only Kinesis tells that nothing more has come.
            if not iterator or (kinesis and not page.get("Records") and page.get("MillisBehindLatest") == 0):
                return found
        raise ValueError(f"the whole batch was not found within {_PAGES_AT_MOST} pages of its shard")

    def _mapping(self, function: str, stream: str) -> StreamMapping | None:
        """How the stream is read for the function, asked once."""
        if (function, stream) not in self._mappings:
            self._mappings[function, stream] = mapping_of(function, stream, self._ask_lambda)
        return self._mappings[function, stream]

    def _ask_lambda(self, operation: str, params: dict[str, Json]) -> Answer:
        return self._aws.read(Read(service="lambda", operation=operation, params=params, region=self._region))

    def _role(self, function: str) -> str:
        """The role with which Lambda read the stream; each Kinesis record names it."""
        if function not in self._roles:
            told = self._read("lambda", "GetFunctionConfiguration", {"FunctionName": function})
            self._roles[function] = str(told.get("Role", ""))
        return self._roles[function]

    def _iterator(self, service: str, info: dict[str, Json]) -> str:
        stream = {"StreamARN" if service == "kinesis" else "StreamArn": _stream(info)}
        params = {
            "ShardId": info["shardId"],
            "ShardIteratorType": "AT_SEQUENCE_NUMBER",
            ("StartingSequenceNumber" if service == "kinesis" else "SequenceNumber"): info["startSequenceNumber"],
            **stream,
        }
        return str(self._read(service, "GetShardIterator", params)["ShardIterator"])

    def _read(self, service: str, operation: str, params: dict[str, Json]) -> Json:
        # Whole: records may be binary, and must not be turned into text on the way.
        read = Read(service=service, operation=operation, params=params, region=self._region, whole=True)
        for attempt in range(1, _ATTEMPTS + 1):
            answer = self._stored(read) if operation == "GetRecords" else self._aws.read(read)
            if answer.refusal is None:
                return answer.value
            if not _passes(answer.refusal) or attempt == _ATTEMPTS:
                raise ValueError(f"the batch cannot be read again: {answer.refusal}")
            self._patience.wait(attempt)
        raise AssertionError("the last attempt returns or raises")


def _passes(refusal: Refusal) -> bool:
    """DynamoDB calls it a limit when more than two read a shard at a time, as its function does (GetRecords)."""
    crowded = refusal.api == "dynamodbstreams.GetRecords" and refusal.code == "LimitExceededException"
    return crowded or refusal.kind is RefusalKind.THROTTLED


def _names_records(info: dict[str, Json]) -> bool:
    numbers = (str(info.get(f"{end}SequenceNumber", "")) for end in ("start", "end"))
    named = all(info.get(name) and isinstance(info[name], str) for name in ("shardId", "streamArn"))
    size = info.get("batchSize")
    counted = isinstance(size, int) and not isinstance(size, bool) and size > 0
    return named and counted and all(number.isdecimal() for number in numbers)


def _number(record: Json) -> int:
    return int(record.get("SequenceNumber") or record["dynamodb"]["SequenceNumber"])


def _stream(info: dict[str, Json]) -> str:
    """The stream itself, also when a consumer of it reads by enhanced fan-out."""
    return str(info["streamArn"]).partition(CONSUMER)[0]


def _batch(info: dict[str, Json]) -> Batch:
    return Batch(
        first=int(info["startSequenceNumber"]),
        last=int(info["endSequenceNumber"]),
        size=info["batchSize"],
        arrived=seconds(info.get("approximateArrivalOfLastRecord")),
    )


def fault_in(answer: Json) -> tuple[str, str] | None:
    """Return code and reason when a function that was waited for failed, or reported failed records."""
    if answer.get("FunctionError"):
        return "FunctionError", f"the function failed again ({answer['FunctionError']})"
    try:
        told = json.loads(answer.get("Payload") or "null")
    except ValueError:
        return None
    failed = told.get("batchItemFailures") if isinstance(told, dict) else None
    if failed:
        return "BatchItemFailures", f"the function reported {len(failed)} records of the batch as failed"
    return None


def _nothing() -> None:
    """The thread that waits keeps the messages hidden."""
