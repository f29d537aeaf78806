"""Inbound rules of security groups one by one: reading them, adding one, taking one away, and what they count.

Rules of AWS: Amazon VPC quotas, security group size. A rule counts as one; one that names a customer's prefix list
as many as the list's largest size, one that names a list of AWS as the list's weight (VPC user guide, AWS-managed
prefix lists). Rules for IPv4 and for IPv6 are counted apart, and a group as a source counts in both.
"""

from collections.abc import Mapping, Sequence

from opsctl.model.changes import Check, Grant, Instruction
from opsctl.model.networks import normal, parse_network
from opsctl.model.reads import Read
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import parse_tags
from opsctl.resources.marks import tag_list

RULES_AT_MOST = 60
"""Rules a direction that every account has, L-0EA8095F; more on request."""

EDGE = "com.amazonaws.global.cloudfront.origin-facing"
EDGE_IPV6 = "com.amazonaws.global.ipv6.cloudfront.origin-facing"
_WEIGHTS = {
    EDGE: 55,
    EDGE_IPV6: 55,
    "dynamodb": 1,
    "ec2-instance-connect": 2,
    "groundstation": 5,
    "route53-healthchecks": 25,
    "s3": 1,
    "s3express": 6,
    "vpc-lattice": 10,
}
"""The weights of AWS's lists, by name, or by the last part of it where each Region has its own."""


class PrefixList(Value):
    """A managed prefix list: its name, IP version, and how many rules one that names it counts as."""

    id: str
    name: str
    version: int
    weight: int


class GroupRule(Value):
    """One inbound rule; `ports` is None where every port counts. Its source is one of the last three."""

    id: str = ""
    group: str
    protocol: str
    ports: tuple[int, int] | None = None
    cidr: str = ""
    prefix_list: str = ""
    source_group: str = ""
    description: str = ""
    tags: dict[str, str] = {}

    @property
    def source(self) -> str:
        """Where it lets in from, as a person says it."""
        return self.cidr or self.prefix_list or f"security group {self.source_group}"

    @property
    def span(self) -> str:
        """Its protocol and ports, as a person says them."""
        if self.protocol == "-1":
            return "all traffic"
        low, high = self.ports or (0, 65535)
        return f"{self.protocol}/{low}" if low == high else f"{self.protocol}/{low}-{high}"

    def admits(self, protocol: str, port: int) -> bool:
        """Tell whether it lets anything in to a port."""
        if self.protocol not in ("-1", protocol):
            return False
        return self.protocol == "-1" or self.ports is None or self.ports[0] <= port <= self.ports[1]

    def permission(self, **more: str) -> dict[str, Json]:
        """The rule as EC2 takes it; `more` is what stands beside its source."""
        ports = {} if self.ports is None else {"FromPort": self.ports[0], "ToPort": self.ports[1]}
        if self.prefix_list:
            source: dict[str, Json] = {"PrefixListIds": [{"PrefixListId": self.prefix_list, **more}]}
        elif parse_network(self.cidr).version == 4:
            source = {"IpRanges": [{"CidrIp": self.cidr, **more}]}
        else:
            source = {"Ipv6Ranges": [{"CidrIpv6": self.cidr, **more}]}
        return {"IpProtocol": self.protocol, **ports, **source}


def describe_group_rules(group: str, region: str) -> Read:
    """Read every rule of a security group."""
    params = {"Filters": [{"Name": "group-id", "Values": [group]}]}
    return Read(service="ec2", operation="DescribeSecurityGroupRules", params=params, region=region)


def parse_group_rules(answer: Json) -> tuple[GroupRule, ...]:
    """Parse the inbound rules out of DescribeSecurityGroupRules; a port of -1 is every port."""
    return tuple(
        GroupRule(
            id=one.get("SecurityGroupRuleId", ""),
            group=one["GroupId"],
            protocol=str(one["IpProtocol"]),
            ports=(one["FromPort"], one["ToPort"]) if one.get("FromPort", -1) >= 0 else None,
            cidr=normal(cidr) if (cidr := one.get("CidrIpv4") or one.get("CidrIpv6") or "") else "",
            prefix_list=one.get("PrefixListId") or "",
            source_group=(one.get("ReferencedGroupInfo") or {}).get("GroupId", ""),
            description=one.get("Description") or "",
            tags=parse_tags(one),
        )
        for one in answer.get("SecurityGroupRules", [])
        if not one.get("IsEgress")
    )


