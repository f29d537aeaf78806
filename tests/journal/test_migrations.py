"""A journal of an older version is brought up to this one, whole or not at all."""

import json
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from opsctl.journal.database import FILE
from opsctl.journal.store import Journal
from opsctl.model.errors import InvalidInput
from opsctl.model.report import CheckResult, Evidence
from tests.kit.box_plans import make_box, plan_of

PLAN = plan_of(make_box("new"))
# As versions up to 1.0 made it, which did not count their steps.
FIRST = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY, started TEXT NOT NULL, finished TEXT NOT NULL DEFAULT '', status TEXT NOT NULL,
    title TEXT NOT NULL, playbook TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL,
    undo_of TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT '', plan TEXT NOT NULL
);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES runs(id), at TEXT NOT NULL,
    change TEXT NOT NULL, event TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE INDEX events_of_run ON events(run, seq);
"""


def older(directory: Path) -> Path:
    """A journal of the first version: one run that was resumed, so that its check was judged twice."""
    directory.chmod(0o700)
    path = directory / FILE
    with sqlite3.connect(path) as connection:
        connection.executescript(FIRST)
        connection.execute(
            "INSERT INTO runs VALUES (?, '2026-01-01T00:00:00.000Z', '', 'done', 't', 'p', '1', 'r', '', '', ?)",
            (PLAN.id, json.dumps(PLAN.to_json())),
        )
        for number, (change, event, detail) in enumerate(
            (
                ("make", "intent", {"api": "box.PutBox"}),
                ("check:clean", "checked", {"says": "clean: it is not", "held": False, "told": ["1 left"]}),
                ("make", "done", None),
                ("check:clean", "checked", {"says": "clean", "held": True, "told": ["none left"]}),
                ("check:whole", "checked", {"says": "whole", "held": True}),
            )
        ):
            connection.execute(
                "INSERT INTO events (run, at, change, event, detail) VALUES (?, ?, ?, ?, ?)",
                (PLAN.id, f"2026-01-01T00:00:0{number}.000Z", change, event, json.dumps(detail)),
            )
    path.chmod(0o600)
    connection.close()
    return path


def moved(journal: Journal) -> None:
    """Assert that everything of the older journal is there, in its new place."""
    assert journal.plan(PLAN.id) == PLAN
    assert [(one.change, one.event) for one in journal.events(PLAN.id)] == [("make", "intent"), ("make", "done")]
    assert journal.evidence(PLAN.id) == [
        Evidence(
            at="2026-01-01T00:00:04.000Z",
            by="run",
            checks=(
                CheckResult(says="clean", held=True, told=("none left",), at="2026-01-01T00:00:03.000Z"),
                CheckResult(says="whole", held=True, at="2026-01-01T00:00:04.000Z"),
            ),
        )
    ]


def test_what_checks_found_is_moved_from_the_events_with_its_time_and_the_last_of_each_counts(
    tmp_path: Path,
) -> None:
    older(tmp_path)
    moved(Journal(tmp_path))
    moved(Journal(tmp_path))


KILLED = """
import os, signal, sys
from pathlib import Path
from opsctl.journal import migrations
from opsctl.journal.store import Journal

def killed(connection):
    if sys.argv[2] == "after":
        step(connection)
    os.kill(os.getpid(), signal.SIGKILL)

step = migrations._STEPS[int(sys.argv[3])]
steps = list(migrations._STEPS)
steps[int(sys.argv[3])] = killed
migrations._STEPS = tuple(steps)
Journal(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", [0, 1])
def test_a_process_that_is_killed_while_it_moves_leaves_the_older_journal_to_the_next(
    tmp_path: Path, when: str, step: int
) -> None:
    path = older(tmp_path)
    process = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), when, str(step)], check=False)
    assert process.returncode == -signal.SIGKILL
    with sqlite3.connect(path) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert "evidence" not in tables
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (5,)
    connection.close()
    moved(Journal(tmp_path))


def test_several_that_open_it_at_once_move_it_once(tmp_path: Path) -> None:
    older(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: Journal(tmp_path).close(), range(8)))
    moved(Journal(tmp_path))


def test_what_an_older_version_in_another_terminal_still_writes_does_no_harm(tmp_path: Path) -> None:
    path = older(tmp_path)
    journal = Journal(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.executescript(
            FIRST.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS").replace(
                "CREATE INDEX", "CREATE INDEX IF NOT EXISTS"
            )
        )
        connection.execute(
            "INSERT INTO events (run, at, change, event, detail) VALUES (?, '', 'check:clean', 'checked', '{}')",
            (PLAN.id,),
        )
    connection.close()
    moved(journal)


def test_a_journal_of_a_later_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = older(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(InvalidInput, match="was written by a later version of opsctl"):
        Journal(tmp_path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_journal_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    path = tmp_path / FILE
    path.write_bytes(b"not a database, not at all " * 9)
    path.chmod(0o600)
    with pytest.raises(InvalidInput, match="cannot be used: file is not a database"):
        Journal(tmp_path)
    assert path.read_bytes() == b"not a database, not at all " * 9


def test_a_step_that_fails_takes_all_steps_back(tmp_path: Path) -> None:
    path = older(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE events SET detail = 'no json' WHERE event = 'checked'")
    connection.close()
    with pytest.raises(InvalidInput, match="cannot be used: Expecting value"):
        Journal(tmp_path)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM events").fetchone() == (5,)
    connection.close()
