"""The journal on disk."""

import stat
from pathlib import Path

import pytest

from opsctl.journal.store import Journal
from opsctl.model.errors import InvalidInput, RefusedByGuard
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
