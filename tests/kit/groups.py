"""Auto Scaling groups for tests: a network of two zones, a launch template, and a group of one."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from opsctl.model.value import Json
from opsctl.sandbox.worlds.network import IMAGE
from tests.kit.moto_account import client

LAUNCH, TERMINATE = "autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"


def refused(code: str, call: Any, /, says: str = "", **params: Any) -> None:
    """Expect a call to fail with a code, in these words."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    assert (error["Code"], says in error["Message"]) == (code, True), error


def subnets() -> list[str]:
    """Two subnets of one VPC, in zones a and b."""
    vpc = client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    return [
        client("ec2").create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")[
            "Subnet"
        ]["SubnetId"]
        for n, zone in enumerate("ab")
    ]


def template(name: str = "t", **more: Json) -> str:
    """A launch template."""
    data = {"ImageId": IMAGE, "InstanceType": "t3.small"} | more
    made = client("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    found: str = made["LaunchTemplate"]["LaunchTemplateId"]
    return found


def make_group(size: int = 1, hooks: tuple[str, ...] = (), **more: Any) -> str:
    """A group named g; returns its name."""
    asked = {
        "AutoScalingGroupName": "g",
        "MinSize": size,
        "MaxSize": 1,
        "VPCZoneIdentifier": more.pop("VPCZoneIdentifier", None) or ",".join(subnets()),
        "LifecycleHookSpecificationList": [
            {"LifecycleHookName": kind.rsplit("_", 1)[1].lower(), "LifecycleTransition": kind} for kind in hooks
        ],
    } | more
    if "LaunchTemplate" not in asked:
        asked["LaunchTemplate"] = {"LaunchTemplateId": template(), "Version": "1"}
    client("autoscaling").create_auto_scaling_group(**asked)
    return "g"


def group(name: str = "g") -> dict[str, Json]:
    """A group as AWS shows it."""
    found: dict[str, Json] = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ][0]
    return found


def states(name: str = "g") -> list[str]:
    """The lifecycle states of its members."""
    return [one["LifecycleState"] for one in group(name)["Instances"]]


def only(name: str = "g") -> str:
    """The id of its only member."""
    (one,) = group(name)["Instances"]
    found: str = one["InstanceId"]
    return found


def complete(instance: str, result: str, hook: str = "launching", name: str = "g") -> None:
    """Complete a lifecycle action."""
    client("autoscaling").complete_lifecycle_action(
        AutoScalingGroupName=name, LifecycleHookName=hook, InstanceId=instance, LifecycleActionResult=result
    )


def activities(name: str = "g") -> list[dict[str, Json]]:
    """The scaling activities, oldest first."""
    found: list[dict[str, Json]] = client("autoscaling").describe_scaling_activities(AutoScalingGroupName=name)[
        "Activities"
    ]
    return found[::-1]
