"""An instance that CloudFront alone may reach: seen by boto3 before, after, and once it was taken back."""

from collections.abc import Iterator

import pytest

from opsctl.model.value import Json
from opsctl.sandbox.worlds.seeding import seed_network
from tests.block.actions.test_lock_origin import done, edge
from tests.kit.ha_account import undo
from tests.kit.moto_account import World, client, fresh_world, state

ASKED = {"target": "lone.example.com"}


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


def instance_behind_a_distribution(*ports: int) -> str:
    """Run one with an Elastic IP, open at these ports, behind a distribution; returns its security group."""
    ec2 = client("ec2")
    subnet = ec2.describe_subnets(Filters=[{"Name": "tag:Name", "Values": ["edge-a"]}])["Subnets"][0]
    group: str = ec2.create_security_group(GroupName="lone", Description="lone", VpcId=subnet["VpcId"])["GroupId"]
    for port in ports:
        everybody = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        opened = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **everybody}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[opened])
    made = ec2.create_network_interface(SubnetId=subnet["SubnetId"], Groups=[group])["NetworkInterface"]
    address = ec2.allocate_address(Domain="vpc")
    interface = made["NetworkInterfaceId"]
    ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=interface)
    name = f"ec2-{address['PublicIp'].replace('.', '-')}.compute-1.amazonaws.com"
    custom = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"}
    behaviour: Json = {"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all", "MinTTL": 0}
    behaviour["ForwardedValues"] = {"QueryString": False, "Cookies": {"Forward": "none"}}
    client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": "lone",
            "Comment": "",
            "Enabled": True,
            "Aliases": {"Quantity": 1, "Items": [ASKED["target"]]},
            "Origins": {"Quantity": 1, "Items": [{"Id": "o", "DomainName": name, "CustomOriginConfig": custom}]},
            "DefaultCacheBehavior": behaviour,
        }
    )
    return group


def sources(group: str) -> set[tuple[int, str]]:
    filters = [{"Name": "group-id", "Values": [group]}]
    found = client("ec2").describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    return {(r["FromPort"], r.get("CidrIpv4") or r["PrefixListId"]) for r in found if not r["IsEgress"]}


def test_the_port_that_cloudfront_connects_to_is_locked_and_no_other_and_undo_opens_it(world: World) -> None:
    group = instance_behind_a_distribution(80, 22)
    before = state()
    plan = world.plan("lock-origin", ASKED)
    assert [one.evidence for one in plan.warnings if one.id == "stays-admitted"] == [
        (f"0.0.0.0/0 to tcp/22 (security group {group}), where CloudFront does not connect",)
    ]
    journal = done(plan, world)
    assert sources(group) == {(80, edge()), (22, "0.0.0.0/0")}
    assert world.plan("lock-origin", ASKED).changes == ()
    undo(plan, world, journal)
    assert state() == before


def test_a_block_names_the_instance_as_a_bypass_with_the_ports_and_the_command(world: World) -> None:
    instance_behind_a_distribution(80, 22)
    plan = world.plan("block-ip", ASKED | {"addresses": ["203.0.113.9"]})
    (told,) = [one for one in plan.warnings if one.id == "bypass"]
    assert " at tcp/22, tcp/80; " in told.evidence[0] or " at tcp/80, tcp/22; " in told.evidence[0]
    assert "opsctl lock-origin lone.example.com" in told.evidence[0]
