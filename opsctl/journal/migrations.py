"""What the journal's tables are, and how a file of an older version gets them.

The file's `user_version` counts the steps that were taken. Those that are missing are accepted in one transaction,
which is taken back whole when the process dies in it: a file is of one version or of another, never between.
"""

import json
import sqlite3
from collections.abc import Callable

_RUNS = (
    """
    CREATE TABLE IF NOT EXISTS runs (
        id TEXT PRIMARY KEY, started TEXT NOT NULL, finished TEXT NOT NULL DEFAULT '', status TEXT NOT NULL,
        title TEXT NOT NULL, playbook TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL,
        undo_of TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT '', plan TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES runs(id), at TEXT NOT NULL,
        change TEXT NOT NULL, event TEXT NOT NULL, detail TEXT NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS events_of_run ON events(run, seq)",
)
_EVIDENCE = (
    """
    CREATE TABLE evidence (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES runs(id), found TEXT NOT NULL
    )
    """,
    "CREATE INDEX evidence_of_run ON evidence(run, seq)",
)
CHECKED = "checked"
"""The event under which versions before the first step kept what the checks of a whole run found."""


class NewerJournal(Exception):
    """The file was written by a version of opsctl that knows more steps."""


def migrate(connection: sqlite3.Connection) -> None:
    """Give a file, which may be new, the tables of this version.

    Raises:
        NewerJournal: it has those of a later one.
        sqlite3.Error: it is no journal, or cannot be written.
        ValueError: a record in it is none.
    """
    if _version(connection) == len(_STEPS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been faster.
        version = _version(connection)
        if version > len(_STEPS):
            raise NewerJournal
        for step in _STEPS[version:]:
            step(connection)
        connection.execute(f"PRAGMA user_version = {len(_STEPS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _first_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of the first version, which did not count itself: they may be there."""
    for statement in _RUNS:
        connection.execute(statement)


def _evidence(connection: sqlite3.Connection) -> None:
    """Give evidence a table of its own, and move what was kept among the events: the last result of each check."""
    for statement in _EVIDENCE:
        connection.execute(statement)
    kept: dict[str, dict[str, tuple[str, str]]] = {}
    rows = connection.execute(
        "SELECT run, change, at, detail FROM events WHERE event = ? ORDER BY seq", (CHECKED,)
    )
    for run, change, at, detail in rows:
        kept.setdefault(run, {})[change] = (at, detail)
    for run, checks in kept.items():
        found = {
            "at": max(at for at, _ in checks.values()),
            "by": "run",
            "checks": [json.loads(detail) | {"at": at} for at, detail in checks.values()],
        }
        connection.execute("INSERT INTO evidence (run, found) VALUES (?, ?)", (run, json.dumps(found)))
    connection.execute("DELETE FROM events WHERE event = ?", (CHECKED,))


_STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (_first_tables, _evidence)
