"""An Auto Scaling group of workers whose type takes an EFA, in one zone, that have none; for tests."""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.worlds.network import IMAGE

WORKERS = "workers"


def make_workers(clients: Callable[[str], Any], **more: Any) -> None:
    """Make a VPC with a subnet in one zone, a cluster placement group, and the group with two members."""
    ec2 = clients("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.40.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.40.0.0/24", AvailabilityZone="us-east-1a")["Subnet"]
    group = ec2.create_security_group(GroupName="workers", Description="of the workers", VpcId=vpc)["GroupId"]
    ec2.create_placement_group(GroupName="near", Strategy="cluster")
    data = {"ImageId": IMAGE, "InstanceType": "c5n.18xlarge", "SecurityGroupIds": [group]}
    template = ec2.create_launch_template(LaunchTemplateName="workers", LaunchTemplateData=data)
    asked = {
        "AutoScalingGroupName": WORKERS,
        "MinSize": 2,
        "MaxSize": 4,
        "VPCZoneIdentifier": subnet["SubnetId"],
        "LaunchTemplate": {"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"},
    }
    clients("autoscaling").create_auto_scaling_group(**asked | more)
