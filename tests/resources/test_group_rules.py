"""Inbound rules of security groups: read, counted as AWS counts them, and written as EC2 takes them."""

import pytest

from opsctl.resources.group_rules import (
    EDGE,
    EDGE_IPV6,
    GroupRule,
    authorize,
    counted,
    parse_group_rules,
    parse_prefix_lists,
)

LISTS = parse_prefix_lists(
    {
        "PrefixLists": [
            {"PrefixListId": "pl-4", "PrefixListName": EDGE, "AddressFamily": "IPv4", "OwnerId": "AWS"},
            {"PrefixListId": "pl-6", "PrefixListName": EDGE_IPV6, "AddressFamily": "IPv6", "OwnerId": "AWS"},
            {
                "PrefixListId": "pl-checks",
                "PrefixListName": "com.amazonaws.eu-west-1.route53-healthchecks",
                "AddressFamily": "IPv4",
                "OwnerId": "AWS",
            },
            {"PrefixListId": "pl-office", "PrefixListName": "s3", "AddressFamily": "IPv4", "MaxEntries": 20},
        ]
    }
)


def rule(**more: object) -> GroupRule:
    return GroupRule.model_validate({"group": "sg-1", "protocol": "tcp", "ports": (443, 443)} | more)


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({"cidr": "0.0.0.0/0"}, (1, 0)),
        ({"cidr": "::/0"}, (0, 1)),
        ({"source_group": "sg-2"}, (1, 1)),
        ({"prefix_list": "pl-4"}, (55, 0)),
        ({"prefix_list": "pl-6"}, (0, 55)),
        ({"prefix_list": "pl-checks"}, (25, 0)),
        ({"prefix_list": "pl-office"}, (20, 0)),
        ({"prefix_list": "pl-unknown"}, (1, 1)),
    ],
)
def test_a_rule_counts_as_aws_counts_it(given: dict[str, object], count: tuple[int, int]) -> None:
    assert tuple(counted([rule(**given)], LISTS, version) for version in (4, 6)) == count


def test_the_lists_of_two_ports_count_twice() -> None:
    rules = [rule(prefix_list="pl-4"), rule(prefix_list="pl-4", ports=(80, 80)), rule(cidr="10.0.0.0/8")]
    assert counted(rules, LISTS, 4) == 111


@pytest.mark.parametrize(
    ("given", "permission"),
    [
        ({"cidr": "0.0.0.0/0"}, {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}),
        ({"cidr": "::/0"}, {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}),
        ({"prefix_list": "pl-4"}, {"PrefixListIds": [{"PrefixListId": "pl-4"}]}),
    ],
)
def test_a_rule_is_written_as_ec2_takes_it(given: dict[str, object], permission: dict[str, object]) -> None:
    assert rule(**given).permission() == {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443} | permission
    everything = rule(**given, protocol="-1", ports=None)
    assert everything.permission() == {"IpProtocol": "-1"} | permission
    assert (everything.span, rule(**given, ports=(80, 443)).span) == ("all traffic", "tcp/80-443")


def test_what_is_put_back_has_its_description_and_its_tags_and_asks_leave_for_them() -> None:
    plain = authorize(rule(cidr="0.0.0.0/0"), "eu-west-1")
    assert (sorted(plain.params), plain.grants) == (["GroupId", "IpPermissions"], ())
    made = authorize(rule(cidr="0.0.0.0/0", description="web", tags={"team": "shop"}), "eu-west-1")
    assert made.params["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0", "Description": "web"}]
    assert made.params["TagSpecifications"][0]["Tags"] == [{"Key": "team", "Value": "shop"}]
    assert [one.operation for one in made.grants] == ["CreateTags"]


def test_outbound_rules_are_left_out_and_minus_one_is_every_port() -> None:
    answer = {
        "SecurityGroupRules": [
            {"GroupId": "sg-1", "IsEgress": True, "IpProtocol": "-1", "CidrIpv4": "0.0.0.0/0"},
            {"GroupId": "sg-1", "IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "CidrIpv6": "::/0"},
            {
                "GroupId": "sg-1",
                "IpProtocol": "tcp",
                "FromPort": 80,
                "ToPort": 80,
                "ReferencedGroupInfo": {"GroupId": "sg-2"},
            },
        ]
    }
    every, group = parse_group_rules(answer)
    assert (every.ports, every.cidr, every.admits("udp", 53)) == (None, "::/0", True)
    assert (group.source, group.admits("tcp", 80), group.admits("tcp", 443)) == (
        "security group sg-2",
        True,
        False,
    )
