"""`opsctl tune check` and `explain` as they are typed, on the hpc world."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.worlds.hpc import make_fleet
from tests.kit.command import opsctl
from tests.kit.fleet import described, ids_of
from tests.kit.moto_account import World, client, fresh_world


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(make_fleet) as made:
        faults = conditions(made.account).faults
        # What a script waits for by itself is in the guest's own counters; nobody waits for it here.
        faults.slow_scripts = dict.fromkeys(ids_of(*(f"hpc-{number}" for number in range(1, 7))), 0.0)
        yield made


def result(done: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(done.stdout)["result"]


def sent() -> list[Any]:
    found = client("ssm").list_commands()["Commands"]
    return [one for one in found if one["Comment"].startswith("opsctl ")]


def test_nothing_is_run_before_somebody_agreed_and_what_would_be_is_shown_whole(
    world: World, tmp_path: Path
) -> None:
    before = len(sent())
    done = opsctl(tmp_path, "tune", "check", "hpc-*", "--in-guest", "--dry-run", "--details")
    assert done.returncode == 0, done.stderr
    for line in ("for n in $(ls /sys/class/net); do", "Get-NetAdapter -Physical", "nothing to undo"):
        assert line in done.stdout
    refused = opsctl(tmp_path, "tune", "check", "hpc-*", "--in-guest")
    assert (refused.returncode, len(sent())) == (3, before)
    assert "What is read inside of the instances" in refused.stdout


def test_inside_each_is_told_by_what_it_answered_and_the_others_are_unknown(world: World, tmp_path: Path) -> None:
    done = opsctl(tmp_path, "tune", "check", "hpc-*", "--in-guest", "--yes", "--detailed-exitcode", "-o", "json")
    assert done.returncode == 5, done.stderr
    found = result(done)
    inside = {one["instance"]: one for one in found["guests"]}
    (agentless,) = ids_of("hpc-5")
    assert inside[agentless]["unread"].startswith("it has no SSM agent")
    (windows,) = ids_of("hpc-6")
    assert inside[windows]["system"] == "windows"
    told = {(one["title"].split()[0], one["id"]) for one in found["findings"]}
    # What boto3 says of it: hpc-1 has an EFA, and hpc-4 has none of ENA.
    assert ("hpc-1", "efa-driver-missing") in told
    assert {("hpc-4", "ena-off")} <= told
    assert [id_ for name, id_ in told if name == "hpc-5"] == ["vf-type"]
    assert described("hpc-1")["NetworkInterfaces"][0]["MacAddress"] in json.dumps(inside[ids_of("hpc-1")[0]])

    text = opsctl(tmp_path, "tune", "explain", "hpc-1").stdout
    outside, _, answered = text.partition("in the guest, ")
    assert " ago: ubuntu 16.04, kernel 4.4.0-1049-aws" in answered
    assert "MTU" not in outside
    runs = opsctl(tmp_path, "runs", "show", "last").stdout
    assert "ran on 4 of 4 instances" in runs


def test_a_counter_that_rises_is_found_rising(world: World, tmp_path: Path) -> None:
    done = opsctl(tmp_path, "tune", "check", "hpc-2", "--in-guest", "--yes", "-o", "json")
    assert done.returncode == 0, done.stderr
    (throttled,) = [one for one in result(done)["findings"] if one["id"] == "throttled"]
    assert (throttled["severity"], "bandwidth out by " in throttled["what"]) == ("high", True)


def test_where_nobody_can_be_asked_everything_inside_is_unknown(world: World, tmp_path: Path) -> None:
    done = opsctl(tmp_path, "tune", "check", "hpc-5", "--in-guest", "--yes")
    assert done.returncode == 0, done.stderr
    assert "Not read inside, so nothing inside is known" in done.stdout


@pytest.mark.parametrize("flag", ["--yes", "--dry-run", "--details"])
def test_consent_to_nothing_is_a_mistake(world: World, tmp_path: Path, flag: str) -> None:
    done = opsctl(tmp_path, "tune", "check", "hpc-1", flag)
    assert done.returncode == 2
    assert f"{flag}: it goes with --in-guest" in done.stderr


def test_without_a_journal_nothing_inside_is_known_and_the_rest_is_told(world: World, tmp_path: Path) -> None:
    done = opsctl(tmp_path, "tune", "explain", "hpc-3")
    assert done.returncode == 0, done.stderr
    assert "in the guest (driver, MTU, allowance counters): not read" in done.stdout
