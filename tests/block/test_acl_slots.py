"""Room in a full network ACL: what opsctl's own denies give up for a block, and what is never given up."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.block.acl_slots import AclSlots, acl_slots, occupied
from opsctl.block.records import Ledger, parse_ledger, tags_of
from opsctl.block.terms import NEVER, Term
from opsctl.block.topology.nacl import NaclEntry, NetworkAcl, NoRoom, passing
from opsctl.block.topology.packet import Service
from tests.block.topology.test_nacl import OPEN, acl_of, raw_rule
from tests.kit.address_blocks import blocks_within

NOW = 1_796_112_000.0  # 2026-12-01T08:00:00Z
PAST, SOON, LATER, FAR = (
    "2026-12-01T07:00:00Z",
    "2026-12-01T09:00:00Z",
    "2026-12-01T20:00:00Z",
    "2026-12-09T08:00:00Z",
)


def ledger_of(**ends: str) -> Ledger:
    """Records of single addresses 203.0.113.N, by `nN`, and when they end."""
    tags: dict[str, str] = {}
    for number, (name, until) in enumerate(ends.items()):
        term = Term(until=until, since=PAST, by="anna")
        tags |= tags_of(f"20261201-0700{number:02d}-run", [f"203.0.113.{name[1:]}/32"], term)
    return parse_ledger(tags)


def full(*ours: int, quota: int = 6) -> NetworkAcl:
    """A network ACL with as many rules as it may have: ours, an allow, and denies of somebody else."""
    denies = [raw_rule(2 * one, "deny", f"203.0.113.{one}/32") for one in ours]
    others = [raw_rule(60 + one, "deny", f"192.0.2.{one}/32") for one in range(quota - 1 - len(ours))]
    return acl_of(*denies, *others, OPEN)


def slots(acl: NetworkAcl, ledger: Ledger, *wanted: str, until: str = LATER, quota: int = 6) -> AclSlots | NoRoom:
    return acl_slots(acl, wanted, until, quota=quota, now=NOW, ledger=ledger)


def said(found: AclSlots | NoRoom) -> dict[str, Any]:
    assert isinstance(found, AclSlots), found
    return {
        "expired": [one.network for one in found.expired],
        "mergers": {one.network: ([part.network for part in one.parts], one.until) for one in found.mergers},
        "denied": list(found.slots),
    }


def test_while_there_is_room_nothing_goes() -> None:
    found = slots(full(1, 2), ledger_of(n1=PAST, n2=PAST), "198.51.100.7/32", quota=7)
    assert said(found) == {"expired": [], "mergers": {}, "denied": ["198.51.100.7/32"]}


def test_what_ended_first_goes_first_and_no_more_than_needed() -> None:
    ledger = ledger_of(n1="2026-12-01T06:30:00Z", n2="2026-12-01T06:00:00Z", n5=SOON)
    found = slots(full(1, 2, 5), ledger, "198.51.100.7/32")
    assert said(found) == {"expired": ["203.0.113.2/32"], "mergers": {}, "denied": ["198.51.100.7/32"]}


def test_neighbours_are_put_together_once_nothing_has_ended() -> None:
    ledger = ledger_of(n8=SOON, n9=LATER, n20=SOON)
    found = slots(full(8, 9, 20), ledger, "198.51.100.7/32")
    together = {"203.0.113.8/31": (["203.0.113.8/32", "203.0.113.9/32"], LATER)}
    assert said(found) == {
        "expired": [],
        "mergers": together,
        "denied": ["203.0.113.8/31", "198.51.100.7/32"],
    }


def test_a_block_is_put_together_with_its_neighbour_there() -> None:
    found = slots(full(8), ledger_of(n8=FAR), "203.0.113.9/32", until=FAR)
    assert said(found)["mergers"] == {"203.0.113.8/31": (["203.0.113.8/32"], FAR)}


@pytest.mark.parametrize(
    ("ours", "ledger"),
    [
        ((8, 10), ledger_of(n8=LATER, n10=LATER)),
        ((9, 10), ledger_of(n9=LATER, n10=LATER)),
        ((8, 9), ledger_of(n8=LATER, n9=FAR)),
        ((8, 9), ledger_of(n8=LATER, n9=NEVER)),
        ((8, 9), ledger_of(n8=LATER)),
        ((8, 9), Ledger()),
    ],
    ids=["apart", "not halves of one", "ends apart", "one without an end", "one foreign", "both foreign"],
)
def test_what_is_not_exactly_one_network_of_ours_stays_apart(ours: tuple[int, ...], ledger: Ledger) -> None:
    assert isinstance(slots(full(*ours), ledger, "198.51.100.7/32"), NoRoom)


def test_a_deny_that_an_allow_comes_before_is_not_widened() -> None:
    """Of its two addresses one gets in today: the wider deny would stop it."""
    entries = (
        raw_rule(1, "deny", "203.0.113.8/32"),
        raw_rule(2, "allow", "203.0.113.9/32"),
        raw_rule(3, "deny", "203.0.113.9/32"),
        raw_rule(4, "deny", "192.0.2.1/32"),
    )
    acl = acl_of(*entries, OPEN)
    assert isinstance(slots(acl, ledger_of(n8=LATER, n9=LATER), "198.51.100.7/32", quota=5), NoRoom)


def test_hundreds_of_addresses_are_no_matter_for_a_network_acl() -> None:
    many = [f"198.51.{one // 250}.{one % 250}/32" for one in range(500)]
    found = slots(full(1, 2), ledger_of(n1=PAST, n2=PAST), *many, quota=20)
    assert found == NoRoom(reason="acl-1 may have 20 inbound rules, and these are 500 addresses")


def test_what_occupies_the_numbers_is_told_with_whose_it_is_and_until_when() -> None:
    assert occupied(full(8, 9, quota=4), ledger_of(n8=LATER)) == [
        "    16 deny  203.0.113.8/32: opsctl, by anna, until 2026-12-01T20:00:00Z",
        "    18 deny  203.0.113.9/32: not of opsctl",
        "    60 deny  192.0.2.0/32: not of opsctl",
        "   100 allow 0.0.0.0/0: not of opsctl",
    ]


blocks = blocks_within("203.0.113.0", 27)
entries = st.lists(st.tuples(st.booleans(), blocks, st.sampled_from(["", PAST, SOON, LATER])), max_size=8)
SERVICE = (Service(port=443),)


@given(entries, st.lists(blocks, min_size=1, max_size=3), st.integers(2, 8))
def test_whatever_makes_room_only_what_was_asked_for_changes_and_nothing_foreign(
    rules: list[tuple[bool, str, str]], wanted: list[str], quota: int
) -> None:
    raw = [raw_rule(10 + 3 * n, "allow" if allow else "deny", cidr) for n, (allow, cidr, _) in enumerate(rules)]
    acl = acl_of(*raw, OPEN)
    tags: dict[str, str] = {}
    for number, (allow, cidr, until) in enumerate(rules):
        if until and not allow:
            tags |= tags_of(f"run{number}", [cidr], Term(until=until, since=PAST, by="anna"))
    ledger = parse_ledger(tags)
    found = acl_slots(acl, wanted, LATER, quota=quota, now=NOW, ledger=ledger)
    if isinstance(found, NoRoom):
        return
    gone = [*found.expired, *(part for one in found.mergers for part in one.parts)]
    assert all(ledger.of(one.network) for one in gone), "only what a run recorded"
    after = _after(acl, found)
    assert len(after.inbound()) <= max(quota, len(acl.inbound()))
    assert len({one.number for one in after.inbound()}) == len(after.inbound())
    expired = [ipaddress.ip_network(one.network) for one in found.expired]
    asked = [ipaddress.ip_network(one) for one in wanted]
    for address in ipaddress.ip_network("203.0.113.0/27"):
        before, now = (passing(one, f"{address}/32", SERVICE) is None for one in (acl, after))
        if any(address in one for one in asked):
            assert now
        elif before != now:
            assert before
            assert any(address in one for one in expired), "nothing else is opened, and nothing else is blocked"


def _after(acl: NetworkAcl, found: AclSlots) -> NetworkAcl:
    gone = {one.entry.number for one in found.expired}
    gone |= {part.entry.number for one in found.mergers for part in one.parts}
    made = [
        NaclEntry(number=slot.number, egress=False, allow=False, cidr=network, protocol=-1)
        for network, slot in found.slots.items()
    ]
    kept = [one for one in acl.inbound() if one.number not in gone]
    return acl.model_copy(update={"entries": tuple(sorted([*kept, *made], key=lambda one: one.number))})
