"""The network worlds: shop, direct, api and legacy-web in one VPC, and their names in Route 53."""

from collections.abc import Callable
from typing import Any

from opsctl.model.value import Json, Value

Clients = Callable[[str], Any]

ZONE = "example.com"
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
IMAGE = "ami-785db401"


class Net(Value):
    """What the workloads share: the VPC, its subnets by name, and a security group open to the internet."""

    vpc: str
    subnets: dict[str, str]
    open_group: str
    inside_group: str
    image: str


def make_network(clients: Clients) -> Net:
    """Make a VPC with public subnets for load balancers, private ones for instances, and one for legacy-web."""
    ec2 = clients("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=_named("prod"))
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    subnets = {}
    for number, (name, zone) in enumerate(
        (
            ("edge-a", "a"),
            ("edge-b", "b"),
            ("direct-a", "a"),
            ("direct-b", "b"),
            ("api-a", "a"),
            ("api-b", "b"),
            ("apps-a", "a"),
            ("apps-b", "b"),
            ("legacy", "a"),
        )
    ):
        subnets[name] = ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=f"10.20.{number}.0/24",
            AvailabilityZone=f"us-east-1{zone}",
            TagSpecifications=[{"ResourceType": "subnet", "Tags": _named(name)}],
        )["Subnet"]["SubnetId"]
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    _own_acl(ec2, vpc, "edge", [subnets["edge-a"], subnets["edge-b"]])
    _own_acl(ec2, vpc, "direct", [subnets["direct-a"], subnets["direct-b"]])
    _own_acl(ec2, vpc, "public-shared", [subnets["api-a"], subnets["api-b"], subnets["legacy"]])
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnets["edge-a"], AllocationId=address)
    return Net(
        vpc=vpc,
        subnets=subnets,
        open_group=_group(ec2, vpc, "web-open", "0.0.0.0/0"),
        inside_group=_group(ec2, vpc, "apps-inside", "10.20.0.0/16"),
        image=IMAGE,
    )


def make_shop(clients: Clients, net: Net) -> Json:
    """CloudFront in front of an internet-facing ALB; returns the DNS record."""
    group = _group(clients("ec2"), net.vpc, "shop-edge", "0.0.0.0/0")
    balancer = _balancer(clients, net, "shop-alb", ["edge-a", "edge-b"], group=group)
    _serve(clients, net, balancer, "shop-web", ["shop-web-1", "shop-web-2"])
    distribution = clients("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": "shop",
            "Aliases": {"Quantity": 1, "Items": [f"shop.{ZONE}"]},
            "Comment": "web shop",
            "Enabled": True,
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {
                        "Id": "alb",
                        "DomainName": balancer["DNSName"],
                        "CustomOriginConfig": {
                            "HTTPPort": 80,
                            "HTTPSPort": 443,
                            "OriginProtocolPolicy": "https-only",
                        },
                    }
                ],
            },
            "DefaultCacheBehavior": {"TargetOriginId": "alb", "ViewerProtocolPolicy": "redirect-to-https"},
            "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        }
    )["Distribution"]
    return _alias(f"shop.{ZONE}", distribution["DomainName"], CLOUDFRONT_ZONE)


def make_direct(clients: Clients, net: Net) -> Json:
    """An ALB of its own behind a web ACL that the team keeps; returns the DNS record."""
    balancer = _balancer(clients, net, "direct-alb", ["direct-a", "direct-b"])
    _serve(clients, net, balancer, "direct-web", ["direct-web-1"])
    wafv2 = clients("wafv2")
    partners = wafv2.create_ip_set(
        Name="known-scanners",
        Scope="REGIONAL",
        Description="kept by the security team",
        IPAddressVersion="IPV4",
        Addresses=["198.51.100.200/32"],
    )["Summary"]
    acl = wafv2.create_web_acl(
        Name="direct-acl",
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        Description="direct shop",
        VisibilityConfig=_visible("direct-acl"),
        Rules=[
            {
                "Name": "known-scanners",
                "Priority": 5,
                "Statement": {"IPSetReferenceStatement": {"ARN": partners["ARN"]}},
                "Action": {"Block": {}},
                "VisibilityConfig": _visible("known-scanners"),
            },
            {
                "Name": "rate",
                "Priority": 10,
                "Statement": {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}},
                "Action": {"Block": {}},
                "VisibilityConfig": _visible("rate"),
            },
        ],
    )["Summary"]
    wafv2.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=balancer["LoadBalancerArn"])
    return _alias(f"direct.{ZONE}", f"dualstack.{balancer['DNSName']}", balancer["CanonicalHostedZoneId"])


def make_api(clients: Clients, net: Net) -> Json:
    """An NLB with instance targets, and a listener on ip targets beside it; returns the DNS record."""
    balancer = _balancer(clients, net, "api-nlb", ["api-a", "api-b"], kind="network")
    _serve(clients, net, balancer, "api-tcp", ["api-1", "api-2"], protocol="TCP", port=443)
    return _alias(f"api.{ZONE}", balancer["DNSName"], balancer["CanonicalHostedZoneId"])


