"""An instance behind AWS Network Firewall: routes lead through it, and its rule group has room for drops."""

from collections.abc import Callable
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.worlds.network import IMAGE, ZONE

Clients = Callable[[str], Any]
NAME = "vault-web"
_FORWARD = ["aws:forward_to_sfe"]
_ALERT: Json = {
    "Action": "ALERT",
    "Header": {
        "Protocol": "TCP",
        "Source": "ANY",
        "SourcePort": "ANY",
        "Direction": "FORWARD",
        "Destination": "ANY",
        "DestinationPort": "ANY",
    },
    "RuleOptions": [{"Keyword": "sid", "Settings": ["1"]}],
}


def make_inspected(clients: Clients) -> Json:
    """Make the instance in a subnet of its own, and the firewall in front of it; returns its DNS record."""
    ec2 = clients("ec2")
    subnets = ec2.describe_subnets(Filters=[{"Name": "tag:Name", "Values": ["legacy"]}])["Subnets"]
    vpc = subnets[0]["VpcId"]
    subnet = _subnet(ec2, vpc, "vault", "10.20.220.0/24")
    group = ec2.create_security_group(GroupName=NAME, Description=NAME, VpcId=vpc)["GroupId"]
    web = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[web])
    instance = ec2.run_instances(
        ImageId=IMAGE,
        InstanceType="t3.small",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        SecurityGroupIds=[group],
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": NAME}]}],
    )["Instances"][0]["InstanceId"]
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instance)
    _lead_through(ec2, vpc, subnet, _firewall(clients, vpc))
    return {
        "Name": f"vault.{ZONE}",
        "Type": "A",
        "TTL": 300,
        "ResourceRecords": [{"Value": address["PublicIp"]}],
    }


def _subnet(ec2: Any, vpc: str, name: str, cidr: str) -> str:
    made: str = ec2.create_subnet(
        VpcId=vpc,
        CidrBlock=cidr,
        AvailabilityZone="us-east-1a",
        TagSpecifications=[{"ResourceType": "subnet", "Tags": [{"Key": "Name", "Value": name}]}],
    )["Subnet"]["SubnetId"]
    return made


def _firewall(clients: Clients, vpc: str) -> str:
    """A firewall with one rule group of 5-tuple rules; returns its endpoint."""
    firewall = clients("network-firewall")
    group = firewall.create_rule_group(
        RuleGroupName="vault-rules",
        Type="STATEFUL",
        Capacity=100,
        RuleGroup={"RulesSource": {"StatefulRules": [_ALERT]}},
        Description="rules of the vault",
    )["RuleGroupResponse"]["RuleGroupArn"]
    policy = firewall.create_firewall_policy(
        FirewallPolicyName="vault",
        FirewallPolicy={
            "StatelessDefaultActions": _FORWARD,
            "StatelessFragmentDefaultActions": _FORWARD,
            "StatefulRuleGroupReferences": [{"ResourceArn": group}],
        },
    )["FirewallPolicyResponse"]["FirewallPolicyArn"]
    inside = _subnet(clients("ec2"), vpc, "vault-firewall", "10.20.221.0/28")
    firewall.create_firewall(
        FirewallName="vault-firewall",
        FirewallPolicyArn=policy,
        VpcId=vpc,
        SubnetMappings=[{"SubnetId": inside}],
    )
    told = firewall.describe_firewall(FirewallName="vault-firewall")["FirewallStatus"]["SyncStates"]
    (state,) = told.values()
    endpoint: str = state["Attachment"]["EndpointId"]
    return endpoint


def _lead_through(ec2: Any, vpc: str, subnet: str, endpoint: str) -> None:
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", VpcEndpointId=endpoint)
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
