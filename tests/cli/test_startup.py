"""What commands that call nothing do not load: libraries take longer than all else that such a command does."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from opsctl.block.facts.block_decision import BlockDecision
from opsctl.cli.front_commands import FrontCommands, built
from opsctl.model.plan import FactCall, PlanCheck
from opsctl.workflow.plan_files import save_plan
from tests.kit.command import HANGS_S, environment
from tests.security.test_forged_plan_files import honest

FOR_AN_ACCOUNT = ["boto3", "botocore", "urllib3", "sqlite3", "moto", "opsctl.aws.clients"]
OF_A_DECISION = [
    "opsctl.block.target_decision",
    "opsctl.block.explored_target",
    "opsctl.block.topology.explore",
    "opsctl.block.actions",
]
"""What a decision about a block is made with: a plan names the fact, and to check what it gives it needs none."""
CODE = """
import json, sys
from opsctl.cli.main import run
code = run({argv})
print(json.dumps([code, [name for name in {names} if name in sys.modules]]), file=sys.stderr)
"""


def loaded(argv: list[str], names: list[str], home: Path) -> list[str]:
    """Run a command in a process of its own and return which of these modules it has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(argv=argv, names=names)],
        cwd=home,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=True,
    )
    code, found = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return list(found)


@pytest.mark.parametrize(
    ("argv", "names"),
    [
        (["--help"], [*FOR_AN_ACCOUNT, "pydantic", "yaml", "rich.console"]),
        (["playbook", "list"], [*FOR_AN_ACCOUNT, "opsctl.catalog", "rich.console", "opsctl.block.decision"]),
        (["show", "plan.json"], [*FOR_AN_ACCOUNT, "yaml", "opsctl.playbook.validate", *OF_A_DECISION]),
        (["playbook", "validate", "block-ip"], FOR_AN_ACCOUNT),
    ],
    ids=["help", "playbook list", "show a plan", "playbook validate"],
)
def test_a_command_that_calls_nothing_loads_nothing_for_calling(
    argv: list[str], names: list[str], tmp_path: Path
) -> None:
    decided = FactCall(uses="block.decision", arguments={"target": "shop"})
    check = PlanCheck(id="shut", because="it is shut", none="@", within_s=60, facts={"decision": decided})
    save_plan(honest().model_copy(update={"checks": (check,)}).sealed(), tmp_path / "plan.json")
    assert loaded(argv, names, tmp_path) == []


def test_what_asks_first_loads_nothing_of_what_judges_the_answers() -> None:
    """`BlockDecision.later` is loaded while the first answers are awaited."""
    code = "import sys, opsctl.block.target_decision; sys.exit(any(name in sys.modules for name in sys.argv[1:]))"
    assert all(map(find_spec, BlockDecision.later))
    subprocess.run([sys.executable, "-c", code, *BlockDecision.later, "opsctl.block.actions"], check=True)


def test_whoever_has_no_configuration_loads_no_yaml(tmp_path: Path) -> None:
    code = "import sys; from opsctl.wiring import settings; settings(); sys.exit('yaml' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment(tmp_path), check=True)


def test_a_command_is_found_without_importing_another(tmp_path: Path) -> None:
    others = [f"opsctl.cli.{module}" for module in FrontCommands().modules.values() if module != "runs_commands"]
    assert loaded(["runs", "list"], others, tmp_path) == []


def test_each_module_has_the_commands_that_are_called_as_it_is_and_no_others() -> None:
    """The name of the module is all that is known of a command before it is typed."""
    modules = FrontCommands().modules
    for module in set(modules.values()):
        assert set(built(module)) == {name for name, one in modules.items() if one == module}, module
