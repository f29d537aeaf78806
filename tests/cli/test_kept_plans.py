"""A plan that is only shown is kept, and the words that lead back to it lead somewhere."""

import os
from pathlib import Path

import pytest

from opsctl.cli.front import Order
from opsctl.cli.kept_plans import keep, kept_or_told, kept_words
from opsctl.cli.options import AccountOptions, Output, ShowOptions
from opsctl.cli.output import emit_plan
from tests.kit.box_plans import two_step_plan


def last_line_of_short(capsys: pytest.CaptureFixture[str]) -> str:
    plan = two_step_plan()
    kept_or_told(plan, ())
    emit_plan(Order("run", AccountOptions(), ShowOptions(output=Output.SHORT)), plan, ())
    return capsys.readouterr().out.splitlines()[-1]


def test_the_short_form_says_how_to_see_the_plan_that_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPSCTL_STATE_DIR", str(tmp_path))
    assert last_line_of_short(capsys) == f"more: opsctl show {two_step_plan().id}"


def test_the_short_form_names_no_plan_that_could_not_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a-file").touch()
    monkeypatch.setenv("OPSCTL_STATE_DIR", str(tmp_path / "a-file"))
    told = last_line_of_short(capsys)
    assert "--details" in told
    assert two_step_plan().id not in told
    assert kept_words(two_step_plan(), ()).startswith(f"the plan was not kept in {tmp_path / 'a-file'}")


def test_a_plan_without_changes_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSCTL_STATE_DIR", str(tmp_path))
    assert keep(two_step_plan().model_copy(update={"changes": ()}), ()) == ""
    assert list(tmp_path.iterdir()) == []


def test_what_a_process_that_was_killed_had_begun_to_write_goes_with_old_plans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSCTL_STATE_DIR", str(tmp_path))
    plans = tmp_path / "plans"
    plans.mkdir()
    for name in ("old.json", ".half.json.4711"):
        (plans / name).touch()
        os.utime(plans / name, (0, 0))
    keep(two_step_plan(), ())
    assert [path.name for path in plans.iterdir()] == [f"{two_step_plan().id}.json"]
