"""Interfaces by AWS's rules: cards and devices, EFA, ENA Express, addresses (facts about tuning)."""

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


def interface(ec2: Any, **more: Any) -> str:
    made = ec2.create_network_interface(SubnetId=named(ec2, "hpc-1")["SubnetId"], **more)
    id_: str = made["NetworkInterface"]["NetworkInterfaceId"]
    return id_


def stopped(ec2: Any, name: str) -> str:
    id_: str = named(ec2, name)["InstanceId"]
    ec2.stop_instances(InstanceIds=[id_])
    return id_


def attach(ec2: Any, instance: str, kind: str = "efa-only", *, card: int, device: int) -> dict[str, Any]:
    more = {"InterfaceType": kind} if kind else {}
    where = {"NetworkCardIndex": card, "DeviceIndex": device}
    return {"InstanceId": instance, "NetworkInterfaceId": interface(ec2, **more), **where}


def test_an_efa_only_interface_has_no_address_and_takes_none(ec2: Any) -> None:
    made = ec2.create_network_interface(SubnetId=named(ec2, "hpc-1")["SubnetId"], InterfaceType="efa-only")
    nic = made["NetworkInterface"]
    assert (nic["InterfaceType"], nic.get("PrivateIpAddress"), nic["PrivateIpAddresses"]) == ("efa-only", None, [])
    given = {"SubnetId": nic["SubnetId"], "InterfaceType": "efa-only", "PrivateIpAddress": "10.30.0.77"}
    refused("InvalidParameterCombination", ec2.create_network_interface, **given)


def test_a_token_makes_one_interface(ec2: Any) -> None:
    assert interface(ec2, ClientToken="t-1") == interface(ec2, ClientToken="t-1")
    assert interface(ec2, ClientToken="t-2") != interface(ec2, ClientToken="t-1")


def test_each_card_has_devices_of_its_own_and_one_efa_at_most(ec2: Any) -> None:
    node = stopped(ec2, "hpc-3")
    taken = "already has an interface attached at device index '0'"
    refused(
        "InvalidParameterValue", ec2.attach_network_interface, taken, **attach(ec2, node, "", card=0, device=0)
    )
    ec2.attach_network_interface(**attach(ec2, node, card=1, device=0))
    told = [
        (nic["InterfaceType"], nic["Attachment"]["NetworkCardIndex"], nic["Attachment"]["DeviceIndex"])
        for nic in named(ec2, "hpc-3")["NetworkInterfaces"]
    ]
    assert told == [("interface", 0, 0), ("efa-only", 1, 0)]
    again = attach(ec2, node, card=1, device=1)
    refused("AttachmentLimitExceeded", ec2.attach_network_interface, "Network card 1", **again)
    refused("InvalidParameterValue", ec2.attach_network_interface, **attach(ec2, node, "", card=2, device=1))


def test_a_card_takes_as_many_interfaces_as_its_type_says(ec2: Any) -> None:
    """c4.8xlarge has one card of eight interfaces (DescribeInstanceTypes)."""
    node = stopped(ec2, "hpc-5")
    for device in range(1, 8):
        ec2.attach_network_interface(**attach(ec2, node, "", card=0, device=device))
    refused("AttachmentLimitExceeded", ec2.attach_network_interface, **attach(ec2, node, "", card=0, device=8))


