"""A lone instance and its surroundings, as AWS answers: the shapes are those of recorded real answers."""

import copy
from collections.abc import Mapping

from opsctl.ha.checks.preflight_finding import Kind
from opsctl.ha.facts.ha_preflight import HaPreflight
from opsctl.ha.result import HaPreflightResult
from opsctl.model.value import Json
from tests.kit.canned import ABOUT, Canned, CannedReader, drive

ID = "i-0123456789abcdef0"
VPC, SUBNET, OTHER = "vpc-1", "subnet-a", "subnet-b"

INSTANCE: dict[str, Json] = {
    "InstanceId": ID,
    "ImageId": "ami-1",
    "InstanceType": "m7i.large",
    "State": {"Code": 16, "Name": "running"},
    "Placement": {"AvailabilityZone": "eu-west-1a", "GroupName": "", "Tenancy": "default"},
    "Monitoring": {"State": "disabled"},
    "VpcId": VPC,
    "SubnetId": SUBNET,
    "PrivateIpAddress": "10.0.0.10",
    "PublicIpAddress": "203.0.113.10",
    "RootDeviceName": "/dev/xvda",
    "RootDeviceType": "ebs",
    "SourceDestCheck": True,
    "EbsOptimized": True,
    "KeyName": "ops",
    "MetadataOptions": {"State": "applied", "HttpTokens": "required", "HttpEndpoint": "enabled"},
    "BlockDeviceMappings": [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeId": "vol-root", "DeleteOnTermination": True}},
        {"DeviceName": "/dev/sdf", "Ebs": {"VolumeId": "vol-data", "DeleteOnTermination": False}},
    ],
    "NetworkInterfaces": [
        {
            "NetworkInterfaceId": "eni-1",
            "InterfaceType": "interface",
            "Attachment": {"DeviceIndex": 0},
            "Groups": [{"GroupId": "sg-1", "GroupName": "web"}],
            "PrivateIpAddress": "10.0.0.10",
            "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": "10.0.0.10"}],
            "Ipv6Addresses": [],
        }
    ],
    "Tags": [{"Key": "Name", "Value": "legacy web"}, {"Key": "team", "Value": "shop"}],
}

_SUBNETS = [
    {
        "SubnetId": id_,
        "VpcId": VPC,
        "State": "available",
        "AvailabilityZone": f"eu-west-1{zone}",
        "AvailableIpAddressCount": 200,
        "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": f"2001:db8:0:{zone}::/64"}],
    }
    for id_, zone in ((SUBNET, "a"), (OTHER, "b"))
]
ROUTES: list[dict[str, Json]] = [
    {
        "RouteTableId": "rtb-1",
        "Associations": [{"Main": True}],
        "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}],
    }
]
ANSWERS: dict[str, Canned] = {
    "ec2.DescribeImages": {"Images": [{"ImageId": "ami-1", "State": "available"}]},
    "ec2.DescribeVolumes": {
        "Volumes": [
            {"VolumeId": "vol-root", "Size": 8, "VolumeType": "gp3", "Encrypted": False},
            {"VolumeId": "vol-data", "Size": 100, "VolumeType": "io2", "Iops": 9000, "Encrypted": False},
        ]
    },
    "ec2.DescribeAddresses": {
        "Addresses": [
            {
                "AllocationId": "eipalloc-1",
                "PublicIp": "203.0.113.10",
                "NetworkInterfaceId": "eni-1",
                "PrivateIpAddress": "10.0.0.10",
                "NetworkBorderGroup": "eu-west-1",
            }
        ]
    },
    "ec2.DescribeInstanceTypes": {
        "InstanceTypes": [
            {
                "InstanceType": "m7i.large",
                "Hypervisor": "nitro",
                "InstanceStorageSupported": False,
                "AutoRecoverySupported": True,
            }
        ]
    },
    "ec2.DescribeInstanceTypeOfferings": {
        "InstanceTypeOfferings": [{"Location": f"eu-west-1{zone}"} for zone in "abc"]
    },
    "ec2.DescribeSubnets": {"Subnets": _SUBNETS},
    "ec2.DescribeRouteTables": {"RouteTables": ROUTES},
    "ec2.DescribeNetworkAcls": {
        "NetworkAcls": [{"NetworkAclId": "acl-1", "Associations": [{"SubnetId": s} for s in (SUBNET, OTHER)]}]
    },
    "ec2.DescribeSecurityGroups": {"SecurityGroups": []},
    "ec2.DescribeInstanceAttribute userData": {"UserData": {}},
    "ec2.DescribeInstanceAttribute disableApiTermination": {"DisableApiTermination": {"Value": False}},
    "ec2.DescribeInstanceAttribute disableApiStop": {"DisableApiStop": {"Value": False}},
    "ec2.DescribeInstanceStatus": {"InstanceStatuses": [{"InstanceId": ID}]},
    "autoscaling.DescribeAutoScalingInstances": {"AutoScalingInstances": []},
    "elbv2.DescribeTargetGroups": {"TargetGroups": []},
    "elb.DescribeLoadBalancers": {"LoadBalancerDescriptions": []},
    "cloudwatch.DescribeAlarms": {"MetricAlarms": []},
    "route53.ListHostedZonesByVPC": {"HostedZoneSummaries": []},
    "autoscaling.DescribeAccountSettings": {"Settings": [{"Name": "launchBeforeTerminate", "Value": "false"}]},
    "ec2.GetEbsEncryptionByDefault": {"EbsEncryptionByDefault": False},
    "ec2.GetEbsDefaultKmsKeyId": {"KmsKeyId": "alias/aws/ebs"},
    "lambda.GetAccountSettings": {"AccountLimit": {"UnreservedConcurrentExecutions": 1000}},
}


def look_read(
    changes: Mapping[str, Json] | None = None, answers: Mapping[str, Canned] | None = None, **asked: Json
) -> tuple[HaPreflightResult, CannedReader]:
    """Look at the instance with some members changed and some answers replaced."""
    instance = copy.deepcopy(INSTANCE) | dict(changes or {})
    table = {"ec2.DescribeInstances": {"Reservations": [{"Instances": [instance]}]}, **ANSWERS, **(answers or {})}
    fact = HaPreflight.model_validate({"instance": ID, **asked})
    found, reader = drive(fact.read(ABOUT), table)
    assert isinstance(found, HaPreflightResult)
    return found, reader


def look(
    changes: Mapping[str, Json] | None = None, answers: Mapping[str, Canned] | None = None, **asked: Json
) -> HaPreflightResult:
    """Look at the instance, without the reader."""
    return look_read(changes, answers, **asked)[0]


def ids(found: HaPreflightResult, kind: Kind) -> set[str]:
    """The names of the verdicts of a kind."""
    return {one.id for one in found.verdicts if one.kind == kind}
