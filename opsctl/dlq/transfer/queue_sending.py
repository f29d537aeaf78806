"""Sending to a queue, in batches, each entry judged by itself."""

import hashlib
from collections.abc import Callable, Mapping

from opsctl.dlq.origin import unmarked
from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.digests import attributes_digest, body_digest
from opsctl.dlq.transfer.queue import PASSING, final
from opsctl.dlq.transfer.sending import GROUP_STOPPED, Alive, Sent, Stayed
from opsctl.dlq.transfer.wire_calls import ask
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import Wire
from opsctl.model.reads import Refusal, RefusalKind
from opsctl.model.value import Json

ATTEMPTS = 8
BATCH_BYTES = 1_048_576
_SURELY_SMALL = 25_000
DEDUPLICATION_S = 300
_BARREN_AT_MOST = 3
_NEVER_ANSWERED = Refusal(kind=RefusalKind.THROTTLED, code="InternalError", message="", api="sqs.SendMessageBatch")


class QueueSending:
    """Implements `Sending` for an SQS queue.

    Bodies and attributes go on as they came. On a FIFO queue the deduplication id is derived from the dead
    letter's own id, so that a repeated send is dropped and the original is not mistaken for a repetition
    (SQS drops a known id for five minutes); groups are sent one message at a time, and one that fails stops
    its group.
    """

    def __init__(
        self,
        wire: Wire,
        url: str,
        patience: Patience,
        mark: str = "",
        identity: Callable[[Json], str] = lambda message: str(message["MessageId"]),
        *,
        keeps_origin: bool = False,
    ) -> None:
        """`mark` makes this run's deduplication ids differ from those of other runs with the same messages.

        `identity` tells one message from another, however often it is sent. `keeps_origin` sends the attribute
        with the source queue along, to a queue that is no consumer's.
        """
        self._keeps_origin = keeps_origin
        self._mark = mark
        self._identity = identity
        self._wire = wire
        self._url = url
        self._patience = patience
        self._fifo = url.endswith(".fifo")
        self._stopped: set[str] = set()
        self._closed = ""
        self._barren = 0

    @property
    def closed(self) -> str:
        """Why nothing more can be sent, or nothing."""
        return self._closed

    @property
    def repeats_s(self) -> float:
        """FIFO queues drop repetitions for five minutes."""
        return DEDUPLICATION_S if self._fifo else 0

    def parts(self, messages: list[Json]) -> list[list[Json]]:
        """All together: one request takes ten."""
        return [messages]

    def send(self, messages: list[Json], alive: Alive) -> Sent:
        """Send messages in as few requests as size and order allow."""
        if not self._keeps_origin:
            messages = [unmarked(message) for message in messages]
        if not self._fifo:
            sent = Sent()
            for chunk in _chunks(messages):
                sent.add(self._batch(chunk, alive))
            return sent
        return self._in_order(messages, alive)

    def _in_order(self, messages: list[Json], alive: Alive) -> Sent:
        sent = Sent()
        waves: list[dict[str, Json]] = []
        for message in messages:
            group = _group(message)
            for wave in waves:
                if group not in wave:
                    wave[group] = message
                    break
            else:
                waves.append({group: message})
        for wave in waves:
            going = [message for group, message in wave.items() if group not in self._stopped]
            sent.stayed += [
                Stayed(message, GROUP_STOPPED, f"an earlier message of group {group} stayed")
                for group, message in wave.items()
                if group in self._stopped
            ]
            for chunk in _chunks(going):
                came = self._batch(chunk, alive)
                self._stopped.update(_group(one.message) for one in came.stayed)
                sent.add(came)
        return sent

    def _batch(self, messages: list[Json], alive: Alive) -> Sent:
        sent = Sent()
        pending = {str(number): message for number, message in enumerate(messages)}
        doubtful: list[str] = []
        unseen = _Unseen(self._patience.now)
        last = _NEVER_ANSWERED
        for attempt in range(1, ATTEMPTS + 1):
            if self._closed:
                break
            alive()
            if attempt > 1:
                self._patience.wait(attempt - 1)
            entries = [self._entry(key, message) for key, message in pending.items()]
            asked, tried = self._patience.now(), _ids(pending)
            try:
                answer = ask(self._wire, "SendMessageBatch", {"QueueUrl": self._url, "Entries": entries})
            except OutcomeUnknown as lost:
                doubtful += tried if not self._fifo or unseen.repeated_late(asked) else ()
                unseen.lost(asked)
                last = last.model_copy(update={"code": "OutcomeUnknown", "message": lost.summary})
                continue
            except AwsRefused as refused:
                last = refused.refusal
                if last.kind in PASSING:
                    continue
                sent.doubtful += [*doubtful, *(tried if self._fifo and unseen.any else ())]
                self._whole_refused(list(pending.values()), last, sent, alive)
                return sent
            doubtful += tried if self._fifo and unseen.repeated_late(asked) else ()
            last = self._sort(answer, pending, sent, doubtful) or last
            if not pending:
                break
        self._note(sent, last)
        closed, _, why = self._closed.partition(": ")
        code, reason = (closed, why) if closed else (last.code, last.message or last.code)
        sent.stayed += [Stayed(message, code, reason) for message in pending.values()]
        if self._fifo and unseen.any:
            doubtful += [one.message["MessageId"] for one in sent.stayed]
        sent.doubtful += doubtful
        return sent

    def _note(self, sent: Sent, last: Refusal) -> None:
        """Close the destination when batch after batch was tried to the end and nothing of them was taken."""
        self._barren = 0 if sent.confirmed or sent.stayed else self._barren + 1
        if self._barren >= _BARREN_AT_MOST and not self._closed:
            self._closed = f"{last.code}: no message accepted in {ATTEMPTS} attempts of {_BARREN_AT_MOST} batches"

    def _sort(
        self, answer: dict[str, Json], pending: dict[str, Json], sent: Sent, doubtful: list[str]
    ) -> Refusal | None:
        """Take what was confirmed or refused for good out of `pending`; return the last passing refusal."""
        last = None
        for one in answer.get("Successful") or []:
            message = pending.pop(one["Id"], None)
            if message is None:
                continue
            if not _arrived_intact(one, message):
                doubtful.append(message["MessageId"])
                sent.stayed.append(
                    Stayed(message, "DigestDiffers", "the digest of what arrived differs from what was sent")
                )
                continue
            sent.confirmed.append(message)
            sent.new_ids.append(one["MessageId"])
        for one in answer.get("Failed") or []:
            code, text = one.get("Code", "Unknown"), one.get("Message") or ""
            if final(one):
                message = pending.pop(one["Id"], None)
                if message is not None:
                    sent.stayed.append(Stayed(message, code, text))
            else:
                last = Refusal(kind=RefusalKind.THROTTLED, code=code, message=text, api="sqs.SendMessageBatch")
        return last

    def _whole_refused(self, messages: list[Json], refusal: Refusal, sent: Sent, alive: Alive) -> None:
        """A refusal of the whole request: the destination's fault closes it, a message's is found one by one."""
        if refusal.kind in (RefusalKind.MISSING, RefusalKind.DENIED) or refusal.code.upper().startswith("KMS"):
            self._closed = f"{refusal.code}: {refusal.message}"
        if self._closed or len(messages) == 1:
            sent.stayed += [Stayed(message, refusal.code, refusal.message) for message in messages]
            return
        for message in messages:
            if self._fifo and any(_group(one.message) == _group(message) for one in sent.stayed):
                sent.stayed.append(Stayed(message, GROUP_STOPPED, "an earlier message of its group stayed"))
                continue
            sent.add(self._batch([message], alive))

    def _entry(self, key: str, message: Json) -> dict[str, Json]:
        entry: dict[str, Json] = {"Id": key, "MessageBody": message["Body"]}
        attributes = message.get("MessageAttributes")
        if attributes:
            entry["MessageAttributes"] = attributes
        system = message.get("Attributes") or {}
        if "AWSTraceHeader" in system:
            entry["MessageSystemAttributes"] = {
                "AWSTraceHeader": {"DataType": "String", "StringValue": system["AWSTraceHeader"]}
            }
        if "MessageGroupId" in system:
            entry["MessageGroupId"] = system["MessageGroupId"]
        if self._fifo:
            entry["MessageDeduplicationId"] = deduplication_id(self._mark + self._identity(message))
        return entry


