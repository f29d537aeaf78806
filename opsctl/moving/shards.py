"""Reads the records of a failed stream batch again and invokes the function with them.

Source: Lambda guide, "Retaining discarded batches": a record of a failed batch names the shard and the sequence
numbers and holds no records; they can be read while the stream retains them. They are compared with what the
record says of the batch: with a parallelization factor or a filter other records lie between its first and last,
and which of them were in it cannot be told (how Lambda spreads partition keys is not published), so such a letter
stays. The function is invoked as the event source mapping invokes it, synchronously (docs/how-redrive-works.md): a
batch counts as delivered only when the function returned without an error, and may be as large as it was the first
time.
"""

import base64
import datetime
import json
from concurrent.futures import ThreadPoolExecutor, wait

from opsctl.deadletters.letter import letter_of
from opsctl.model.ports import Aws
from opsctl.model.reads import Read, Refused
from opsctl.model.value import Json
from opsctl.moving.backoff import Patience
from opsctl.moving.call_sending import Call, CallSending
from opsctl.moving.sending import Alive, Sent

_PAGES_AT_MOST = 100
_ATTEMPTS = 5
_PAYLOAD_LIMIT = 6_291_456
_ALIVE_EVERY_S = 5.0


class ShardSending:
    """Implements `Sending` for failed Kinesis and DynamoDB stream batches."""

    repeats_s = 0.0

    def __init__(self, aws: Aws, region: str, patience: Patience) -> None:
        self._aws = aws
        self._region = region
        self._patience = patience
        self._roles: dict[str, str] = {}
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

    def _call_of(self, message: Json) -> Call:
        letter = letter_of(message)
        info = dict(letter.stream)
        if not _names_records(info):
            raise ValueError("the record does not say which records of which stream failed")
        kinesis = info.pop("kind") == "KinesisBatchInfo"
        records = self._records(info, kinesis=kinesis)
        _refuse_another_batch([_number(one) for one in records], info)
        if kinesis:
            role = self._role(letter.origin)
            event = {"Records": [_kinesis_record(one, info, self._region, role) for one in records]}
        else:
            event = {"Records": [_dynamodb_record(one, info) for one in records]}
        payload = json.dumps(event, default=_plain, separators=(",", ":"), ensure_ascii=False)
        if len(payload.encode()) > _PAYLOAD_LIMIT:
            raise ValueError(f"the batch of {len(records)} records is larger than the 6 MB a function can get")
        return Call(
            service="lambda",
            operation="Invoke",
            params={"FunctionName": letter.origin, "InvocationType": "RequestResponse", "Payload": payload},
        )

    def _records(self, info: dict[str, Json], *, kinesis: bool) -> list[Json]:
        service = "kinesis" if kinesis else "dynamodbstreams"
        iterator = self._iterator(service, info)
        last = int(info["endSequenceNumber"])
        # Kinesis wants the stream beside the iterator when it is known by its ARN; DynamoDB knows no such member.
        of_stream = {"StreamARN": info["streamArn"]} if kinesis else {}
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
        raise ValueError(f"the batch is not found whole within {_PAGES_AT_MOST} pages of its shard")

    def _role(self, function: str) -> str:
        """The role with which Lambda read the stream; each Kinesis record names it."""
        if function not in self._roles:
            told = self._read("lambda", "GetFunctionConfiguration", {"FunctionName": function})
            self._roles[function] = str(told.get("Role", ""))
        return self._roles[function]

    def _iterator(self, service: str, info: dict[str, Json]) -> str:
        stream = {"StreamARN" if service == "kinesis" else "StreamArn": info["streamArn"]}
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
            answer = self._aws.read(read)
            if answer.refusal is None:
                return answer.value
            if answer.refusal.kind is not Refused.THROTTLED or attempt == _ATTEMPTS:
                raise ValueError(f"the batch cannot be made again: {answer.refusal}")
            self._patience.wait(attempt)
        raise AssertionError("the last attempt returns or raises")


def _names_records(info: dict[str, Json]) -> bool:
    numbers = (str(info.get(f"{end}SequenceNumber", "")) for end in ("start", "end"))
    named = all(info.get(name) and isinstance(info[name], str) for name in ("shardId", "streamArn"))
    size = info.get("batchSize")
    counted = isinstance(size, int) and not isinstance(size, bool) and size > 0
    return named and counted and all(number.isdecimal() for number in numbers)


def _number(record: Json) -> int:
    return int(record.get("SequenceNumber") or record["dynamodb"]["SequenceNumber"])


def _refuse_another_batch(found: list[int], info: dict[str, Json]) -> None:
    """Raise ValueError unless the records are exactly those of the batch that failed."""
    first, last, size = int(info["startSequenceNumber"]), int(info["endSequenceNumber"]), info["batchSize"]
    if not found:
        raise ValueError("the stream does not retain these records any more")
    if found[0] != first or found[-1] != last or len(found) < size:
        raise ValueError(
            f"only {len(found)} of the batch's {size} records can be read, not all from its first to its last: "
            "the stream may not retain the others any more"
        )
    if len(found) > size:
        raise ValueError(
            f"{len(found)} records lie where the batch had {size}: by a filter or a parallelization factor the "
            "function got some of them, and which cannot be told; read the shard and invoke it yourself"
        )


def _kinesis_record(record: Json, info: dict[str, Json], region: str, role: str) -> Json:
    return {
        "eventID": f"{info['shardId']}:{record['SequenceNumber']}",
        "eventName": "aws:kinesis:record",
        "eventSource": "aws:kinesis",
        "eventSourceARN": info["streamArn"],
        "eventVersion": "1.0",
        "invokeIdentityArn": role,
        "awsRegion": region,
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record["PartitionKey"],
            "sequenceNumber": record["SequenceNumber"],
            "data": record["Data"],
            "approximateArrivalTimestamp": record.get("ApproximateArrivalTimestamp"),
        },
    }


def _dynamodb_record(record: Json, info: dict[str, Json]) -> Json:
    """As Lambda sends it, where who deleted an item is told in small letters (DynamoDB API, streams Record)."""
    identity = record.get("userIdentity")
    small = {f"{name[:1].lower()}{name[1:]}": value for name, value in (identity or {}).items()}
    return {**record, "eventSourceARN": info["streamArn"], **({"userIdentity": small} if identity else {})}


def _plain(value: object) -> Json:
    """Write what JSON has no form for as Lambda does: times in seconds, binary in base64."""
    if isinstance(value, datetime.datetime):
        seconds = value.timestamp()
        return int(seconds) if seconds.is_integer() else seconds
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


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
