"""A small faithful SQS in memory: visibility, receipt handles, FIFO groups, partial batches, and faults.

moto copies its message list on every call and hands one message to two threads, so it is not fit for moving
many at once. The rules are those of the Amazon SQS developer guide and API reference.
"""

import base64
import hashlib
import json
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from opsctl.dlq.transfer.digests import attributes_digest, body_digest
from opsctl.dlq.transfer.queue_sending import size_of
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.reads import Refusal, RefusalKind
from opsctl.model.run import Clock
from opsctl.model.value import Json

DEDUPLICATION_S = 300
IN_FLIGHT_AT_MOST = 120_000
SIZE_AT_MOST = 1_048_576
_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass
class Stored:
    """A message in a queue."""

    id: str
    body: str
    attributes: dict[str, Json]
    system: dict[str, str]
    number: int
    visible_at: float = 0.0
    received: int = 0
    handle: str = ""
    first_at: float = 0.0


@dataclass
class StoredQueue:
    """A queue with its settings."""

    name: str
    attributes: dict[str, str]
    messages: dict[int, Stored] = field(default_factory=dict)
    handles: dict[str, int] = field(default_factory=dict)
    seen: dict[str, tuple[float, str]] = field(default_factory=dict)
    attempts: dict[str, tuple[float, dict[int, tuple[str, float]]]] = field(default_factory=dict)
    counted: list[tuple[float, int, int]] = field(default_factory=list)

    @property
    def fifo(self) -> bool:
        """Whether order and exactly-once hold."""
        return self.name.endswith(".fifo")

    def bodies(self) -> list[str]:
        """The bodies in order of arrival."""
        return [one.body for _, one in sorted(self.messages.items())]


@dataclass
class Faults:
    """Chances of each fault, and a hook that is called before every operation, while none is under way.

    `sampled` is how likely a short poll asks some of the servers only, and `lag_s` how old a count may be.
    """

    seed: int = 1
    sampled: float = 0.0
    lag_s: float = 0.0
    send_entry: float = 0.0
    delete_entry: float = 0.0
    throttled: float = 0.0
    lost: dict[str, float] = field(default_factory=dict)
    lose_first: dict[str, int] = field(default_factory=dict)
    before: Callable[[str, dict[str, Json]], None] | None = None


