"""Sending messages to the queue that they are parked in, and back to where they were."""

from opsctl.dlq.origin import marked
from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.queue_sending import QueueSending, deduplication_id, size_of
from opsctl.dlq.transfer.sending import Alive, Sent
from opsctl.model.jobs import Checkpoint, Wire
from opsctl.model.value import Json

_MARK = "back "
_ONCE = "returned_once"


def parked_as(message_id: str) -> str:
    """The deduplication id under which a dead letter is parked."""
    return deduplication_id(message_id)


class ParkSending:
    """Implements `Sending` into the park; a message that is brought back has its source queue in an attribute."""

    def __init__(self, wire: Wire, url: str, patience: Patience, max_bytes: int) -> None:
        """`max_bytes` is the largest message that can be brought back, attribute and all; 0 when nobody knows."""
        self._inner = QueueSending(wire, url, patience, keeps_origin=True)
        self._max_bytes = max_bytes

    @property
    def closed(self) -> str:
        """Why nothing more can be parked, or nothing."""
        return self._inner.closed

    @property
    def repeats_s(self) -> float:
        """FIFO queues drop repetitions for five minutes."""
        return self._inner.repeats_s

    def send(self, messages: list[Json], alive: Alive) -> Sent:
        """Send messages, each with its source queue where that fits."""
        return self._inner.send([self._marked(message) for message in messages], alive)

    def _marked(self, message: Json) -> Json:
        made = marked(message)
        return made if size_of(made) <= self._max_bytes else message


class Returning:
    """Implements `InParts` into the dead-letter queue.

    A message is known by the deduplication id under which it was parked, so that the copies of one that was parked
    twice are one message again: SQS drops the second within five minutes, and this one later as well.
    """

    def __init__(
        self, wire: Wire, url: str, patience: Patience, checkpoint: Checkpoint, parked_twice: set[str]
    ) -> None:
        """`parked_twice` are the deduplication ids of messages of which there may be two."""
        self._inner = QueueSending(wire, url, patience, mark=_MARK, identity=_parked_as, keeps_origin=True)
        self._checkpoint = checkpoint
        self._parked_twice = parked_twice
        self._once: list[str] = list(checkpoint.recall(_ONCE) or ())

    @property
    def closed(self) -> str:
        """Why nothing more can be sent, or nothing."""
        return self._inner.closed

    @property
    def repeats_s(self) -> float:
        """FIFO queues drop repetitions for five minutes."""
        return self._inner.repeats_s

    def parts(self, messages: list[Json]) -> list[list[Json]]:
        """All together: one request takes ten."""
        return self._inner.parts(messages)

    def send(self, messages: list[Json], alive: Alive) -> Sent:
        """Send messages but for those that are back already, which count as sent."""
        again = [one for one in messages if _parked_as(one) in self._once]
        sent = self._inner.send([one for one in messages if _parked_as(one) not in self._once], alive)
        now = [key for one in sent.confirmed if (key := _parked_as(one)) in self._parked_twice]
        if now:
            self._once += now
            self._checkpoint.remember(_ONCE, self._once)
        sent.confirmed += again
        return sent


def _parked_as(message: Json) -> str:
    return str((message.get("Attributes") or {}).get("MessageDeduplicationId", ""))
