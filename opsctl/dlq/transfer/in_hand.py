"""What is being moved at the moment, by all workers: nobody moves a message that another has in hand."""

import threading
from collections.abc import Callable, Iterable

from opsctl.model.value import Json


class InHand:
    """Messages from their receive until they are deleted or held aside, each with its newest receipt handle.

    A message is hidden for the visibility timeout only. A worker that is held up for longer, by a machine that
    slept or a destination that does not answer, has in hand what SQS gives to the next worker that asks. Used by
    several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: dict[str, str] = {}

    def take(self, messages: Iterable[Json], hidden: Callable[[], bool]) -> list[Json]:
        """Take what no other worker has in hand; of the rest only the newer receipt handle is kept.

        What is not `hidden` any more was received for too long: somebody else may have it, or have moved it. Of
        two that are taken while they are hidden, the later to be taken was also the later to be received.
        """
        taken = []
        with self._lock:
            if not hidden():
                return []
            for message in messages:
                if message["MessageId"] not in self._handles:
                    taken.append(message)
                self._handles[message["MessageId"]] = message["ReceiptHandle"]
        return taken

    def newest(self, held: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Give each message the handle by which SQS knows it now: an older one is accepted without effect."""
        with self._lock:
            return [(id_, self._handles.get(id_, handle)) for id_, handle in held]

    def put_down(self, messages: Iterable[Json]) -> None:
        """Have these in hand no more; where else they are known has to be so by now."""
        with self._lock:
            for message in messages:
                self._handles.pop(message["MessageId"], None)
