"""`opsctl tune apply` as it is typed, on the hpc world; what came of it is what boto3 describes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.sandbox.worlds.hpc import make_fleet
from tests.kit.command import opsctl
from tests.kit.fleet import described
from tests.kit.fleet_look import fleet, reserved
from tests.kit.moto_account import World, fresh_world


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(make_fleet) as made:
        yield made


def test_a_dry_run_shows_who_is_stopped_for_what_and_changes_nothing(world: World, tmp_path: Path) -> None:
    start = fleet()
    done = opsctl(tmp_path, "tune", "apply", "hpc-4", "--ena", "--dry-run")
    assert done.returncode == 0, done.stderr
    for words in ("ENA off", "ENA on", "Reserve capacity for 1 x m4.16xlarge", "Stop i-", "the name hpc-4"):
        assert words in done.stdout
    assert fleet() == start


def test_a_stop_asks_for_the_name_and_a_yes_is_not_enough(world: World, tmp_path: Path) -> None:
    start = fleet()
    done = opsctl(tmp_path, "tune", "apply", "hpc-4", "--ena", "--yes")
    assert (done.returncode, fleet()) == (3, start)
    assert "add --confirm hpc-4" in done.stderr


def test_it_is_done_proved_and_undone(world: World, tmp_path: Path) -> None:
    start = fleet()
    done = opsctl(tmp_path, "tune", "apply", "hpc-4", "--ena", "--yes", "--confirm", "hpc-4")
    assert done.returncode == 0, done.stderr
    now = described("hpc-4")
    assert (now["EnaSupport"], now["State"]["Name"], reserved()) == (True, "running", [])
    assert opsctl(tmp_path, "verify", "last").returncode == 0
    back = opsctl(tmp_path, "undo", "last", "--yes", "--confirm", "hpc-4")
    assert (back.returncode, fleet()) == (0, start), back.stderr
    assert opsctl(tmp_path, "verify", "last").returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("hpc-1",), 2, "nothing to change is named"),
        (("hpc-9", "--ena"), 2, "INSTANCE: no such instance here: hpc-9"),
        (("hpc-1", "--instance-type", "c5n.huge"), 2, "--instance-type: EC2 does not know type 'c5n.huge'"),
        (("hpc-1", "--placement-group", "x"), 2, "--placement-group: there is no placement group 'x'"),
        (("hpc-1", "--create", "cluster"), 2, "--create: no placement group is named"),
        (("hpc-1", "--instance-type", "c6gn.16xlarge"), 3, "takes arm64"),
        (("hpc-5", "--ena"), 3, "which has no ENA"),
        (("hpc-4", "--instance-type", "c5n.9xlarge"), 3, "add --ena"),
        (("hpc-5", "--instance-type", "c5.9xlarge", "--ena", "--drain-with", "true"), 3, "no SSM agent is online"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_before_anything_is_stopped(
    world: World, tmp_path: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    start = fleet()
    done = opsctl(tmp_path, "tune", "apply", *words, "--yes")
    assert (done.returncode, fleet()) == (code, start)
    assert says in done.stderr
