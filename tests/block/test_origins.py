"""What an origin's security groups need so that CloudFront alone gets in, by AWS's way of counting rules."""

import pytest

from opsctl.block.origins import GroupSeen, Lock, is_open, lock_of
from opsctl.block.topology.graph import Node
from opsctl.block.topology.naming import Place
from opsctl.block.topology.packet import TCP, UDP, Service
from opsctl.resources.group_rules import EDGE, EDGE_IPV6, GroupRule, PrefixList

LISTS = {
    "pl-4": PrefixList(id="pl-4", name=EDGE, version=4, weight=55),
    "pl-6": PrefixList(id="pl-6", name=EDGE_IPV6, version=6, weight=55),
}


def rule(port: int | None = 443, cidr: str = "0.0.0.0/0", **more: str) -> GroupRule:
    ports = None if port is None else (port, port)
    protocol = "-1" if port is None else "tcp"
    return GroupRule.model_validate({"group": "sg-1", "protocol": protocol, "ports": ports, "cidr": cidr} | more)


def locked(*rules: GroupRule, ports: tuple[int, ...] = (443,), quota: int = 60, dual: bool = False) -> Lock:
    node = Node(
        place=Place(kind="alb", id="arn", region="eu-west-1"),
        title="load balancer shop",
        name="shop",
        resource="arn",
        versions=(4, 6) if dual else (4,),
        services=tuple(Service(port=port) for port in ports),
    )
    return lock_of(node, [GroupSeen(id="sg-1", rules=rules)], LISTS, quota, "why")


def spans(lock: Lock) -> list[tuple[str, int, int]]:
    return [(one.prefix_list, one.from_port, one.to_port) for one in lock.admissions]


def revoked(lock: Lock) -> list[tuple[str, str, int]]:
    return [(one.cidr, one.protocol, one.from_port) for one in lock.revocations]


def test_one_port_takes_one_rule_in_place_of_the_open_one() -> None:
    lock = locked(rule())
    assert (spans(lock), revoked(lock), lock.full) == ([("pl-4", 443, 443)], [("0.0.0.0/0", "tcp", 443)], "")
    assert lock.revocations[0].behind_list == "pl-4"


def test_two_ports_have_a_rule_each_where_the_quota_allows_and_one_for_both_where_not() -> None:
    """Two rules that name the list count 110 of the usual 60."""
    open_rules = (rule(80), rule(443))
    assert spans(locked(*open_rules, ports=(80, 443))) == [("pl-4", 80, 443)]
    assert spans(locked(*open_rules, ports=(80, 443), quota=112)) == [("pl-4", 80, 80), ("pl-4", 443, 443)]


def test_without_room_for_the_list_beside_what_is_there_it_is_refused_with_the_numbers() -> None:
    many = [rule(22, f"192.0.2.{one}/32") for one in range(5)]
    lock = locked(*many, rule())
    assert (lock.admissions, lock.revocations) == ((), ())
    assert "counts 6 of 60 inbound rules for IPv4" in lock.full
    assert "counts as 55" in lock.full
    assert "L-0EA8095F" in lock.full
    assert locked(*many[:4], rule()).full == ""


def test_a_dual_stack_origin_admits_both_lists_counted_apart() -> None:
    lock = locked(rule(), rule(443, "::/0"), dual=True)
    assert spans(lock) == [("pl-4", 443, 443), ("pl-6", 443, 443)]
    assert [cidr for cidr, _, _ in revoked(lock)] == ["0.0.0.0/0", "::/0"]
    assert spans(locked(rule(), rule(443, "::/0"))) == [("pl-4", 443, 443)], "without IPv6 its list is of no use"


def test_what_is_locked_already_needs_nothing_and_a_list_that_is_there_is_not_added_again() -> None:
    admitted = rule(443, "", prefix_list="pl-4")
    assert locked(admitted) == Lock()
    lock = locked(admitted, rule())
    assert (lock.admissions, revoked(lock)) == ((), [("0.0.0.0/0", "tcp", 443)])


def test_rules_for_all_traffic_and_for_half_of_all_addresses_are_open_as_well() -> None:
    services = (Service(port=443), Service(protocol=UDP, port=443))
    for one in (rule(None), rule(443, "128.0.0.0/1"), rule(443, "8000::/1")):
        assert is_open(one, services)
    for one in (rule(443, "10.0.0.0/8"), rule(22), rule(443, "", source_group="sg-2")):
        assert not is_open(one, services)
    assert revoked(locked(rule(None))) == [("0.0.0.0/0", "-1", -1)]


def test_who_still_gets_in_is_named_and_what_nothing_listens_on_too() -> None:
    lock = locked(rule(), rule(443, "192.0.2.0/24"), rule(8080), rule(22, "10.0.0.0/8"))
    assert lock.stays == (
        "192.0.2.0/24 to tcp/443 (security group sg-1)",
        "0.0.0.0/0 to tcp/8080 (security group sg-1), where nothing listens now",
    )


def test_without_the_list_in_the_region_nothing_is_planned() -> None:
    node = Node(
        place=Place(kind="alb", id="arn", region="cn-north-1"),
        title="shop",
        name="shop",
        resource="arn",
        services=(Service(protocol=TCP, port=443),),
    )
    lock = lock_of(node, [GroupSeen(id="sg-1", rules=(rule(),))], {}, 60, "why")
    assert lock.full == f"there is no prefix list {EDGE} in cn-north-1"


@pytest.mark.parametrize("protocol", [6, 17])
def test_a_rule_of_another_protocol_opens_nothing(protocol: int) -> None:
    other = rule().model_copy(update={"protocol": "udp" if protocol == TCP else "tcp"})
    assert not is_open(other, (Service(protocol=protocol, port=443),))
