"""The checkpoint of a job: a log of what it has in hand, beside the journal, rewritten when it grows."""

import json
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from opsctl.journal.mapped_log import MappedLog
from opsctl.model.errors import InvalidInput
from opsctl.model.jobs import BatchState, Held, OpenBatch
from opsctl.model.value import Json

LOG_SPACE = 4_000_000
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class JobCheckpoint:
    """Implements the `Checkpoint` port; one process at a time, which the run's claim ensures.

    Every record is in the file when the call returns, so that it survives the process. It is not forced to the
    medium: losing the machine's power may forget the last moments, which can repeat messages, not lose any. A
    log and not the journal's database, because a move writes thousands of records a second; it is rewritten
    whenever `space` bytes have been added, so its size is that and what is still needed.
    """

    def __init__(self, path: Path, space: int = LOG_SPACE) -> None:
        """Open or create; raises InvalidInput when the file cannot be used."""
        self._path = path
        self._space = space
        self._lock = threading.Lock()
        self._open: dict[int, tuple[BatchState, float, list[tuple[str, str]]]] = {}
        self._doubts: Counter[str] = Counter()
        self._undeleted: dict[str, None] = {}
        self._arrived: list[str] = []
        self._kept: dict[str, Json] = {}
        self._moved = 0
        self._number = 0
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._load()
            self._rewrite()
        except (OSError, ValueError, KeyError) as fault:
            raise InvalidInput.one(
                f"the checkpoint {path} cannot be used: {fault}", source="OPSCTL_STATE_DIR"
            ) from None

    def intend(self, messages: Sequence[tuple[str, str]], at: float) -> int:
        """Record a batch about to be sent."""
        held = list(messages)
        with self._lock:
            self._number += 1
            number = self._number
            self._open[number] = ("intended", at, held)
            self._write(["intended", number, at, held])
        return number

    def confirm(self, number: int, messages: Sequence[tuple[str, str]]) -> None:
        """Record what of a batch was confirmed."""
        held = list(messages)
        with self._lock:
            _, at, intended = self._open[number]
            self._open[number] = ("sent", at, held)
            self._write(["sent", number, None if held == intended else held])

    def close(self, number: int, moved: int) -> None:
        """Forget a finished batch and count it."""
        with self._lock:
            self._open.pop(number, None)
            self._moved += moved
            self._write(["closed", number, moved])

    def open_batches(self) -> list[OpenBatch]:
        """The batches under way when the run stopped."""
        with self._lock:
            return [
                OpenBatch(
                    number=number,
                    state=state,
                    at=at,
                    messages=tuple(Held(id=id_, handle=handle) for id_, handle in held),
                )
                for number, (state, at, held) in sorted(self._open.items())
            ]

    def moved(self) -> int:
        """Messages moved so far."""
        return self._moved

    def doubt(self, messages: Sequence[str]) -> None:
        """Record messages that may be there once more, each as often as it is named."""
        if messages:
            with self._lock:
                self._doubts.update(messages)
                self._write(["doubt", list(messages)])

    def doubtful(self) -> list[str]:
        """All messages that may be there more than once, each as often as it was named."""
        with self._lock:
            return list(self._doubts.elements())

    def undeleted(self, messages: Sequence[str]) -> None:
        """Record messages that were sent and may still be in their source."""
        if messages:
            with self._lock:
                self._undeleted.update(dict.fromkeys(messages))
                self._write(["undeleted", list(messages)])

    def deleted(self, messages: Sequence[str], moved: int = 0) -> None:
        """Forget such messages and count those that moved, in one record: a kill leaves both or neither."""
        if messages:
            with self._lock:
                self._forget(messages)
                self._moved += moved
                self._write(["deleted", list(messages), moved])

    def all_undeleted(self) -> list[str]:
        """All messages that were sent and may still be in their source."""
        with self._lock:
            return list(self._undeleted)

    def arrived(self, ids: Sequence[str]) -> None:
        """Record ids under which a destination knows what it got."""
        if ids:
            with self._lock:
                self._arrived += ids
                self._write(["arrived", list(ids)])

    def all_arrived(self) -> list[str]:
        """All such ids."""
        with self._lock:
            return list(self._arrived)

    def remember(self, name: str, value: Json) -> None:
        """Keep a small value."""
        with self._lock:
            self._kept[name] = value
            self._write(["kept", name, value])

    def recall(self, name: str) -> Json:
        """Return a value kept earlier, or None."""
        return self._kept.get(name)

    def part(self, name: str) -> "JobCheckpoint":
        """Open the checkpoint of a part of the job: a file of its own beside this one."""
        return JobCheckpoint(self._path.with_name(f"{self._path.stem}.{name}.log"), self._space)

    def _write(self, record: list[Json]) -> None:
        if not self._log.append(_line(record)):
            # The state already holds what the record says.
            self._rewrite()

    def _load(self) -> None:
        if not self._path.exists():
            return
        lines = self._path.read_bytes().rstrip(b"\0").rstrip(b"\n").split(b"\n")
        for number, line in enumerate(lines, start=1):
            if not line:
                continue
            try:
                record = json.loads(line)
            except ValueError:
                # A record cut short by a kill or a loss of power can only be the last.
                if number < len(lines):
                    raise
                return
            self._take(record)

    def _take(self, record: list[Json]) -> None:
        kind = record[0]
        if kind == "intended":
            self._number = max(self._number, record[1])
            self._open[record[1]] = ("intended", record[2], [(id_, handle) for id_, handle in record[3]])
        elif kind == "sent":
            _, at, held = self._open[record[1]]
            if record[2] is not None:
                held = [(id_, handle) for id_, handle in record[2]]
            self._open[record[1]] = ("sent", at, held)
        elif kind == "closed":
            self._open.pop(record[1], None)
            self._moved += record[2]
        elif kind == "doubt":
            self._doubts.update(record[1])
        elif kind == "undeleted":
            self._undeleted.update(dict.fromkeys(record[1]))
        elif kind == "deleted":
            self._forget(record[1])
            self._moved += record[2] if len(record) > 2 else 0
        elif kind == "arrived":
            self._arrived += record[1]
        elif kind == "kept":
            self._kept[record[1]] = record[2]
        else:
            raise ValueError(f"unknown record {kind!r}")

    def _forget(self, messages: Sequence[str]) -> None:
        for message in messages:
            self._undeleted.pop(message, None)

    def _rewrite(self) -> None:
        """Write what is still needed to a new file, and put it in the old one's place."""
        records: list[list[Json]] = [["closed", 0, self._moved]]
        for number, (state, at, held) in sorted(self._open.items()):
            records.append(["intended", number, at, held])
            if state == "sent":
                records.append(["sent", number, None])
        if self._doubts:
            records.append(["doubt", list(self._doubts.elements())])
        if self._undeleted:
            records.append(["undeleted", list(self._undeleted)])
        if self._arrived:
            records.append(["arrived", list(self._arrived)])
        records += [["kept", name, value] for name, value in self._kept.items()]
        new = self._path.with_suffix(".new")
        self._log = MappedLog(new, b"".join(map(_line, records)), self._space)
        new.rename(self._path)


def _line(record: list[Json]) -> bytes:
    return _encode(record).encode() + b"\n"
