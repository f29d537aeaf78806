"""Every id that opsctl can print is explained: found in the code and the playbooks, not in a list of our own."""

import json
import re
from pathlib import Path

import pytest

from opsctl.cli.explain_command import known
from opsctl.cli.main import run
from opsctl.dlq.audit.rules import WHY
from opsctl.ha.explanations import PREFLIGHT, SOURCES, STATUS
from opsctl.model.explanation import Explanation
from opsctl.model.outcomes import Outcome
from opsctl.model.reads import RefusalKind
from opsctl.playbook.load import load_playbook
from opsctl.playbook.places import shipped_names
from opsctl.render.explanations import render_explanations

KNOWN = list(known(""))
IDS = {one.id for one in KNOWN}
CODE = "\n".join(path.read_text(encoding="utf-8") for path in sorted(Path("opsctl").rglob("*.py")))
OF_HA = "\n".join(path.read_text(encoding="utf-8") for path in sorted(Path("opsctl/ha").rglob("*.py")))


@pytest.mark.parametrize("name", shipped_names())
def test_each_guard_and_check_of_a_playbook_says_what_to_do(name: str) -> None:
    book = load_playbook(name).playbook
    assert [one.id for part in (book.guards, book.checks) for one in part if not one.todo] == []
    assert {one.id for part in (book.guards, book.checks) for one in part} <= IDS


def test_each_code_of_a_fault_is_explained() -> None:
    found = set(re.findall(r'(?:\bcode=|_fault\(\s*|"code": )"([a-z-]+)"', CODE))
    assert {"input", "guard", "call", "cidr", "usage"} <= found
    assert found - IDS == set()


def test_each_finding_and_check_of_the_rooms_is_explained() -> None:
    preflight = set(re.findall(r'\b(?:block|warn|fix|carry|accept)\(\s*"([a-z0-9-]+)"', OF_HA))
    status = set(re.findall(r'\b(?:judged\(\s*|HealthFinding\(\s*check=)f?"([a-z]+(?: [a-z]+)*)', OF_HA))
    assert {"root-disk", "subnets"} <= preflight
    assert {"dead letters", "handler", "volume"} <= status
    assert (preflight | status | WHY.keys()) - IDS == set()


def test_each_outcome_and_each_refusal_of_aws_is_explained() -> None:
    assert {*Outcome, *RefusalKind} - IDS == set()


def test_each_explanation_says_what_it_means_and_what_to_do() -> None:
    assert [one.id for one in KNOWN if not (one.means and one.todo)] == []


def test_a_rule_of_aws_is_told_with_where_aws_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(SOURCES) <= {*PREFLIGHT, *STATUS}
    assert run(["explain", "cluster-placement"]) == 0
    assert "  source Amazon EC2 Auto Scaling API reference, CreateAutoScalingGroup" in capsys.readouterr().out


def test_a_guard_is_explained_with_its_switch(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "never-block"]) == 0
    text = capsys.readouterr().out
    (guard,) = [one for one in load_playbook("block-ip").playbook.guards if one.id == "never-block"]
    for words in ("playbook block-ip", "--override never-block", guard.because, guard.todo):
        assert words in text
    assert run(["explain", "never-block", "--query", "result[0].kind", "-r"]) == 0
    assert capsys.readouterr().out == "guard\n"


def test_what_several_places_mean_alike_is_said_once() -> None:
    here = Explanation(id="unread", kind="guard", of="playbook a", means="m", why="w", todo="Do it.")
    text = render_explanations([here, here.model_copy(update={"of": "playbook b"})])
    assert text.splitlines()[0] == "unread: guard of playbook a, playbook b"
    assert text.count("Do it.") == 1


def test_what_is_unknown_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "nevr-block", "-o", "json"]) == 2
    assert json.loads(capsys.readouterr().out)["errors"][0]["hint"] == "did you mean never-block?"


def test_guards_of_a_playbook_of_ones_own_are_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        'schema: opsctl.playbook/v1\nname: mine\nversion: "1"\nsummary: Mine.\n'
        "guards: [{id: too-many, refuse: inputs, because: there are too many, todo: Take fewer.}]\n"
    )
    assert run(["explain", "too-many"]) == 2
    capsys.readouterr()
    assert run(["explain", "too-many", "--playbook", str(path)]) == 0
    assert "Take fewer." in capsys.readouterr().out
