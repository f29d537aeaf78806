"""Instances take time, need capacity and have status checks."""

from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.sandbox.engine.conditions import AWS_LIKE, Conditions
from opsctl.sandbox.worlds.network import IMAGE
from tests.kit.groups import refused, subnets
from tests.kit.moto_account import client
from tests.kit.timed import move, timed_world


@pytest.fixture(autouse=True)
def about() -> Iterator[Conditions]:
    with timed_world(durations=AWS_LIKE) as (_, about):
        yield about


def run(subnet: str | None = None) -> str:
    made: str = client("ec2").run_instances(
        ImageId=IMAGE, InstanceType="t3.small", MinCount=1, MaxCount=1, SubnetId=subnet or subnets()[0]
    )["Instances"][0]["InstanceId"]
    return made


def shown(instance: str) -> dict[str, Any]:
    found: dict[str, Any] = client("ec2").describe_instances(InstanceIds=[instance])["Reservations"][0][
        "Instances"
    ][0]
    return found


def state(instance: str) -> str:
    name: str = shown(instance)["State"]["Name"]
    return name


def checks(instance: str) -> tuple[str, str]:
    (found,) = client("ec2").describe_instance_status(InstanceIds=[instance], IncludeAllInstances=True)[
        "InstanceStatuses"
    ]
    return found["InstanceStatus"]["Status"], found["SystemStatus"]["Status"]


def test_an_instance_is_pending_then_running_then_checked(about: Conditions) -> None:
    instance = run()
    assert (state(instance), checks(instance)) == ("pending", ("not-applicable", "not-applicable"))
    move(about, 20)
    assert (state(instance), checks(instance)) == ("running", ("initializing", "initializing"))
    move(about, 120)
    assert checks(instance) == ("ok", "ok")


def test_stopping_and_starting_take_their_time(about: Conditions) -> None:
    instance = run()
    refused("IncorrectInstanceState", client("ec2").stop_instances, InstanceIds=[instance])
    move(about, 20)
    client("ec2").stop_instances(InstanceIds=[instance])
    assert state(instance) == "stopping"
    refused("IncorrectInstanceState", client("ec2").start_instances, InstanceIds=[instance])
    move(about, 30)
    assert state(instance) == "stopped"
    client("ec2").start_instances(InstanceIds=[instance])
    move(about, 20)
    assert state(instance) == "running"


def test_stopping_what_is_stopping_changes_nothing_and_what_is_gone_is_refused(about: Conditions) -> None:
    instance = run()
    move(about, 20)
    client("ec2").stop_instances(InstanceIds=[instance])
    client("ec2").stop_instances(InstanceIds=[instance])
    client("ec2").terminate_instances(InstanceIds=[instance])
    refused("IncorrectInstanceState", client("ec2").stop_instances, InstanceIds=[instance])
    move(about, 40)
    assert state(instance) == "terminated"


def test_a_dying_instance_holds_its_volume_and_address_until_it_is_gone(about: Conditions) -> None:
    instance = run()
    move(about, 20)
    about.faults.lingering[instance] = 600
    volume = client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=5, VolumeType="gp3")["VolumeId"]
    address = client("ec2").allocate_address(Domain="vpc")["AllocationId"]
    client("ec2").associate_address(AllocationId=address, InstanceId=instance)
    move(about, 10)
    client("ec2").attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    client("ec2").terminate_instances(InstanceIds=[instance])
    move(about, 599)
    assert state(instance) == "shutting-down"
    assert client("ec2").describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "in-use"
    assert client("ec2").describe_addresses()["Addresses"][0]["InstanceId"] == instance
    move(about, 1)
    assert state(instance) == "terminated"
    assert client("ec2").describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "available"
    assert not client("ec2").describe_addresses()["Addresses"][0].get("InstanceId")


def test_delete_on_termination_is_honoured_once_it_is_set(about: Conditions) -> None:
    instance = run()
    move(about, 20)
    (root,) = shown(instance)["BlockDeviceMappings"]
    assert root["Ebs"]["DeleteOnTermination"] is True
    mapping = {"DeviceName": root["DeviceName"], "Ebs": {"DeleteOnTermination": False}}
    client("ec2").modify_instance_attribute(InstanceId=instance, BlockDeviceMappings=[mapping])
    client("ec2").terminate_instances(InstanceIds=[instance])
    move(about, 60)
    assert (
        client("ec2").describe_volumes(VolumeIds=[root["Ebs"]["VolumeId"]])["Volumes"][0]["State"] == "available"
    )


def test_a_device_that_is_not_there_cannot_be_modified() -> None:
    mapping = {"DeviceName": "/dev/sdz", "Ebs": {"DeleteOnTermination": False}}
    call = client("ec2").modify_instance_attribute
    refused("InvalidInstanceAttributeValue", call, InstanceId=run(), BlockDeviceMappings=[mapping])


def test_a_zone_without_capacity_launches_and_starts_nothing(about: Conditions) -> None:
    nets = subnets()
    instance = run(nets[0])
    move(about, 20)
    client("ec2").stop_instances(InstanceIds=[instance])
    move(about, 30)
    about.faults.no_capacity.add("us-east-1a")
    launch: dict[str, Any] = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1, "SubnetId": nets[0]}
    refused("InsufficientInstanceCapacity", client("ec2").run_instances, **launch)
    refused("InsufficientInstanceCapacity", client("ec2").start_instances, InstanceIds=[instance])
    assert state(run(nets[1])) == "pending"


def test_nothing_completes_in_a_dark_zone_and_nobody_knows_how_its_instances_are(about: Conditions) -> None:
    instance = run()
    move(about, 300)
    about.faults.dark_zones.add("us-east-1a")
    assert (state(instance), checks(instance)) == ("running", ("insufficient-data", "insufficient-data"))
    client("ec2").terminate_instances(InstanceIds=[instance])
    move(about, 3600)
    assert state(instance) == "shutting-down"
    about.faults.dark_zones.clear()
    move(about, 60)
    assert state(instance) == "terminated"


def test_an_impaired_instance_fails_its_own_check_and_not_the_systems(about: Conditions) -> None:
    instance = run()
    move(about, 300)
    about.faults.impaired.add(instance)
    assert checks(instance) == ("impaired", "ok")


def test_a_stop_protected_instance_is_neither_stopped_nor_terminated_by_a_call(about: Conditions) -> None:
    ec2, instance = client("ec2"), run()
    move(about, 20)
    ec2.modify_instance_attribute(InstanceId=instance, DisableApiStop={"Value": True})
    refused("OperationNotPermitted", ec2.stop_instances, InstanceIds=[instance])
    refused("OperationNotPermitted", ec2.stop_instances, InstanceIds=[instance], Force=True)
    refused("OperationNotPermitted", ec2.terminate_instances, InstanceIds=[instance])
    ec2.modify_instance_attribute(InstanceId=instance, DisableApiStop={"Value": False})
    ec2.terminate_instances(InstanceIds=[instance])
    assert state(instance) == "shutting-down"
