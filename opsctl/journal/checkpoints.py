"""The checkpoint of a job: its open batches in a small SQLite file beside the journal."""

import json
import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from opsctl.model.errors import InvalidInput
from opsctl.model.jobs import BatchState, Held, OpenBatch
from opsctl.model.value import Json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    number INTEGER PRIMARY KEY, state TEXT NOT NULL, at REAL NOT NULL, messages TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS doubts (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS moved (number INTEGER PRIMARY KEY CHECK (number = 0), count INTEGER NOT NULL);
INSERT OR IGNORE INTO moved VALUES (0, 0);
"""


class JobCheckpoint:
    """Implements the `Checkpoint` port; one process at a time, which the run's claim ensures.

    Every record is in the file when the call returns, so that it survives the process. It is not forced to
    the medium: losing the machine's power may forget the last moments, which can repeat messages, not lose any.
    """

    def __init__(self, path: Path) -> None:
        """Open or create; raises InvalidInput when the file cannot be used."""
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None, timeout=10, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as fault:
            raise InvalidInput.one(
                f"the checkpoint {path} cannot be used: {fault}", source="OPSCTL_STATE_DIR"
            ) from None
        self._number = self._scalar("SELECT coalesce(max(number), 0) FROM batches")

    def intend(self, messages: Sequence[tuple[str, str]], at: float) -> int:
        """Record a batch about to be sent."""
        text = json.dumps(messages)
        with self._lock:
            self._number += 1
            self._db.execute("INSERT INTO batches VALUES (?, 'intended', ?, ?)", (self._number, at, text))
            return self._number

    def confirm(self, number: int, messages: Sequence[tuple[str, str]]) -> None:
        """Record what of a batch was confirmed."""
        text = json.dumps(messages)
        with self._lock:
            self._db.execute("UPDATE batches SET state = 'sent', messages = ? WHERE number = ?", (text, number))

    def close(self, number: int, moved: int) -> None:
        """Forget a finished batch and count it."""
        with self._lock:
            self._db.execute("BEGIN")
            self._db.execute("DELETE FROM batches WHERE number = ?", (number,))
            self._db.execute("UPDATE moved SET count = count + ?", (moved,))
            self._db.execute("COMMIT")

    def open_batches(self) -> list[OpenBatch]:
        """The batches under way when the run stopped."""
        with self._lock:
            rows = self._db.execute("SELECT number, state, at, messages FROM batches ORDER BY number").fetchall()
        return [
            OpenBatch(
                number=number,
                state=_state(state),
                at=at,
                messages=tuple(Held(id=id_, handle=handle) for id_, handle in json.loads(messages)),
            )
            for number, state, at, messages in rows
        ]

    def moved(self) -> int:
        """Messages moved so far."""
        with self._lock:
            return self._scalar("SELECT count FROM moved")

    def doubt(self, messages: Sequence[str]) -> None:
        """Record messages that may be twice."""
        with self._lock:
            self._db.execute("BEGIN")
            self._db.executemany("INSERT OR IGNORE INTO doubts VALUES (?)", [(one,) for one in messages])
            self._db.execute("COMMIT")

    def doubtful(self) -> list[str]:
        """All messages that may be twice."""
        with self._lock:
            return [row[0] for row in self._db.execute("SELECT id FROM doubts ORDER BY rowid")]

    def remember(self, name: str, value: Json) -> None:
        """Keep a small value."""
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, json.dumps(value)))

    def recall(self, name: str) -> Json:
        """Return a value kept earlier, or None."""
        with self._lock:
            row = self._db.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def shut(self) -> None:
        """Close the file."""
        self._db.close()

    def _scalar(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])


def _state(text: str) -> BatchState:
    return "sent" if text == "sent" else "intended"
