"""The file form of messages: one JSON object a line, complete enough to be put back."""

import gzip
import json
import os
import re
import stat
import threading
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from opsctl.dlq.transfer.sending import Alive, Sent, Stayed
from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.errors import InvalidInput, OpsctlError
from opsctl.model.value import Json

FORMAT = "opsctl.message/v1"
_BEGINS = re.compile(rb'\s*\{\s*"format"\s*:\s*"' + re.escape(FORMAT.encode()) + b'"')
_BEGIN_BYTES = 200
_REPEATS_WITHIN = 5000
LONGEST_LINE = 16_000_000
"""Characters: the largest message SQS takes is 1 MiB, and JSON may write each of its bytes with six."""


def record_of(message: Json) -> dict[str, Json]:
    """Return what a file keeps of a received message: all but the receipt handle and the digests."""
    record = {
        "format": FORMAT,
        "id": message["MessageId"],
        "body": message["Body"],
        "system": message.get("Attributes") or {},
    }
    attributes = message.get("MessageAttributes")
    return record | ({"attributes": attributes} if attributes else {})


def message_of(record: Json) -> Json:
    """Return a message as if received, from its record; raises ValueError when the record is no message."""
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ValueError(f"no message: the format is not {FORMAT}")
    body, id_ = record.get("body"), record.get("id")
    if not isinstance(body, str) or not isinstance(id_, str):
        raise ValueError("no message: body and id must be text")
    message: dict[str, Json] = {"MessageId": id_, "Body": body, "ReceiptHandle": ""}
    for name, member in (("system", "Attributes"), ("attributes", "MessageAttributes")):
        value = record.get(name)
        if value is not None:
            if not isinstance(value, dict):
                raise ValueError(f"no message: {name} must be an object")
            message[member] = value
    for name, value in (message.get("MessageAttributes") or {}).items():
        if not _is_attribute(value):
            raise ValueError(f"no message: attribute {name} is not {{DataType, StringValue or BinaryValue}}")
    return message


def _is_attribute(value: Json) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("DataType"), str):
        return False
    content = value.get("BinaryValue" if value["DataType"].startswith("Binary") else "StringValue")
    return isinstance(content, str)


class BackupFile:
    """Implements `Keeper`: appends messages to a file, each once, on the medium when `keep` returns."""

    def __init__(self, path: str) -> None:
        """Open to append; what a run wrote before it was interrupted is kept.

        Raises:
            OpsctlError: the file cannot be written, or holds anything but messages.
        """
        self._lock = threading.Lock()
        self._path = path
        self.count = 0
        try:
            # A pipe that nobody reads would otherwise be waited for.
            self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NONBLOCK, 0o600)
        except OSError as fault:
            raise OpsctlError(f"{path} cannot be written: {fault.strerror}", "choose another place") from None
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            os.close(self._file)
            raise OpsctlError(f"{path} is not a regular file", "choose another place")
        self._packed = path.endswith(".gz")
        if not _begins_as_messages_do(Path(path)):
            os.close(self._file)
            raise OpsctlError(
                f"{path} holds something other than messages; it was not changed", "choose another place"
            )

    def keep(self, messages: list[Json]) -> None:
        """Append messages.

        Raises:
            OSError: the disk does not take all of them; the file is as it was before.
        """
        text = "".join(json.dumps(record_of(one), ensure_ascii=False) + "\n" for one in messages).encode()
        # A gzip file may have several members; each batch is one, whole by itself.
        data = gzip.compress(text) if self._packed else text
        with self._lock:
            self._append(data)
            self.count += len(messages)

    def _append(self, data: bytes) -> None:
        """Write all of it or nothing: a full disk takes the first part, and what follows would be unreadable."""
        end = os.fstat(self._file).st_size
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(self._file, left) :]
            os.fsync(self._file)
        except OSError as fault:
            os.ftruncate(self._file, end)
            raise OSError(fault.errno, fault.strerror, self._path) from fault

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class FileSending:
    """Implements `Sending`: a message is confirmed once it is on the medium.

    After a kill the same message may be in the file twice; reading such a file back tells them by their id.
    """

    repeats_s = float("inf")

    def __init__(self, file: BackupFile) -> None:
        self._file = file
        self._closed = ""

    @property
    def closed(self) -> str:
        """Why nothing more can be written, or nothing."""
        return self._closed

    def send(self, messages: list[Json], alive: Alive) -> Sent:
        """Write messages to the file."""
        try:
            self._file.keep(messages)
        except OSError as fault:
            self._closed = f"{fault.filename or 'the file'} cannot be written: {fault.strerror}"
            return Sent(stayed=[Stayed(one, "NotWritten", self._closed) for one in messages])
        return Sent(confirmed=list(messages))


def _begins_as_messages_do(path: Path) -> bool:
    """Whether a file is empty or begins with a record: whoever names the file need not be whose file it is."""
    with path.open("rb") as file:
        begin = file.read(_BEGIN_BYTES)
    if path.suffix == ".gz" and begin:
        try:
            with gzip.open(path) as packed:
                begin = packed.read(_BEGIN_BYTES)
        except (OSError, EOFError, zlib.error):
            return False
    return not begin or _BEGINS.match(begin) is not None


def read_records(path: Path) -> Iterator[tuple[int, Json]]:
    """Yield line number and message of each line of a file of messages, packed or not.

    Raises:
        InvalidInput: the file cannot be read, or a line is no message; says which.
    """
    recent: deque[str] = deque(maxlen=_REPEATS_WITHIN)
    number = 0
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _fault(path, 0, "it must be a regular file, because it is read more than once")
        with (
            gzip.open(path, "rt", encoding="utf-8")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8") as file
        ):
            for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), ""), start=1):
                if len(line) == LONGEST_LINE:
                    raise _fault(path, number, f"no message: a line of more than {LONGEST_LINE:,} characters")
                if not line.strip():
                    continue
                message = message_of(json.loads(line))
                # A run that was killed may have written a message twice, at most a batch apart from the first.
                if message["MessageId"] in recent:
                    continue
                recent.append(message["MessageId"])
                yield number, message
    except UnicodeDecodeError:
        raise _fault(path, number + 1, "not UTF-8") from None
    except json.JSONDecodeError as fault:
        raise _fault(path, number, f"not JSON: {fault.msg} at character {fault.pos + 1}") from None
    except (ValueError, RecursionError) as fault:
        raise _fault(path, number, str(fault)) from None
    except (OSError, EOFError, zlib.error) as fault:
        why = getattr(fault, "strerror", None) or fault
        after = f" after line {number}" if number else ""
        raise _fault(path, 0, f"cannot be read{after}: {why}") from None


def _fault(path: Path, line: int, summary: str) -> InvalidInput:
    return InvalidInput([Diagnostic(code="input", summary=summary, where=Where(source=str(path), line=line))])
