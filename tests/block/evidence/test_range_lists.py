"""Published ranges: the packaged copies, those that were fetched, and what is none."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.block.evidence.aws_ranges import OLD_D, AwsRanges
from opsctl.block.evidence.known_proxies import KnownProxies
from opsctl.block.evidence.published import FILE, current_ranges, list_of
from opsctl.block.evidence.range_list import parse_range_list, written
from opsctl.model.networks import parse_network
from opsctl.model.settings import Settings
from opsctl.resources.special import shares
from tests.block.evidence.asked_sources import ask, said
from tests.kit.canned import ABOUT

Edit = Callable[[dict[str, Any]], object]


def published(*more: tuple[str, str, str], created: str = "2027-01-02-03-04-05") -> dict[str, Any]:
    """What AWS publishes, as far as there are enough ranges; `more` are range, region and service."""
    prefixes = [
        {"ip_prefix": f"3.{number // 250}.{number % 250}.0/24", "region": "eu-west-1", "service": "AMAZON"}
        for number in range(1_000)
    ]
    v6: list[dict[str, str]] = []
    for cidr, region, service in more:
        listed, name = (v6, "ipv6_prefix") if ":" in cidr else (prefixes, "ip_prefix")
        listed.append({name: cidr, "region": region, "service": service, "network_border_group": region})
    return {"syncToken": "1798859045", "createDate": created, "prefixes": prefixes, "ipv6_prefixes": v6}


def as_bytes(told: dict[str, Any]) -> bytes:
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    ("address", "range_", "service", "telling"),
    [
        ("54.230.1.1", "54.230.0.0/17", "CLOUDFRONT", 85),
        ("2600:9000:ddd::1", "2600:9000:ddd::/48", "CLOUDFRONT", 85),
        ("15.177.2.9", "15.177.0.0/18", "ROUTE53_HEALTHCHECKS", 85),
    ],
)
def test_the_packaged_copy_knows_ranges_that_aws_documents(
    address: str, range_: str, service: str, telling: int
) -> None:
    report, _ = ask(AwsRanges(), address)
    assert report.found[0].telling == telling
    assert service in report.found[0].says
    assert range_ in report.found[0].says
    assert "(of 2026-08-22)" in report.found[0].says


def test_an_address_of_nobody_is_in_no_list_and_the_list_says_of_when_it_is() -> None:
    report, _ = ask(AwsRanges(), "203.0.113.9")
    assert (report.found, report.looked, report.title) == ((), "yes", "AWS's published ranges of 2026-08-22")


def test_a_block_that_holds_ranges_of_aws_says_so() -> None:
    (says,) = said(AwsRanges(), "54.230.0.0/15")
    assert says.startswith("holds ")
    assert "CLOUDFRONT" in says


def test_an_old_copy_says_that_it_is_old_and_how_to_get_another() -> None:
    ranges = current_ranges("")
    about = ABOUT.model_copy(update={"now": ranges.published_at + (OLD_D + 1) * 86_400})
    from opsctl.block.evidence.source import AskedAbout
    from tests.kit.canned import drive

    asked = AskedAbout(address="203.0.113.9/32", since=0, until=about.now)
    report, _ = drive(AwsRanges().look(asked, about), {})
    assert (report.looked, report.why) == ("partly", "the copy is 181 days old, and AWS changes some every week")
    assert report.todo == "opsctl who --refresh-ranges fetches them"


def test_what_was_fetched_is_used_where_it_is_newer_and_whole(tmp_path: Path) -> None:
    mine = ("203.0.113.0/24", "eu-west-1", "EC2")
    cached = tmp_path / FILE
    cached.write_text(list_of(as_bytes(published(mine))))
    about = ABOUT.model_copy(update={"cache": str(tmp_path)})
    report, _ = ask(AwsRanges(), "203.0.113.9", about=about)
    assert "EC2 in eu-west-1; anybody can rent such an address" in report.found[0].says
    cached.write_text(list_of(as_bytes(published(mine, created="2020-01-02-03-04-05"))))
    assert ask(AwsRanges(), "203.0.113.9", about=about)[0].found == ()
    cached.write_text("# AWS; 2030-01-01; cut\neu-west-1\n 203.0.113.0/24\n")
    assert ask(AwsRanges(), "203.0.113.9", about=about)[0].found == ()


def test_services_of_a_range_stand_together_and_amazon_alone_only_where_it_is_alone() -> None:
    told = published(
        ("203.0.113.0/25", "eu-west-1", "AMAZON"),
        ("203.0.113.0/25", "eu-west-1", "EC2"),
        ("203.0.113.0/25", "eu-west-1", "EBS"),
        ("2001:db8::/32", "GLOBAL", "AMAZON"),
    )
    ranges = parse_range_list(list_of(as_bytes(told)))
    assert (ranges.name, ranges.date) == ("AWS", "2027-01-02")
    (one,) = ranges.sharing(parse_network("203.0.113.9"))
    assert (one.where, one.services) == ("eu-west-1", ("EBS", "EC2"))
    assert ranges.sharing(parse_network("2001:db8::1"))[0].services == ("AMAZON",)


BROKEN: dict[str, Edit] = {
    "no ranges": lambda told: told.update(prefixes=[]),
    "no date": lambda told: told.update(createDate="yesterday"),
    "no token": lambda told: told.pop("syncToken"),
    "a host name": lambda told: told["prefixes"][0].update(ip_prefix="shop.example.com"),
    "everybody": lambda told: told["prefixes"][0].update(ip_prefix="0.0.0.0/0"),
    "a service with colours": lambda told: told["prefixes"][0].update(service="EC2\x1b[31m"),
    "two words": lambda told: told["prefixes"][0].update(region="eu west"),
    "a number": lambda told: told.update(prefixes=7),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_aws_would_not_publish_is_refused(name: str) -> None:
    told = published()
    BROKEN[name](told)
    with pytest.raises(ValueError, match=r"."):
        list_of(as_bytes(told))


@pytest.mark.parametrize("data", [b"", b"<html>", b"[]", b"null", b"[" * 100_000, b'{"prefixes": {}}'])
def test_what_is_no_such_file_at_all_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no ip-ranges"):
        list_of(data)


_V4 = st.builds(
    lambda bits, length: IPv4Network((bits, length), strict=False), st.integers(0, 2**32 - 1), st.integers(8, 32)
)
_V6 = st.builds(
    lambda bits, length: IPv6Network((bits, length), strict=False),
    st.integers(0, 2**128 - 1),
    st.integers(16, 128),
)
_NETWORKS = st.one_of(_V4, _V6).filter(lambda one: not str(one).startswith("::ffff"))


@given(st.lists(_NETWORKS, max_size=12), _NETWORKS)
def test_a_written_list_finds_just_what_shares_an_address(
    networks: list[IPv4Network | IPv6Network], asked: IPv4Network | IPv6Network
) -> None:
    """Python's own `overlaps` is the judge, whatever text the range begins with."""
    ranges = parse_range_list(written("some", "2026-01-01", "a test", [("here", "ALL", networks)]))
    assert bool(ranges.sharing(asked)) == any(shares(asked, one) for one in networks)


