"""A Network Firewall in front of legacy-web: endpoint, routes, policy and rule groups in the sandbox's VPC."""

from collections.abc import Callable, Sequence
from typing import Any

from opsctl.model.value import Json
from tests.kit.moto_account import client

FORWARD = ["aws:forward_to_sfe"]
STRICT: Json = {"RuleOrder": "STRICT_ORDER"}


def stateful(action: str, source: str, sid: int, **header: str) -> Json:
    """A rule of a rule group, as AWS writes it."""
    plain = {
        "Protocol": "TCP",
        "Source": source,
        "SourcePort": "ANY",
        "Direction": "FORWARD",
        "Destination": "ANY",
        "DestinationPort": "ANY",
    }
    options = [{"Keyword": "sid", "Settings": [str(sid)]}]
    return {"Action": action, "Header": plain | header, "RuleOptions": options}


ALERT = stateful("ALERT", "ANY", 1)


def rule_group(
    name: str, source: Json, *, capacity: int = 10, strict: bool = True, tags: Sequence[Json] = ()
) -> str:
    """Make a stateful rule group; returns its ARN."""
    made = client("network-firewall").create_rule_group(
        RuleGroupName=name,
        Type="STATEFUL",
        Capacity=capacity,
        RuleGroup={"RulesSource": source, **({"StatefulRuleOptions": STRICT} if strict else {})},
        Description=f"rules of {name}",
        **({"Tags": list(tags)} if tags else {}),
    )
    return str(made["RuleGroupResponse"]["RuleGroupArn"])


def policy(*groups: str, strict: bool = True, **more: Json) -> str:
    """Make a policy with these stateful groups in this order; returns its ARN."""
    references: list[Json] = [
        {"ResourceArn": arn, **({"Priority": 100 * number} if strict else {})}
        for number, arn in enumerate(groups, start=1)
    ]
    plain: Json = {
        "StatelessDefaultActions": FORWARD,
        "StatelessFragmentDefaultActions": FORWARD,
        "StatefulRuleGroupReferences": references,
        **({"StatefulEngineOptions": STRICT} if strict else {}),
    }
    made = client("network-firewall").create_firewall_policy(
        FirewallPolicyName="edge", FirewallPolicy=plain | more
    )
    return str(made["FirewallPolicyResponse"]["FirewallPolicyArn"])


def firewall_in_front(of: str, policy_arn: str) -> str:
    """Put a firewall in the way to a subnet, by its Name tag; returns the endpoint."""
    ec2 = client("ec2")
    subnet = ec2.describe_subnets(Filters=[{"Name": "tag:Name", "Values": [of]}])["Subnets"][0]
    inside = ec2.create_subnet(VpcId=subnet["VpcId"], CidrBlock="10.20.200.0/28")["Subnet"]["SubnetId"]
    client("network-firewall").create_firewall(
        FirewallName="edge-firewall",
        FirewallPolicyArn=policy_arn,
        VpcId=subnet["VpcId"],
        SubnetMappings=[{"SubnetId": inside}],
    )
    told = client("network-firewall").describe_firewall(FirewallName="edge-firewall")
    (state,) = told["FirewallStatus"]["SyncStates"].values()
    endpoint = str(state["Attachment"]["EndpointId"])
    table = ec2.create_route_table(VpcId=subnet["VpcId"])["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", VpcEndpointId=endpoint)
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet["SubnetId"])
    return endpoint


def make_inspected(clients: Callable[[str], Any]) -> None:
    """Put a firewall with room for drops in front of legacy-web."""
    group = rule_group("drops", {"StatefulRules": [ALERT]}, strict=False)
    firewall_in_front("legacy", policy(group, strict=False))


def group_named(name: str) -> Json:
    """A rule group, as AWS describes it, without its token."""
    found = client("network-firewall").describe_rule_group(RuleGroupName=name)
    return {one: found[one] for one in ("RuleGroup", "RuleGroupResponse")}
