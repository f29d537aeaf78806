"""What a careless or hostile user hands to a command: nothing, too much, too deep, and files that are no files."""

import gzip
import io
import json
import os
import resource
import subprocess
import time
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from opsctl.cli.main import app, run
from opsctl.dlq.transfer.backup import BackupFile, read_records
from opsctl.expressions.evaluate import ExpressionFault, compiled, evaluate
from opsctl.model.errors import InvalidInput, OpsctlError
from opsctl.playbook.load import parse_playbook
from opsctl.playbook.yaml_tree import MANY, MAX_BYTES, MAX_DEPTH, read_tree

SOON_S = 5.0
"""Seconds of the processor's time: what hung took from sixteen to for ever, where milliseconds are enough."""


def commands(command: Any, *words: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the application that takes parameters of its own, with the words that name it."""
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from commands(inner, *words, name)
    else:
        yield words, command


def opsctl(*argv: str) -> subprocess.CompletedProcess[str]:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(list(argv))
    return subprocess.CompletedProcess(argv, code, out.getvalue(), err.getvalue())


def takes_a_value(parameter: Any) -> bool:
    return not getattr(parameter, "is_flag", False) and parameter.name != "help"


def parameters_of(command: Any) -> list[Any]:
    """What a command takes, and what it takes for the inputs of its playbook."""
    return list(command.get_params(typer.Context(command)))


EVERY = [
    (words, command, parameter)
    for words, command in commands(typer.main.get_command(app))
    for parameter in parameters_of(command)
    if takes_a_value(parameter)
]


@pytest.fixture(autouse=True)
def no_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever would go on to the account finds no region there and says so, instead of what is tested for."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("OPSCTL_STATE_DIR", str(tmp_path / "state"))
    with chdir(tmp_path):
        yield


def test_there_are_many_commands_to_walk() -> None:
    assert len({words for words, _, _ in EVERY}) > 20
    assert len(EVERY) > 200


def worked_s() -> float:
    """The processor's time that this process and those it started have taken, in seconds."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@pytest.mark.parametrize("empty", ["", "  "])
def test_empty_text_for_any_argument_or_option_of_any_command_is_refused_by_its_name(empty: str) -> None:
    """An unset variable of a script must not mean "all", "here" or "as it is by default"."""
    for words, command, parameter in EVERY:
        given = []
        for other in parameters_of(command):
            if other.param_type_name == "argument" and (other.required or other is parameter):
                given.append(empty if other is parameter else "x")
        if parameter.param_type_name == "option":
            given = [*given, parameter.opts[-1], empty]
        with pytest.raises(typer.BadParameter, match="it is empty") as caught:
            command.make_context(" ".join(words), given)
        assert caught.value.param is parameter


@pytest.mark.parametrize("given", ["--target=", "--target"])
def test_an_option_that_is_given_nothing_is_refused(given: str) -> None:
    done = opsctl("block-ip", "203.0.113.9", given, *([] if given.endswith("=") else [""]))
    assert (done.returncode, "--target" in done.stderr) == (2, True)


def test_a_long_argument_is_refused_and_not_repeated() -> None:
    for words, command, parameter in EVERY:
        if parameter.param_type_name == "option":
            required = [
                "x" for one in parameters_of(command) if one.param_type_name == "argument" and one.required
            ]
            with pytest.raises(typer.BadParameter, match="100,000 characters"):
                command.make_context(" ".join(words), [*required, parameter.opts[-1], "x" * 100_000])


@pytest.mark.parametrize(
    "argv",
    [
        ("block-ip", "x" * 15_000, "--target", "y"),
        ("block-ip", "--nosuch" + "x" * 100_000),
        ("x" * 100_000,),
        ("run", "x" * 15_000),
        ("run", "block-ip", "--set", "x" * 15_000),
        ("run", "block-ip", "--set", "y=" + "x" * 15_000),
        ("block-ip", "203.0.113.9", "--target", "y", "--layer", "x" * 15_000),
        ("block-ip", "203.0.113.9", "--target", "y", "--accept", "x" * 15_000),
        ("runs", "show", "x" * 15_000),
        ("apply", "x" * 15_000),
        ("show", "x" * 15_000),
        ("playbook", "new", "x" * 15_000),
        ("playbook", "schema", "x" * 15_000),
        ("dlq", "redrive", "q", "--where", "x." * 7_000),
        ("dlq", "import", "x" * 15_000, "q"),
        ("block-ip", "--from", "x" * 15_000, "--target", "y"),
        ("run", "block-ip", "--inputs", "x" * 15_000),
        ("block-ip", "203.0.113.9", "--target", "y", "--out", "x" * 15_000),
    ],
    ids=lambda argv: " ".join(word[:12] for word in argv),
)
def test_what_is_long_is_answered_briefly_and_without_a_traceback(argv: tuple[str, ...]) -> None:
    done = opsctl(*argv)
    assert done.returncode == 2, done.stderr[:500]
    assert "opsctl itself failed" not in done.stderr
    assert len(done.stderr) < 4000


HEAD = 'schema: opsctl.playbook/v1\nname: x\nversion: "1.0"\nsummary: s\n'
DEEP = ["(" * 10_000, "!" * 10_000 + "a", "[" * 5_000, "a[?" * 3_000, "{a:" * 3_000, "&&".join(["a"] * 4_000)]


@pytest.mark.parametrize("expression", DEEP, ids=lambda text: text[:4])
@pytest.mark.parametrize("flag", ["--query", "--where", "--edit", "--set"])
def test_a_deep_expression_is_bad_input_wherever_one_is_taken(flag: str, expression: str) -> None:
    given = f"body=={expression}" if flag == "--set" else expression
    done = opsctl("dlq", "redrive", "q", flag, given)
    assert done.returncode == 2, done.stderr[:500]
    assert flag in done.stderr
    assert "nested deeper than 100 levels" in done.stderr


def test_a_deep_place_to_set_is_bad_input() -> None:
    done = opsctl("dlq", "redrive", "q", "--set", f"body.{'.'.join(['a'] * 200)}=1")
    assert (done.returncode, "deeper than 100 levels" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("expression", DEEP, ids=lambda text: text[:4])
def test_a_deep_expression_in_a_playbook_is_a_fault_at_its_place(expression: str) -> None:
    text = f"{HEAD}outputs:\n  deep: '={expression}'\nsteps: []\n"
    with pytest.raises(InvalidInput) as caught:
        parse_playbook(text.encode(), "x.yaml")
    assert "nested deeper" in str([fault.summary for fault in caught.value.diagnostics])


def test_an_expression_as_deep_as_any_that_is_meant_is_taken() -> None:
    assert evaluate(".".join(["a"] * 500), {"a": 1}) is None
    assert evaluate("(" * 40 + "a" + ")" * 40, {"a": 1}) == 1
    with pytest.raises(ExpressionFault, match="100 levels"):
        compiled("!" * 101 + "a")


def test_a_deep_value_under_an_expression_is_a_fault_and_no_crash() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ExpressionFault, match="nested too deeply"):
        evaluate("to_string(@)", value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"[" * 10_000, "nested deeper"),
        (b"{a: " * 10_000, "nested deeper"),
        (b"- " * 100_000, "nested deeper"),
        (b"? " * 40_000, "nested deeper"),
        (b"\t" + b"[" * 10_000, "not YAML"),
        (b"a: '\t'\nb: " + b"[" * 10_000, "nested deeper"),
        (b"[" + b"a," * 400_000 + b"]", "more than 100,000"),
        (b"\0" * (MAX_BYTES + 1), "larger than"),
        (b"\0" * MAX_BYTES, "not YAML"),
        (b"a: 1\n" * 19_000, "duplicate key"),
        (b"- !x a\n" * 20_000, "tags are not part"),
        (b"&a " * 100_000, "anchors"),
        (b'"' + b"\\" * 300_000, "not YAML"),
    ],
    ids=range(13),
)
def test_heavy_yaml_is_refused_in_a_moment_with_few_faults(data: bytes, words: str) -> None:
    began = worked_s()
    tree = read_tree(data, "x.yaml")
    assert worked_s() - began < SOON_S
    assert words in tree.faults[0].summary
    assert len(tree.faults) <= MANY


