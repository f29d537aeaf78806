"""`opsctl who` as people type it."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from opsctl.block.evidence.own_addresses import OwnAddresses
from opsctl.block.evidence.source import AskedAbout
from opsctl.model.dossier import SourceReport
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context
from opsctl.sandbox.worlds.seeding import seed_network
from tests.block.evidence.test_range_lists import as_bytes, published
from tests.kit.beside_plans import settle
from tests.kit.command import opsctl
from tests.kit.moto_account import WatchedServer, client, fresh_world, server

TARGET = "direct.example.com"


@pytest.fixture
def account() -> Iterator[WatchedServer]:
    with fresh_world(seed_network):
        yield server()
        settle()


def asked(home: Path, *argv: str) -> dict[str, Any]:
    done = opsctl(home, "who", *argv, "-o", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["result"]
    return found


def says(told: dict[str, Any], source: str) -> list[str]:
    (report,) = [one for one in told["reports"] if one["source"] == source]
    assert report["looked"] == "yes", report
    return [one["says"] for one in report["found"]]


def test_an_address_is_told_whose_it_is_whether_it_gets_in_and_where_it_is_blocked(
    account: WatchedServer, tmp_path: Path
) -> None:
    before = asked(tmp_path, "203.0.113.9,", "--target", TARGET)  # as it is copied out of a list
    assert says(before, "standing-blocks") == says(before, "own-addresses") == []
    (way,) = says(before, "ways-in")
    assert way.startswith("gets in by ")
    block = ("block-ip", "203.0.113.0/28", "--target", TARGET, "--ttl", "2h", "--incident", "INC-12", "--yes")
    assert opsctl(tmp_path, *block).returncode == 0
    after = asked(tmp_path, "203.0.113.9", "--target", TARGET)
    assert says(after, "ways-in")[0].startswith("dropped by ")
    (until,) = {
        row["until"]
        for row in json.loads(opsctl(tmp_path, "blocks", "list", "-o", "json").stdout)["result"]["rows"]
    }
    blocked = says(after, "standing-blocks")
    assert len(blocked) == 2, "the network ACL and the IP set"
    for one in blocked:
        assert one.startswith(f"blocked, within 203.0.113.0/28 until {until} by ")
        assert "INC-12" in one
    entries = client("ec2").describe_network_acls()["NetworkAcls"]
    assert any(one.get("CidrBlock") == "203.0.113.0/28" for acl in entries for one in acl["Entries"])


def test_an_elastic_ip_of_the_account_is_its_own_in_every_form(account: WatchedServer, tmp_path: Path) -> None:
    mine = client("ec2").allocate_address(Domain="vpc")["PublicIp"]
    assert says(asked(tmp_path, mine), "own-addresses") == [f"ours: Elastic IP {mine}, associated with nothing"]
    for form in ("text", "markdown", "short"):
        done = opsctl(tmp_path, "who", mine, "-o", form)
        assert (done.returncode, done.stderr) == (0, f"reading what is known of {mine}\n")
        assert f"ours: Elastic IP {mine}" in done.stdout
        assert "No target was named" in done.stdout or form == "short"


def test_ctrl_c_shows_what_has_come_and_ends_with_130(
    account: WatchedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsctl.cli.terminal.StopFlag.__call__", lambda _flag: True)
    done = opsctl(tmp_path, "who", "10.1.2.3", "-o", "json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["exit_code"], told["outcome"]) == (130, 130, "interrupted")
    whys = {one["why"] for one in told["result"]["reports"] if one["looked"] == "no"}
    assert "not read in time" not in whys


class Hours:
    """A clock that is hours further at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 3_600
        return self.now


def test_what_does_not_answer_in_time_is_named_and_the_rest_is_shown(
    account: WatchedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsctl.cli.commands.who.time", Hours())
    go = Event()

    def look(self: OwnAddresses, asked: AskedAbout, about: Context) -> Fetching[SourceReport]:
        go.wait()
        return self.report(asked)
        yield

    monkeypatch.setattr(OwnAddresses, "look", look)
    done = opsctl(tmp_path, "who", "203.0.113.9", "-o", "markdown")
    go.set()
    assert (done.returncode, done.stderr) == (0, "reading what is known of 203.0.113.9\n")
    assert "interfaces, Elastic IPs and VPCs of the region" in done.stdout.partition("Not looked at")[2]
    assert "Not read in time." in done.stdout


def test_names_of_the_account_are_data_in_every_form(account: WatchedServer, tmp_path: Path) -> None:
    evil = "\u202e<b>|`x`[red]"
    made = client("ec2").allocate_address(
        Domain="vpc",
        TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": [{"Key": "Name", "Value": evil}]}],
    )
    for form in ("text", "markdown", "short"):
        said = opsctl(tmp_path, "who", made["PublicIp"], "-o", form).stdout
        assert "red" in said
        assert "\u202e" not in said, "what turns the rest of a line around"
        assert form != "markdown" or "<b>" not in said


def test_a_target_that_is_not_there_is_bad_input(account: WatchedServer, tmp_path: Path) -> None:
    done = opsctl(tmp_path, "who", "203.0.113.9", "--target", "nothing.example.com")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--target: nothing in account" in done.stderr


def test_ranges_are_fetched_only_when_asked_for_and_then_used(
    account: WatchedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls: list[str] = []

    def download(url: str, at_most: int) -> bytes:
        urls.append(url)
        return as_bytes(published(("203.0.113.0/24", "eu-west-1", "EC2")))

    monkeypatch.setattr("opsctl.aws.ranges_download.download", download)
    assert says(asked(tmp_path, "203.0.113.9"), "aws-ranges") == urls == []
    done = opsctl(tmp_path, "who", "--refresh-ranges")
    assert (done.returncode, len(urls)) == (0, 1), done.stderr
    assert "AWS's published ranges of 2027-01-02 are in use: 25 ranges" in done.stdout
    assert "EC2 in eu-west-1" in says(asked(tmp_path, "203.0.113.9"), "aws-ranges")[0]


def test_ranges_that_are_none_leave_those_that_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsctl.aws.ranges_download.download", lambda _url, _most: b"<html>")
    done = opsctl(tmp_path, "who", "--refresh-ranges")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no ip-ranges.json" in done.stderr
    assert not (tmp_path / ".cache").exists()


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
        (("203.0.113.9", "--max-cost", "inf"), "no amount of money"),
        (("203.0.113.9", "--max-cost", "nan"), "--max-cost"),
        ((), "ADDRESS"),
    ],
)
def test_what_is_no_question_is_bad_input_before_anything_is_called(
    tmp_path: Path, typed: tuple[str, ...], said: str
) -> None:
    done = opsctl(tmp_path, "who", *typed, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
