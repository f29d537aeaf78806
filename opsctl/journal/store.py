"""The journal on disk: all runs, what became of each change, and who works on which."""

import fcntl
import hashlib
import json
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.journal.database import Database
from opsctl.journal.migrations import CHECKED
from opsctl.model.commands import local_command, run_command
from opsctl.model.errors import InvalidInput, OpsctlError, RefusedByGuard
from opsctl.model.intents import BACK, OpenIntents
from opsctl.model.plan import Plan
from opsctl.model.report import EventRow, Evidence, JournalEvent, RunRow, RunStatus
from opsctl.model.value import Json

LAST = "last"
"""What the newest run is called."""


class Journal:
    """All runs of this user on this machine."""

    def __init__(self, directory: Path) -> None:
        """Open or create the journal in a directory.

        Raises:
            InvalidInput: the directory cannot be used or is open to others, or the file is no journal.
        """
        self._directory = directory
        self._db = Database(directory)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def begin(self, plan: Plan) -> None:
        """Record a run of a plan before its first change; a plan is used once.

        Raises:
            RefusedByGuard: the plan was applied before.
        """
        begun = self._db.write(
            "INSERT INTO runs (id, started, status, title, playbook, account, region, undo_of, plan) "
            "VALUES (?, ?, 'running', ?, ?, ?, ?, ?, ?)",
            (
                plan.id,
                _now(),
                plan.title,
                plan.playbook.name,
                plan.account,
                plan.region,
                plan.undo_of,
                json.dumps(plan.to_json()),
            ),
        )
        if not begun:
            raise RefusedByGuard(
                f"plan {plan.id} was applied before; a plan is used once",
                f"{run_command('runs show', plan.id)}, or {run_command('resume', plan.id)}",
            )

    def has(self, run_id: str) -> bool:
        """Tell whether a run of that id is known."""
        return self._db.row("SELECT 1 FROM runs WHERE id = ?", (run_id,)) is not None

    def set_status(self, run_id: str, status: RunStatus, message: str = "") -> None:
        """Record how a run stands."""
        finished = "" if status == "running" else _now()
        self._db.write(
            "UPDATE runs SET status = ?, message = ?, finished = ? WHERE id = ?",
            (status, message, finished, run_id),
        )

    def runs(self) -> list[RunRow]:
        """List all runs, newest first."""
        rows = self._db.rows("SELECT * FROM runs ORDER BY started DESC, rowid DESC")
        return [self._row(row) for row in rows]

    def run(self, run_id: str, account: str = "") -> RunRow:
        """Return one run by its id, or by the unique beginning of one; `last` is the newest (of an account).

        Raises:
            InvalidInput: no run, or several, begin like this.
        """
        if run_id == LAST:
            of_account = "SELECT * FROM runs WHERE ? IN ('', account) ORDER BY started DESC, rowid DESC LIMIT 1"
            rows = self._db.rows(of_account, (account,))
        else:
            rows = self._db.rows("SELECT * FROM runs WHERE id = ?", (run_id,))
            if not rows and len(run_id) >= 4:
                pattern = run_id.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
                rows = self._db.rows("SELECT * FROM runs WHERE id LIKE ? ESCAPE '\\'", (pattern,))
        if len(rows) != 1:
            what = "no run is called" if not rows else f"{len(rows)} runs begin with"
            where = f" in account {account}" if account and run_id == LAST else ""
            raise InvalidInput.one(f"{what} {run_id!r}{where}", source="RUN", hint=local_command("runs", "list"))
        return self._row(rows[0])

    def plan(self, run_id: str) -> Plan:
        """Return the plan of a run.

        Raises:
            OpsctlError: the record was made by a version of opsctl this one does not understand.
        """
        row = self._db.rows("SELECT plan FROM runs WHERE id = ?", (run_id,))[0]
        try:
            return Plan.model_validate_json(row["plan"])
        except ValidationError:
            raise OpsctlError(
                f"the plan of run {run_id} was recorded by another version of opsctl",
                f"use the version that made it; see `{local_command('runs', 'list')}`",
            ) from None

    def events(self, run_id: str) -> list[EventRow]:
        """Return all records of a run, oldest first."""
        # An older version, in another terminal, may still keep what its checks find among the events.
        query = "SELECT * FROM events WHERE run = ? AND event != ? ORDER BY seq"
        rows = self._db.rows(query, (run_id, CHECKED))
        return [
            EventRow(at=row["at"], change=row["change"], event=row["event"], detail=json.loads(row["detail"]))
            for row in rows
        ]

    def add_evidence(self, run_id: str, evidence: Evidence) -> None:
        """Record what was found of a run as a whole; it is on disk, all of it, when this returns."""
        self._db.write("INSERT INTO evidence (run, found) VALUES (?, ?)", (run_id, evidence.model_dump_json()))

    def evidence(self, run_id: str) -> list[Evidence]:
        """Return all that was ever found of a run as a whole, oldest first."""
        rows = self._db.rows("SELECT found FROM evidence WHERE run = ? ORDER BY seq", (run_id,))
        return [Evidence.model_validate_json(row["found"]) for row in rows]

    def undone_by(self, run_id: str, *, wholly: bool = False) -> str:
        """Return the id of the newest run that undid this one to the end, or nothing.

        With `wholly`, an undo that kept something because others relied on it does not count.
        """
        kept = "AND NOT EXISTS (SELECT 1 FROM events WHERE run = runs.id AND event = 'kept')" if wholly else ""
        row = self._db.row(
            f"SELECT id FROM runs WHERE undo_of = ? AND status = 'done' {kept} "  # noqa: S608 - no input in it
            "ORDER BY started DESC, rowid DESC LIMIT 1",
            (run_id,),
        )
        return "" if row is None else str(row["id"])

    def undo_begun(self, run_id: str) -> str:
        """Return the id of the newest run that began to undo this one and did not end well, or nothing."""
        row = self._db.row(
            "SELECT id FROM runs WHERE undo_of = ? AND status != 'done' "
            "AND EXISTS (SELECT 1 FROM events WHERE run = runs.id AND event = 'intent') "
            "ORDER BY started DESC, rowid DESC LIMIT 1",
            (run_id,),
        )
        return "" if row is None else str(row["id"])

    def of_run(self, run_id: str) -> "RunRecords":
        """Return the part of the journal that the executor writes."""
        return RunRecords(self._db, run_id, self.events(run_id))

    def checkpoint(self, run_id: str, change_id: str) -> JobCheckpoint:
        """Open the checkpoint of a job of a run; no other job has the same."""
        return JobCheckpoint(self._directory / "jobs" / f"{_file_name(run_id, change_id)}.log")

    @contextmanager
    def claim(self, run_id: str) -> Iterator[None]:
        """Hold a run, so that no second process works on it; released even by kill -9.

        Raises:
            RefusedByGuard: another process holds it.
        """
        with self._lock_file(run_id).open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RefusedByGuard(
                    f"run {run_id} is in use by another process", run_command("runs show", run_id)
                ) from None
            yield

    def _held(self, run_id: str) -> bool:
        with self._lock_file(run_id).open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def _lock_file(self, run_id: str) -> Path:
        locks = self._directory / "locks"
        locks.mkdir(mode=0o700, exist_ok=True)
        path = locks / _file_name(run_id)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        return path

    def _row(self, row: sqlite3.Row) -> RunRow:
        data = {name: row[name] for name in RunRow.model_fields}
        if data["status"] == "running" and not self._held(row["id"]):
            data |= {"status": "interrupted", "message": "the process ended during the run"}
        return RunRow(**data)