def test_yaml_is_read_to_its_bounds_and_not_beyond() -> None:
    assert not read_tree(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, "x").faults
    deeper = MAX_DEPTH + 1
    assert read_tree(b"[" * deeper + b"]" * deeper, "x").faults
    addresses = b"addresses:\n" + b"".join(b"  - 2001:db8:%x::/64\n" % number for number in range(10_000))
    assert not read_tree(addresses, "x").faults


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"unknown{number}: 1\n" for number in range(1_000)),
        f"{HEAD}steps:\n" + "".join(f"  - {{id: s{n}, uses: no.such}}\n" for n in range(800)),
        f"{HEAD}steps:\n" + "  - {id: s, uses: no.such}\n" * 5_000,
        f"{HEAD}steps: []\nfacts:\n" + "".join(f"  f{n}: {{read: nosuch.Op}}\n" for n in range(1_000)),
    ],
    ids=["unknown keys", "unknown actions", "steps", "services"],
)
def test_a_playbook_full_of_faults_is_answered_in_a_moment_with_the_first_of_them(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "x.yaml").write_text(text)
    began = worked_s()
    done = opsctl("playbook", "validate", "x.yaml")
    assert worked_s() - began < SOON_S
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) < 4 * MANY


@pytest.mark.parametrize("place", ["/dev/full", "/dev/null", "/dev/zero", ".", "..", "/", "no-such-directory/x"])
@pytest.mark.parametrize(
    ("argv", "flag"),
    [
        (("block-ip", "203.0.113.9", "--target", "x"), "--out"),
        (("plan", "block-ip", "--set", "target=x"), "--out"),
        (("dlq", "redrive", "q"), "--backup"),
        (("dlq", "purge", "q"), "--backup"),
        (("make-ha", "drill", "g"), "--report"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value[:2]),
)
def test_only_regular_files_are_made_or_replaced_and_a_bad_place_is_told_before_any_call(
    argv: tuple[str, ...], flag: str, place: str
) -> None:
    done = opsctl(*argv, flag, place)
    assert (done.returncode, flag in done.stderr) == (2, True), done.stderr
    assert not Path(place).is_file()


def test_a_pipe_is_not_replaced_by_a_plan(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = opsctl("block-ip", "203.0.113.9", "--target", "x", "--out", "pipe")
    assert (done.returncode, "not a regular file" in done.stderr) == (2, True)


@pytest.mark.parametrize("flag", ["--accept", "--override"])
def test_a_guard_that_does_not_exist_is_told_by_the_switch_that_named_it_before_any_call(flag: str) -> None:
    done = opsctl("block-ip", "203.0.113.9", "--target", "x", flag, "nonsense", "-o", "json")
    (fault,) = json.loads(done.stdout)["errors"]
    assert (done.returncode, fault["where"]["source"]) == (2, flag)
    assert "never-block" in fault["hint"]
    assert opsctl("dlq", "inspect", "q", "--override", "nonsense").returncode == 2
    assert flag in opsctl("dlq", "redrive", "q", "--sample", "3", flag, "nonsense").stderr


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (("block-ip", "x", "--target", "y"), "block-ip"),
        (("block-ip", "--no-such-flag"), "block-ip"),
        (("dlq", "redrive", "q", "--where", "a.."), "dlq redrive"),
        (("make-ha", "i-x", "--accept", "y"), "make-ha"),
        (("make-ha", "instance", "i-x", "--accept", "y"), "make-ha"),
        (("--sandbox", "runs", "show", "no-such-run"), "runs show"),
        (("no-such-command",), ""),
    ],
)
def test_an_envelope_of_errors_names_the_command(argv: tuple[str, ...], command: str) -> None:
    envelope = json.loads(opsctl(*argv, "-o", "json").stdout)
    assert (envelope["exit_code"], envelope["command"]) == (2, command)


