"""The pages for whoever works on opsctl name what is there, and list each other."""

import importlib
import importlib.util
import re
from pathlib import Path

import pytest

LONGEST_DECISION = 40
LONGEST_README = 220


@pytest.mark.parametrize("page", ["architecture", "extending", "CONTRIBUTING", "decisions/README"])
def test_what_the_page_names_is_there(page: str) -> None:
    text = (Path("docs") / f"{page}.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:opsctl|tests|docs|playbooks|benchmarks)/[\w./-]*)`", text)
    gone = [one for one in paths if not Path(one).exists()]
    links = re.findall(r"\]\(([\w./-]+)", text)
    gone += [one for one in links if not (Path("docs") / page).parent.joinpath(one).exists()]
    modules = re.findall(r"`(opsctl(?:\.\w+)+)`", text)
    gone += [one for one in modules if one != "opsctl.plugins" and not _there(one)]
    assert gone == []


def _there(dotted: str) -> bool:
    """Whether a module, or what one defines, is called so."""
    if importlib.util.find_spec(dotted.rpartition(".")[0]) is None:
        return False
    try:
        return importlib.util.find_spec(dotted) is not None or _defined(dotted)
    except ModuleNotFoundError:
        return _defined(dotted)


def _defined(dotted: str) -> bool:
    module, _, name = dotted.rpartition(".")
    return hasattr(importlib.import_module(module), name)


def test_every_decision_is_in_the_index_and_short_enough_to_be_read() -> None:
    index = Path("docs/decisions/README.md").read_text(encoding="utf-8")
    for path in sorted(Path("docs/decisions").glob("0*.md")):
        text = path.read_text(encoding="utf-8")
        assert f"| [{int(path.name[:4])}]({path.name}) |" in index
        assert text.startswith(f"# {int(path.name[:4])}. ")
        assert len(text.splitlines()) <= LONGEST_DECISION, path


def test_every_page_is_led_to() -> None:
    readme = Path("README.md").read_text(encoding="utf-8")
    leads_on = Path("docs/architecture.md").read_text(encoding="utf-8")
    leads_on += Path("docs/CONTRIBUTING.md").read_text(encoding="utf-8")
    pages = {path.name for path in Path("docs").glob("*.md")}
    assert {page for page in pages if f"(docs/{page})" not in readme and f"({page})" not in leads_on} == set()


@pytest.mark.parametrize("page", ["README.md", "docs/using.md", "docs/tour.md"])
def test_pages_for_users_lead_to_what_is_there(page: str) -> None:
    links = re.findall(r"\]\(([\w./-]+)", Path(page).read_text(encoding="utf-8"))
    assert [one for one in links if not Path(page).parent.joinpath(one).exists()] == []


def test_the_readme_is_short() -> None:
    """Details are in `docs/using.md`, runs of each command in `docs/tour.md`."""
    assert len(Path("README.md").read_text(encoding="utf-8").splitlines()) <= LONGEST_README
