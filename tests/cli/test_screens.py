"""Golden screens of every command, in lines that fit: what is decided on, at 80 and 120 columns and piped."""

import re

import pytest

from tests.kit.screens import PLANS, SCREENS, screens

LINES = {"make-ha": 40, "tune-apply": 24}
NAMES = (*PLANS, "own-playbook", "block-ip-result", "unblock-ip", "undo", "undo-result")


@pytest.fixture(scope="module")
def shown() -> dict[str, str]:
    return screens()


@pytest.mark.parametrize("name", NAMES)
def test_a_screen_is_as_it_was_reviewed_and_fits(name: str, shown: dict[str, str]) -> None:
    text = (SCREENS / f"{name}.txt").read_text(encoding="utf-8")
    assert shown[name] == text, "python -m tests.kit.screens --write"
    at_80, _, piped, short = (
        part.strip("\n").splitlines()[1:] for part in re.split(r"^== ", text, flags=re.M)[1:]
    )
    # The question takes two lines more where it follows.
    assert len(at_80) <= LINES.get(name, 22)
    assert max(map(len, at_80)) <= 80
    assert len(short) <= 6
    assert len(piped) <= len(at_80)


def test_there_is_a_screen_of_each_and_of_nothing_else() -> None:
    assert {path.stem for path in SCREENS.iterdir()} == set(NAMES)


def test_an_undo_says_what_it_removes() -> None:
    text = (SCREENS / "undo.txt").read_text(encoding="utf-8")
    assert "- Delete web ACL " in text
    assert "Take back: " not in text