def test_a_card_that_takes_no_efa_refuses_one_at_launch(ec2: Any) -> None:
    """p6-b300.48xlarge: card 0 takes ENA alone, the others an EFA each (DescribeInstanceTypes)."""
    like = named(ec2, "hpc-1")
    launch = {"ImageId": like["ImageId"], "InstanceType": "p6-b300.48xlarge", "MinCount": 1, "MaxCount": 1}
    plain = {"DeviceIndex": 0, "SubnetId": like["SubnetId"]}
    first = [{**plain, "InterfaceType": "efa"}]
    refused("AttachmentLimitExceeded", ec2.run_instances, **launch, NetworkInterfaces=first)
    second = {**plain, "NetworkCardIndex": 1, "InterfaceType": "efa-only"}
    made = ec2.run_instances(**launch, NetworkInterfaces=[plain, second])["Instances"][0]
    assert [nic["InterfaceType"] for nic in made["NetworkInterfaces"]] == ["interface", "efa-only"]
    public = [{**plain, "AssociatePublicIpAddress": True}, second]
    refused("InvalidParameterCombination", ec2.run_instances, **launch, NetworkInterfaces=public)


def test_an_efa_stays_while_its_instance_runs_and_the_primary_interface_always(ec2: Any) -> None:
    primary, efa = named(ec2, "hpc-1")["NetworkInterfaces"]
    detach = {"AttachmentId": efa["Attachment"]["AttachmentId"]}
    refused("IncorrectState", ec2.detach_network_interface, **detach)
    stopped(ec2, "hpc-1")
    first = primary["Attachment"]["AttachmentId"]
    refused("OperationNotPermitted", ec2.detach_network_interface, AttachmentId=first)
    in_use = {"NetworkInterfaceId": efa["NetworkInterfaceId"]}
    refused("InvalidParameterValue", ec2.delete_network_interface, "currently in use", **in_use)
    ec2.detach_network_interface(**detach)
    ec2.delete_network_interface(**in_use)


def test_an_interface_of_another_zone_is_refused(ec2: Any) -> None:
    node = stopped(ec2, "hpc-2")
    far = ec2.create_subnet(
        VpcId=named(ec2, "hpc-2")["VpcId"], CidrBlock="10.30.9.0/24", AvailabilityZone="us-east-1b"
    )["Subnet"]["SubnetId"]
    made = ec2.create_network_interface(SubnetId=far, InterfaceType="efa-only")["NetworkInterface"]
    given = {"InstanceId": node, "NetworkInterfaceId": made["NetworkInterfaceId"], "DeviceIndex": 1}
    refused("InvalidParameterCombination", ec2.attach_network_interface, "same availability zone", **given)


def test_what_an_attachment_keeps_is_set_one_at_a_time_and_ends_with_it(ec2: Any) -> None:
    node = stopped(ec2, "hpc-2")
    given = attach(ec2, node, card=0, device=1)
    of = ec2.attach_network_interface(**given)["AttachmentId"]
    nic = {"NetworkInterfaceId": given["NetworkInterfaceId"]}
    keep = {"AttachmentId": of, "DeleteOnTermination": True}
    both: dict[str, Any] = {"Attachment": keep, "Description": {"Value": "x"}}
    refused("InvalidParameterCombination", ec2.modify_network_interface_attribute, **nic, **both)
    wrong: dict[str, Any] = {"Attachment": {**keep, "AttachmentId": "eni-attach-0"}}
    refused("InvalidAttachmentID.NotFound", ec2.modify_network_interface_attribute, **nic, **wrong)
    ec2.modify_network_interface_attribute(**nic, Attachment=keep)
    assert named(ec2, "hpc-2")["NetworkInterfaces"][1]["Attachment"]["DeleteOnTermination"] is True
    ec2.detach_network_interface(AttachmentId=of)
    ec2.attach_network_interface(**given)
    assert named(ec2, "hpc-2")["NetworkInterfaces"][1]["Attachment"]["DeleteOnTermination"] is False


def test_ena_express_needs_a_type_that_has_it_and_udp_needs_ena_express(ec2: Any) -> None:
    on = {"EnaSrdEnabled": True, "EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": True}}
    old, new = (named(ec2, name)["NetworkInterfaces"][0]["NetworkInterfaceId"] for name in ("hpc-2", "hpc-3"))
    change = ec2.modify_network_interface_attribute
    refused("UnsupportedOperation", change, NetworkInterfaceId=old, EnaSrdSpecification=on)
    udp_alone = {**on, "EnaSrdEnabled": False}
    refused("InvalidParameterCombination", change, NetworkInterfaceId=new, EnaSrdSpecification=udp_alone)
    change(NetworkInterfaceId=new, EnaSrdSpecification=on)
    assert named(ec2, "hpc-3")["NetworkInterfaces"][0]["Attachment"]["EnaSrdSpecification"] == on


