"""EC2's rules about security group rules, where moto is laxer.

Source: Amazon VPC quotas (L-0EA8095F, security group size: a rule that names a prefix list counts as its weight or
largest size, IPv4 and IPv6 apart); VPC user guide, weights of AWS-managed prefix lists; EC2 API reference, error
codes (RulesPerSecurityGroupLimitExceeded) and SecurityGroupRule, which has a description whatever its source.
"""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.rules.quotas import group_rules

_WEIGHTS = {
    "com.amazonaws.global.cloudfront.origin-facing": 55,
    "com.amazonaws.global.ipv6.cloudfront.origin-facing": 55,
    "com.amazonaws.global.groundstation": 5,
}
_WEIGHTS_BY_END = {
    "dynamodb": 1,
    "ec2-instance-connect": 2,
    "route53-healthchecks": 25,
    "s3": 1,
    "s3express": 6,
    "vpc-lattice": 10,
}


def install() -> None:
    """Put the rules around moto's security groups."""
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.security_groups import SecurityGroupRule

    SecurityGroupRule.__init__ = _described(SecurityGroupRule.__init__)
    EC2Backend.authorize_security_group_ingress = _counted(EC2Backend.authorize_security_group_ingress)


def weight_of(prefix_list: Any) -> int:
    """Return as how many rules one that names a prefix list counts."""
    name = prefix_list.prefix_list_name
    if prefix_list.owner_id == "AWS":
        return _WEIGHTS.get(name) or _WEIGHTS_BY_END.get(name.rpartition(".")[2], 1)
    return int(prefix_list.max_entries)


def _counted(method: Callable[..., Any]) -> Callable[..., Any]:
    """Take rules back that make the group count more than it may: moto counts a prefix list as nothing."""

    def authorized(self: Any, group_name_or_id: str, *args: Any, **kwargs: Any) -> Any:
        added, group = method(self, group_name_or_id, *args, **kwargs)
        quota = group_rules(self.account_id, self.region_name)
        if any(_count(self, group, version) > quota for version in (4, 6)):
            gone = {rule.id for rule in added}
            group.ingress_rules = [rule for rule in group.ingress_rules if rule.id not in gone]
            from moto.ec2.exceptions import EC2ClientError

            raise EC2ClientError(
                "RulesPerSecurityGroupLimitExceeded",
                "The maximum number of rules per security group has been reached.",
            )
        return added, group

    return authorized


def _count(backend: Any, group: Any, version: int) -> int:
    return sum(_counts(backend, rule, version) for rule in group.ingress_rules)


def _counts(backend: Any, rule: Any, version: int) -> int:
    if rule.prefix_list_id:
        known = backend.managed_prefix_lists.get(rule.prefix_list_id)
        if known is None:
            return 1
        return weight_of(known) if known.address_family == f"IPv{version}" else 0
    if rule.cidr_ipv4 or rule.cidr_ipv6:
        return int(bool(rule.cidr_ipv4 if version == 4 else rule.cidr_ipv6))
    return 1


def _described(method: Callable[..., Any]) -> Callable[..., Any]:
    """Keep the description that stands beside a prefix list."""

    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        method(self, *args, **kwargs)
        listed = kwargs.get("prefix_list_id") or (args[7] if len(args) > 7 else None) or {}
        if listed.get("Description"):
            self.ip_range = {"Description": listed["Description"]}

    return made
