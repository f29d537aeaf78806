"""The life of a block as people type it: on two laptops, with ends, in scripts."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.block_targets import acl_of
from tests.kit.command import opsctl
from tests.kit.moto_account import WatchedServer, client, fresh_world, server, state

TARGET = "direct.example.com"
BLOCK = ("block-ip", "203.0.113.9", "--target", TARGET)


@pytest.fixture
def account() -> Iterator[WatchedServer]:
    with fresh_world(seed_network):
        yield server()


@pytest.fixture
def laptops(tmp_path: Path) -> tuple[Path, Path]:
    both = (tmp_path / "alice", tmp_path / "bob")
    for one in both:
        one.mkdir()
    return both


def done(home: Path, *argv: str) -> str:
    ended = opsctl(home, *argv)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def rows(home: Path, *argv: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(done(home, "blocks", "list", *argv, "-o", "json"))["result"]["rows"]
    return found


def test_what_one_laptop_blocks_the_other_lists_extends_and_takes_back(
    account: WatchedServer, laptops: tuple[Path, Path]
) -> None:
    alice, bob = laptops
    done(alice, *BLOCK, "--ttl", "2h", "--incident", "INC-12", "--reason", "scraper", "--yes")
    assert rows(alice) == rows(bob) == rows(bob, "203.0.113.9,")
    assert {(row["incident"], row["reason"], row["target"]) for row in rows(bob)} == {
        ("INC-12", "scraper", TARGET)
    }
    ends = {row["until"] for row in rows(bob)}
    done(bob, "blocks", "extend", "203.0.113.9", "--ttl", "3d", "--yes")
    assert min(row["until"] for row in rows(alice)) > max(ends)
    assert {row["incident"] for row in rows(alice)} == {"INC-12"}
    assert "hold on every way in" in done(alice, "blocks", "verify")
    done(bob, "unblock-ip", "203.0.113.9", "--yes")
    assert rows(alice) == []
    # What the first laptop made besides, it can still take back.
    assert opsctl(alice, "undo", "last", "--yes").returncode == 0
    assert not [one for one in client("wafv2").list_ip_sets(Scope="REGIONAL")["IPSets"] if "opsctl" in one["Name"]]


def test_whatever_the_reason_of_one_block_says_the_other_is_taken_back(
    account: WatchedServer, laptops: tuple[Path, Path]
) -> None:
    alice, bob = laptops
    done(alice, *BLOCK, "--incident", "INC 12", "--yes")
    other = ("block-ip", "203.0.113.10", "--target", TARGET)
    done(bob, *other, "--reason", "seen on list=abuse until=never", "--yes")
    assert {row["address"] for row in rows(bob, "--incident", "INC 12")} == {"203.0.113.9/32"}
    done(alice, "undo", "last", "--yes")
    assert {row["address"] for row in rows(bob)} == {"203.0.113.10/32"}


def test_an_undo_takes_back_what_is_left_of_a_run_and_says_what_was_gone(
    account: WatchedServer, laptops: tuple[Path, Path]
) -> None:
    start = state()
    alice, bob = laptops
    done(alice, *BLOCK, "203.0.113.10", "203.0.113.11", "--ttl", "2h", "--yes")
    done(bob, "unblock-ip", "203.0.113.10", "--yes")
    said = done(alice, "undo", "last", "--yes", "-d")
    assert "gone-already" in said
    assert "203.0.113.10" in said.partition("gone-already")[2].partition("ec2")[0]
    assert state() == start


def test_nothing_due_is_no_failure_and_changes_nothing(account: WatchedServer, tmp_path: Path) -> None:
    done(tmp_path, *BLOCK, "--ttl", "2h", "--yes")
    start, before = state(), len(account.mutations())
    for argv in ((), ("--yes", "--quiet"), ("-n",)):
        assert opsctl(tmp_path, "blocks", "expire", *argv).returncode == 0
    assert (state(), len(account.mutations())) == (start, before)


def end_all() -> None:
    """Have every block that is recorded in a network ACL or an IP set end in the past."""
    ec2, waf = client("ec2"), client("wafv2")
    for acl in ec2.describe_network_acls()["NetworkAcls"]:
        if ended := _ended(acl["Tags"]):
            ec2.create_tags(Resources=[acl["NetworkAclId"]], Tags=ended)
    for one in waf.list_ip_sets(Scope="REGIONAL")["IPSets"]:
        tags = waf.list_tags_for_resource(ResourceARN=one["ARN"], Limit=100)["TagInfoForResource"]["TagList"]
        if ended := _ended(tags):
            waf.tag_resource(ResourceARN=one["ARN"], Tags=ended)


def _ended(tags: list[dict[str, str]]) -> list[dict[str, str]]:
    records = [one for one in tags if one["Key"].startswith("opsctl:block/")]
    return [one | {"Value": re.sub(r"until=\S+", "until=2020-01-01T00:00:00Z", one["Value"])} for one in records]


def test_expiring_prints_what_it_took_away(account: WatchedServer, tmp_path: Path) -> None:
    done(tmp_path, *BLOCK, "--ttl", "2h", "--yes")
    end_all()
    done(tmp_path, "block-ip", "203.0.113.10", "--target", TARGET, "--ttl", "never", "--yes")
    listed = done(tmp_path, "blocks", "list")
    assert "due to end" in listed
    assert "opsctl blocks expire" in listed
    report = done(tmp_path, "blocks", "expire", "--yes")
    assert "203.0.113.9" in report
    assert {row["address"] for row in rows(tmp_path)} == {"203.0.113.10/32"}
    assert opsctl(tmp_path, "blocks", "verify", "203.0.113.10").returncode == 0


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((*BLOCK, "--ttl", "2 hours"), "--ttl: '2 hours' is no time for a block: write 30m, 2h, 7d"),
        ((*BLOCK, "--ttl", "0h"), "--ttl: '0h' would end the block before it is made"),
        ((*BLOCK, "--until", "2226-12-01T00:00Z"), "more than ten years away: write never"),
        ((*BLOCK, "--until", "tomorrow"), "--until"),
        ((*BLOCK, "--until", "2020-01-01T00:00Z"), "has passed"),
        ((*BLOCK, "--until", "2099-01-01T00:00"), "zone"),
        ((*BLOCK, "--ttl", "2h", "--until", "2099-01-01T00:00Z"), "not both"),
        ((*BLOCK, "--position", "last"), "--position: a position was given without a header"),
        (
            (*BLOCK, "--forwarded-header", "X-Forwarded-For", "--position", "middle"),
            "for --position: 'middle' is none of auto, any, last, first",
        ),
        ((*BLOCK, "--forwarded-header", "X-Real-IP", "--layer", "nacl"), "only AWS WAF looks at headers"),
        (
            (*BLOCK, "--lock-origin"),
            "a plan of its own, with a consent of its own: opsctl lock-origin direct.example.com",
        ),
        (("blocks", "extend", "203.0.113.9", "--until", "2020-01-01T00:00Z"), "has passed"),
        (("unblock-ip", "203.0.113.999"), "ADDRESS"),
        (("blocks", "list", "203.0.113.999"), "ADDRESS"),
        (("blocks", "verify", "here"), "ADDRESS"),
    ],
    ids=[
        "ttl",
        "none",
        "century",
        "until",
        "past",
        "zone",
        "both",
        "position",
        "no position",
        "layer",
        "lock",
        "extend",
        "unblock",
        "list",
        "verify",
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_name_and_changes_nothing(
    account: WatchedServer, tmp_path: Path, argv: tuple[str, ...], said: str
) -> None:
    before = len(account.mutations())
    ended = opsctl(tmp_path, *argv)
    assert ended.returncode == 2, ended.stderr
    assert said in ended.stderr
    assert len(account.mutations()) == before


def test_the_default_is_the_users_own_configuration_and_never_a_directorys(
    account: WatchedServer, tmp_path: Path
) -> None:
    own = tmp_path / "config.yaml"
    own.write_text("block_ttl: never\n")
    plan = json.loads(opsctl(tmp_path, *BLOCK, "-n", "-o", "json", OPSCTL_CONFIG=str(own)).stdout)["result"]
    assert plan["facts"]["term"]["until"] == "never"
    plan = json.loads(opsctl(tmp_path, *BLOCK, "-n", "-o", "json").stdout)["result"]
    assert plan["facts"]["term"]["until"].endswith("Z")
    (tmp_path / "opsctl.yaml").write_text("block_ttl: 1s\n")
    refused = opsctl(tmp_path, *BLOCK, "-n")
    assert refused.returncode == 2
    assert "block_ttl" in refused.stderr


def test_text_from_the_account_is_shown_inert(account: WatchedServer, tmp_path: Path) -> None:
    """Anybody who may tag a network ACL writes into this list."""
    value = "203.0.113.9 until=never since=2020-01-01T00:00:00Z by=[bold]x|\u202eyb why=<script>|\u2066"
    acl = acl_of("edge-a")
    client("ec2").create_network_acl_entry(
        NetworkAclId=acl, RuleNumber=9, Protocol="-1", RuleAction="deny", Egress=False, CidrBlock="203.0.113.9/32"
    )
    client("ec2").create_tags(Resources=[acl], Tags=[{"Key": "opsctl:block/x", "Value": value}])
    for form in ("text", "markdown"):
        shown = done(tmp_path, "blocks", "list", "-o", form)
        assert "203.0.113.9" in shown
        assert "\u202e" not in shown
        assert "\u2066" not in shown
    assert "[bold]x" in done(tmp_path, "blocks", "list")
    assert "<script>" not in done(tmp_path, "blocks", "list", "-o", "markdown")


def test_a_feed_is_synced_by_one_laptop_and_found_unchanged_by_the_other(
    account: WatchedServer, laptops: tuple[Path, Path]
) -> None:
    alice, bob = laptops
    for home in laptops:
        (home / "drop.txt").write_text("; Spamhaus DROP List\n45.7.0.0/24 ; SBL1\n45.9.0.0/24 ; SBL2\n", "utf-8")
    sync = ("block-ip", "--sync", "drop.txt", "--list", "drop", "--target", TARGET, "--yes")
    done(alice, *sync)
    before = state()
    assert "No changes" in done(bob, *sync)
    assert state() == before
    assert "list drop (2)" in done(bob, "blocks", "list", "--layer", "waf")
    (bob / "drop.txt").write_text("45.7.0.0/24\n", "utf-8")
    ended = opsctl(bob, *sync)
    assert (ended.returncode, "would lose 1 of 2 networks" in ended.stderr) == (3, True)
    assert state() == before


@pytest.mark.parametrize(
    ("feed", "more", "said"),
    [
        ("", ("--list", "drop"), "it contains no address"),
        ("45.7.0.0/24\n<html>\n", ("--list", "drop"), "drop.txt:2: '<html>' is not an IP address"),
        ("45.7.0.0/24\n", (), "--sync needs the name of the list"),
        ("45.7.0.0/24\n", ("--list", "a b"), "does not match"),
        ("45.7.0.0/24\n", ("--list", "drop", "--ttl", "1h"), "it does not go with --sync"),
        ("45.7.0.0/24\n", ("--list", "drop", "--from", "drop.txt"), "it does not go with --sync"),
        ("45.7.0.0/24\n", ("--list", "drop", "203.0.113.9"), "it does not go with --sync"),
    ],
)
def test_a_feed_that_is_none_and_what_does_not_go_with_it_call_nothing(
    tmp_path: Path, feed: str, more: tuple[str, ...], said: str
) -> None:
    (tmp_path / "drop.txt").write_text(feed, "utf-8")
    ended = opsctl(tmp_path, "block-ip", "--sync", "drop.txt", "--target", TARGET, *more)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in " ".join(ended.stderr.split())


def test_options_of_a_list_say_nothing_without_one(tmp_path: Path) -> None:
    ended = opsctl(tmp_path, "block-ip", "--target", TARGET, "--list", "drop", "--sync", "none.txt")
    assert (ended.returncode, ended.stderr.partition(" cannot")[0]) == (2, "error: --sync: none.txt")
    for option in (("--list", "drop"), ("--max-removals", "5")):
        ended = opsctl(tmp_path, *BLOCK, *option)
        assert (ended.returncode, "without --sync FILE" in ended.stderr) == (2, True)
