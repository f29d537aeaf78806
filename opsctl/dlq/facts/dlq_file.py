"""Checks a file of messages before any of it is sent."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from opsctl.dlq.jobs.dlq_import import digest_of
from opsctl.dlq.origin import ATTRIBUTES_AT_MOST
from opsctl.dlq.transfer.backup import read_records
from opsctl.dlq.transfer.queue_sending import size_of
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value
from opsctl.resources.queue_facts import QueueFacts, find_queue

_NAMED_AT_MOST = 100


class FileOfMessages(Value):
    """A file, where it goes, and which of its messages the queue would refuse."""

    path: str
    sha256: str
    count: int
    queue: QueueFacts
    refused: tuple[str, ...]


class DlqFile(Fact):
    """Read every line of a file of messages and hold it against a queue's limits."""

    name: ClassVar[str] = "dlq.file"
    Result: ClassVar[type[Value]] = FileOfMessages

    path: str = Field(description="A file that `opsctl dlq export`, `purge` or `redrive --backup` wrote.")
    queue: str = Field(description="Name, URL or ARN of the queue.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the whole file before anything is asked, then find the queue and hold it against its limits."""
        path = Path(self.path)
        count = sum(1 for _ in read_records(path))
        if not count:
            raise InvalidInput.one(f"{self.path} holds no messages", source="file")
        queue = yield from find_queue(self.queue, about, source="queue")
        refused = islice(_refused(path, queue), _NAMED_AT_MOST)
        return FileOfMessages(
            path=str(path), sha256=digest_of(path), count=count, queue=queue, refused=tuple(refused)
        )


def _refused(path: Path, queue: QueueFacts) -> Iterator[str]:
    for number, message in read_records(path):
        size = size_of(message)
        if size > queue.max_bytes:
            yield f"line {number}: {size:,} bytes, the queue accepts {queue.max_bytes:,}"
        if len(message.get("MessageAttributes") or {}) > ATTRIBUTES_AT_MOST:
            yield f"line {number}: more than {ATTRIBUTES_AT_MOST} attributes"
        if queue.fifo and "MessageGroupId" not in (message.get("Attributes") or {}):
            yield f"line {number}: no message group ID, which a FIFO queue requires"
