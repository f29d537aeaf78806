"""Network Firewall: reading firewalls, policies and rule groups, and putting drops into a rule group."""

from collections.abc import Sequence

from opsctl.model.changes import Check, EditSpec, Element, Instruction
from opsctl.model.networks import plain_addresses
from opsctl.model.reads import Read
from opsctl.model.sentences import first_few
from opsctl.model.value import Json

SERVICE = "network-firewall"
LOCKED = ("InvalidTokenException",)
RULES = "RuleGroup.RulesSource.StatefulRules"


def list_firewalls(vpc: str, region: str) -> Read:
    """Read which firewalls a VPC has."""
    return Read(service=SERVICE, operation="ListFirewalls", params={"VpcIds": [vpc]}, region=region)


def describe_firewall(arn: str) -> Read:
    """Read a firewall with its policy and its endpoints."""
    params = {"FirewallArn": arn}
    return Read(service=SERVICE, operation="DescribeFirewall", params=params, region=arn.split(":")[3])


def describe_policy(arn: str) -> Read:
    """Read which rule groups a policy has, in which order."""
    params = {"FirewallPolicyArn": arn}
    return Read(service=SERVICE, operation="DescribeFirewallPolicy", params=params, region=arn.split(":")[3])


def describe_group(arn: str) -> Read:
    """Read the rules of a rule group, its capacity, and its update token."""
    return Read(
        service=SERVICE, operation="DescribeRuleGroup", params={"RuleGroupArn": arn}, region=arn.split(":")[3]
    )


def edit_rules(arn: str, op: str, rules: Sequence[Json]) -> Instruction:
    """Add rules to a stateful rule group or take exactly these away, under its update token; all else stays."""
    return Instruction(
        kind="edit",
        service=SERVICE,
        operation="UpdateRuleGroup",
        region=arn.split(":")[3],
        params={"RuleGroupArn": arn},
        edit=EditSpec(
            read=describe_group(arn),
            carry={
                "UpdateToken": "UpdateToken",
                "RuleGroup": "RuleGroup",
                "Description": "RuleGroupResponse.Description",
                "EncryptionConfiguration": "RuleGroupResponse.EncryptionConfiguration",
                "SourceMetadata": "RuleGroupResponse.SourceMetadata",
                "SummaryConfiguration": "RuleGroupResponse.SummaryConfiguration",
            },
            elements=(Element.model_validate({"op": op, "at": RULES, "value": list(rules), "each": True}),),
            conflicts=LOCKED,
        ),
    )


def rules_in(arn: str, rules: Sequence[Json], *, present: bool) -> Check:
    """The rule group has all of these rules, or none of them."""
    sources = first_few([plain_addresses(rule["Header"]["Source"]) for rule in rules], 3)
    return Check(
        read=describe_group(arn),
        query=f"{RULES} || `[]`",
        op="contains" if present else "excludes",
        value=list(rules),
        says=f"rule group {name_of(arn)} {'drops' if present else 'has no drop of this run for'} {sources}",
    )


def has_room(arn: str, more: int, capacity: int) -> Check:
    """The rule group still has capacity for as many rules more."""
    return Check(
        read=describe_group(arn),
        query=f"RuleGroupResponse.ConsumedCapacity <= `{capacity - more}`",
        op="equals",
        value=True,
        context=True,
        says=f"rule group {name_of(arn)} has room for {more} more of its {capacity} rules",
    )


def name_of(arn: str) -> str:
    """Return the name in an ARN of Network Firewall."""
    return arn.rpartition("/")[2]
