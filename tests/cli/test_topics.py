"""Topics and man pages: one source, every exit code and outcome in it, and formatters of others read them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from opsctl.cli.help_command import text_of
from opsctl.cli.main import run
from opsctl.cli.topics import CODES, TOPICS
from opsctl.model.exits import Exit
from opsctl.model.outcomes import Outcome
from tests.kit.command_reference import commands


@pytest.mark.parametrize("name", TOPICS)
def test_a_topic_fits_a_terminal(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help", name]) == 0
    text = capsys.readouterr().out
    assert text == text_of(TOPICS[name]) + "\n"
    assert max(map(len, text.splitlines())) <= 79


def test_every_exit_code_and_outcome_is_told() -> None:
    assert CODES.keys() == set(Exit)
    codes = text_of(TOPICS["exit-codes"])
    assert [f"  {int(code)} " in codes for code in Exit] == [True] * len(Exit)
    assert [one for one in Outcome if f"\n  {one} " not in text_of(TOPICS["output"])] == []


def test_the_readme_says_the_same_of_exit_codes() -> None:
    readme = Path("README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", readme, re.MULTILINE))
    assert {int(code) for code in rows} == {int(code) for code in Exit}


def test_commands_have_help_as_topics_have_and_what_is_unknown_is_told_with_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["help", "dlq", "redrive"]) == 0
    assert capsys.readouterr().out.startswith("Usage: opsctl dlq redrive ")
    assert run(["help"]) == 0
    listed = capsys.readouterr().out
    assert [name for name in TOPICS if name not in listed] == []
    assert run(["help", "exit-code"]) == 2
    assert "'exit-codes'" in capsys.readouterr().err


def test_every_command_and_topic_has_a_man_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help", "--man", str(tmp_path)]) == 0
    capsys.readouterr()
    written = {path.name for path in tmp_path.rglob("*.[17]")}
    assert {f"opsctl-{name}.7" for name in TOPICS} <= written
    assert {one.words.replace(" ", "-") + ".1" for one in commands()} <= written
    page = (tmp_path / "man1" / "opsctl-block-ip.1").read_text(encoding="utf-8")
    for part in (".SH NAME", ".SH SYNOPSIS", ".SH ACCOUNT", ".SH EXAMPLES", "\\-\\-target TARGET"):
        assert part in page


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_finds_nothing_wrong_with_them(tmp_path: Path) -> None:
    assert run(["help", "--man", str(tmp_path)]) == 0
    pages = sorted(map(str, tmp_path.rglob("*.[17]")))
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", *pages], capture_output=True, text=True, check=False, timeout=600
    )
    assert (done.returncode, done.stderr) == (0, "")
