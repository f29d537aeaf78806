"""Profiles as companies have them, against the embedded AWS: what is asked, how often, and what is kept."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.utils import JSONFileCache

from opsctl.aws.role_cache import RoleCache
from opsctl.cli import terminal
from opsctl.sandbox.worlds.roles import make_roles
from tests.kit.command import environment, opsctl
from tests.kit.moto_account import KEY, World, fresh_world

SERIAL = "arn:aws:iam::123456789012:mfa/alice"
CODE = "123456"
NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(make_roles) as made:
        yield made


@pytest.fixture
def home(tmp_path: Path, world: World) -> Path:
    """A home directory with a profile for a role that asks for a code, one for SSO, and one with keys."""
    role = f"arn:aws:iam::{world.account}:role/responder-read-only"
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text(
        f"""\
[profile base]
aws_access_key_id = {KEY}
aws_secret_access_key = testing
[profile on-call]
role_arn = {role}
source_profile = base
mfa_serial = {SERIAL}
region = us-east-1
[profile sso]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Responder
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = us-east-1
""",
        encoding="utf-8",
    )
    return tmp_path


def at_a_terminal(home: Path, *argv: str) -> tuple[int, int, str]:
    """Run a command and type the code each time it is asked for: exit code, how often, and the screen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "opsctl", *argv],
        cwd=home,
        env=environment(home) | NO_KEYS,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen, asked = b"", 0
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # how a terminal ends when nobody is left at the other side
            break
        if not part:
            break
        seen += part
        if seen.count(b"MFA code") > asked:
            asked += 1
            os.write(ours, f"{CODE}\n".encode())
    os.close(ours)
    return process.wait(), asked, seen.decode()


def test_a_code_is_asked_for_once_for_three_commands_and_kept_for_the_aws_cli(home: Path) -> None:
    profile = ("--profile", "on-call")
    first = at_a_terminal(home, *profile, "dlq", "list")
    second = at_a_terminal(home, *profile, "dlq", "audit")
    third = at_a_terminal(home, "dlq", "list", *profile)
    assert [first[:2], second[:2], third[:2]] == [(0, 1), (0, 0), (0, 0)], (first, second, third)
    assert f"Enter MFA code for {SERIAL}" in first[2]
    (kept,) = (home / ".aws/cli/cache").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    for file in (home / "state").rglob("*"):
        assert not file.is_file() or json.loads(kept.read_text())["Credentials"][
            "SecretAccessKey"
        ].encode() not in (file.read_bytes())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Somebody at the terminal of this process who types the code; what was asked."""
    questions: list[str] = []

    def answer(question: str) -> str:
        questions.append(question)
        return f"{CODE}\n"

    monkeypatch.setattr(terminal, "asked_over", lambda _: answer)
    return questions


def list_queues(home: Path) -> int:
    return opsctl(home, "dlq", "list", "--profile", "on-call", **NO_KEYS).returncode


def test_the_sdk_finds_what_is_kept_as_the_aws_cli_looks_for_it(
    home: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list_queues(home) == 0
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / ".aws/config"))
    for name in NO_KEYS:
        monkeypatch.delenv(name, raising=False)
    session = boto3.Session(profile_name="on-call")
    assuming = session._session.get_component("credential_provider").get_provider("assume-role")
    # As `awscli.customizations.assumerole` does; nobody is asked and nothing is called.
    assuming.cache = JSONFileCache(str(home / ".aws/cli/cache"))
    assuming._prompter = None
    (kept,) = (home / ".aws/cli/cache").iterdir()
    secret = json.loads(kept.read_text())["Credentials"]["SecretAccessKey"]
    assert session.get_credentials().get_frozen_credentials().secret_key == secret


def test_a_kept_session_that_is_over_is_asked_for_anew(home: Path, asked: list[str]) -> None:
    assert list_queues(home) == 0
    (kept,) = (home / ".aws/cli/cache").iterdir()
    session = json.loads(kept.read_text())
    session["Credentials"]["Expiration"] = "2020-01-01T00:00:00UTC"
    kept.write_text(json.dumps(session))
    assert list_queues(home) == 0
    assert len(asked) == 2


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"Credentials": 1}', '{"Credentials": {}}'],
    ids=["empty", "list", "nothing", "number", "no-end"],
)
def test_a_file_that_is_no_session_is_passed_over(
    tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    cache = RoleCache()
    cache["role"] = {"Credentials": {"Expiration": "2026-11-30T21:00:00UTC"}}
    assert "role" in cache
    (tmp_path / ".aws/cli/cache/role.json").write_text(content)
    assert "role" not in cache


def test_a_home_directory_that_cannot_be_written_costs_a_code_a_command(home: Path, asked: list[str]) -> None:
    (home / ".aws/cli").write_text("a file where the directory would be")
    assert [list_queues(home), list_queues(home)] == [0, 0]
    assert len(asked) == 2


def test_what_an_endpoint_that_was_typed_answers_is_not_kept(home: Path, asked: list[str]) -> None:
    endpoint = environment(home)["AWS_ENDPOINT_URL"]
    done = opsctl(home, "dlq", "list", "--profile", "on-call", "--endpoint-url", endpoint, **NO_KEYS)
    assert (done.returncode, len(asked)) == (0, 1), done.stderr
    assert not (home / ".aws/cli").exists()


def told(home: Path, *argv: str) -> tuple[int, str]:
    done = opsctl(home, *argv, **NO_KEYS)
    return done.returncode, done.stderr


def test_without_a_terminal_a_code_is_not_waited_for(home: Path) -> None:
    code, said = told(home, "dlq", "list", "--profile", "on-call")
    assert code == 1
    assert "error: profile on-call: a code of an MFA device is needed" in said
    assert "hint: opsctl doctor --profile on-call in a terminal asks for it" in said


@pytest.mark.parametrize(
    ("profile", "code", "error", "hint"),
    [
        ("sso", 1, "profile sso is not signed in, or no longer", "aws sso login --profile sso"),
        ("onn-call", 2, "the profile 'onn-call' is in no configuration file", "did you mean on-call?"),
    ],
)
def test_a_profile_that_leads_to_no_credentials_says_what_to_type(
    home: Path, profile: str, code: int, error: str, hint: str
) -> None:
    ended, said = told(home, "--profile", profile, "dlq", "list")
    assert ended == code
    assert error in said
    assert f"hint: {hint}" in said
    assert "Traceback" not in said


def test_a_profile_of_the_environment_that_is_unknown_is_told_as_one_that_was_typed(home: Path) -> None:
    done = opsctl(home, "dlq", "list", AWS_PROFILE="bsae")
    assert (done.returncode, "did you mean base?" in done.stderr) == (2, True), done.stderr


def test_without_any_credentials_the_profiles_are_listed(home: Path) -> None:
    code, said = told(home, "dlq", "list")
    assert code == 1
    assert "error: no AWS credentials" in said
    assert "here: base, on-call, sso" in said
