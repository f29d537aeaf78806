"""What is read back of host firewalls, as nftables 1.0.6 and iptables 1.8.9 printed it."""

import json

import pytest

from opsctl.block.host.reading import is_cut, parse_reading, until_of
from opsctl.model.value import Json

AT = 1_796_124_198
NOTE = "20261201-112003-ab12 until=2026-12-01T12:23:17Z by=user/ann for=INC-12"
SET: Json = {
    "family": "inet",
    "name": "run-1-4",
    "table": "opsctl",
    "type": "ipv4_addr",
    "handle": 1,
    "flags": ["interval", "timeout"],
    "elem": [
        {"elem": {"val": {"prefix": {"addr": "198.51.100.0", "len": 24}}, "timeout": 3600, "expires": 3599}},
        {"elem": {"val": {"range": ["192.0.2.4", "192.0.2.6"]}, "timeout": 3600, "expires": 60}},
        "203.0.113.9",
    ],
}
CHAIN: Json = {"family": "inet", "table": "opsctl", "name": "run-1", "hook": "prerouting", "prio": -310}
RULE: Json = {
    "chain": "run-1",
    "comment": NOTE,
    "expr": [
        {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@run-1-4"}},
        {"counter": {"packets": 212, "bytes": 12720}},
        {"drop": None},
    ],
}
COMMENT = f' --comment "{NOTE}" -j DROP'
IPTABLES = f"""opsctl host firewall
iptables {AT}
iptables
-A PREROUTING -j opsctl-0-8d5fba60
-A PREROUTING -j KUBE-FIREWALL
-A PREROUTING -j opsctl-1796127802-1eadb8e9
-A opsctl-0-8d5fba60 -s 203.0.113.9/32 -m comment --comment 20261201-112003-cd34 -j DROP
-A opsctl-1796127802-1eadb8e9 -s 198.51.100.0/24 -m comment --comment "late" -j DROP
ip6tables
-A PREROUTING -j opsctl-1796127802-1eadb8e9
-A opsctl-1796127802-1eadb8e9 -s 2001:db8::/64 -m time --datestop 2026-12-01T12:23:22 -m comment{COMMENT}
"""


def of_nft(*parts: Json) -> str:
    return f"opsctl host firewall\nnft {AT}\n{json.dumps({'nftables': list(parts)})}\n"


def test_elements_end_when_their_timeouts_do_and_a_range_is_networks() -> None:
    reading = parse_reading(of_nft({"set": SET}, {"chain": CHAIN}, {"rule": RULE}))
    assert reading is not None
    assert reading.dropped(AT) == ("198.51.100.0/24", "192.0.2.4/31", "192.0.2.6/32", "203.0.113.9/32")
    assert reading.dropped(AT + 61) == ("198.51.100.0/24", "203.0.113.9/32")
    assert reading.dropped(AT + 10**9) == ("203.0.113.9/32",), "one without a timeout stays"
    assert reading.packets == 212
    assert until_of(reading.rules[0].note) == "2026-12-01T12:23:17Z"


@pytest.mark.parametrize(
    "parts",
    [
        ({"set": SET}, {"chain": CHAIN}),
        ({"set": SET}, {"chain": CHAIN | {"hook": "output"}}, {"rule": RULE}),
        ({"set": SET}, {"chain": CHAIN}, {"rule": RULE | {"expr": [*RULE["expr"][:2], {"accept": None}]}}),
    ],
)
def test_a_set_that_nothing_drops_by_counts_for_nothing(parts: tuple[Json, ...]) -> None:
    reading = parse_reading(of_nft(*parts))
    assert reading is not None
    assert reading.rules == ()


def test_a_chain_of_iptables_counts_that_comes_before_those_of_others() -> None:
    reading = parse_reading(IPTABLES)
    assert reading is not None
    assert reading.dropped(AT) == ("203.0.113.9/32", "2001:db8::/64")
    assert reading.dropped(1_796_127_803) == ("203.0.113.9/32",), "the date has passed"
    assert until_of(reading.rules[0].note) == "never"


@pytest.mark.parametrize(
    "said",
    [
        "",
        "ran",
        "opsctl host firewall\n",
        f"opsctl host firewall\nnft {AT}\n" + '{"nftables": [{"set": {"name": "run-1-4", "elem": [{"e',
    ],
)
def test_what_cannot_be_understood_is_no_reading(said: str) -> None:
    assert parse_reading(said) is None


def test_a_reading_that_breaks_off_is_told_from_one_that_never_began() -> None:
    whole = of_nft({"set": SET}, {"chain": CHAIN}, {"rule": RULE})
    assert (is_cut(whole[:-40]), is_cut(whole), is_cut("ran")) == (True, False, False)


def test_no_table_is_a_reading_of_nothing() -> None:
    reading = parse_reading(f"opsctl host firewall\nnft {AT}\n")
    assert reading is not None
    assert reading.rules == ()