class WallClock:
    """Real time, which tests may push forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self.ahead_s

    def sleep(self, seconds: float) -> None:
        """Wait a little, and let the rest have passed."""
        time.sleep(seconds / 20)
        self.ahead_s += seconds * 19 / 20


class MemorySqs:
    """Implements the `Wire` port: `call(operation, params)` as SQS's JSON protocol has it."""

    def __init__(self, clock: Clock, faults: Faults | None = None) -> None:
        self.clock = clock
        self.faults = faults or Faults()
        self.queues: dict[str, StoredQueue] = {}
        self.calls: list[str] = []
        self.in_flight_at_most = 0
        self._random = random.Random(self.faults.seed)  # noqa: S311 - faults, not secrets
        self._lock = threading.RLock()
        self._number = 0

    def make(self, name: str, **attributes: str) -> str:
        """Make a queue and return its URL."""
        self.queues[name] = StoredQueue(name, {"VisibilityTimeout": "30", **attributes})
        return url_of(name)

    def arn(self, name: str) -> str:
        """The ARN of a queue."""
        return f"arn:aws:sqs:us-east-1:123456789012:{name}"

    def put(self, name: str, *bodies: str, group: str = "", source: str = "") -> list[str]:
        """Put messages into a queue as AWS itself would, with the source they died on; returns their ids."""
        queue, ids = self.queues[name], []
        for body in bodies:
            system = {"MessageGroupId": group} if group else {}
            system |= {"DeadLetterQueueSourceArn": self.arn(source)} if source else {}
            ids.append(self._add(queue, body, {}, system).id)
        return ids

    def fail(self, source: str, dead: str) -> int:
        """Let a consumer fail on everything in a queue, so that SQS moves it to its dead-letter queue."""
        with self._lock:
            moving = list(self.queues[source].messages.values())
            self.queues[source].messages.clear()
            for one in moving:
                one.system["DeadLetterQueueSourceArn"] = self.arn(source)
                self._number += 1
                one.number, one.visible_at, one.handle = self._number, 0.0, ""
                self.queues[dead].messages[self._number] = one
            return len(moving)

    def server_time(self) -> float:
        """The service's clock."""
        return self.clock.now()

    def call(self, operation: str, params: dict[str, Json]) -> dict[str, Json]:
        """Carry out one operation, or fail as the faults say."""
        with self._lock:
            if self.faults.before is not None:
                self.faults.before(operation, params)
            self.calls.append(operation)
            if self._random.random() < self.faults.throttled:
                raise refused(operation, "RequestThrottled", RefusalKind.THROTTLED)
            name = str(params.get("QueueUrl") or params.get("QueueName")).rpartition("/")[2]
            if name not in self.queues:
                raise refused(operation, "QueueDoesNotExist", RefusalKind.MISSING)
            self._remember(self.queues[name])
            # Through JSON, as over the network: nobody shares an object with the service.
            answer = getattr(self, f"_{operation}")(self.queues[name], json.loads(json.dumps(params)))
            if name in self.queues:
                self._remember(self.queues[name])
            first = self.faults.lose_first.get(operation, 0)
            self.faults.lose_first[operation] = max(0, first - 1)
            if first or self._random.random() < self.faults.lost.get(operation, 0.0):
                raise OutcomeUnknown(f"sqs.{operation} was sent and its answer was lost")
            found: dict[str, Json] = json.loads(json.dumps(answer))
        if operation == "ReceiveMessage" and not found["Messages"] and params.get("WaitTimeSeconds"):
            self.clock.sleep(float(params["WaitTimeSeconds"]))
        return found

    def _add(self, queue: StoredQueue, body: str, attributes: dict[str, Json], system: dict[str, str]) -> Stored:
        with self._lock:
            self._number += 1
            now = self.clock.now()
            id_ = hashlib.sha256(f"{queue.name}{self._number}{now}".encode()).hexdigest()
            one = Stored(
                f"{id_[:8]}-{id_[8:12]}-{id_[12:16]}-{id_[16:20]}-{id_[20:32]}",
                body,
                attributes,
                {"SentTimestamp": str(int(now * 1000)), "SenderId": "AIDATEST", **system},
                self._number,
            )
            queue.messages[self._number] = one
            self._remember(queue)
            return one

    def _ReceiveMessage(self, queue: StoredQueue, params: dict[str, Json]) -> dict[str, Json]:  # noqa: N802
        now = self.clock.now()
        visibility = float(params.get("VisibilityTimeout", queue.attributes["VisibilityTimeout"]))
        again = self._same_attempt(queue, params, now)
        if again:
            for one in again:
                one.visible_at = now + visibility
            self._keep_attempt(queue, params, queue.attempts[params["ReceiveRequestAttemptId"]][0], again)
            return {"Messages": [_shown(one, params) for one in again]}
        in_flight = [one for one in queue.messages.values() if one.visible_at > now]
        if len(in_flight) >= (self.in_flight_at_most or IN_FLIGHT_AT_MOST):
            if queue.fifo:
                return {"Messages": []}
            raise refused("ReceiveMessage", "OverLimit", RefusalKind.INVALID)
        found = _to_be_had(queue, now)
        given = self._given(queue, found, params)
        for one in given:
            one.received += 1
            one.first_at = one.first_at or now
            one.visible_at = now + visibility
            one.handle = base64.b64encode(f"{queue.name}/{one.number}/{one.received}".encode()).decode()
            queue.handles[one.handle] = one.number
        if queue.fifo and params.get("ReceiveRequestAttemptId"):
            self._keep_attempt(queue, params, now, given)
        return {"Messages": [_shown(one, params) for one in given]}

    def _given(self, queue: StoredQueue, found: list[Stored], params: dict[str, Json]) -> list[Stored]:
        """What a poll finds: a long one asks all servers, a short one may ask some; FIFO keeps each order.

        Source: SQS guide, "Amazon SQS short and long polling".
        """
        at_most = int(params.get("MaxNumberOfMessages", 1))
        if params.get("WaitTimeSeconds") or self._random.random() >= self.faults.sampled:
            return found[:at_most]
        count = self._random.randint(0, min(at_most, len(found)))
        return found[:count] if queue.fifo else self._random.sample(found, count)

    def _same_attempt(self, queue: StoredQueue, params: dict[str, Json], now: float) -> list[Stored]:
        """The messages of an earlier answer to the same attempt, while nothing was done to them.

        Source: API reference, ReceiveMessage, ReceiveRequestAttemptId: "if none of the messages have been modified
        (deleted or had their visibility changes)".
        """
        at, handles = queue.attempts.get(params.get("ReceiveRequestAttemptId", ""), (0.0, {}))
        if not queue.fifo or now - at >= DEDUPLICATION_S:
            return []
        found = [queue.messages[number] for number in handles if number in queue.messages]
        same = [
            one for one in found if (one.handle, one.visible_at) == handles[one.number] and one.visible_at > now
        ]
        return same if len(same) == len(handles) else []

    def _keep_attempt(self, queue: StoredQueue, params: dict[str, Json], at: float, given: list[Stored]) -> None:
        handles = {one.number: (one.handle, one.visible_at) for one in given}
        queue.attempts[params["ReceiveRequestAttemptId"]] = (at, handles)

    def _SendMessageBatch(self, queue: StoredQueue, params: dict[str, Json]) -> dict[str, Json]:  # noqa: N802
        entries = params["Entries"]
        if not 0 < len(entries) <= 10 or len({one["Id"] for one in entries}) != len(entries):
            raise refused("SendMessageBatch", "BatchEntryIdsNotDistinct", RefusalKind.INVALID)
        if sum(_size(entry) for entry in entries) > SIZE_AT_MOST:
            raise refused("SendMessageBatch", "BatchRequestTooLong", RefusalKind.INVALID)
        good: list[Json] = []
        bad: list[Json] = []
        for entry in entries:
            fault = self._entry_fault(queue, entry)
            if fault:
                bad.append({"Id": entry["Id"], "Code": fault, "SenderFault": True, "Message": fault})
            elif self._random.random() < self.faults.send_entry:
                bad.append({"Id": entry["Id"], "Code": "InternalError", "SenderFault": False, "Message": "no"})
            else:
                good.append(self._accept(queue, entry))
        return {"Successful": good, "Failed": bad}

    def _entry_fault(self, queue: StoredQueue, entry: Json) -> str:
        if _size(entry) > int(queue.attributes.get("MaximumMessageSize", SIZE_AT_MOST)):
            return "InvalidParameterValue"
        if len(entry.get("MessageAttributes") or {}) > 10:
            return "InvalidParameterValue"
        if _XML.search(entry["MessageBody"]):
            return "InvalidMessageContents"
        if queue.fifo and "MessageGroupId" not in entry:
            return "MissingParameter"
        return ""

    def _accept(self, queue: StoredQueue, entry: Json) -> Json:
        attributes = entry.get("MessageAttributes") or {}
        answer = {"Id": entry["Id"], "MD5OfMessageBody": body_digest(entry["MessageBody"])}
        if attributes:
            answer["MD5OfMessageAttributes"] = attributes_digest(attributes)
        known = queue.seen.get(entry.get("MessageDeduplicationId", ""))
        if queue.fifo and known and self.clock.now() - known[0] < DEDUPLICATION_S:
            return answer | {"MessageId": known[1]}
        system = {name: entry[name] for name in ("MessageGroupId", "MessageDeduplicationId") if name in entry}
        for name, value in (entry.get("MessageSystemAttributes") or {}).items():
            system[name] = value["StringValue"]
        one = self._add(queue, entry["MessageBody"], attributes, system)
        if queue.fifo:
            queue.seen[entry["MessageDeduplicationId"]] = (self.clock.now(), one.id)
        return answer | {"MessageId": one.id}

    def _DeleteMessageBatch(self, queue: StoredQueue, params: dict[str, Json]) -> dict[str, Json]:  # noqa: N802
        good: list[Json] = []
        bad: list[Json] = []
        for entry in params["Entries"]:
            fault = self._handle_fault(queue, entry["ReceiptHandle"])
            if fault:
                bad.append({"Id": entry["Id"], "Code": fault, "SenderFault": True, "Message": fault})
            elif self._random.random() < self.faults.delete_entry:
                bad.append({"Id": entry["Id"], "Code": "InternalError", "SenderFault": False, "Message": "no"})
            else:
                # A handle that was overtaken by a later receive is accepted and does nothing.
                one = self._of_handle(queue, entry["ReceiptHandle"])
                if one is not None and one.handle == entry["ReceiptHandle"]:
                    del queue.messages[one.number]
                good.append({"Id": entry["Id"]})
        return {"Successful": good, "Failed": bad}

    def _ChangeMessageVisibilityBatch(  # noqa: N802
        self, queue: StoredQueue, params: dict[str, Json]
    ) -> dict[str, Json]:
        good: list[Json] = []
        bad: list[Json] = []
        for entry in params["Entries"]:
            handle = entry["ReceiptHandle"]
            one, code = self._of_handle(queue, handle), self._handle_fault(queue, handle)
            if code or one is None or one.handle != handle:
                code = code or "InvalidParameterValue"
                bad.append({"Id": entry["Id"], "Code": code, "SenderFault": True, "Message": code})
                continue
            one.visible_at = self.clock.now() + float(entry["VisibilityTimeout"])
            good.append({"Id": entry["Id"]})
        return {"Successful": good, "Failed": bad}

    def _of_handle(self, queue: StoredQueue, handle: str) -> Stored | None:
        return queue.messages.get(queue.handles.get(handle, -1))

    def _handle_fault(self, queue: StoredQueue, handle: str) -> str:
        """Why a handle is no good: never given out; or, on FIFO, overtaken, or its message visible again.

        Sources: API reference, DeleteMessage; answers recorded from AWS (localstack's validated tests of SQS).
        """
        if handle not in queue.handles:
            return "ReceiptHandleIsInvalid"
        one = self._of_handle(queue, handle)
        if one is None or not queue.fifo:
            return ""
        return "" if one.handle == handle and one.visible_at > self.clock.now() else "InvalidParameterValue"

    def _GetQueueAttributes(self, queue: StoredQueue, params: dict[str, Json]) -> dict[str, Json]:  # noqa: N802
        visible, hidden = self._counts(queue)
        counts = {
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(hidden),
            "ApproximateNumberOfMessagesDelayed": "0",
            "QueueArn": self.arn(queue.name),
        }
        return {"Attributes": {**queue.attributes, **counts}}

    def _DeleteQueue(self, queue: StoredQueue, _params: dict[str, Json]) -> dict[str, Json]:  # noqa: N802
        del self.queues[queue.name]
        return {}

    def _counts(self, queue: StoredQueue) -> tuple[int, int]:
        """How many are visible and hidden, each as of a moment that may be a while ago."""
        self._remember(queue)
        now, lag_s = self.clock.now(), self.faults.lag_s
        if not lag_s:
            _, visible, hidden = _counted(queue, now)
            return visible, hidden
        (_, visible, _), (_, _, hidden) = (
            _as_of(queue.counted, now - self._random.uniform(0, lag_s)) for _ in range(2)
        )
        return visible, hidden

    def _remember(self, queue: StoredQueue) -> None:
        """Keep the counts after each change, also by a time that was over, for as long as they may be told."""
        now, lag_s = self.clock.now(), self.faults.lag_s
        if lag_s:
            last = queue.counted[-1][0] if queue.counted else now
            over = {one.visible_at for one in queue.messages.values() if last < one.visible_at < now}
            queue.counted += [_counted(queue, at) for at in sorted(over)]
            queue.counted.append(_counted(queue, now))
            while len(queue.counted) > 1 and queue.counted[1][0] <= now - lag_s:
                del queue.counted[0]

    def _GetQueueUrl(self, queue: StoredQueue, _params: dict[str, Json]) -> dict[str, Json]:  # noqa: N802
        return {"QueueUrl": url_of(queue.name)}

    def _ListDeadLetterSourceQueues(  # noqa: N802
        self, queue: StoredQueue, _params: dict[str, Json]
    ) -> dict[str, Json]:
        mark = f'"{self.arn(queue.name)}"'
        sources = [one.name for one in self.queues.values() if mark in one.attributes.get("RedrivePolicy", "")]
        return {"queueUrls": [url_of(name) for name in sources]}


