"""`last` is the newest run of the account that a command reaches, whatever was done elsewhere since."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.journal.store import Journal
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.box_plans import make_box, plan_of
from tests.kit.command import opsctl
from tests.kit.moto_account import WatchedServer, fresh_world, server, state


@pytest.fixture
def account() -> Iterator[WatchedServer]:
    with fresh_world(seed_network):
        yield server()


def test_a_run_in_another_account_since_then_does_not_stand_in_the_way(
    account: WatchedServer, tmp_path: Path
) -> None:
    start = state()
    assert opsctl(tmp_path, "verify", "last").returncode == 2
    done = opsctl(tmp_path, "block-ip", "203.0.113.9", "--target", "direct.example.com", "--yes")
    assert done.returncode == 0, done.stderr
    elsewhere = plan_of(make_box("new"), plan_id="20990101-000000-else").model_copy(
        update={"account": "999999999999", "title": "Elsewhere"}
    )
    journal = Journal(tmp_path / "state")
    journal.begin(elsewhere)
    journal.set_status(elsewhere.id, "done")
    journal.close()
    assert "Elsewhere" in opsctl(tmp_path, "runs", "show", "last").stdout, "it calls nothing, and has no account"
    assert opsctl(tmp_path, "verify", "last").returncode == 0
    assert opsctl(tmp_path, "undo", "last", "--yes").returncode == 0
    assert state() == start