def make_legacy(clients: Clients, net: Net) -> list[Json]:
    """A lone instance with an Elastic IP and a data volume; returns its DNS record."""
    ec2 = clients("ec2")
    instance = _instance(ec2, net, "legacy-web", "legacy", net.open_group)
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instance)
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=50, VolumeType="gp3")["VolumeId"]
    ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    ec2.create_tags(Resources=[volume], Tags=_named("legacy-web data"))
    record = {
        "Name": f"legacy.{ZONE}",
        "Type": "A",
        "TTL": 300,
        "ResourceRecords": [{"Value": address["PublicIp"]}],
    }
    return [record]


def make_zone(clients: Clients, records: list[Json]) -> None:
    """Make the public zone with these records."""
    route53 = clients("route53")
    zone = route53.create_hosted_zone(Name=ZONE, CallerReference="sandbox")["HostedZone"]["Id"]
    changes = [{"Action": "CREATE", "ResourceRecordSet": record} for record in records]
    changes.append(
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": f"www.{ZONE}",
                "Type": "CNAME",
                "TTL": 300,
                "ResourceRecords": [{"Value": f"shop.{ZONE}"}],
            },
        }
    )
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


def _own_acl(ec2: Any, vpc: str, name: str, subnets: list[str]) -> None:
    acl = ec2.create_network_acl(
        VpcId=vpc, TagSpecifications=[{"ResourceType": "network-acl", "Tags": _named(name)}]
    )["NetworkAcl"]["NetworkAclId"]
    for egress in (False, True):
        for number, family in ((100, {"CidrBlock": "0.0.0.0/0"}), (101, {"Ipv6CidrBlock": "::/0"})):
            ec2.create_network_acl_entry(
                NetworkAclId=acl, RuleNumber=number, Protocol="-1", RuleAction="allow", Egress=egress, **family
            )
    known = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"]
    associations = {a["SubnetId"]: a["NetworkAclAssociationId"] for one in known for a in one["Associations"]}
    for subnet in subnets:
        ec2.replace_network_acl_association(AssociationId=associations[subnet], NetworkAclId=acl)


def _group(ec2: Any, vpc: str, name: str, source: str) -> str:
    group: str = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": source}]}
            for port in (80, 443)
        ],
    )
    return group


def _balancer(
    clients: Clients, net: Net, name: str, subnets: list[str], kind: str = "application", group: str = ""
) -> dict[str, Json]:
    groups = {"SecurityGroups": [group or net.open_group]} if kind == "application" else {}
    balancer: dict[str, Json] = clients("elbv2").create_load_balancer(
        Name=name,
        Type=kind,
        Scheme="internet-facing",
        Subnets=[net.subnets[one] for one in subnets],
        Tags=_named(name),
        **groups,
    )["LoadBalancers"][0]
    return balancer


def _serve(
    clients: Clients,
    net: Net,
    balancer: dict[str, Json],
    group: str,
    instances: list[str],
    protocol: str = "HTTP",
    port: int = 80,
) -> None:
    elbv2, ec2 = clients("elbv2"), clients("ec2")
    target_group = elbv2.create_target_group(
        Name=group, Protocol=protocol, Port=port, VpcId=net.vpc, TargetType="instance"
    )["TargetGroups"][0]["TargetGroupArn"]
    zones = ("apps-a", "apps-b")
    # Targets of the NLB see the client's own address, so their security group has to let clients in.
    inside = net.inside_group if protocol == "HTTP" else net.open_group
    made = [_instance(ec2, net, name, zones[n % 2], inside) for n, name in enumerate(instances)]
    elbv2.register_targets(TargetGroupArn=target_group, Targets=[{"Id": one} for one in made])
    elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol=protocol,
        Port=port,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target_group}],
    )


def _instance(ec2: Any, net: Net, name: str, subnet: str, group: str) -> str:
    made: str = ec2.run_instances(
        ImageId=net.image,
        InstanceType="t3.small",
        MinCount=1,
        MaxCount=1,
        SubnetId=net.subnets[subnet],
        SecurityGroupIds=[group],
        TagSpecifications=[{"ResourceType": "instance", "Tags": _named(name)}],
    )["Instances"][0]["InstanceId"]
    return made


def _alias(name: str, target: str, zone: str) -> Json:
    return {
        "Name": name,
        "Type": "A",
        "AliasTarget": {"DNSName": target, "HostedZoneId": zone, "EvaluateTargetHealth": False},
    }


def _named(name: str) -> list[dict[str, str]]:
    return [{"Key": "Name", "Value": name}]


def _visible(metric: str) -> dict[str, Json]:
    return {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": metric}
