"""EC2: which of a group's instances runs, and giving volumes and addresses back to one of them."""

from collections.abc import Mapping, Sequence

from opsctl.ha.tags import GROUP_TAG, ROLE_TAG
from opsctl.model.changes import Check, Instruction
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.resources.ec2_instance_calls import instances_tagged

_RUNS = "(State.Name=='running' || State.Name=='pending')"


def no_other_runs(group: str, instance: str) -> Check:
    """None of the group's instances runs but perhaps this one."""
    return Check(
        read=instances_tagged(GROUP_TAG, group),
        query=f"Reservations[].Instances[] | [?{_RUNS} && InstanceId!='{instance}'].InstanceId",
        op="empty",
        says=f"no other instance of {group} than {instance} runs",
    )


def hold_the_data(group: str, volumes: Sequence[str]) -> Check:
    """These volumes hold the group's data: the handler retires them once copies of them have taken over."""
    return Check(
        read=_volumes(volumes),
        query=f"Volumes[?Tags[?Key=='{ROLE_TAG}' && Value=='data'] && Tags[?Key=='{GROUP_TAG}' && "
        f"Value=='{group}']].VolumeId",
        op="contains",
        value=list(volumes),
        says=f"{', '.join(volumes)} {'holds' if len(volumes) == 1 else 'hold'} the data of {group}",
    )


def attach_volume(volume: str, instance: str, device: str) -> Instruction:
    """Attach a free volume to a running or stopped instance of its zone."""
    params: dict[str, Json] = {"VolumeId": volume, "InstanceId": instance, "Device": device}
    return Instruction(kind="call", service="ec2", operation="AttachVolume", params=params)


def volume_is_free(volume: str) -> Check:
    """The volume is attached to nothing."""
    return Check(
        read=_volumes([volume]),
        query="Volumes[?State=='available'].VolumeId",
        op="present",
        says=f"{volume} is free",
    )


def volume_is_free_or_on(volume: str, instance: str) -> Check:
    """The volume is attached to nothing, or to this instance, and not on its way."""
    attached = f"Attachments[?InstanceId=='{instance}' && State=='attached']"
    return Check(
        read=_volumes([volume]),
        query=f"Volumes[?State=='available' || {attached}].VolumeId",
        op="present",
        says=f"{volume} is free, or on {instance}",
    )


def volume_is_on(volume: str, instance: str) -> Check:
    """The volume is attached to this instance."""
    return Check(
        read=_volumes([volume]),
        query=f"Volumes[].Attachments[] | [?InstanceId=='{instance}' && State=='attached'].VolumeId",
        op="present",
        says=f"{volume} is attached to {instance}",
    )


def addresses_of(instance: str) -> Read:
    """Read the Elastic IPs of an instance."""
    filters = [{"Name": "instance-id", "Values": [instance]}]
    return Read(service="ec2", operation="DescribeAddresses", params={"Filters": filters})


def associate_free_address(address: Mapping[str, Json]) -> Instruction:
    """Put an Elastic IP back where it was; AWS refuses when somebody else has it by now."""
    params: dict[str, Json] = {
        "AllocationId": address["AllocationId"],
        "NetworkInterfaceId": address["NetworkInterfaceId"],
        "PrivateIpAddress": address["PrivateIpAddress"],
        "AllowReassociation": False,
    }
    return Instruction(kind="call", service="ec2", operation="AssociateAddress", params=params)


def address_is_free(allocation: str) -> Check:
    """The Elastic IP is associated with nothing."""
    return Check(
        read=_address(allocation),
        query="Addresses[?!AssociationId].AllocationId",
        op="present",
        says=f"{allocation} is free",
    )


def address_is_at(address: Mapping[str, Json]) -> Check:
    """The Elastic IP is where it was."""
    return Check(
        read=_address(address["AllocationId"]),
        query="Addresses[].[NetworkInterfaceId, PrivateIpAddress] | [0]",
        op="equals",
        value=[address["NetworkInterfaceId"], address["PrivateIpAddress"]],
        says=f"{address['AllocationId']} is at {address['PrivateIpAddress']}",
    )


def _volumes(ids: Sequence[str]) -> Read:
    filters = [{"Name": "volume-id", "Values": list(ids)}]
    return Read(service="ec2", operation="DescribeVolumes", params={"Filters": filters})


def _address(allocation: str) -> Read:
    filters = [{"Name": "allocation-id", "Values": [allocation]}]
    return Read(service="ec2", operation="DescribeAddresses", params={"Filters": filters})
