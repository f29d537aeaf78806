"""Whoever opens a package is told what belongs in it, and what may not be there."""

import re
from pathlib import Path

import pytest

import opsctl

ROOT = Path(opsctl.__path__[0])
PACKAGES = sorted(
    str(path.parent.relative_to(ROOT)) for path in ROOT.rglob("*/__init__.py") if "playbooks" not in path.parts
)
EXCLUDES = re.compile(r"\b(no|not|nothing|none|never|neither|alone|only|nowhere)\b", re.IGNORECASE)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_what_it_is_for_and_what_may_not_be_in_it(package: str) -> None:
    text = (ROOT / package / "__init__.py").read_text(encoding="utf-8")
    said = re.fullmatch(r'"""(\S.*?[.:])\n\n(.+?)"""\n', text, re.DOTALL)
    assert said, f"{package}: one sentence, an empty line, and what more there is to say"
    assert EXCLUDES.search(said[2]), f"{package}: what may not be in it?"


def test_a_package_without_a_word_about_itself_is_none() -> None:
    with_code = {str(path.parent.relative_to(ROOT)) for path in ROOT.rglob("*/*.py")}
    assert with_code == set(PACKAGES)