def url_of(name: str) -> str:
    """The URL of a queue."""
    return f"https://sqs.us-east-1.amazonaws.com/123456789012/{name}"


def refused(operation: str, code: str, kind: RefusalKind) -> AwsRefused:
    """Make SQS's refusal of a whole request."""
    return AwsRefused(Refusal(kind=kind, code=code, message=code, api=f"sqs.{operation}"))


def _to_be_had(queue: StoredQueue, now: float) -> list[Stored]:
    """What is visible; on FIFO of each group only what lies before its first hidden message.

    Source: answers recorded from AWS (localstack's validated tests of SQS).
    """
    found, locked = [], set()
    for one in queue.messages.values():
        group = one.system.get("MessageGroupId") if queue.fifo else None
        if one.visible_at > now:
            locked.add(group)
        elif group is None or group not in locked:
            found.append(one)
    return found


def _counted(queue: StoredQueue, now: float) -> tuple[float, int, int]:
    hidden = sum(one.visible_at > now for one in queue.messages.values())
    return now, len(queue.messages) - hidden, hidden


def _as_of(counted: list[tuple[float, int, int]], at: float) -> tuple[float, int, int]:
    return next((one for one in reversed(counted) if one[0] <= at), counted[0])


def _shown(one: Stored, params: dict[str, Json]) -> Json:
    system = {
        **one.system,
        "ApproximateReceiveCount": str(one.received),
        "ApproximateFirstReceiveTimestamp": str(int(one.first_at * 1000)),
    }
    asked = set(params.get("MessageSystemAttributeNames") or ())
    message = {
        "MessageId": one.id,
        "ReceiptHandle": one.handle,
        "Body": one.body,
        "MD5OfBody": body_digest(one.body),
        "Attributes": {name: value for name, value in system.items() if name in asked or "All" in asked},
    }
    if one.attributes and params.get("MessageAttributeNames"):
        message["MessageAttributes"] = one.attributes
        message["MD5OfMessageAttributes"] = attributes_digest(one.attributes)
    return message


def _size(entry: Json) -> int:
    return size_of({"Body": entry["MessageBody"], "MessageAttributes": entry.get("MessageAttributes")})
