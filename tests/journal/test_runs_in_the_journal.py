"""Which runs there are, how they stand, which undid which, and that a record is kept whatever happens next."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from opsctl.journal import database
from opsctl.journal.store import Journal
from opsctl.model.errors import InvalidInput, OpsctlError, RefusedByGuard
from opsctl.model.plan import Plan
from tests.kit.box_plans import make_box, plan_of
from tests.kit.quick_journal import OF_USERS

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def plan(run_id: str, **about: Any) -> Plan:
    return plan_of(make_box("new"), plan_id=run_id).model_copy(update=about)


def journal_of(path: Path, *runs: Plan) -> Journal:
    journal = Journal(path)
    for one in runs:
        journal.begin(one)
    return journal


def test_the_newest_run_comes_first_and_is_the_last(tmp_path: Path) -> None:
    names = ["20260101-000000-aaaa", "20250101-000000-bbbb", "20270101-000000-cccc"]
    journal = journal_of(tmp_path, *(plan(name) for name in names))
    assert [row.id for row in journal.runs()] == names[::-1], "by when they began, not by their names"
    assert journal.run("last").id == names[-1]


def test_the_last_of_an_account_is_none_of_another(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, plan("run-1", account="111111111111"), plan("run-2", account="222222222222"))
    assert journal.run("last", "111111111111").id == "run-1"
    assert journal.run("run-2", "111111111111").id == "run-2", "what is named is another matter"
    with pytest.raises(InvalidInput, match="'last' in account 333333333333"):
        journal.run("last", "333333333333")


def test_a_row_says_what_the_run_was_about_and_how_it_stands(tmp_path: Path) -> None:
    about = plan("run-1", undo_of="run-0", title="a title")
    journal = journal_of(tmp_path, about)
    with journal.claim("run-1"):
        row = journal.run("run-1")
    assert MOMENT.fullmatch(row.started)
    assert row.model_dump(exclude={"started"}) == {
        "id": "run-1",
        "finished": "",
        "status": "running",
        "title": "a title",
        "playbook": about.playbook.name,
        "account": about.account,
        "region": about.region,
        "undo_of": "run-0",
        "message": "",
    }
    journal.set_status("run-1", "failed", "it was refused")
    row = journal.run("run-1")
    assert (row.status, row.message) == ("failed", "it was refused")
    assert MOMENT.fullmatch(row.finished)
    with journal.claim("run-1"):
        journal.set_status("run-1", "running")
        assert (journal.run("run-1").finished, journal.run("run-1").message) == ("", "")
    assert journal.run("run-1").status == "interrupted"
    assert "process ended" in journal.run("run-1").message


def test_how_one_run_stands_says_nothing_of_another(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, plan("run-1"), plan("run-2"))
    journal.set_status("run-1", "done")
    journal.of_run("run-1").record("make", "intent", {"n": 1})
    assert (journal.run("run-1").status, journal.run("run-2").status) == ("done", "interrupted")
    assert (journal.events("run-2"), journal.of_run("run-2").last("make")) == ([], None)


def test_a_run_is_known_by_its_id_alone(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, plan("run-1"))
    assert (journal.has("run-1"), journal.has("run"), journal.has("")) == (True, False, False)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("ab_d-1", "ab_d-1"),
        ("ab_d", "ab_d-1"),
        ("abcd", "abcd-22"),
        ("abcd-2", "abcd-2"),
        (r"ab\d", r"ab\d-3"),
        ("ab%d", "ab%d-4"),
    ],
)
def test_the_beginning_of_an_id_is_taken_as_it_is_and_the_whole_id_first(
    tmp_path: Path, asked: str, found: str
) -> None:
    names = ["ab_d-1", r"ab\d-3", "ab%d-4", "xbcd-5"]
    names += ["abcd-22"] if asked == "abcd" else ["abcd-2", "abcd-22"]
    assert journal_of(tmp_path, *map(plan, names)).run(asked).id == found


@pytest.mark.parametrize(
    ("asked", "why"),
    [("abcd", "2 runs begin with"), ("abc", "no run is called"), ("bcd-", "no run is called")],
)
def test_what_begins_several_runs_or_is_too_short_names_none(tmp_path: Path, asked: str, why: str) -> None:
    journal = journal_of(tmp_path, plan("abcd-1"), plan("abcd-2"))
    with pytest.raises(InvalidInput, match=f"{why} '{asked}'"):
        journal.run(asked)


def test_records_come_back_in_order_with_their_details_and_moments(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, plan("run-1"))
    records = journal.of_run("run-1")
    records.record("a", "drifted", [])
    records.record("b", "intent", {"api": "é"})
    records.record("a", "intent")
    records.record("b", "done", [1, None])
    for one in (journal, Journal(tmp_path)):
        events = one.events("run-1")
        assert [(event.change, event.event, event.detail) for event in events] == [
            ("a", "drifted", []),
            ("b", "intent", {"api": "é"}),
            ("a", "intent", None),
            ("b", "done", [1, None]),
        ]
        assert all(MOMENT.fullmatch(event.at) for event in events)
        again = one.of_run("run-1")
        assert records.intended() == again.intended()
        assert (again.last("b"), again.last("a"), again.last("c")) == ("done", "intent", None)
        assert again.intended() == ["b", "a"], "in the order of their first intent"


def test_a_detail_that_is_no_json_is_recorded_as_text_rather_than_lost(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, plan("run-1"))
    journal.of_run("run-1").record("make", "failed", {"at": Path("x")})
    assert journal.events("run-1")[0].detail == {"at": "x"}


def test_every_record_is_on_the_disk_when_the_call_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite syncs each transaction, and each statement is one: power may go at any moment."""
    monkeypatch.setattr(database, "SYNCHRONOUS", OF_USERS)
    journal = journal_of(tmp_path, plan("run-1"))
    modes = [journal._db.rows(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous")]
    assert modes == ["delete", 3], "EXTRA, and no write-ahead log"
    assert not journal._db._connection.in_transaction


def test_a_journal_of_an_older_version_leaves_its_write_ahead_log(tmp_path: Path) -> None:
    journal_of(tmp_path, plan("run-1")).close()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as before:
        assert before.execute("PRAGMA journal_mode=WAL").fetchone()[0] == "wal"
        before.execute("UPDATE runs SET title = 'as it was'")
        before.commit()
        meanwhile = Journal(tmp_path)
        assert meanwhile.run("run-1").title == "as it was", "also while another process has it open"
        meanwhile.close()
    later = Journal(tmp_path)
    assert later._db.rows("PRAGMA journal_mode")[0][0] == "delete"
    assert [one.title for one in later.runs()] == ["as it was"]


def test_a_file_that_goes_bad_under_the_run_is_told_in_words(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, plan("run-1"))
    records = journal.of_run("run-1")
    with (tmp_path / "journal.sqlite3").open("r+b") as file:
        file.write(b"\0" * 8192)
    with pytest.raises(OpsctlError, match="cannot be written"):
        records.record("make", "intent")
    with pytest.raises(OpsctlError, match="cannot be read") as told:
        journal.runs()
    assert "its resume asks AWS" in told.value.hint


def test_a_closed_journal_takes_nothing_more(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, plan("run-1"))
    journal.close()
    with pytest.raises(OpsctlError, match="cannot be written: Cannot operate on a closed database"):
        journal.set_status("run-1", "done")


def test_a_plan_that_this_version_does_not_understand_is_told_so(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, plan("run-1"))
    journal._db.write("UPDATE runs SET plan = ?", (json.dumps({"schema": "opsctl.plan/v9"}),))
    with pytest.raises(OpsctlError, match="run-1 was recorded by another version"):
        journal.plan("run-1")


def undo(run_id: str, **about: Any) -> Plan:
    return plan(run_id, undo_of="run-1", **about)


def test_the_newest_undo_that_ended_well_is_the_one_that_counts(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, plan("run-1"), undo("undo-1"), undo("undo-2"), plan("other", undo_of="run-0"))
    for name in ("undo-1", "undo-2", "other"):
        assert journal.undone_by("run-1") == ""
        journal.of_run(name).record("make", "intent")
    assert journal.undo_begun("run-1") == "undo-2"
    journal.set_status("undo-1", "done")
    assert (journal.undone_by("run-1"), journal.undo_begun("run-1")) == ("undo-1", "undo-2")
    journal.set_status("undo-2", "done")
    assert (journal.undone_by("run-1"), journal.undo_begun("run-1")) == ("undo-2", "")
    assert (journal.undone_by("run-0"), journal.undo_begun("run-0")) == ("", "other")


def test_an_undo_that_kept_something_did_not_undo_the_whole(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, plan("run-1"), undo("undo-1"), undo("undo-2"))
    for name in ("undo-1", "undo-2"):
        journal.set_status(name, "done")
    journal.of_run("undo-2").record("make", "kept")
    assert journal.undone_by("run-1") == "undo-2"
    assert journal.undone_by("run-1", wholly=True) == "undo-1"


def test_a_hold_ends_with_the_work_and_holds_one_run_only(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, plan("run-1"), plan("run-2"))
    with journal.claim("run-1"):
        with Journal(tmp_path).claim("run-2"), pytest.raises(RefusedByGuard):
            journal.claim("run-1").__enter__()
        assert [journal.run(name).status for name in ("run-1", "run-2")] == ["running", "interrupted"]
    with Journal(tmp_path).claim("run-1"):
        pass
    with pytest.raises(ValueError, match="in the work"), journal.claim("run-1"):
        raise ValueError("in the work")
    with journal.claim("run-1"):
        pass


def test_a_file_of_a_run_begins_with_its_name_and_stays_short(tmp_path: Path) -> None:
    journal = journal_of(tmp_path)
    for name in ("20260101-000000-abcd", "a/b c", "x" * 300):
        with journal.claim(name):
            pass
    made = sorted(path.name for path in (tmp_path / "locks").iterdir())
    assert [re.sub(r"-[0-9a-f]{16}$", "", name) for name in made] == ["20260101-000000-abcd", "a_b_c", "x" * 80]
    journal.checkpoint("run-1", "job").remember("a", 1)
    assert [path.name.startswith("run-1-job-") for path in (tmp_path / "jobs").glob("*.log")] == [True]
