"""Addresses that belong to the account or that carry everybody's traffic, with what they are."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from opsctl.block import elbv2
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read, Refusal
from opsctl.model.value import Json, Value
from opsctl.resources import ec2
from opsctl.resources.ec2 import parse_tags

_EDGE = (
    "com.amazonaws.global.cloudfront.origin-facing",
    "com.amazonaws.global.ipv6.cloudfront.origin-facing",
)
_EDGE_SUFFIXES = (".route53-healthchecks", ".ec2-instance-connect")


class OwnRange(Value):
    """A block that should not be denied: the kind names the guard, `what` says whose it is."""

    kind: str
    cidr: str
    what: str


class OwnRanges(Value):
    """All of them, and what could not be read."""

    ranges: tuple[OwnRange, ...]
    unknown: tuple[str, ...] = ()


_Asked: TypeAlias = tuple[Read, Callable[[Json], list[OwnRange]], str]


def own_ranges(survey: Survey) -> Fetching[OwnRanges]:
    """Read the VPCs, Elastic IPs, NAT gateways, load balancers, public interfaces and AWS's edge lists."""
    region = survey.about.region
    reads: Sequence[_Asked] = (
        *_of_networks(region),
        (ec2.describe("DescribeAddresses", region), _elastic_ips, "the account's Elastic IPs"),
        (ec2.describe("DescribeNatGateways", region), _nat_gateways, "the NAT gateways' addresses"),
        (elbv2.describe_load_balancers(region), _balancers, "the load balancers' addresses"),
        (ec2.describe("DescribeNetworkInterfaces", region), _interfaces, "the account's public addresses"),
    )
    yield from survey.prefetch([*(read for read, _, _ in reads), _lists(region)])
    own = yield from _all(survey, reads)
    edge = yield from edge_ranges(survey, region)
    return OwnRanges(ranges=(*own.ranges, *edge.ranges), unknown=(*own.unknown, *edge.unknown))


def network_ranges(survey: Survey) -> Fetching[OwnRanges]:
    """Read the VPCs' address blocks, and those of VPCs that are peered with them."""
    reads = _of_networks(survey.about.region)
    yield from survey.prefetch([read for read, _, _ in reads])
    found = yield from _all(survey, reads)
    return found


def _of_networks(region: str) -> Sequence[_Asked]:
    return (
        (ec2.describe("DescribeVpcs", region), _vpcs, "the VPCs' address blocks"),
        (ec2.describe("DescribeVpcPeeringConnections", region), _peers, "peered VPCs' address blocks"),
    )


def _all(survey: Survey, reads: Sequence[_Asked]) -> Fetching[OwnRanges]:
    found: list[OwnRange] = []
    unknown: list[str] = []
    for read, parse, what in reads:
        answer = yield from survey.ask(read, parse)
        if isinstance(answer, Refusal):
            unknown.append(cannot_tell(what, answer))
        else:
            found += answer
    return OwnRanges(ranges=tuple(found), unknown=tuple(unknown))


def _lists(region: str) -> Read:
    return ec2.describe("DescribeManagedPrefixLists", region)


def edge_ranges(survey: Survey, region: str) -> Fetching[OwnRanges]:
    """Read the lists of CloudFront and of Route 53's health checkers, as far as the account may."""
    names = yield from survey.ask(_lists(region), ec2.parse_prefix_list_names)
    if isinstance(names, Refusal):
        return OwnRanges(ranges=(), unknown=(cannot_tell("the ranges of CloudFront and health checks", names),))
    edge = {one: name for one, name in names.items() if name in _EDGE or name.endswith(_EDGE_SUFFIXES)}
    answers = yield from survey.ask_each(
        [ec2.get_prefix_list_entries(one, region) for one in edge], ec2.parse_prefix_list_entries
    )
    found: list[OwnRange] = []
    unknown: list[str] = []
    for name, answer in zip(edge.values(), answers, strict=True):
        if isinstance(answer, Refusal):
            unknown.append(cannot_tell(f"what prefix list {name} holds", answer))
        else:
            found += [OwnRange(kind="edge", cidr=cidr, what=f"AWS's prefix list {name}") for cidr in answer]
    return OwnRanges(ranges=tuple(found), unknown=tuple(unknown))


def _vpcs(answer: Json) -> list[OwnRange]:
    return [
        OwnRange(kind="vpc", cidr=cidr, what=f"VPC {_titled(one, one['VpcId'])}")
        for one in answer.get("Vpcs", [])
        for cidr in _blocks(one)
    ]


def _blocks(vpc: Mapping[str, Json]) -> list[str]:
    """Return every block of a VPC that is in use, IPv6 ones too."""
    found = [vpc["CidrBlock"]] if vpc.get("CidrBlock") else []
    for members, state, name in (
        ("CidrBlockAssociationSet", "CidrBlockState", "CidrBlock"),
        ("Ipv6CidrBlockAssociationSet", "Ipv6CidrBlockState", "Ipv6CidrBlock"),
    ):
        for one in vpc.get(members, []):
            if one.get(name) and one.get(state, {}).get("State", "associated") == "associated":
                found.append(one[name])
    return list(dict.fromkeys(found))


def _peers(answer: Json) -> list[OwnRange]:
    found = []
    for one in answer.get("VpcPeeringConnections", []):
        if one.get("Status", {}).get("Code") != "active":
            continue
        for side in ("AccepterVpcInfo", "RequesterVpcInfo"):
            info = one.get(side, {})
            blocks = [item["CidrBlock"] for item in info.get("CidrBlockSet", [])]
            blocks += [item["Ipv6CidrBlock"] for item in info.get("Ipv6CidrBlockSet", [])]
            what = f"VPC {info.get('VpcId', '')} of peering {one['VpcPeeringConnectionId']}"
            found += [OwnRange(kind="vpc", cidr=cidr, what=what) for cidr in blocks]
    return found


def _elastic_ips(answer: Json) -> list[OwnRange]:
    return [
        OwnRange(
            kind="own-address",
            cidr=one.ip,
            what="an Elastic IP of this account"
            + "".join(f" ({text})" for text in (one.name or one.instance or one.interface,) if text),
        )
        for one in ec2.parse_addresses(answer)
    ]


def _nat_gateways(answer: Json) -> list[OwnRange]:
    return [
        OwnRange(kind="own-address", cidr=address["PublicIp"], what=f"NAT gateway {one['NatGatewayId']}")
        for one in answer.get("NatGateways", [])
        if one.get("State") not in ("deleted", "failed")
        for address in one.get("NatGatewayAddresses", [])
        if address.get("PublicIp")
    ]


def _balancers(answer: Json) -> list[OwnRange]:
    return [
        OwnRange(kind="own-address", cidr=address, what=f"load balancer {one.name}")
        for one in elbv2.parse_load_balancers(answer)
        for address in one.addresses
    ]


def _interfaces(answer: Json) -> list[OwnRange]:
    return [
        OwnRange(
            kind="own-address",
            cidr=address,
            what=f"{one.description or one.instance or 'network interface'} ({one.id})",
        )
        for one in ec2.parse_interfaces(answer)
        for address in (*one.public, *one.ipv6)
    ]


def _titled(one: Mapping[str, Json], identifier: str) -> str:
    name = parse_tags(one).get("Name")
    return f"{name} ({identifier})" if name else identifier
