"""Checks a file of messages before any of it is sent."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from opsctl.jobs.dlq_import import digest_of
from opsctl.model.errors import InvalidInput
from opsctl.model.looking import Looking
from opsctl.model.run import Context, Lookup
from opsctl.model.value import Value
from opsctl.moving.backup import read_records
from opsctl.moving.queue_sending import size_of
from opsctl.services.queue_facts import QueueFacts, find_queue

_ATTRIBUTES_AT_MOST = 10


class FileOfMessages(Value):
    """A file, where it goes, and which of its messages the queue would refuse."""

    path: str
    sha256: str
    count: int
    queue: QueueFacts
    refused: tuple[str, ...]


class DlqFile(Lookup):
    """Read every line of a file of messages and hold it against a queue's limits."""

    name: ClassVar[str] = "dlq.file"
    Result: ClassVar[type[Value]] = FileOfMessages

    path: str = Field(description="A file that `opsctl dlq export`, `purge` or `redrive --backup` wrote.")
    queue: str = Field(description="Name, URL or ARN of the queue.")

    def look(self, about: Context) -> Looking[Value]:
        """Check the file, then find the queue."""
        queue = yield from find_queue(self.queue, about, source="queue")
        count, refused = 0, []
        for number, message in read_records(Path(self.path)):
            count += 1
            size = size_of(message)
            if size > queue.max_bytes:
                refused.append(f"line {number}: {size:,} bytes, the queue takes {queue.max_bytes:,}")
            if len(message.get("MessageAttributes") or {}) > _ATTRIBUTES_AT_MOST:
                refused.append(f"line {number}: more than {_ATTRIBUTES_AT_MOST} attributes")
            if queue.fifo and "MessageGroupId" not in (message.get("Attributes") or {}):
                refused.append(f"line {number}: no message group, which a FIFO queue needs")
        if not count:
            raise InvalidInput.one(f"{self.path} holds no messages", source="file")
        path = Path(self.path)
        return FileOfMessages(
            path=str(path), sha256=digest_of(path), count=count, queue=queue, refused=tuple(refused[:100])
        )