class _Unseen:
    """What a FIFO queue may have taken though its answer was lost: it drops a repetition for five minutes only."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._since: float | None = None

    @property
    def any(self) -> bool:
        """Whether anything may have arrived so."""
        return self._since is not None

    def lost(self, asked: float) -> None:
        """Take note of a request of that time whose answer was lost."""
        self._since = asked if self._since is None else self._since

    def repeated_late(self, asked: float) -> bool:
        """Whether a request that was made since may have come too late to be dropped; it is the first then."""
        if self._since is None or self._now() - self._since < DEDUPLICATION_S:
            return False
        self._since = asked
        return True


def _ids(pending: Mapping[str, Json]) -> list[str]:
    return [message["MessageId"] for message in pending.values()]


def deduplication_id(message_id: str) -> str:
    """Derive the id under which a dead letter is sent: equal on every attempt, unlike the original's."""
    return "opsctl-" + hashlib.sha256(message_id.encode()).hexdigest()[:48]


def size_of(message: Json) -> int:
    """The size of a message as SQS counts it: body, and names, types and values of attributes, in bytes."""
    size = len(message["Body"].encode())
    for name, value in (message.get("MessageAttributes") or {}).items():
        size += len(name.encode()) + len(value["DataType"].encode())
        if "BinaryValue" in value:
            size += len(value["BinaryValue"]) * 3 // 4
        else:
            size += len(value.get("StringValue", "").encode())
    return size


def _chunks(messages: list[Json]) -> list[list[Json]]:
    if all(len(message["Body"]) < _SURELY_SMALL for message in messages):
        return [messages] if messages else []
    chunks: list[list[Json]] = []
    room = 0
    for message in messages:
        size = size_of(message)
        if not chunks or size > room:
            chunks.append([])
            room = BATCH_BYTES
        chunks[-1].append(message)
        room -= size
    return chunks


def _group(message: Json) -> str:
    return str((message.get("Attributes") or {}).get("MessageGroupId", ""))


def _arrived_intact(answer: Json, message: Json) -> bool:
    """Compare the digests the destination computed with those of what was sent."""
    expected = message.get("MD5OfBody") or body_digest(message["Body"])
    if answer.get("MD5OfMessageBody") != expected:
        return False
    attributes = message.get("MessageAttributes")
    if not attributes:
        return True
    told = message.get("MD5OfMessageAttributes") or attributes_digest(attributes)
    return bool(answer.get("MD5OfMessageAttributes") == told)
