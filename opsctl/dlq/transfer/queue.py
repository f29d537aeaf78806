"""One queue as a source: receive, delete, give back; every call may be repeated, so retries are made here."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import uuid4

from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.wire_calls import ask
from opsctl.model.errors import AwsRefused, OutcomeUnknown
from opsctl.model.jobs import Wire
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json

ATTEMPTS = 10
BATCH = 10
_SYSTEM = (
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SenderId",
    "SentTimestamp",
    "SequenceNumber",
)
_SYSTEM_FOR_MOVING = ("AWSTraceHeader", "DeadLetterQueueSourceArn", "MessageGroupId", "SentTimestamp")
_COUNTS = tuple(f"ApproximateNumberOfMessages{suffix}" for suffix in ("", "NotVisible", "Delayed"))


def final(failed: Mapping[str, Json]) -> bool:
    """Whether an entry of a batch failed for good; SQS calls throttling a fault of the sender as well."""
    return bool(failed.get("SenderFault")) and "throttl" not in str(failed.get("Code", "")).lower()


class Depth(NamedTuple):
    """How many messages a queue has, as SQS knows it: approximate, up to a minute old."""

    visible: int
    hidden: int
    delayed: int

    @classmethod
    def of(cls, several: Iterable["Depth"]) -> "Depth":
        """Add up the depths of several queues."""
        return cls(*map(sum, zip(*several, strict=True)))

    @classmethod
    def told(cls, attributes: Mapping[str, Json]) -> "Depth":
        """Read the depth out of a queue's attributes."""
        return cls(*(int(attributes.get(name, 0)) for name in _COUNTS))

    @property
    def total(self) -> int:
        """All of them."""
        return self.visible + self.hidden + self.delayed


class Queue:
    """A queue to receive from; used by several threads."""

    def __init__(
        self, wire: Wire, url: str, patience: Patience, *, visibility_s: int, everything: bool = False
    ) -> None:
        """`everything` asks for all system attributes, not only for what moving needs."""
        self._wire = wire
        self._url = url
        self._patience = patience
        self._visibility_s = visibility_s
        self.fifo = url.endswith(".fifo")
        self._system = list(_SYSTEM if everything else _SYSTEM_FOR_MOVING)
        self.answers_lost = 0

    def receive(self, at_most: int, wait_s: int) -> list[Json]:
        """Receive up to ten messages, hidden from others for the visibility timeout.

        Raises:
            AwsRefused: for a reason that will not pass.
        """
        params: dict[str, Json] = {
            "QueueUrl": self._url,
            "MaxNumberOfMessages": at_most,
            "WaitTimeSeconds": wait_s,
            "VisibilityTimeout": self._visibility_s,
            "MessageAttributeNames": ["All"],
            "MessageSystemAttributeNames": self._system,
        }
        if self.fifo:
            # The same id gives the same messages again when the answer was lost.
            params["ReceiveRequestAttemptId"] = uuid4().hex
        found = self._repeated("ReceiveMessage", params).get("Messages")
        return found if isinstance(found, list) else []

    def delete(self, messages: Sequence[tuple[str, str]]) -> list[tuple[str, str, str]]:
        """Delete up to ten messages given as id and receipt handle.

        Returns what could not be deleted: id, error code, message.
        """
        return self._each("DeleteMessageBatch", messages, {})

    def give_back(self, messages: Sequence[tuple[str, str]]) -> str:
        """Make messages visible again at once; what AWS refuses comes back by itself in time.

        Returns why AWS refused the whole of it, or nothing.
        """
        for start in range(0, len(messages), BATCH):
            try:
                self._each(
                    "ChangeMessageVisibilityBatch", messages[start : start + BATCH], {"VisibilityTimeout": 0}
                )
            except AwsRefused as refused:
                return refused.summary
        return ""

    def keep(self, messages: Sequence[tuple[str, str]], seconds: int = 0) -> bool:
        """Keep messages hidden for so long, by default another visibility timeout; returns whether all surely are.

        Refused or lost, it is no reason to forget what was sent already: sending goes on, and deletes.
        """
        hidden_s = seconds or self._visibility_s
        try:
            return not self._each("ChangeMessageVisibilityBatch", messages, {"VisibilityTimeout": hidden_s})
        except (AwsRefused, OutcomeUnknown):
            return False

    def depth(self) -> Depth:
        """Ask how many messages there are."""
        params: dict[str, Json] = {"QueueUrl": self._url, "AttributeNames": list(_COUNTS)}
        return Depth.told(self._repeated("GetQueueAttributes", params).get("Attributes") or {})

    def _each(
        self, operation: str, messages: Sequence[tuple[str, str]], more: dict[str, Json]
    ) -> list[tuple[str, str, str]]:
        pending = {str(number): message for number, message in enumerate(messages)}
        refused: list[tuple[str, str, str]] = []
        for attempt in range(1, ATTEMPTS + 1):
            entries = [{"Id": key, "ReceiptHandle": handle, **more} for key, (_, handle) in pending.items()]
            answer = self._repeated(operation, {"QueueUrl": self._url, "Entries": entries})
            failed = {one["Id"]: one for one in answer.get("Failed") or []}
            refused += [
                (pending[key][0], one["Code"], one.get("Message", "")) for key, one in failed.items() if final(one)
            ]
            pending = {key: pending[key] for key, one in failed.items() if not final(one)}
            if not pending:
                return refused
            self._patience.wait(attempt)
        return refused + [(id_, "InternalError", f"failed {ATTEMPTS} times") for id_, _ in pending.values()]

    def _repeated(self, operation: str, params: dict[str, Json]) -> dict[str, Json]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return ask(self._wire, operation, params)
            except OutcomeUnknown:
                self.answers_lost += 1
                if attempt == ATTEMPTS:
                    raise
            except AwsRefused as refused:
                if refused.refusal.kind not in PASSING or attempt == ATTEMPTS:
                    raise
            self._patience.wait(attempt)
        raise AssertionError("the last attempt returns or raises")


PASSING = (RefusalKind.THROTTLED, RefusalKind.UNREACHABLE)