def test_a_start_with_two_interfaces_brings_no_new_public_address(ec2: Any) -> None:
    like = named(ec2, "hpc-2")
    public = {"DeviceIndex": 0, "SubnetId": like["SubnetId"], "AssociatePublicIpAddress": True}
    launch = {"ImageId": like["ImageId"], "InstanceType": "c5n.18xlarge", "MinCount": 1, "MaxCount": 1}
    node = ec2.run_instances(**launch, NetworkInterfaces=[public])["Instances"][0]["InstanceId"]

    def address() -> Any:
        found = ec2.describe_instances(InstanceIds=[node])["Reservations"][0]["Instances"][0]
        return found.get("PublicIpAddress")

    first = address()
    (told,) = ec2.describe_network_interfaces(Filters=[{"Name": "attachment.instance-id", "Values": [node]}])[
        "NetworkInterfaces"
    ]
    assert told["Association"]["IpOwnerId"] == "amazon", "not the account's, as that of an Elastic IP"
    ec2.stop_instances(InstanceIds=[node])
    ec2.start_instances(InstanceIds=[node])
    assert None not in (first, address())
    assert address() != first
    ec2.stop_instances(InstanceIds=[node])
    ec2.attach_network_interface(**attach(ec2, node, card=0, device=1))
    ec2.start_instances(InstanceIds=[node])
    assert address() is None


def test_interfaces_are_found_by_their_kind(ec2: Any) -> None:
    told = ec2.describe_network_interfaces(Filters=[{"Name": "interface-type", "Values": ["efa", "efa-only"]}])
    efa = named(ec2, "hpc-1")["NetworkInterfaces"][1]["NetworkInterfaceId"]
    assert [one["NetworkInterfaceId"] for one in told["NetworkInterfaces"]] == [efa]


def test_a_bandwidth_weighting_is_one_of_those_that_the_type_has(ec2: Any) -> None:
    node = named(ec2, "hpc-2")["InstanceId"]
    change = ec2.modify_instance_network_performance_options
    refused("InvalidParameterValue", change, InstanceId=node, BandwidthWeighting="vpc-1")
    like = named(ec2, "hpc-2")
    launch = {"ImageId": like["ImageId"], "InstanceType": "c8a.12xlarge", "MinCount": 1, "MaxCount": 1}
    made = ec2.run_instances(**launch, SubnetId=like["SubnetId"])["Instances"][0]
    change(InstanceId=made["InstanceId"], BandwidthWeighting="vpc-1")
    told = ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"][0]
    assert told["NetworkPerformanceOptions"] == {"BandwidthWeighting": "vpc-1"}


def test_a_launch_has_the_bandwidth_weighting_that_it_asks_for(ec2: Any) -> None:
    like = named(ec2, "hpc-2")
    weighted: Any = {"NetworkPerformanceOptions": {"BandwidthWeighting": "ebs-1"}}
    launch: Any = {"ImageId": like["ImageId"], "MinCount": 1, "MaxCount": 1, "SubnetId": like["SubnetId"]}
    refused("InvalidParameterValue", ec2.run_instances, **launch, **weighted, InstanceType="c5n.18xlarge")
    for asked, told in ((weighted, "ebs-1"), ({}, "default")):
        (made,) = ec2.run_instances(**launch, **asked, InstanceType="c8a.12xlarge")["Instances"]
        found = ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"][0]
        assert found["NetworkPerformanceOptions"] == {"BandwidthWeighting": told}
