"""The switches that lead to an account mean the same wherever they stand, and lead to one account or to none."""

import json
from pathlib import Path

import pytest
import typer

from opsctl.cli.main import app
from opsctl.cli.strict import command_of
from opsctl.cli.switches import switches_apart
from tests.cli.test_contract import opsctl

ROOT = typer.main.get_command(app)


@pytest.mark.parametrize(
    ("typed", "switches", "rest"),
    [
        ("block-ip 203.0.113.9 --profile p", "", "block-ip 203.0.113.9 --profile p"),
        ("--profile p block-ip 203.0.113.9", "--profile p", "block-ip 203.0.113.9"),
        ("dlq --profile p --region=r list", "--profile p --region=r", "dlq list"),
        ("--sandbox runs --role-arn a list", "--sandbox --role-arn a", "runs list"),
        ("make-ha --profile p web --dry-run", "--profile p", "make-ha web --dry-run"),
        ("make-ha --endpoint-url u status web", "--endpoint-url u", "make-ha status web"),
        ("make-ha --dry-run --profile p web", "", "make-ha --dry-run --profile p web"),
        ("--profile", "--profile", ""),
    ],
    ids=["behind", "before", "between", "both", "first-word", "first-word-command", "of-the-command", "no-value"],
)
def test_they_are_found_before_the_words_of_the_command(typed: str, switches: str, rest: str) -> None:
    assert switches_apart(ROOT, typed.split()) == (switches.split(), rest.split())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("--profile dlq runs list", "runs list"),
        ("dlq --region runs list x", "dlq list"),
        ("--sandbox doctor", "doctor"),
    ],
    ids=["value-like-a-group", "between", "flag"],
)
def test_the_value_of_a_switch_is_not_taken_for_the_command(typed: str, command: str) -> None:
    assert command_of(ROOT, typed.split()) == command


PLACES = [
    ("--profile", "nobody", "topology", "x", "-o", "json"),
    ("topology", "x", "--profile", "nobody", "-o", "json"),
    ("--profile", "nobody", "topology", "x", "--profile", "nobody", "-o", "json"),
]


@pytest.mark.parametrize("argv", PLACES, ids=["before", "behind", "both"])
def test_a_profile_counts_at_each_place(argv: tuple[str, ...], tmp_path: Path) -> None:
    done = opsctl(*argv, cwd=tmp_path)
    told = json.loads(done.stdout)
    assert (done.returncode, told["command"]) == (2, "topology")
    assert "nobody" in told["errors"][0]["summary"]


def test_two_places_that_disagree_are_refused_by_name(tmp_path: Path) -> None:
    done = opsctl("--region", "eu-west-1", "topology", "x", "--region", "us-east-1", cwd=tmp_path)
    assert done.returncode == 2
    assert "--region" in done.stderr
    assert "'eu-west-1' before the command and 'us-east-1' behind it" in done.stderr


def test_an_empty_switch_before_the_command_is_refused_as_one_behind_it(tmp_path: Path) -> None:
    done = opsctl("--role-arn", "", "doctor", cwd=tmp_path)
    assert done.returncode == 2
    assert "'--role-arn': it is empty" in done.stderr


@pytest.mark.parametrize(
    "argv",
    [
        ("topology", "x", "--profile", "a", "--profile", "b"),
        ("topology", "x", "--region=eu-west-1", "--region", "us-east-1"),
        ("--profile", "a", "dlq", "--profile", "b", "list"),
        ("block-ip", "203.0.113.9", "--target", "shop.example.com", "--target", "api.example.com"),
    ],
    ids=["profile", "region", "before-and-between", "target"],
)
def test_of_two_accounts_or_targets_none_is_chosen(argv: tuple[str, ...], tmp_path: Path) -> None:
    done = opsctl(*argv, "-o", "json", cwd=tmp_path)
    assert done.returncode == 2
    assert "it is given 2 times" in json.loads(done.stdout)["errors"][0]["summary"]