@pytest.mark.parametrize(
    "argv",
    [
        ("block-ip", "--target", "x", "--from"),
        ("run", "block-ip", "--inputs"),
        ("apply",),
        ("playbook", "validate"),
        ("run",),
        ("show",),
    ],
    ids=lambda argv: " ".join(argv[:2]),
)
@pytest.mark.parametrize("place", ["/dev/zero", "/dev/full", "/dev/urandom", ".", "/proc/self/mem"])
def test_a_file_that_never_ends_or_is_none_is_bad_input_in_a_moment(argv: tuple[str, ...], place: str) -> None:
    began = worked_s()
    done = opsctl(*argv, place)
    assert worked_s() - began < SOON_S
    assert done.returncode == 2, done.stderr[:500]
    assert len(done.stderr) < 4000


@pytest.mark.parametrize("place", ["/dev/zero", "/dev/stdin", "."])
def test_messages_are_read_from_and_kept_in_regular_files_alone(place: str) -> None:
    with pytest.raises(InvalidInput, match="regular file"):
        list(read_records(Path(place)))


def test_messages_are_kept_in_no_device_and_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in ("/dev/full", "/dev/null", str(tmp_path / "pipe")):
        with pytest.raises(OpsctlError):
            BackupFile(place)


def test_a_line_that_never_ends_is_no_message(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "bomb.jsonl.gz", "wb", compresslevel=1) as file:
        for _ in range(20):
            file.write(b"0" * 1_000_000)
    with pytest.raises(InvalidInput, match="16,000,000 characters"):
        list(read_records(tmp_path / "bomb.jsonl.gz"))


