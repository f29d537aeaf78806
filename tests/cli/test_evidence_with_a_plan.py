"""What is known of an address stands with the plan of its block, and changes nothing of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from opsctl.block.evidence.own_addresses import OwnAddresses
from opsctl.block.evidence.source import AskedAbout
from opsctl.cli import evidence_beside
from opsctl.model.dossier import SourceReport
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.run import Context
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.beside_plans import asked
from tests.kit.command import opsctl
from tests.kit.moto_account import WatchedServer, client, fresh_world, server

TARGET = "direct.example.com"
CDN = "104.16.3.4"
PLAN = ("block-ip", CDN, "--target", TARGET, "--until", "2030-01-01T00:00:00Z")
KNOWN = "known: belongs to Cloudflare's published range 104.16.0.0/13"


@pytest.fixture
def account() -> Iterator[WatchedServer]:
    with fresh_world(seed_network), asked():
        yield server()


def planned(home: Path, *more: str) -> dict[str, Any]:
    done = opsctl(home, *PLAN, *more, "--dry-run", "-o", "json")
    assert done.returncode == 0, done.stderr
    plan: dict[str, Any] = json.loads(done.stdout)["result"]
    return plan


def test_every_form_of_a_plan_says_what_is_known(account: WatchedServer, tmp_path: Path) -> None:
    for form in ((), ("-d",), ("-o", "markdown"), ("-o", "html")):
        said = opsctl(tmp_path, *PLAN, "--dry-run", *form).stdout.replace("\\", "").replace("&#x27;", "'")
        assert KNOWN in said.replace("&#39;", "'").replace("&#47;", "/"), form
        assert "Cloudflare" not in opsctl(tmp_path, *PLAN, "--dry-run", "--no-evidence", *form).stdout, form
    assert planned(tmp_path, "--no-evidence")["evidence"] is None


def test_a_saved_plan_shows_it_and_is_the_same_plan_without_it(account: WatchedServer, tmp_path: Path) -> None:
    assert opsctl(tmp_path, *PLAN, "--out", "plan.json").returncode == 0
    place = tmp_path / "plan.json"
    saved = json.loads(place.read_text())
    assert KNOWN in opsctl(tmp_path, "show", "plan.json").stdout
    place.write_text(json.dumps({**saved, "evidence": None}))
    shown = opsctl(tmp_path, "show", "plan.json", "-o", "json")
    assert (shown.returncode, json.loads(shown.stdout)["result"]["digest"]) == (0, saved["digest"])


def test_it_is_not_asked_again_when_a_plan_is_applied_and_stays_in_the_journal(
    account: WatchedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opsctl(tmp_path, *PLAN, "--out", "plan.json").returncode == 0
    digest = json.loads((tmp_path / "plan.json").read_text())["digest"][7:19]
    monkeypatch.setattr("opsctl.block.facts.block_evidence.BlockEvidence.parts", None)
    done = opsctl(tmp_path, "apply", "plan.json", "--yes", "--digest", digest)
    assert done.returncode == 0, done.stderr
    run = json.loads(opsctl(tmp_path, "show", "last", "-o", "json").stdout)["result"]
    assert run["plan"]["evidence"]["reports"]
    undone = opsctl(tmp_path, "undo", "last", "--dry-run", "-o", "json")
    assert json.loads(undone.stdout)["result"]["evidence"] is None
    entries = [one for acl in client("ec2").describe_network_acls()["NetworkAcls"] for one in acl["Entries"]]
    assert any(one.get("CidrBlock") == f"{CDN}/32" for one in entries)


def test_what_is_slow_does_not_hold_the_plan_up_and_is_said_to_be_late(
    account: WatchedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = Event()

    def look(self: OwnAddresses, asked: AskedAbout, about: Context) -> Fetching[SourceReport]:
        yield [Read(service="ec2", operation="DescribeVpcs")]
        go.wait()
        return self.report(asked)

    monkeypatch.setattr(OwnAddresses, "look", look)
    monkeypatch.setattr("opsctl.cli.evidence_beside.WAIT_S", 0.0)
    plan = planned(tmp_path)
    go.set()
    (late,) = [one for one in plan["evidence"]["reports"] if one["source"] == "own-addresses"]
    assert (late["looked"], late["why"]) == ("no", "not read in time")
    assert plan["changes"]


def test_it_begins_when_the_plan_has_its_first_answers(
    account: WatchedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its imports and clients would take the processor from a plan that has not asked anything yet."""
    rounds: list[int] = []
    begin = evidence_beside._begun

    def begun(*given: Any) -> Any:
        rounds.append(given[3].rounds)
        return begin(*given)

    monkeypatch.setattr(evidence_beside, "_begun", begun)
    assert planned(tmp_path)["evidence"]["reports"]
    assert len(rounds) == 1
    assert rounds[0] > 0


def test_of_many_addresses_the_first_few_are_asked_about(account: WatchedServer, tmp_path: Path) -> None:
    more = tuple(f"198.51.100.{number}" for number in range(1, 6))
    plan = planned(tmp_path, *more)
    assert plan["evidence"]["addresses"] == [f"{CDN}/32", "198.51.100.1/32", "198.51.100.2/32"]
    assert plan["evidence"]["left_out"] == "3 more addresses"
    said = opsctl(tmp_path, *PLAN, *more, "--dry-run").stdout
    assert f"known: {CDN}: belongs to Cloudflare" in said
    assert "not looked at: 3 more addresses and " in said
    details = opsctl(tmp_path, *PLAN, *more, "--dry-run", "-d").stdout
    assert f"all of it, as it is then: opsctl who {CDN} --target {TARGET}" in details


def test_a_proxy_of_the_configuration_is_refused_by_name_and_known_when_that_is_overridden(
    account: WatchedServer, tmp_path: Path
) -> None:
    (tmp_path / "opsctl.yaml").write_text("proxy_ranges: [203.0.113.0/28]\n")
    block = ("block-ip", "203.0.113.9", "--target", TARGET, "--dry-run")
    done = opsctl(tmp_path, *block, "-o", "json")
    assert (done.returncode, json.loads(done.stdout)["errors"][0]["guard"]) == (3, "proxy")
    done = opsctl(tmp_path, *block, "--override", "proxy")
    assert done.returncode == 0
    assert "known: overlaps 203.0.113.0/28, a proxy by proxy_ranges of your configuration" in done.stdout


def test_a_block_of_a_country_asks_about_nobody(account: WatchedServer, tmp_path: Path) -> None:
    argv = ("block-ip", "--country", "KP", "--target", "shop.example.com", "--dry-run", "-o", "json")
    assert json.loads(opsctl(tmp_path, *argv).stdout)["result"]["evidence"] is None