class RunRecords:
    """Implements the `RunJournal` port over the journal's file."""

    def __init__(self, db: Database, run_id: str, events: list[EventRow]) -> None:
        self._db = db
        self._run_id = run_id
        self._last = {event.change: event.event for event in events}
        self._intended = list(dict.fromkeys(event.change for event in events if event.event == "intent"))
        self._open = OpenIntents()
        for event in events:
            self._open.note(event.change, event.event, event.detail)

    def record(self, change_id: str, event: JournalEvent, detail: Json = None) -> None:
        """Append a record; it is on disk when this returns."""
        self._db.write(
            "INSERT INTO events (run, at, change, event, detail) VALUES (?, ?, ?, ?, ?)",
            (self._run_id, _now(), change_id, event, json.dumps(detail, default=str)),
        )
        self._last[change_id] = event
        self._open.note(change_id, event, detail)
        if event == "intent" and change_id not in self._intended:
            self._intended.append(change_id)

    def last(self, change_id: str) -> JournalEvent | None:
        """The last thing recorded of a change."""
        return self._last.get(change_id)

    def intended(self) -> list[str]:
        """The changes that this run may have made and did not find made, in the order of their first intent."""
        planned = [one for one in self._intended if not one.startswith(BACK)]
        return [one for one in planned if self._last[one] != "skipped" and self._open.of(one)]

    def open_intents(self, change_id: str) -> list[Json]:
        """What was recorded with each intent of a change that AWS did not refuse for certain."""
        return self._open.of(change_id)


def _file_name(*names: str) -> str:
    """Return a file name that no other names have: readable as far as they are plain, and never a path."""
    readable = "-".join(re.sub(r"[^A-Za-z0-9-]+", "_", name) for name in names)[:80]
    return f"{readable}-{hashlib.sha256(json.dumps(names).encode()).hexdigest()[:16]}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
