"""The fact of all sources: which are asked about what, in which order, and what of many addresses is said."""

from collections.abc import Mapping

import pytest

from opsctl.block.evidence.registry import every_source
from opsctl.block.facts.block_evidence import BlockEvidence
from opsctl.model.dossier import Dossier, Following, Part, PartResult, SourceReport
from opsctl.model.errors import InvalidInput
from opsctl.model.settings import Settings
from tests.kit.canned import ABOUT, drive

NAMES = [one.name for one in every_source()]


def fact(*addresses: str, **more: object) -> BlockEvidence:
    return BlockEvidence.model_validate({"addresses": addresses, **more})


def silent(fact: BlockEvidence, parts: Mapping[str, Part]) -> Dossier:
    """What stands there where nothing answers."""
    return fact.dossier(ABOUT, tuple(one for part in parts.values() for one in part.silent))


def result(part: Part) -> PartResult:
    return drive(part.fetching, {})[0]


def test_every_source_that_needs_no_target_begins_at_once_and_the_others_with_the_ways() -> None:
    parts = fact("203.0.113.9", target="shop").parts(ABOUT)
    free = {one.name for one in every_source() if not (one.needs_target or one.wants_ways)}
    assert set(parts) == free | {"target", "flow-logs ahead"}
    assert {one.source for one in parts["target"].silent} == set(NAMES) - free
    dossier = silent(fact("203.0.113.9", target="shop"), parts)
    assert [one.source for one in dossier.reports] == NAMES
    assert dossier.again == ("who", "203.0.113.9", "--target", "shop")


def test_without_a_target_what_needs_one_says_so() -> None:
    reports = result(fact("203.0.113.9").parts(ABOUT)["target"])
    assert not isinstance(reports, Following)
    assert {(one.looked, one.why, one.todo) for one in reports} == {
        ("no", "no target was named", "name it with --target")
    }


def test_sources_can_be_left_out() -> None:
    parts = fact("203.0.113.9", skip=("own-addresses",)).parts(ABOUT)
    assert "own-addresses" not in parts
    assert "aws-ranges" in parts


def test_addresses_are_asked_about_in_canonical_form_each_once() -> None:
    asked = fact("203.0.113.9", "203.0.113.9/32", "::ffff:203.0.113.9", "2001:DB8::1")
    parts = asked.parts(ABOUT)
    assert silent(asked, parts).addresses == ("203.0.113.9/32", "2001:db8::1/128")
    assert len(parts["known-proxies"].silent) == 2


@pytest.mark.parametrize("more", [{"since": "8d"}, {"since": "0s"}, {"since": "soon"}])
def test_a_span_that_is_none_is_bad_input(more: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        fact("203.0.113.9", **more).parts(ABOUT)
    with pytest.raises(InvalidInput):
        fact("shop.example.com").parts(ABOUT)


def test_of_a_long_list_every_address_is_held_against_what_many_share() -> None:
    feed = [f"45.{one}.{two}.7" for one in range(1, 21) for two in range(250)]
    addresses = (*feed, "104.16.1.1", "104.16.2.2", "54.230.1.1", "198.51.100.7", "2606:4700::9")
    asked = fact(*addresses)
    about = ABOUT.model_copy(update={"settings": Settings(proxy_ranges=("198.51.100.0/24",))})
    reports = result(asked.parts(about)["shared-ranges"])
    assert not isinstance(reports, Following)
    (report,) = reports
    assert isinstance(report, SourceReport)
    named = "104.16.1.1, 104.16.2.2, 2606:4700::9"
    assert [one.says for one in report.found] == [
        f"3 of 5,005 addresses are Cloudflare's (list of 2026-02-11), which many clients share: {named}",
        "1 of 5,005 addresses are AWS's edge (list of 2026-08-22), which many clients share: 54.230.1.1",
        "1 of 5,005 addresses are in proxy_ranges of your configuration, which many clients share: 198.51.100.7",
    ]
    dossier = asked.dossier(ABOUT, reports)
    assert (len(dossier.addresses), dossier.left_out) == (3, "5,002 more addresses")
    assert dossier.telling[0].says.startswith("3 of 5,005")
