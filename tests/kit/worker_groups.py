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


ENVIRONMENT = "hpc"


def make_environment(clients: Callable[[str], Any], **more: Any) -> dict[str, Any]:
    """Make a Batch environment of a type that takes an EFA, without one; returns what it was made with."""
    ec2, iam = clients("ec2"), clients("iam")
    vpc = ec2.create_vpc(CidrBlock="10.50.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.50.0.0/24", AvailabilityZone="us-east-1a")["Subnet"]
    group = ec2.create_security_group(GroupName="jobs", Description="of the jobs", VpcId=vpc)["GroupId"]
    if not ec2.describe_placement_groups(Filters=[{"Name": "group-name", "Values": ["near"]}])["PlacementGroups"]:
        ec2.create_placement_group(GroupName="near", Strategy="cluster")
    template = ec2.create_launch_template(LaunchTemplateName="jobs", LaunchTemplateData={"ImageId": IMAGE})
    role = iam.create_service_linked_role(AWSServiceName="batch.amazonaws.com")["Role"]["Arn"]
    trust = '{"Version": "2012-10-17", "Statement": []}'
    iam.create_role(RoleName="ecsInstanceRole", AssumeRolePolicyDocument=trust)
    profile = iam.create_instance_profile(InstanceProfileName="ecsInstanceRole")["InstanceProfile"]["Arn"]
    iam.add_role_to_instance_profile(InstanceProfileName="ecsInstanceRole", RoleName="ecsInstanceRole")
    resources = {
        "type": "EC2",
        "allocationStrategy": "BEST_FIT_PROGRESSIVE",
        "minvCpus": 0,
        "maxvCpus": 256,
        "instanceTypes": ["c5n.18xlarge"],
        "subnets": [subnet["SubnetId"]],
        "securityGroupIds": [group],
        "instanceRole": profile,
        "launchTemplate": {"launchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"], "version": "1"},
    } | more
    clients("batch").create_compute_environment(
        computeEnvironmentName=ENVIRONMENT,
        type="MANAGED",
        state="ENABLED",
        serviceRole=role,
        computeResources=resources,
    )
    return resources