def test_large_proxies_are_known_with_the_day_of_each_list() -> None:
    """As cloudflare.com/ips, api.fastly.com/public-ip-list, Akamai's Origin IP ACL and Imperva say."""
    for address, whose in {
        "104.16.1.1": "Cloudflare's published range 104.16.0.0/13 (of 2026-02-11)",
        "2606:4700::6810:1": "Cloudflare's published range 2606:4700::/32",
        "151.101.1.6": "Fastly's published range 151.101.0.0/16 (of 2026-10-14)",
        "95.100.3.4": "Akamai's published range 95.100.0.0/15 (of 2025-07-01)",
        "45.60.1.1": "Imperva's published range 45.60.0.0/16",
    }.items():
        (says,) = said(KnownProxies(), address)
        assert whose in says
    assert said(KnownProxies(), "203.0.113.9") == said(KnownProxies(), "2001:db8::1") == []


def test_a_proxy_of_the_configuration_is_known_too() -> None:
    about = ABOUT.model_copy(update={"settings": Settings(proxy_ranges=("198.51.100.0/24",))})
    report, _ = ask(KnownProxies(), "198.51.100.7", about=about)
    assert report.found[0].says.startswith(
        "overlaps 198.51.100.0/24, a proxy by proxy_ranges of your configuration"
    )
    assert ask(KnownProxies(), "203.0.113.9", about=about)[0].found == ()


def test_the_packaged_lists_are_whole_and_dated() -> None:
    ranges = current_ranges("")
    assert sum(len(one) for _, _, one in ranges.groups) > 8_000
    assert "syncToken 1787411825" in ranges.origin
    assert datetime.fromtimestamp(ranges.published_at, UTC).isoformat()[:10] == ranges.date
    for _, _, cidrs in ranges.groups:
        assert all(str(parse_network(one)) == one for one in cidrs)
