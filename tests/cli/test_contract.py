"""The contract as a user's script sees it: a subprocess, stdout and stderr apart, exit codes, no account."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.cli.main import run
from opsctl.model.errors import OpsctlError
from opsctl.model.outcomes import MEANING, Outcome
from tests.kit.command import HANGS_S
from tests.kit.command_reference import commands
from tests.kit.forking import forked


def opsctl(*argv: str, cwd: Path, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command with nothing of the caller's AWS configuration."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPSCTL_"))}
    clean |= {
        "HOME": str(cwd),
        "OPSCTL_STATE_DIR": str(cwd / "state"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "us-east-1",
        "COLUMNS": "80",
    } | env
    return forked(argv, cwd, clean, stdin)


def test_the_version_goes_to_stdout(tmp_path: Path) -> None:
    done = opsctl("--version", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("opsctl ")


@pytest.mark.parametrize(
    "argv",
    [
        ("no-such-command",),
        ("block-ip", "203.0.113.9"),
        ("block-ip", "203.0.113.9", "--target", "x", "--no-such-flag"),
        ("block-ip", "not-an-address", "--target", "x"),
        ("block-ip", "203.0.113.9", "--target", "x", "--layer", "nowhere"),
        ("block-ip", "203.0.113.9", "--target", "x", "--mode", "shout"),
        ("block-ip", "203.0.113.9", "--target", "x\x1b[31m"),
        ("block-ip", "--from", "no-such-file", "--target", "x"),
        ("run", "no-such-playbook"),
        ("run", "block-ip", "--set", "nonsense"),
        ("run", "block-ip", "--set", "tagret=x"),
        ("apply", "no-such-file"),
        ("show", "no-such-run"),
        ("block-ip", "203.0.113.9", "--target", "x", "--query", "a..b"),
        ("runs", "show", "no-such-run"),
        ("undo", "no-such-run"),
        ("resume", "no-such-run"),
        ("verify", "no-such-run"),
        ("playbook", "validate", "no-such-file.yaml"),
        ("playbook", "schema", "no.such"),
        ("playbook", "new", "Not Kebab"),
    ],
)
def test_bad_input_is_exit_2_with_a_clear_message_and_no_traceback(argv: tuple[str, ...], tmp_path: Path) -> None:
    accepts_json = argv[0] in ("block-ip", "run", "apply", "show", "runs", "undo", "resume", "verify")
    arguments = (*argv, "-o", "json") if accepts_json else argv
    done = opsctl(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    if "json" in arguments:
        envelope = json.loads(done.stdout)
        assert envelope["schema"] == "opsctl.result/v1"
        assert (envelope["exit_code"], envelope["outcome"]) == (2, "invalid")
        assert " ".join(argv).startswith(envelope["command"])
        assert envelope["errors"]
    else:
        assert done.stdout == ""


def test_without_credentials_it_fails_with_one_clear_line(tmp_path: Path) -> None:
    done = opsctl("block-ip", "203.0.113.9", "--target", "x", cwd=tmp_path)
    assert done.returncode == 1
    assert "no AWS credentials" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_region_it_says_so(tmp_path: Path) -> None:
    done = opsctl("topology", "x", cwd=tmp_path, AWS_REGION="")
    assert done.returncode == 2
    assert "no AWS region is configured" in done.stderr


def test_a_broken_configuration_is_told_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "opsctl.yaml").write_text("never_block: [nonsense]\n")
    done = opsctl("topology", "x", cwd=tmp_path)
    assert done.returncode == 2
    assert "opsctl.yaml:1:15" in done.stderr


def test_lists_are_json_when_asked_for(tmp_path: Path) -> None:
    done = opsctl("runs", "list", "-o", "json", cwd=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["result"]) == (0, [])
    done = opsctl("playbook", "list", "-o", "json", cwd=tmp_path)
    assert "block-ip" in [one["name"] for one in json.loads(done.stdout)["result"]]


def test_a_query_implies_json_and_is_never_ignored(tmp_path: Path) -> None:
    done = opsctl("runs", "list", "--query", "[command, length(result)]", cwd=tmp_path)
    assert (done.returncode, json.loads(done.stdout)) == (0, ["runs list", 0])
    for wrong in (("a..b",), ("result", "-o", "html"), ("result", "-o", "markdown")):
        refused = opsctl("runs", "show", "--query", *wrong, cwd=tmp_path)
        assert (refused.returncode, refused.stdout, "--query" in refused.stderr) == (2, "", True)


def test_a_query_that_matches_nothing_says_so(tmp_path: Path) -> None:
    done = opsctl("runs", "list", "--query", "result[].nothing", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "[]\n")
    assert done.stderr.startswith("note: --query: nothing matches")
    assert "result" in done.stderr
    empty = opsctl("runs", "list", "--query", "result", cwd=tmp_path)
    assert (empty.stdout, "what matches is empty" in empty.stderr) == ("[]\n", True)


def test_raw_prints_what_a_query_finds_bare_also_of_a_failure_and_needs_a_query(tmp_path: Path) -> None:
    done = opsctl("runs", "list", "--query", "command", "-r", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "runs list\n")
    done = opsctl("runs", "show", "no-such-run", "--query", "outcome", "--raw", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "invalid\n")
    done = opsctl("runs", "show", "no-such-run", "--query", "result.id", "--raw", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    done = opsctl("runs", "list", "--raw", cwd=tmp_path)
    assert (done.returncode, done.stdout, "--raw" in done.stderr) == (2, "", True)


def test_every_way_to_end_badly_has_an_outcome_with_a_meaning() -> None:
    assert {one.outcome for one in subclasses(OpsctlError)} <= MEANING.keys() == set(Outcome)


def subclasses(kind: type[OpsctlError]) -> Iterator[type[OpsctlError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from subclasses(one)


@pytest.mark.parametrize(
    ("argv", "forms"),
    [
        (("runs", "list"), "'text', 'json', 'markdown'"),
        (("doctor",), "'text', 'json', 'markdown'"),
        (("dlq", "list"), "'text', 'json', 'markdown'"),
        (("topology", "x"), "'text', 'json', 'mermaid', 'svg'"),
        (("playbook", "list"), "'text', 'json'"),
        (("sandbox", "status"), "'text', 'json'"),
        (("explain",), "'text', 'json'"),
    ],
    ids=" ".join,
)
def test_a_form_that_a_command_has_not_is_refused_in_the_same_words(
    argv: tuple[str, ...], forms: str, tmp_path: Path
) -> None:
    done = opsctl(*argv, "-o", "short", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"'short' is not one of {forms}.\n" in done.stderr


def test_only_plans_and_runs_have_details() -> None:
    """What shows no more with --details than without does not offer it."""
    for one in commands():
        options = {flag for parameter in one.context.command.params for flag in parameter.opts}
        shows_runs = one.words in (
            "opsctl show",
            "opsctl runs show",
            "opsctl resume",
            "opsctl verify",
            "opsctl plan",
        )
        assert ("--details" in options) == ("--dry-run" in options or shows_runs), one.words


def test_the_runs_of_a_machine_are_a_table_in_markdown(tmp_path: Path) -> None:
    done = opsctl("runs", "list", "-o", "markdown", cwd=tmp_path)
    assert done.stdout.splitlines()[0] == "| run | status | what | playbook | where | started | undoes |"


def test_small_results_are_asked_by_query_as_well(tmp_path: Path) -> None:
    done = opsctl("playbook", "list", "--query", "result[].name", "-r", cwd=tmp_path)
    assert "block-ip" in done.stdout.splitlines()
    done = opsctl("playbook", "validate", "block-ip", "--query", "length(result)", cwd=tmp_path)
    assert done.stdout == "1\n"


def test_the_schema_is_a_json_schema(tmp_path: Path) -> None:
    schema = json.loads(opsctl("playbook", "schema", cwd=tmp_path).stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "block.decision" in schema["$defs"]["FactSpec"]["properties"]["uses"]["enum"]


@pytest.mark.parametrize("argv", [("--help",), ("--version",), ("make-ha", "--help"), ("block-ip", "--help")])
def test_help_and_version_load_no_sdk_and_no_engine(argv: tuple[str, ...], tmp_path: Path) -> None:
    of_its_playbook = ["yaml", "jmespath"] if argv[0] == "block-ip" else []
    code = (
        "import sys\n"
        "from opsctl.cli.main import run\n"
        f"run({list(argv)!r})\n"
        "heavy = ('boto3', 'botocore', 'moto', 'yaml', 'jmespath', 'sqlite3', 'opsctl.model.plan')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=HANGS_S, check=False, cwd=tmp_path
    )
    assert done.stderr.strip().splitlines()[-1] == str(of_its_playbook)


def test_finding_the_sandbox_loads_nothing_of_its_engine(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from opsctl.sandbox.client import running\n"
        f"running(__import__('pathlib').Path({str(tmp_path)!r}))\n"
        "print(sorted(name for name in sys.modules if name.startswith(('opsctl.sandbox.', 'boto', 'moto'))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=HANGS_S, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "['opsctl.sandbox.client', 'opsctl.sandbox.endpoint']"


def test_every_command_has_help_with_an_example(tmp_path: Path) -> None:
    for command in ("block-ip", "topology", "run", "plan", "apply", "show", "resume", "undo", "verify", "doctor"):
        done = opsctl(command, "--help", cwd=tmp_path)
        assert done.returncode == 0
        assert "Example" in done.stdout, command


def test_completion_offers_what_this_machine_knows_and_asks_nobody(tmp_path: Path) -> None:
    ask = {"_OPSCTL_COMPLETE": "complete_bash", "COMP_CWORD": "2"}
    assert opsctl(cwd=tmp_path, **ask, COMP_WORDS="opsctl run bl").stdout.split() == [
        "block-ip",
        "block-list",
        "blocks-expire",
        "blocks-extend",
    ]
    assert opsctl(cwd=tmp_path, **ask, COMP_WORDS="opsctl undo ").stdout.split() == ["last"]
    ask["COMP_CWORD"] = "4"
    assert opsctl(cwd=tmp_path, **ask, COMP_WORDS="opsctl make-ha web --mode re").stdout.split() == ["recover"]


@pytest.mark.parametrize(
    ("argv", "offered"),
    [
        (("unblock", "203.0.113.9"), "'unblock-ip'"),
        (("blck-ip",), "'block-ip'"),
        (("dlq", "detach"), ""),
        (("dlq", "atach"), "'attach'"),
        (("dlq", "purge", "q", "--no-bakup"), "--no-backup"),
    ],
)
def test_what_was_meant_is_offered_and_never_its_opposite(
    argv: tuple[str, ...], offered: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(list(argv)) == 2
    told = capsys.readouterr().err.splitlines()[0]
    assert offered in told
    assert ("Did you mean" in told or "Possible" in told) == bool(offered)
    assert "--backup" not in told
