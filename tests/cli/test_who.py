"""`opsctl who` as people type it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.command import opsctl
from tests.kit.moto_account import WatchedServer, fresh_world, server


@pytest.fixture
def account() -> Iterator[WatchedServer]:
    with fresh_world(seed_network):
        yield server()


def test_an_address_of_nobody_is_said_to_be_looked_for_where(account: WatchedServer, tmp_path: Path) -> None:
    done = opsctl(tmp_path, "who", "203.0.113.9")
    assert (done.returncode, "203.0.113.9" in done.stdout) == (0, True), done.stderr
    assert "special-purpose registries" in done.stdout
    told = json.loads(opsctl(tmp_path, "who", "10.1.2.3", "-o", "json").stdout)["result"]
    assert told["addresses"] == ["10.1.2.3/32"]
    assert any("10.0.0.0/8" in one["says"] for report in told["reports"] for one in report["found"])


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("shop.example.com",), "ADDRESS"),
        (("203.0.113.9%eth0",), "ADDRESS"),
        (("0.0.0.0/0",), "too wide"),
        (("2000::/16",), "at most a /32"),
        (("203.0.113.9", "--since", "8d"), "--since"),
        (("203.0.113.9", "--since", "soon"), "--since"),
        (("203.0.113.9", "--timeout", "0s"), "--timeout"),
        (("203.0.113.9", "--max-cost", "-1"), "--max-cost"),
        ((), "ADDRESS"),
    ],
)
def test_what_is_no_question_is_bad_input_before_anything_is_called(
    tmp_path: Path, typed: tuple[str, ...], said: str
) -> None:
    done = opsctl(tmp_path, "who", *typed, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
