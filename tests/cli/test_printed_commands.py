"""Every command that any command prints, in any form, carries the switches that led to the account."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from opsctl.cli.main import app
from opsctl.sandbox.worlds.dead_letters import make_dead_letters
from opsctl.sandbox.worlds.queues import make_queues
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.command import opsctl
from tests.kit.moto_account import KEY, WatchedServer, fresh_world, server

NAMES = "|".join(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
PRINTED = re.compile(
    rf"(?:opsctl (?:{NAMES})\b|\baws [a-z0-9-]+ [a-z]+-[a-z-]+)(?:(?!opsctl |\baws [a-z0-9-]+ ).)*"
)
OF_NO_ACCOUNT = re.compile(
    r"opsctl (runs list|playbook|sandbox|help|explain|show \S+\.json|plan \d{8}-|\S+ --help)"
)
THERE = ("--profile", "staging")
BLOCK = ("block-ip", "203.0.113.9", "--target", "direct.example.com")
RUN: tuple[tuple[tuple[str, ...], int], ...] = (
    ((*BLOCK, "--dry-run"), 0),
    ((*BLOCK, "--dry-run", "-o", "json"), 0),
    ((*BLOCK,), 3),
    ((*BLOCK, "--out", "plan.json"), 0),
    (("show", "plan.json"), 0),
    (("apply", "plan.json", "--dry-run"), 0),
    (("apply", "plan.json", "--yes"), 2),
    (("block-ip", "10.0.0.1", "--target", "direct.example.com", "-n"), 3),
    ((*BLOCK, "--yes"), 0),
    (("apply", "plan.json"), 3),
    (("runs", "show", "last"), 0),
    (("show", "last", "-o", "json"), 0),
    (("show", "last", "-o", "markdown"), 0),
    (("verify", "last"), 0),
    (("undo", "last", "--dry-run"), 0),
    (("undo", "last", "--yes", "-o", "json"), 0),
    (("runs", "show", "last"), 0),
    (("topology", "shop.example.com"), 0),
    (("dlq", "list"), 0),
    (("dlq", "list", "-o", "json"), 0),
    (("dlq", "audit"), 0),
    (("dlq", "audit", "-o", "markdown"), 0),
    (("dlq", "inspect", "orders-dlq"), 0),
    (("dlq", "inspect", "orders"), 3),
    (("dlq", "inspect", "no-such-queue"), 2),
    (("dlq", "why", "orders-dlq"), 0),
    (("dlq", "redrive", "orders-dlq", "-n"), 0),
    (("make-ha", "legacy-web", "--mode", "asg", "-n"), 0),
    (("make-ha", "status", "no-such-group"), 2),
)


@pytest.fixture(scope="module")
def account() -> Iterator[WatchedServer]:
    with fresh_world(seed_network, make_queues, make_dead_letters):
        yield server()


def test_all_of_them_name_the_profile(account: WatchedServer, tmp_path: Path) -> None:
    config = tmp_path / "aws-config"
    config.write_text(
        f"[profile staging]\nregion = us-east-1\naws_access_key_id = {KEY}\naws_secret_access_key = testing\n"
    )
    found: list[str] = []
    for argv, code in RUN:
        done = opsctl(tmp_path, *argv, *THERE, AWS_CONFIG_FILE=str(config), COLUMNS="4000")
        assert done.returncode == code, (argv, done.stdout[-400:], done.stderr)
        found += [f"{argv[0]}: {one[0]}" for one in PRINTED.finditer(f"{done.stdout}\n{done.stderr}")]
    of_an_account = [one for one in found if not OF_NO_ACCOUNT.search(one)]
    assert len(of_an_account) > 30
    assert "\n".join(one for one in of_an_account if " ".join(THERE) not in one) == ""
