"""Ways that a block leaves open: never a green end, unless somebody said by name that it is meant."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.command import opsctl
from tests.kit.moto_account import WatchedServer, client, fresh_world, server

OPEN = "1 of 2 ways closed; STILL OPEN: internet > shop.example.com > distribution"
BLOCK = ("block-ip", "203.0.113.9", "--target", "shop.example.com", "--layer", "nacl", "--yes")


@pytest.fixture
def account() -> Iterator[WatchedServer]:
    with fresh_world(seed_network):
        yield server()


def unwrapped(text: str) -> str:
    """The last lines of a text, in one."""
    return " ".join(" ".join(text.rstrip().splitlines()[-4:]).split())


def test_a_way_left_open_ends_with_6_and_stands_in_the_last_lines(account: WatchedServer, tmp_path: Path) -> None:
    done = opsctl(tmp_path, *BLOCK)
    assert done.returncode == 6, done.stderr
    assert "if it is meant: --accept stays-open" in done.stdout
    assert OPEN in unwrapped(done.stdout)
    for command in (("verify", "last"), ("runs", "show", "last")):
        again = opsctl(tmp_path, *command)
        assert again.returncode == (6 if command[0] == "verify" else 0)
        assert ("next: opsctl runs show" in again.stdout) is (command[0] == "verify"), "not what was just typed"
        assert OPEN in unwrapped(again.stdout)
    repeated = opsctl(tmp_path, *BLOCK, "-o", "json")
    envelope = json.loads(repeated.stdout)
    assert envelope["result"]["changes"] == []
    assert (repeated.returncode, envelope["exit_code"]) == (6, 6), "nothing to do is not nothing wrong"
    undone = opsctl(tmp_path, "undo", "last", "--yes")
    assert undone.returncode == 0, undone.stderr
    assert "STILL OPEN" not in undone.stdout


def test_accepted_by_name_it_is_no_failure_and_still_said(account: WatchedServer, tmp_path: Path) -> None:
    done = opsctl(tmp_path, *BLOCK, "--accept", "stays-open", "-o", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)["result"]
    assert report["told"][0].startswith(OPEN)
    (finding,) = [one for one in report["plan"]["warnings"] if one["id"] == "stays-open"]
    assert finding["accepted"]
    for command in (("verify", "last"), ("runs", "show", "last")):
        again = opsctl(tmp_path, *command)
        assert again.returncode == 0
        assert OPEN in unwrapped(again.stdout)
    repeated = opsctl(tmp_path, *BLOCK, "--accept", "stays-open")
    assert (repeated.returncode, OPEN in unwrapped(repeated.stdout)) == (0, True)
    assert opsctl(tmp_path, "undo", "last", "--yes").returncode == 0


def test_counting_says_that_it_closes_nothing(account: WatchedServer, tmp_path: Path) -> None:
    argv = ("block-ip", "203.0.113.9", "--target", "shop.example.com", "--mode", "count", "--yes")
    done = opsctl(tmp_path, *argv)
    assert done.returncode == 0, done.stderr
    assert "2 of 2 ways counted; --mode count closes nothing: counted requests are allowed." in unwrapped(
        done.stdout
    )
    assert opsctl(tmp_path, "undo", "last", "--yes").returncode == 0


def test_a_target_without_a_way_in_is_refused_with_what_was_looked_at(
    account: WatchedServer, tmp_path: Path
) -> None:
    ec2 = client("ec2")
    subnet = ec2.describe_subnets(Filters=[{"Name": "tag:Name", "Values": ["apps-a"]}])["Subnets"]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "private-db"}]}]
    ec2.run_instances(
        ImageId="ami-785db401", MinCount=1, MaxCount=1, SubnetId=subnet[0]["SubnetId"], TagSpecifications=tags
    )
    done = opsctl(tmp_path, "block-ip", "203.0.113.9", "--target", "private-db", "--yes", "-o", "json")
    assert done.returncode == 3
    (error,) = json.loads(done.stdout)["errors"]
    assert (error["guard"], error["hint"]) == ("no-way-in", "")
    assert "no way in from the internet to the target was found" in error["summary"]
    assert "instance private-db" in "\n".join(error["evidence"])
    shown = opsctl(tmp_path, "topology", "private-db")
    assert "No way in from the internet was found:" in shown.stdout
