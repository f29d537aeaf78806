"""The commands to type next reach the account that the present command reached, and nobody prints any other."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer

from opsctl.cli.main import app
from opsctl.cli.options import AccountOptions, spliced
from opsctl.model.commands import Commands, command_line, commands_there, completed, run_command
from opsctl.model.errors import FactUnknown, InvalidInput, RefusedByGuard
from opsctl.model.reads import Refusal, RefusalKind
from opsctl.playbook.load import load_playbook
from opsctl.playbook.places import shipped_names

TYPED = AccountOptions(profile="our prod", region="eu-west-1", role_arn="arn:aws:iam::1:role/x")


def test_the_switches_that_were_typed_are_typed_again() -> None:
    assert command_line(TYPED.words(), "undo", "a run") == (
        "opsctl undo 'a run' --region eu-west-1 --profile 'our prod' --role-arn arn:aws:iam::1:role/x"
    )


def test_in_the_sandbox_nothing_else_leads_anywhere() -> None:
    typed = AccountOptions(profile="prod", region="eu-west-1", sandbox=True)
    assert command_line(typed.words(), "undo", "r") == "opsctl --sandbox undo r --region eu-west-1"
    role = AccountOptions(role_arn="arn:aws:iam::1:role/r", sandbox=True)
    assert command_line(role.words(), "undo", "r") == ("opsctl --sandbox undo r --role-arn arn:aws:iam::1:role/r")
    assert command_line(AccountOptions().words(), "undo", "r") == "opsctl undo r"


def test_the_aws_cli_gets_the_switches_that_it_has() -> None:
    assert Commands(TYPED.words()).aws("s3", "ls") == ("aws s3 ls --region eu-west-1 --profile 'our prod'")
    sandbox = Commands(AccountOptions(region="eu-west-1", sandbox=True).words())
    assert sandbox.aws("s3", "ls") == '(eval "$(opsctl sandbox env)" && aws s3 ls --region eu-west-1)'
    assert sandbox.aws("sqs", "list-queues").endswith(
        ' && aws sqs list-queues --region eu-west-1 --endpoint-url "$AWS_ENDPOINT_URL")'
    )


def test_a_command_to_just_here_names_region_and_endpoint_once() -> None:
    there = commands_there(("--profile", "p"), "eu-west-1", "http://127.0.0.1:9")
    assert there.opsctl("x") == "opsctl x --profile p --region eu-west-1 --endpoint-url http://127.0.0.1:9"
    assert commands_there(("--region", "r"), "eu-west-1", "").aws("x") == "aws x --region r"
    assert "--endpoint-url" not in commands_there(("--sandbox",), "r", "http://127.0.0.1:9").opsctl("x")


def test_a_hint_is_completed_once_by_who_knows_the_switches() -> None:
    hint = f"{run_command('verify', 'r-1')}, or {run_command('undo', 'r-1')}"
    whole = "opsctl verify r-1 --profile p, or opsctl undo r-1 --profile p"
    assert completed(hint, ("--profile", "p")) == whole
    assert completed(whole, ("--profile", "p")) == whole
    assert completed(hint, ("--sandbox",)) == "opsctl --sandbox verify r-1, or opsctl --sandbox undo r-1"
    shown = completed(run_command("runs show", "r-1"), ("--profile", "p"))
    assert shown == "opsctl runs show r-1 --profile p"
    assert completed(shown, ("--profile", "p")) == shown


def test_the_hint_of_an_error_that_ends_a_command_leads_to_its_account() -> None:
    def fails(*, account: AccountOptions) -> None:
        raise RefusedByGuard("no", run_command("resume", "r-1"))

    values = {"profile": "p", "region": "", "role_arn": "", "endpoint_url": "", "sandbox": False}
    with pytest.raises(RefusedByGuard) as caught:
        spliced(fails)(**values)
    assert caught.value.hint == "opsctl resume r-1 --profile p"


@pytest.mark.parametrize(
    ("kind", "code", "api"),
    [
        (RefusalKind.DENIED, "ExpiredTokenException", "sqs.ListQueues"),
        (RefusalKind.DENIED, "AccessDenied", "sts.AssumeRole"),
        (RefusalKind.UNREACHABLE, "EndpointConnectionError", "sqs.ListQueues"),
    ],
    ids=["expired", "role", "network"],
)
def test_a_read_that_no_permission_would_help_leads_to_doctor(kind: RefusalKind, code: str, api: str) -> None:
    hint = FactUnknown(Refusal(kind=kind, code=code, message="no", api=api)).hint
    assert completed(hint, ("--profile", "p")).startswith("opsctl doctor --profile p says what is wrong")
    denied = Refusal(kind=RefusalKind.DENIED, code="AccessDenied", message="no", api="sqs.ListQueues")
    assert FactUnknown(denied).hint.startswith("give the caller read permission")


def test_the_hint_of_a_fault_in_what_was_typed_leads_there_as_well() -> None:
    def fails(*, account: AccountOptions) -> None:
        raise InvalidInput.one("no", source="RUN", hint=run_command("resume", "r-1"))

    values = {"profile": "p", "region": "", "role_arn": "", "endpoint_url": "", "sandbox": False}
    with pytest.raises(InvalidInput) as caught:
        spliced(fails)(**values)
    assert [fault.hint for fault in caught.value.diagnostics] == ["opsctl resume r-1 --profile p"]


WRITTEN_INTO_THE_ACCOUNT = ("dlq/actions/dlq_alarm.py", "resources/marks.py", "block/actions/waf_block.py")
RUNS_IN_THE_ACCOUNT = (
    "ha/recovery/messages.py",
    "ha/recovery/data.py",
    "ha/recovery/standby.py",
    "caches/cache_script.py",
    "sandbox/worlds/storefront.py",
)
PAGES = (
    "playbook/reference.py",
    "playbook/starter.py",
    "playbook/schema.py",
    "cli/topics.py",
    "cli/help_command.py",
)
ROOT = Path("opsctl")


def printed_texts(tree: ast.Module, *, command_line_help: bool) -> Iterator[tuple[int, str]]:
    """The texts of a module but its docstrings, what describes a field or a switch, and examples of help pages."""
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            passed.update(map(id, ast.walk(node.value) if isinstance(node.value, ast.Constant) else ()))
        if isinstance(node, ast.keyword) and node.arg in ("help", "epilog", "description"):
            passed.update(map(id, ast.walk(node.value)))
        names = (
            [one.id for one in node.targets if isinstance(one, ast.Name)] if isinstance(node, ast.Assign) else []
        )
        if command_line_help and isinstance(node, ast.Assign) and any(map(str.isupper, names)):
            passed.update(map(id, ast.walk(node.value)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed:
            yield node.lineno, node.value


def test_no_text_names_a_command_but_those_that_are_made_with_its_switches() -> None:
    """Such a text would lead whoever pastes it to the account of another profile."""
    command = named_command()
    left_out = {ROOT / name for name in (*WRITTEN_INTO_THE_ACCOUNT, *RUNS_IN_THE_ACCOUNT, *PAGES)}
    found = [
        f"{path}:{line}: {text.strip()[:80]}"
        for path in sorted(ROOT.rglob("*.py"))
        if path not in left_out
        for line, text in printed_texts(ast.parse(path.read_text()), command_line_help=path.parts[1] == "cli")
        if command.search(text)
    ]
    assert not found, "made elsewhere than in model/commands.py: " + "; ".join(found)


@cache
def named_command() -> re.Pattern[str]:
    names = "|".join(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    return re.compile(rf"\bopsctl (--sandbox )?({names})\b|\baws [a-z0-9]+ [a-z]+-[a-z-]+")


@pytest.mark.parametrize("name", shipped_names())
def test_no_text_of_a_playbook_names_a_command_but_by_next(name: str) -> None:
    book = load_playbook(name).playbook
    texts = [
        book.summary,
        book.notes,
        *(one.because for one in book.guards),
        *(one.because for one in book.checks),
    ]
    texts += [text for step in book.steps for text in (step.title, step.why, step.because)]
    texts += [one.help for one in book.inputs.values()]
    assert [text for text in texts if named_command().search(text)] == []
