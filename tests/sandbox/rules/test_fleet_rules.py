"""Placement groups, adapters and agents by AWS's rules (facts about tuning, sections 1 to 4)."""

from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.sandbox.worlds.hpc import make_fleet
from tests.kit.groups import refused
from tests.kit.moto_account import client, fresh_world


@pytest.fixture(autouse=True)
def ec2() -> Iterator[Any]:
    """An account with the six instances."""
    with fresh_world(make_fleet):
        yield client("ec2")


def named(ec2: Any, name: str) -> Any:
    found = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": [name]}])
    return found["Reservations"][0]["Instances"][0]


def efa(ec2: Any, kind: str = "efa-only") -> str:
    subnet = named(ec2, "hpc-1")["SubnetId"]
    made: str = ec2.create_network_interface(SubnetId=subnet, InterfaceType=kind)["NetworkInterface"][
        "NetworkInterfaceId"
    ]
    return made


def test_a_placement_group_is_made_once_described_and_deleted_when_it_is_empty(ec2: Any) -> None:
    ec2.create_placement_group(GroupName="far", Strategy="spread")
    refused("InvalidPlacementGroup.Duplicate", ec2.create_placement_group, GroupName="far", Strategy="spread")
    found = ec2.describe_placement_groups(Filters=[{"Name": "strategy", "Values": ["spread"]}])["PlacementGroups"]
    assert [(one["GroupName"], one["State"], one["SpreadLevel"]) for one in found] == [
        ("far", "available", "rack")
    ]
    ec2.delete_placement_group(GroupName="far")
    refused("InvalidPlacementGroup.Unknown", ec2.describe_placement_groups, GroupNames=["far"])
    refused("InvalidPlacementGroup.InUse", ec2.delete_placement_group, GroupName="hpc")


def test_a_cluster_placement_group_takes_no_burstable_type(ec2: Any) -> None:
    image = named(ec2, "hpc-1")["ImageId"]
    given = {"ImageId": image, "MinCount": 1, "MaxCount": 1, "Placement": {"GroupName": "hpc"}}
    refused("InvalidParameterCombination", ec2.run_instances, **given, InstanceType="t2.micro")
    given["Placement"] = {"GroupName": "nowhere"}
    refused("InvalidPlacementGroup.Unknown", ec2.run_instances, **given, InstanceType="m5.large")


def test_the_adapter_changes_on_a_stopped_instance_only(ec2: Any) -> None:
    id_ = named(ec2, "hpc-4")["InstanceId"]
    switch = {"InstanceId": id_, "EnaSupport": {"Value": True}}
    refused("IncorrectInstanceState", ec2.modify_instance_attribute, **switch)
    ec2.stop_instances(InstanceIds=[id_])
    both = {**switch, "SriovNetSupport": {"Value": "simple"}}
    refused("InvalidParameterCombination", ec2.modify_instance_attribute, **both)
    ec2.modify_instance_attribute(**switch)
    assert named(ec2, "hpc-4")["EnaSupport"] is True


def test_an_efa_goes_to_a_stopped_instance_of_a_type_that_takes_one(ec2: Any) -> None:
    at: dict[str, Any] = {"DeviceIndex": 1, "NetworkCardIndex": 0}
    node, old = named(ec2, "hpc-2")["InstanceId"], named(ec2, "hpc-4")["InstanceId"]
    adapter = efa(ec2)
    given: dict[str, Any] = {"NetworkInterfaceId": adapter, **at}
    refused("UnsupportedOperation", ec2.attach_network_interface, InstanceId=old, **given)
    refused("IncorrectState", ec2.attach_network_interface, InstanceId=node, **given)
    ec2.stop_instances(InstanceIds=[node])
    wrong = {**given, "NetworkCardIndex": 1}
    refused("AttachmentLimitExceeded", ec2.attach_network_interface, InstanceId=node, **wrong)
    ec2.attach_network_interface(InstanceId=node, **given)
    assert [nic["InterfaceType"] for nic in named(ec2, "hpc-2")["NetworkInterfaces"]] == ["interface", "efa-only"]


def test_an_agent_is_listed_by_its_role_and_lost_when_its_instance_stops(ec2: Any) -> None:
    ids = [named(ec2, name)["InstanceId"] for name in ("hpc-1", "hpc-2", "hpc-5")]
    ec2.stop_instances(InstanceIds=ids[1:2])
    told = client("ssm").describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": ids}])
    states = {one["InstanceId"]: one["PingStatus"] for one in told["InstanceInformationList"]}
    assert states == {ids[0]: "Online", ids[1]: "ConnectionLost"}
