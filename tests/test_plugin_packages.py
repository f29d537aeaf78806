"""A team ships plug-ins of its own: found by entry points, imported when used, refused where they are in doubt."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.catalog import find_plugins, owner_of, shipped_by_others
from opsctl.model.errors import InvalidInput
from tests.kit.command import opsctl
from tests.kit.installed import install, on_the_path
from tests.kit.moto_account import fresh_world

TAG = """
from typing import ClassVar

from opsctl.model.changes import Change
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context


class AcmeTag(Action):
    \"\"\"Does nothing yet.\"\"\"

    name: ClassVar[str] = "acme.tag"

    def plan(self, about: Context) -> Fetching[list[Change]]:
        yield []
        return []
"""
PLAYBOOK = """\
schema: opsctl.playbook/v1
name: uses-acme
version: "0.1"
summary: Uses what somebody else ships.
inputs: {}
steps:
  - id: tag
    uses: acme.tag
    with: {}
"""


def acme(site: Path, text: str = TAG, file: str = "acme_tag.py", **more: str) -> None:
    install(site, "acme-opsctl", {f"acme_ops/actions/{file}": text} | more, {"acme": "acme_ops"})


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """A directory of distributions on the path; what is written there is found."""
    place = tmp_path / "site"
    place.mkdir()
    with on_the_path(place):
        yield place


@pytest.fixture
def playbook(tmp_path: Path) -> Path:
    path = tmp_path / "uses-acme.yaml"
    path.write_text(PLAYBOOK, encoding="utf-8")
    return path


def test_an_action_of_another_distribution_is_called_what_its_file_is_called(site: Path, playbook: Path) -> None:
    acme(site)
    action = find_plugins().actions["acme.tag"]
    assert (action.__module__, action.name) == ("acme_ops.actions.acme_tag", "acme.tag")
    assert opsctl(playbook.parent, "playbook", "validate", str(playbook)).returncode == 0


def test_without_the_distribution_the_name_is_unknown_and_where_to_look_is_told(playbook: Path) -> None:
    done = opsctl(playbook.parent, "playbook", "validate", str(playbook))
    assert done.returncode == 2
    assert "uses-acme.yaml:8:5: there is no action 'acme.tag'" in done.stderr
    assert "opsctl doctor lists the packages that plug-ins come from" in done.stderr


def test_a_package_within_a_package_is_looked_into_and_neither_is_imported(site: Path) -> None:
    bad = "raise RuntimeError('nobody asked for this')"
    files = {"acme/__init__.py": bad, "acme/ops/__init__.py": bad, "acme/ops/jobs/acme_copy.py": bad}
    install(site, "acme-opsctl", files, {"acme": "acme.ops"})
    assert "acme.copy" in find_plugins().jobs
    assert not [name for name in sys.modules if name.partition(".")[0] == "acme"]


@pytest.mark.parametrize("argv", [["--help"], ["runs", "list"]])
def test_what_uses_no_plug_in_does_not_ask_what_is_installed(argv: list[str], site: Path, tmp_path: Path) -> None:
    acme(site, "raise RuntimeError('nobody asked for this')")
    code = (
        "import sys; from importlib import metadata\n"
        "metadata.EntryPoints.select = lambda _, group, **__: print('asked for', group, file=sys.stderr) or ()\n"
        f"from opsctl.cli.main import run; code = run({argv!r})\n"
        "sys.exit(code or ('acme_ops' in sys.modules and 'imported'))"
    )
    env = os.environ | {"PYTHONPATH": f"{site}:{Path.cwd()}", "OPSCTL_STATE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, "opsctl.plugins" in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize("other", ["beta-opsctl 1.2 (beta_ops.actions.acme_tag)", "opsctl"])
def test_two_plug_ins_of_one_name_are_refused_with_both_named_and_the_others_work(other: str, site: Path) -> None:
    if other == "opsctl":
        name, file = "sqs.queue", "sqs_queue.py"
        other = "(opsctl.resources.actions.sqs_queue)"
    else:
        name, file = "acme.tag", "acme_tag.py"
        install(site, "beta-opsctl", {"beta_ops/actions/acme_tag.py": TAG}, {"beta": "beta_ops"})
    acme(
        site,
        TAG.replace("acme.tag", name),
        file,
        **{"acme_ops/actions/acme_note.py": TAG.replace(".tag", ".note")},
    )
    actions = find_plugins().actions
    with pytest.raises(InvalidInput, match=f"{name} is defined more than once") as refused:
        actions[name]
    assert other in refused.value.summary
    assert f"acme-opsctl 1.2 (acme_ops.actions.{file.removesuffix('.py')})" in refused.value.summary
    assert actions["acme.note"].name == "acme.note"
    assert actions["waf.block"].name == "waf.block"


def test_a_package_that_is_named_twice_is_one_package(site: Path) -> None:
    install(site, "acme-opsctl", {"acme_ops/actions/acme_tag.py": TAG}, {"acme": "acme_ops", "old": "acme_ops"})
    assert len(shipped_by_others()) == 1
    assert find_plugins().actions["acme.tag"].name == "acme.tag"


@pytest.mark.parametrize(
    "text", ["import no_such_library", "raise RuntimeError('broken')", "import sys; sys.exit(0)"]
)
def test_one_that_does_not_import_ends_what_uses_it_and_nothing_else(
    text: str, site: Path, playbook: Path
) -> None:
    acme(site, text)
    done = opsctl(playbook.parent, "run", str(playbook), "--dry-run")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: acme-opsctl 1.2: acme_ops.actions.acme_tag of acme-opsctl 1.2 cannot be")
    assert "what does not use it works without it" in done.stderr
    assert opsctl(playbook.parent, "playbook", "validate", "block-ip", "dlq-redrive", "make-ha").returncode == 0
    assert opsctl(playbook.parent, "playbook", "schema", "waf.block").returncode == 0


@pytest.mark.parametrize("text", ["", TAG.replace("acme.tag", "acme.other"), TAG.replace("Action)", "Context)")])
def test_a_file_that_does_not_define_what_it_is_called_is_refused(text: str, site: Path) -> None:
    acme(site, text)
    with pytest.raises(
        InvalidInput, match=r"acme_tag of acme-opsctl 1\.2 has to define one Action with the name acme"
    ):
        find_plugins().actions["acme.tag"]


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("acme_ops:AcmeTag", "its entry point acme says acme_ops:AcmeTag, which is no package"),
        ("nowhere", "there is no package nowhere with facts, actions or jobs in it"),
        ("nowhere.at.all", "there is no package nowhere.at.all with facts, actions or jobs in it"),
        ("json.decoder", "there is no package json.decoder with facts, actions or jobs in it"),
    ],
)
def test_an_entry_point_that_leads_to_no_plug_in_is_told_by_doctor_and_stops_nothing(
    value: str, fault: str, site: Path
) -> None:
    install(site, "acme-opsctl", {}, {"acme": value})
    (package,) = shipped_by_others()
    assert (package.distribution, package.fault) == ("acme-opsctl 1.2", fault)
    assert find_plugins().actions["waf.block"].name == "waf.block"


def test_doctor_tells_what_each_package_brings_its_version_and_what_is_wrong_with_it(
    site: Path, tmp_path: Path
) -> None:
    acme(site)
    files = {
        "beta_ops/facts/beta_state.py": "raise ValueError('half an upgrade')",
        "beta_ops/jobs/acme_tag.py": TAG,
    }
    install(site, "beta-opsctl", files, {"beta": "beta_ops"}, version="0.9")
    with fresh_world():
        done = opsctl(tmp_path, "doctor", "-o", "json")
    told = [one for one in json.loads(done.stdout)["result"] if one["check"] == "plug-ins"]
    assert [one["ok"] for one in told] == [True, False]
    assert told[0]["detail"] == "acme-opsctl 1.2: action acme.tag"
    assert told[1]["detail"].startswith("beta-opsctl 0.9: beta_ops.facts.beta_state of beta-opsctl 0.9 cannot be")
    assert "half an upgrade" in told[1]["detail"]
    assert "acme_tag of beta-opsctl 0.9 has to define one Job with the name acme.tag" in told[1]["detail"]
    assert done.returncode == 1


def test_what_a_broken_plug_in_says_moves_no_cursor(site: Path, tmp_path: Path) -> None:
    acme(site, r"raise ValueError('half \x1b[2J an\nok  upgrade')")
    with fresh_world():
        done = opsctl(tmp_path, "doctor", COLUMNS="400")
    (told,) = [line for line in done.stdout.splitlines() if "upgrade" in line]
    assert told.startswith("!!  plug-ins: acme-opsctl 1.2: ")
    assert "\x1b" not in told


def test_a_plug_in_that_fails_while_it_works_is_named_and_not_opsctl(site: Path, playbook: Path) -> None:
    acme(site, TAG.replace("return []", "return [][1]"))
    with fresh_world():
        done = opsctl(playbook.parent, "run", str(playbook), "--dry-run", "-o", "json")
    assert done.returncode == 1
    assert "error: acme_ops.actions.acme_tag of acme-opsctl 1.2 failed: IndexError" in done.stderr
    assert "report the traceback to whoever ships acme-opsctl 1.2" in done.stderr
    (error,) = json.loads(done.stdout)["errors"]
    assert "opsctl itself" not in json.dumps(error)


def test_a_module_belongs_to_a_package_by_whole_names(site: Path) -> None:
    acme(site)
    assert owner_of("acme_ops.actions.acme_tag") == owner_of("acme_ops") == shipped_by_others()[0]
    assert owner_of("acme_ops_of_others") is None
    assert owner_of("opsctl.block.layers") is None
