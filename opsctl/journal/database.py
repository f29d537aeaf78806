"""The journal's SQLite file: opened private to the user, every commit on the disk, faults told in words.

A rollback journal and not a write-ahead log: in WAL mode SQLite 3.7.0 to 3.51.2, which is what most machines have,
can corrupt a file that two processes write at once (sqlite.org, wal.html, "The WAL-Reset Bug").
"""

import os
import sqlite3
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from opsctl.journal.migrations import NewerJournal, migrate
from opsctl.model.commands import local_command
from opsctl.model.errors import InvalidInput, OpsctlError
from opsctl.model.private import private_directory

FILE = "journal.sqlite3"
BUSY_S = 10
# A commit outlives a loss of power also in the moment after the rollback journal is deleted.
SYNCHRONOUS = "EXTRA"


def _let_go(connection: sqlite3.Connection) -> None:
    """Close a connection that nobody holds any more: since 3.13 Python complains of one that is left open."""
    with suppress(sqlite3.ProgrammingError):  # it is another thread's
        connection.close()


class Database:
    """One connection; each statement is a transaction of its own."""

    def __init__(self, directory: Path) -> None:
        """Open or create the file in a directory; one of an older version is brought up to this one.

        Raises:
            InvalidInput: the directory cannot be used or is open to others, or the file is no journal, or a later
                version's.
        """
        self._directory = directory
        path = directory / FILE
        try:
            private_directory(directory, "OPSCTL_STATE_DIR")
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_S)
            weakref.finalize(self, _let_go, self._connection)
            self._connection.row_factory = sqlite3.Row
            with suppress(sqlite3.OperationalError):  # another process has a file of an older version open
                self._connection.execute("PRAGMA journal_mode=DELETE")
            self._connection.execute(f"PRAGMA synchronous={SYNCHRONOUS}")
            migrate(self._connection)
        except NewerJournal:
            raise InvalidInput.one(
                f"the journal in {directory} was written by a later version of opsctl",
                source="OPSCTL_STATE_DIR",
                hint="use that version, or point OPSCTL_STATE_DIR at another directory",
            ) from None
        except (OSError, ValueError, sqlite3.Error) as fault:
            raise InvalidInput.one(
                f"the journal in {directory} cannot be used: {fault}",
                source="OPSCTL_STATE_DIR",
                hint="point OPSCTL_STATE_DIR at a directory you can write",
            ) from None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def write(self, statement: str, values: Sequence[str] = ()) -> bool:
        """Carry a statement out; returns False when what it adds is there already.

        Raises:
            OpsctlError: the file cannot be written.
        """
        try:
            self._connection.execute(statement, values)
        except sqlite3.IntegrityError:
            return False
        except sqlite3.Error as fault:
            raise self._unusable("written", fault) from fault
        return True

    def rows(self, query: str, values: Sequence[str] = ()) -> list[sqlite3.Row]:
        """Return what a query finds.

        Raises:
            OpsctlError: the file cannot be read.
        """
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as fault:
            raise self._unusable("read", fault) from fault

    def row(self, query: str, values: Sequence[str] = ()) -> sqlite3.Row | None:
        """Return the first row that a query finds, if any; raises as `rows` does."""
        return next(iter(self.rows(query, values)), None)

    def _unusable(self, how: str, fault: sqlite3.Error) -> OpsctlError:
        return OpsctlError(
            f"the journal in {self._directory} cannot be {how}: {fault}",
            (
                f"what was recorded so far is kept; {local_command('runs', 'list')} shows where a run "
                "stands, and its resume asks AWS what else was changed"
            ),
        )
