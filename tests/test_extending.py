"""docs/extending.md is followed as it stands: its blocks are written down, planned, applied and undone."""

import importlib
import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from opsctl.block import node_kinds
from opsctl.block.node_kinds.registry import every_node_kind
from opsctl.model.value import Json
from tests.kit.command import environment, opsctl
from tests.kit.installed import install, on_the_path
from tests.kit.moto_account import fresh_world
from tests.kit.queues import attribute, queue
from tests.registry import test_every_action as every_action
from tests.registry.examples import EXAMPLES

PAGE = Path("docs/extending.md").read_text(encoding="utf-8")
BLOCKS: dict[str, str] = dict(
    re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
)
COMMANDS = [
    shlex.split(line.partition("#")[0])
    for block in re.findall(r"<!-- commands -->\n```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]


def run_tests_of(path: str, place: Path) -> list[str]:
    """Run the tests of one block, and say which there were."""
    file = place / Path(path).name
    file.write_text(BLOCKS[path], encoding="utf-8")
    made = importlib.util.spec_from_file_location(f"page_{file.stem}", file)
    assert made is not None
    assert made.loader is not None
    module: ModuleType = importlib.util.module_from_spec(made)
    made.loader.exec_module(module)
    names = [name for name in vars(module) if name.startswith("test_")]
    for name in names:
        getattr(module, name)()
    return names


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Path]:
    """The page's package, installed."""
    site = tmp_path / "site"
    project = tomllib.loads(BLOCKS["pyproject.toml"])["project"]
    files = {path: text for path, text in BLOCKS.items() if path.startswith("shop_opsctl/")}
    (tmp_path / "slow-consumer.yaml").write_text(BLOCKS["slow-consumer.yaml"], encoding="utf-8")
    install(site, project["name"], files, project["entry-points"]["opsctl.plugins"], project["version"])
    with on_the_path(site):
        yield tmp_path


def test_the_package_is_listed_its_playbook_valid_planned_applied_and_undone(shop: Path) -> None:
    shown: dict[str, str] = {}
    seen: list[str] = []
    with fresh_world():
        url = queue("orders")
        for words in COMMANDS[1:]:
            assert words[0] == "opsctl"
            # The page's sandbox has the queue; here it is the account of the tests.
            done = opsctl(shop, *[word for word in words[1:] if word != "--sandbox"])
            assert done.returncode == 0, (words, done.stderr, done.stdout)
            shown[" ".join(words[1:])] = done.stdout
            seen.append(attribute(url, "VisibilityTimeout"))
    assert seen == ["30", "30", "30", "30", "600", "30"]
    assert "ok  plug-ins: shop-opsctl 1.0: fact shop.queue; action shop.visibility\n" in shown["doctor"]
    planned = shown["--sandbox run slow-consumer.yaml --set queue=orders --dry-run"]
    assert "Hide received messages for 600 s instead of 30 s" in planned
    assert "1 change: 1 to change; low risk; all can be undone" in planned


def test_the_guard_of_the_playbook_refuses(shop: Path) -> None:
    with fresh_world():
        queue("orders")
        done = opsctl(
            shop, "run", "slow-consumer.yaml", "--set", "queue=orders", "--set", "seconds=43201", "--yes"
        )
    assert (done.returncode, "43201" in done.stderr, "twelve hours" in done.stderr) == (3, True, True), done.stderr


def test_the_test_of_the_action_passes(shop: Path) -> None:
    assert len(run_tests_of("tests/test_shop_visibility.py", shop)) == 2


def test_the_example_of_the_action_survives_every_fault(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, Json] = {}
    exec(BLOCKS["tests/registry/examples_shop.py"], found)  # noqa: S102 - it is ours
    ((name, example),) = found["EXAMPLES"].items()
    monkeypatch.setitem(EXAMPLES, name, example)
    every_action.test_it_is_planned_applied_and_undone_and_a_second_run_changes_nothing(name, shop / "first")
    runs = shop / "runs"  # a run's checkpoints, and nothing of the package
    runs.mkdir()
    every_action.test_it_survives_every_fault_at_each_of_its_calls(name, runs)


def test_the_kind_of_node_is_found_and_its_test_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = tmp_path / "kinds"
    kinds.mkdir()
    path = next(path for path in BLOCKS if path.startswith("opsctl/block/node_kinds/"))
    (kinds / Path(path).name).write_text(BLOCKS[path], encoding="utf-8")
    monkeypatch.setattr(node_kinds, "__path__", [*node_kinds.__path__, str(kinds)])
    every_node_kind.cache_clear()
    try:
        assert run_tests_of("tests/block/node_kinds/test_lightsail_container.py", tmp_path)
    finally:
        every_node_kind.cache_clear()
        del sys.modules[f"{node_kinds.__name__}.{Path(path).stem}"]


def test_the_command_is_found_and_its_test_passes(tmp_path: Path) -> None:
    path = next(path for path in BLOCKS if path.startswith("opsctl/cli/commands/"))
    (tmp_path / Path(path).name).write_text(BLOCKS[path], encoding="utf-8")
    test = BLOCKS["tests/cli/test_topic.py"]
    place = f"import opsctl.cli.commands as there; there.__path__.append({str(tmp_path)!r})"
    start = f"{place}; from opsctl.__main__ import main; main()"

    def typed(home: Path, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", start, *argv],
            env=environment(home),
            capture_output=True,
            text=True,
            check=False,
        )

    found: dict[str, Json] = {}
    exec(test, found)  # noqa: S102 - it is ours
    found["opsctl_process"] = typed
    (run,) = [value for name, value in found.items() if name.startswith("test_")]
    run(tmp_path)
    assert "opsctl topic oncall" in typed(tmp_path, "topic", "--help").stdout