@pytest.mark.parametrize("variable", ["OPSCTL_CONFIG", "OPSCTL_STATE_DIR", "XDG_CONFIG_HOME"])
def test_the_home_of_a_user_that_nobody_knows_is_bad_input(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "~no-such-user/x")
    done = opsctl("runs", "list") if variable == "OPSCTL_STATE_DIR" else opsctl("topology", "x")
    assert (done.returncode, variable in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("text", ["plan_expires_s: 99999999999999999999\n", "max_changes: 1e400\n", "[" * 10_000])
def test_a_silly_configuration_is_bad_input_with_file_and_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "opsctl.yaml").write_text(text)
    done = opsctl("topology", "x")
    assert (done.returncode, "opsctl.yaml:1" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--endpoint-url", "localhost:5000"),
        ("--endpoint-url", "http://"),
        ("--endpoint-url", "http://[::1"),
        ("--endpoint-url", "http://localhost:99999"),
        ("--endpoint-url", "file:///etc/passwd"),
        ("--region", "us east 1"),
        ("--region", "../x"),
        ("--role-arn", "admin"),
        ("--role-arn", "arn:aws:iam::123456789012:user/x"),
        ("--profile", "no-such-profile"),
    ],
)
def test_a_switch_that_leads_to_no_account_is_bad_input(flag: str, value: str) -> None:
    region = () if flag == "--region" else ("--region", "us-east-1")
    done = opsctl("topology", "x", *region, flag, value)
    assert (done.returncode, flag in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("value", ["localhost:5000", "http://[::1"])
def test_an_endpoint_of_the_environment_that_is_no_url_is_bad_input(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", value)
    done = opsctl("topology", "x", "--region", "us-east-1")
    assert (done.returncode, "AWS_ENDPOINT_URL" in done.stderr) == (2, True), done.stderr


def test_a_state_directory_that_cannot_be_made_is_told_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("OPSCTL_STATE_DIR", str(tmp_path / "file/state"))
    for argv in (("runs", "list"), ("sandbox", "start")):
        done = opsctl(*argv)
        assert done.returncode in (1, 2)
        assert "file/state" in done.stderr
        assert "itself failed" not in done.stderr


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (("run", "block-ip", "--set", "target="), "--set target"),
        (("run", "block-ip", "--set", "target=x", "--set", "addresses=,"), "--set addresses"),
        (("block-ip", ",", "--target", "x"), "ADDRESS"),
        (("block-ip", "203.0.113.9", "--target", "x", "--country", ","), "--country"),
    ],
)
def test_what_names_nothing_is_not_taken_for_left_out(argv: tuple[str, ...], name: str) -> None:
    done = opsctl(*argv)
    assert (done.returncode, name in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    "argv", [("runs", "show"), ("undo",), ("show",), ("block-ip", "203.0.113.9", "--target"), ("playbook", "show")]
)
def test_bytes_that_are_no_text_are_bad_input(argv: tuple[str, ...]) -> None:
    done = opsctl(*argv, os.fsdecode(b"x\xff"))
    assert (done.returncode, "not UTF-8 text" in done.stderr) == (2, True), done.stderr
