"""What network ACLs and security groups do to a packet from the internet, by what EC2 describes of them.

Source: VPC user guide, "Network ACL rules" (ascending numbers, the first that matches decides, both directions:
replies go to ephemeral ports) and "Security group rules" (allow rules only, none of them means no). Nothing of
opsctl's own walk is used, so that the one can contradict the other.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Clients = Callable[[str], Any]

_EPHEMERAL = 32_768
_TCP = "6"
_LAST = 32_767


@dataclass(frozen=True)
class Doorway:
    """A network interface that packets from the internet arrive at, and the port that they come for."""

    interface: str
    subnet: str
    vpc: str
    private: str
    groups: tuple[str, ...]
    port: int


@dataclass(frozen=True)
class PacketVerdict:
    """Whether a packet passes, what decided, and the way that the deciding rule looked at."""

    passes: bool
    why: str
    outbound: bool = False


def doorway(interface: dict[str, Any], port: int) -> Doorway:
    """Return a network interface as DescribeNetworkInterfaces has it as a place where packets arrive."""
    return Doorway(
        interface=interface["NetworkInterfaceId"],
        subnet=interface["SubnetId"],
        vpc=interface["VpcId"],
        private=interface["PrivateIpAddress"],
        groups=tuple(one["GroupId"] for one in interface.get("Groups", ())),
        port=port,
    )


def judge(clients: Clients, source: str, at: Doorway) -> PacketVerdict:
    """Tell what becomes of a connection from a source: in by the ACL and the groups, and its answer out again."""
    ec2 = clients("ec2")
    found = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [at.subnet]}])
    (acl,) = found["NetworkAcls"]
    for egress, port in ((False, at.port), (True, _EPHEMERAL)):
        entry = _deciding(acl["Entries"], source, port, egress=egress)
        if entry is None or entry["RuleAction"] == "deny":
            number = "*" if entry is None or entry["RuleNumber"] >= _LAST else entry["RuleNumber"]
            way = "outbound" if egress else "inbound"
            return PacketVerdict(passes=False, why=f"{acl['NetworkAclId']} {way} rule {number}", outbound=egress)
        if not egress and at.groups and not _let_in(ec2, at.groups, source, at.port):
            return PacketVerdict(passes=False, why=f"security group {at.groups[0]}")
    return PacketVerdict(passes=True, why="")


def _deciding(entries: list[dict[str, Any]], source: str, port: int, *, egress: bool) -> dict[str, Any] | None:
    ordered = sorted((one for one in entries if one["Egress"] is egress), key=lambda one: one["RuleNumber"])
    return next((one for one in ordered if _matches(one, source, port)), None)


def _matches(entry: dict[str, Any], source: str, port: int) -> bool:
    if entry["Protocol"] not in ("-1", _TCP):
        return False
    ports = entry.get("PortRange") if entry["Protocol"] == _TCP else None
    in_range = not ports or ports["From"] <= port <= ports["To"]
    return in_range and _covers(entry.get("CidrBlock") or entry.get("Ipv6CidrBlock") or "", source)


def _let_in(ec2: Any, groups: tuple[str, ...], source: str, port: int) -> bool:
    described = ec2.describe_security_groups(GroupIds=list(groups))["SecurityGroups"]
    return any(_permits(rule, source, port) for group in described for rule in group["IpPermissions"])


def _permits(rule: dict[str, Any], source: str, port: int) -> bool:
    if rule["IpProtocol"] not in ("-1", "tcp"):
        return False
    in_range = rule["IpProtocol"] == "-1" or rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65_535)
    ranges = [one["CidrIp"] for one in rule.get("IpRanges", ())]
    ranges += [one["CidrIpv6"] for one in rule.get("Ipv6Ranges", ())]
    return in_range and any(_covers(one, source) for one in ranges)


def _covers(cidr: str, source: str) -> bool:
    if not cidr:
        return False
    network, address = ipaddress.ip_network(cidr, strict=False), ipaddress.ip_address(source)
    return network.version == address.version and address in network
