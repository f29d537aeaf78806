"""The journal on disk."""

import stat
from pathlib import Path
from typing import cast

import pytest

from opsctl.journal.store import Journal
from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.model.report import JournalEvent
from tests.kit.box_plans import make_box, plan_of

PLAN = plan_of(make_box("new"))


def test_a_plan_comes_back_as_it_was_recorded(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")
    journal.begin(PLAN)
    assert journal.plan(PLAN.id) == PLAN
    assert journal.run("last").id == PLAN.id


def test_a_plan_is_used_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(PLAN)
    with pytest.raises(RefusedByGuard, match="used once"):
        journal.begin(PLAN)


def test_files_are_private_to_the_user(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")
    journal.begin(PLAN)
    with journal.claim(PLAN.id):
        for path in [tmp_path / "state", *(tmp_path / "state").rglob("*")]:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_directory_that_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    """It was once closed to everybody else, /tmp as well."""
    tmp_path.chmod(0o755)
    Journal(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o775])
def test_no_journal_is_kept_where_others_may_put_files(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(InvalidInput, match="is writable by others"):
        Journal(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == mode
    assert not list(tmp_path.iterdir())


def test_records_survive_the_process(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(PLAN)
    journal.of_run(PLAN.id).record("make", "intent", {"api": "box.PutBox"})
    again = Journal(tmp_path).of_run(PLAN.id)
    assert again.last("make") == "intent"
    assert again.intended() == ["make"]


def test_a_run_without_its_process_is_interrupted(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(PLAN)
    assert journal.run(PLAN.id).status == "interrupted"
    with journal.claim(PLAN.id):
        assert Journal(tmp_path).run(PLAN.id).status == "running"


def test_two_processes_cannot_work_on_one_run(tmp_path: Path) -> None:
    with Journal(tmp_path).claim("r"), pytest.raises(RefusedByGuard, match="another process"):
        Journal(tmp_path).claim("r").__enter__()


def test_what_was_found_made_by_somebody_else_is_not_ours_to_undo(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(PLAN)
    records = journal.of_run(PLAN.id)
    for event in ("intent", "skipped"):
        records.record("make", event)
    assert records.intended() == journal.of_run(PLAN.id).intended() == []


def test_what_aws_refused_for_certain_was_not_made_as_the_next_process_knows_too(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(PLAN)
    refused = {"kind": "denied", "code": "AccessDenied", "message": "no", "api": "box.PutBox"}
    records = journal.of_run(PLAN.id)
    for event, detail, open_intents in (
        ("intent", {"api": "box.PutBox"}, [{"api": "box.PutBox"}]),
        ("failed", refused, []),
        ("intent", {"api": "again"}, [{"api": "again"}]),
        ("failed", {"message": "the answer was lost"}, [{"api": "again"}]),
    ):
        records.record("make", cast("JournalEvent", event), detail)
        for one in (records, journal.of_run(PLAN.id)):
            assert one.open_intents("make") == open_intents
            assert one.intended() == (["make"] if open_intents else [])
            assert one.last("make") == event


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("run", "a/b"), ("run", "a_b")),
        (("run-a", "b"), ("run", "a-b")),
        (("run", "a"), ("run", "b")),
        (("run", "a"), ("other", "a")),
        (("run", "x" * 300 + "1"), ("run", "x" * 300 + "2")),
        (("run", "é"), ("run", "è")),
    ],
)
def test_no_two_jobs_share_a_checkpoint(tmp_path: Path, one: tuple[str, str], other: tuple[str, str]) -> None:
    journal = Journal(tmp_path)
    journal.checkpoint(*one).remember("a", 1)
    assert journal.checkpoint(*other).recall("a") is None
    assert journal.checkpoint(*one).recall("a") == 1


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "..", ".", "", "a\0b", "x" * 5000, "locks"])
def test_an_id_never_becomes_a_path(tmp_path: Path, name: str) -> None:
    journal = Journal(tmp_path / "state")
    with journal.claim(name):
        journal.checkpoint(name, name)
    made = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.parent.name for path in made} == {"state", "locks", "jobs"}
    with journal.claim(name), pytest.raises(RefusedByGuard), journal.claim(name):
        pass


def test_an_undo_that_was_begun_and_did_not_end_is_known(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(PLAN)
    undo = PLAN.model_copy(update={"id": "20260101-000001-undo", "undo_of": PLAN.id})
    journal.begin(undo)
    assert journal.undo_begun(PLAN.id) == ""
    journal.of_run(undo.id).record("undo:make", "intent")
    for status in ("running", "failed", "interrupted", "unproved"):
        journal.set_status(undo.id, status)
        assert (journal.undo_begun(PLAN.id), journal.undone_by(PLAN.id)) == (undo.id, "")
    journal.set_status(undo.id, "done")
    assert (journal.undo_begun(PLAN.id), journal.undone_by(PLAN.id)) == ("", undo.id)


def test_a_run_is_found_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(PLAN)
    assert journal.run("20260101").id == PLAN.id
    for unknown in ("2025", "%%%%", ""):
        with pytest.raises(InvalidInput, match="no run is called"):
            journal.run(unknown)


def test_a_directory_that_cannot_be_used_is_one_clear_message(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a directory")
    with pytest.raises(InvalidInput, match="cannot be used"):
        Journal(file)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "journal.sqlite3").write_text("this is no database, it is a long enough text to be refused")
    with pytest.raises(InvalidInput, match="cannot be used"):
        Journal(broken)
