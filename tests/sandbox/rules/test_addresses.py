"""Elastic IPs by AWS's rules (facts about make-ha, section 5)."""

from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.sandbox.engine.conditions import AWS_LIKE, Conditions
from tests.kit.groups import refused, subnets
from tests.kit.moto_account import client
from tests.kit.timed import move, timed_world
from tests.kit.volumes import run_instance


@pytest.fixture(autouse=True)
def about() -> Iterator[Conditions]:
    with timed_world(durations=AWS_LIKE) as (_, about):
        yield about


def address() -> str:
    made: str = client("ec2").allocate_address(Domain="vpc")["AllocationId"]
    return made


def shown(allocation: str) -> dict[str, Any]:
    found: dict[str, Any] = client("ec2").describe_addresses(AllocationIds=[allocation])["Addresses"][0]
    return found


def nics(instance: str) -> list[dict[str, Any]]:
    found = client("ec2").describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    return sorted(found["NetworkInterfaces"], key=lambda nic: nic["Attachment"]["DeviceIndex"])


def test_a_pending_instance_takes_no_address(about: Conditions) -> None:
    allocation, instance = address(), run_instance()
    nic = nics(instance)[0]["NetworkInterfaceId"]
    associate = client("ec2").associate_address
    says = f"pending-instance-creation instance to which '{nic}'"
    refused("IncorrectInstanceState", associate, says=says, AllocationId=allocation, NetworkInterfaceId=nic)
    move(about, 20)
    associate(AllocationId=allocation, NetworkInterfaceId=nic)
    assert shown(allocation)["InstanceId"] == instance


def test_a_taken_address_moves_only_when_it_may_and_leaves_the_other(about: Conditions) -> None:
    allocation, old, new = address(), run_instance(), run_instance()
    move(about, 20)
    associate = client("ec2").associate_address
    associate(AllocationId=allocation, InstanceId=old)
    refused("Resource.AlreadyAssociated", associate, AllocationId=allocation, InstanceId=new)
    associate(AllocationId=allocation, InstanceId=new, AllowReassociation=True)
    assert shown(allocation)["InstanceId"] == new
    assert not nics(old)[0].get("Association")


def test_associating_again_changes_nothing(about: Conditions) -> None:
    allocation, instance = address(), run_instance()
    move(about, 20)
    first = client("ec2").associate_address(AllocationId=allocation, InstanceId=instance)
    again = client("ec2").associate_address(AllocationId=allocation, InstanceId=instance)
    assert first["AssociationId"] == again["AssociationId"]


def test_one_private_address_has_one_elastic_ip(about: Conditions) -> None:
    first, second, instance = address(), address(), run_instance()
    move(about, 20)
    associate = client("ec2").associate_address
    associate(AllocationId=first, InstanceId=instance)
    refused("Resource.AlreadyAssociated", associate, AllocationId=second, InstanceId=instance)
    associate(AllocationId=second, InstanceId=instance, AllowReassociation=True)
    assert not shown(first).get("AssociationId")


def test_with_several_interfaces_the_interface_has_to_be_named(about: Conditions) -> None:
    subnet = subnets()[0]
    specs = [{"DeviceIndex": n, "SubnetId": subnet} for n in (0, 1)]
    instance, allocation = run_instance(NetworkInterfaces=specs), address()
    move(about, 20)
    associate = client("ec2").associate_address
    refused("InvalidInstanceID", associate, AllocationId=allocation, InstanceId=instance)
    associate(AllocationId=allocation, NetworkInterfaceId=nics(instance)[1]["NetworkInterfaceId"])
    assert shown(allocation)["NetworkInterfaceId"] == nics(instance)[1]["NetworkInterfaceId"]


def test_an_address_goes_to_the_private_address_that_is_named(about: Conditions) -> None:
    allocation, instance = address(), run_instance()
    move(about, 20)
    nic = nics(instance)[0]["NetworkInterfaceId"]
    client("ec2").assign_private_ip_addresses(NetworkInterfaceId=nic, PrivateIpAddresses=["10.9.0.77"])
    target = {"AllocationId": allocation, "NetworkInterfaceId": nic}
    refused("InvalidParameterValue", client("ec2").associate_address, **target, PrivateIpAddress="10.9.0.99")
    client("ec2").associate_address(**target, PrivateIpAddress="10.9.0.77")
    assert shown(allocation)["PrivateIpAddress"] == "10.9.0.77"


def test_an_association_that_is_gone_is_named_in_the_error() -> None:
    call = client("ec2").disassociate_address
    refused("InvalidAssociationID.NotFound", call, AssociationId="eipassoc-0123456789abcdef0")