def parse_prefix_lists(answer: Json) -> dict[str, PrefixList]:
    """Parse DescribeManagedPrefixLists, by id."""
    return {
        one["PrefixListId"]: PrefixList(
            id=one["PrefixListId"],
            name=one.get("PrefixListName", ""),
            version=6 if one.get("AddressFamily") == "IPv6" else 4,
            weight=_weight(one),
        )
        for one in answer.get("PrefixLists", [])
    }


def _weight(raw: Json) -> int:
    """A list of AWS has a weight of its own, whatever it holds now; a customer's list its largest size."""
    name = str(raw.get("PrefixListName", ""))
    known = _WEIGHTS.get(name) or _WEIGHTS.get(name.rpartition(".")[2])
    ours = raw.get("OwnerId") == "AWS" and known
    return int(ours or raw.get("MaxEntries") or 1)


def counted(rules: Sequence[GroupRule], lists: Mapping[str, PrefixList], version: int) -> int:
    """Return as how many rules of an IP version some rules count."""
    return sum(_counts(one, lists, version) for one in rules)


def _counts(rule: GroupRule, lists: Mapping[str, PrefixList], version: int) -> int:
    if rule.cidr:
        return int(parse_network(rule.cidr).version == version)
    if not rule.prefix_list:
        return 1
    known = lists.get(rule.prefix_list)
    return 1 if known is None else known.weight if known.version == version else 0


def rules_quota(region: str) -> Read:
    """Read the quota L-0EA8095F, inbound or outbound rules per security group."""
    params = {"ServiceCode": "vpc", "QuotaCode": "L-0EA8095F"}
    return Read(service="service-quotas", operation="GetServiceQuota", params=params, region=region)


def authorize(rule: GroupRule, region: str) -> Instruction:
    """Add the rule, with its description and its tags."""
    described = {"Description": rule.description} if rule.description else {}
    params: dict[str, Json] = {"GroupId": rule.group, "IpPermissions": [rule.permission(**described)]}
    grants: tuple[Grant, ...] = ()
    if rule.tags:
        params["TagSpecifications"] = [{"ResourceType": "security-group-rule", "Tags": tag_list(rule.tags)}]
        grants = (Grant(service="ec2", operation="CreateTags"),)
    return Instruction(
        kind="call",
        service="ec2",
        operation="AuthorizeSecurityGroupIngress",
        region=region,
        params=params,
        grants=grants,
    )


def revoke(rule: GroupRule, region: str) -> Instruction:
    """Take the rule away by what it says: its id is another once it was taken away and put back."""
    params: dict[str, Json] = {"GroupId": rule.group, "IpPermissions": [rule.permission()]}
    return Instruction(
        kind="call", service="ec2", operation="RevokeSecurityGroupIngress", region=region, params=params
    )


def has_rule(rule: GroupRule, region: str, *, present: bool, described: str = "") -> Check:
    """The group has the rule, or not; with `described` one that says just this."""
    low, high = rule.ports or (-1, -1)
    verb = "admits" if present else "does not admit"
    member = "PrefixListId" if rule.prefix_list else "CidrIpv4" if ":" not in rule.cidr else "CidrIpv6"
    ports = f" && FromPort==`{low}` && ToPort==`{high}`" if rule.ports or rule.protocol == "-1" else ""
    said = f" && Description=='{described}'" if described else ""
    same = (
        f"!IsEgress && IpProtocol=='{rule.protocol}'{ports} && {member}=='{rule.prefix_list or rule.cidr}'{said}"
    )
    return Check(
        read=describe_group_rules(rule.group, region),
        query=f"SecurityGroupRules[?{same}].GroupId",
        op="present" if present else "empty",
        says=f"security group {rule.group} {verb} {rule.source} to {rule.span}",
    )
