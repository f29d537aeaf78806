"""Where an address is blocked already, by whom and until when, and whether it gets in."""

from collections.abc import Mapping
from typing import Any

import pytest

from opsctl.block.block_rows import BlockRow
from opsctl.block.evidence.host_blocks import HostBlocks
from opsctl.block.evidence.source import AskedAbout, Ways
from opsctl.block.evidence.standing_blocks import StandingBlocks, blocks_of
from opsctl.block.evidence.ways_now import WaysNow
from opsctl.block.target_paths import paths_to
from opsctl.model.dossier import SourceReport
from opsctl.model.fetching import Fetching
from opsctl.model.networks import parse_network
from tests.block.evidence.asked_sources import NOW, ask, said
from tests.block.facts.asking import served
from tests.kit.canned import ABOUT, Canned, denied, drive
from tests.kit.picture import Picture, entry

RUN = "20260101-000000-abcd"
UNTIL = "until=2026-09-22T00:00:00Z since=2026-09-21T00:00:00Z by=alice for=INC-12 at=shop why=scraper"


def deny(number: int, cidr: str, *, protocol: str = "-1", ports: tuple[int, int] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = entry(number, "deny", cidr, protocol=protocol, ports=ports)
    return found


def world(*entries: dict[str, Any], tags: Mapping[str, str] | None = None) -> dict[str, Canned]:
    """A network ACL called edge, and no IP set."""
    named = {"Name": "edge", **(tags or {})}
    acl = {
        "NetworkAclId": "acl-1",
        "VpcId": "vpc-1",
        "OwnerId": ABOUT.account,
        "Associations": [],
        "Entries": list(entries),
        "Tags": [{"Key": key, "Value": value} for key, value in named.items()],
    }
    return {
        "ec2.DescribeNetworkAcls": {"NetworkAcls": [acl]},
        "wafv2.ListIPSets": {"IPSets": []},
        "resourcegroupstaggingapi.GetResources": {"ResourceTagMappingList": []},
    }


def recorded(addresses: str, words: str = UNTIL) -> dict[str, str]:
    return {f"opsctl:block/{RUN}": f"{addresses} {words}"}


def test_a_recorded_block_says_until_when_by_whom_and_why() -> None:
    blocked = world(deny(99, "203.0.113.9/32"), tags=recorded("203.0.113.9"))
    assert said(StandingBlocks(), "203.0.113.9", blocked) == [
        "blocked until 2026-09-22T00:00:00Z by alice at edge, INC-12, scraper"
    ]
    assert said(StandingBlocks(), "203.0.113.10", blocked) == []


def test_a_wider_block_holds_an_address_and_a_block_of_a_part_is_counted() -> None:
    blocked = world(
        deny(98, "203.0.113.0/24"), deny(99, "203.0.113.7/32"), tags=recorded("203.0.113.0/24 203.0.113.7")
    )
    assert said(StandingBlocks(), "203.0.113.9", blocked) == [
        "blocked, within 203.0.113.0/24 until 2026-09-22T00:00:00Z by alice at edge, INC-12, scraper"
    ]
    assert said(StandingBlocks(), "203.0.113.0/28", blocked)[1] == "1 block of a part of it"


def test_one_that_is_due_and_one_without_an_end_say_so() -> None:
    due = world(deny(99, "203.0.113.9/32"), tags=recorded("203.0.113.9", "until=2026-09-01T00:00:00Z by=alice"))
    assert "until 2026-09-01T00:00:00Z, which has passed by alice" in said(StandingBlocks(), "203.0.113.9", due)[0]
    never = world(deny(99, "203.0.113.9/32"), tags=recorded("203.0.113.9", "until=never"))
    assert said(StandingBlocks(), "203.0.113.9", never) == ["blocked without an end at edge"]


def test_a_rule_of_others_is_named_with_what_it_is_and_one_of_everybody_is_none_of_it() -> None:
    foreign = world(deny(40, "203.0.113.0/24", protocol="6", ports=(22, 22)))
    assert said(StandingBlocks(), "203.0.113.9", foreign) == [
        "blocked, within 203.0.113.0/24 at edge: deny rule 40 of tcp 22, not by opsctl"
    ]
    assert said(StandingBlocks(), "203.0.113.9", world(deny(32767, "0.0.0.0/0"))) == []


def test_ipv6_is_told_too() -> None:
    blocked = world(deny(99, "2001:db8::/64"), tags=recorded("2001:db8::/64"))
    assert said(StandingBlocks(), "2001:db8::7", blocked)[0].startswith("blocked, within 2001:db8::/64 until ")


@pytest.mark.parametrize(
    ("refused", "looked"), [(("ec2.DescribeNetworkAcls",), "no"), (("wafv2.ListIPSets",), "partly")]
)
def test_what_may_not_be_read_is_said(refused: tuple[str, ...], looked: str) -> None:
    report, _ = ask(StandingBlocks(), "203.0.113.9", world() | {api: denied(api) for api in refused})
    assert report.looked == looked
    assert "access denied" in report.why
    assert report.todo


def test_firewalls_of_instances_are_told_as_they_were_last_read() -> None:
    sent, read_back = "ssm.ListCommands", "ssm.GetCommandInvocation"
    report, reader = ask(HostBlocks(), "203.0.113.9", {sent: {"Commands": []}})
    assert (report.looked, report.found, reader.apis()) == ("yes", (), [sent])
    report, _ = ask(HostBlocks(), "203.0.113.9", {sent: denied(sent)})
    assert (report.looked, "access denied" in report.why, read_back[4:] in report.todo) == ("no", True, True)
    row = BlockRow(
        address="203.0.113.0/28",
        kind="opsctl",
        layer="host",
        resource="web-1",
        resource_id="i-1",
        region="eu-west-1",
        what="its firewall",
        closes="the instance alone",
        until="2027-01-01T00:00:00Z",
        by="alice",
    )
    (found,) = blocks_of([row], parse_network("203.0.113.9"), NOW)
    assert found.says == "blocked, within 203.0.113.0/28 until 2027-01-01T00:00:00Z by alice at web-1"


def ways(picture: Picture, target: str, address: str) -> SourceReport:
    def look() -> Fetching[SourceReport]:
        web, survey = yield from paths_to(target, ABOUT)
        asked = AskedAbout(address=address, since=0, until=NOW, target=target, ways=Ways(web=web, survey=survey))
        report = yield from WaysNow().look(asked, ABOUT)
        return report

    return drive(look(), picture.answers())[0]


def test_each_way_in_says_whether_the_address_gets_in() -> None:
    picture = Picture()
    served(picture)
    report = ways(picture, "shop", "198.51.100.7/32")
    assert report.looked == "yes"
    assert [one.says.partition(":")[0] for one in report.found] == ["gets in by shop directly"]
    assert report.found[0].telling > 60


def test_a_target_without_a_way_in_says_so() -> None:
    picture = Picture()
    served(picture, internal=True)
    (found,) = ways(picture, "shop", "198.51.100.7/32").found
    assert found.says == "no way in from the internet to the target was found"
