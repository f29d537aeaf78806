"""An instance that CloudFront alone may reach: seen by boto3 before, after, and once it was taken back."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

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
    origin = {"DomainName": name, "CustomOriginConfig": custom}
    client("cloudfront").create_distribution(DistributionConfig=distribution_config(ASKED["target"], origin))
    return group


def distribution_config(target: str, origin: Json) -> Json:
    """A distribution of one host name with one origin."""
    behaviour: Json = {"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all", "MinTTL": 0}
    behaviour["ForwardedValues"] = {"QueryString": False, "Cookies": {"Forward": "none"}}
    return {
        "CallerReference": target,
        "Comment": "",
        "Enabled": True,
        "Aliases": {"Quantity": 1, "Items": [target]},
        "Origins": {"Quantity": 1, "Items": [{"Id": "o", **origin}]},
        "DefaultCacheBehavior": behaviour,
    }


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


def internal_balancer() -> str:
    ec2, elbv2 = client("ec2"), client("elbv2")
    wanted = [{"Name": "tag:Name", "Values": ["edge-a", "edge-b"]}]
    subnets = ec2.describe_subnets(Filters=wanted)["Subnets"]
    group = ec2.create_security_group(GroupName="in", Description="in", VpcId=subnets[0]["VpcId"])["GroupId"]
    made = elbv2.create_load_balancer(
        Name="inner", Scheme="internal", Subnets=[one["SubnetId"] for one in subnets], SecurityGroups=[group]
    )
    arn: str = made["LoadBalancers"][0]["LoadBalancerArn"]
    return arn


def behind_a_vpc_origin(arn: str) -> Json:
    """Put a distribution in front of something private; returns the VPC origin."""
    cloudfront = client("cloudfront")
    endpoint = {"Name": "v", "Arn": arn, "HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"}
    origin = cloudfront.create_vpc_origin(VpcOriginEndpointConfig=endpoint)["VpcOrigin"]
    private = {"DomainName": "inner.internal", "VpcOriginConfig": {"VpcOriginId": origin["Id"]}}
    cloudfront.create_distribution(DistributionConfig=distribution_config("inner.example.com", private))
    return origin


def test_a_vpc_origin_needs_no_lock_and_that_is_said(world: World) -> None:
    cloudfront, arn = client("cloudfront"), internal_balancer()
    origin = behind_a_vpc_origin(arn)
    (listed,) = cloudfront.list_vpc_origins()["VpcOriginList"]["Items"]
    assert (listed["Id"], listed["OriginEndpointArn"]) == (origin["Id"], arn)
    assert cloudfront.get_vpc_origin(Id=origin["Id"])["VpcOrigin"]["Arn"] == origin["Arn"]
    plan = world.plan("lock-origin", {"target": "inner.example.com"})
    assert (plan.changes, plan.warnings) == ((), ())
    said = "application load balancer inner (a VPC origin, which CloudFront alone reaches)"
    assert plan.foretold == (f"nothing to lock; no lock is needed for {said}",)
    block = world.plan("block-ip", {"target": "inner.example.com", "addresses": ["203.0.113.9"]})
    assert {one.service for one in block.changes} == {"wafv2", "cloudfront"}, "at the distribution alone"


def test_who_reaches_a_vpc_origin_besides_is_named(world: World) -> None:
    arn = internal_balancer()
    behind_a_vpc_origin(arn)
    public = client("elbv2").describe_load_balancers(Names=["api-nlb"])["LoadBalancers"][0]
    group = client("elbv2").create_target_group(
        Name="to-inner", Protocol="TCP", Port=80, VpcId=public["VpcId"], TargetType="alb"
    )["TargetGroups"][0]["TargetGroupArn"]
    client("elbv2").register_targets(TargetGroupArn=group, Targets=[{"Id": arn, "Port": 80}])
    client("elbv2").create_listener(
        LoadBalancerArn=public["LoadBalancerArn"],
        Protocol="TCP",
        Port=8080,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    (told,) = world.plan("lock-origin", {"target": "inner.example.com"}).foretold
    assert "application load balancer inner (a VPC origin; api-nlb > to-inner > inner reaches it as well)" in told


def test_a_vpc_origin_leads_to_what_is_there_and_is_one_of_twenty_five(world: World) -> None:
    cloudfront, arn = client("cloudfront"), internal_balancer()
    endpoint = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"}

    def made(name: str, to: str = arn) -> None:
        cloudfront.create_vpc_origin(VpcOriginEndpointConfig=endpoint | {"Name": name, "Arn": to})

    for name, to, code in (("a", f"{arn}0", "InvalidArgument"), ("v", arn, ""), ("v", arn, "EntityAlreadyExists")):
        if code:
            with pytest.raises(ClientError, match=code):
                made(name, to)
        else:
            made(name, to)
    with pytest.raises(ClientError, match="EntityNotFound"):
        cloudfront.get_vpc_origin(Id="vo_none")
    for number in range(24):
        made(f"n{number}")
    with pytest.raises(ClientError, match="EntityLimitExceeded"):
        made("more")
