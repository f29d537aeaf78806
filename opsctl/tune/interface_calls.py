"""EC2: efa-only interfaces of instances, made, attached and given up; and what an attachment keeps.

Source: EC2 API reference, CreateNetworkInterface, AttachNetworkInterface, ModifyNetworkInterfaceAttribute.
"""

from collections.abc import Mapping

from opsctl.model.changes import Check, Instruction, Query, Retry
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.resources.ec2_instance_calls import describe_instance
from opsctl.resources.marks import PLAN_TAG, tag_specifications

PLACE_TAG = "opsctl:efa"
"""On an interface that opsctl made: the instance and the network card that it is for."""


def place_of(instance: str, card: int) -> str:
    """Return the value of the tag of an interface for a network card of an instance."""
    return f"{instance}/{card}"


def made_for(plan_id: str, instance: str, card: int) -> Read:
    """Read the interface that a plan made for a network card of an instance."""
    wanted = {f"tag:{PLAN_TAG}": plan_id, f"tag:{PLACE_TAG}": place_of(instance, card)}
    filters = [{"Name": name, "Values": [value]} for name, value in wanted.items()]
    return Read(service="ec2", operation="DescribeNetworkInterfaces", params={"Filters": filters})


def interface_id(ours: Read) -> Query:
    """The id of the interface that a plan made."""
    return Query(read=ours, query="NetworkInterfaces[0].NetworkInterfaceId")


def attachment_id(ours: Read) -> Query:
    """The id of its attachment."""
    return Query(read=ours, query="NetworkInterfaces[0].Attachment.AttachmentId")


def create_efa(subnet: str, group: Json, description: str, token: str, tags: Mapping[str, str]) -> Instruction:
    """Create an efa-only interface; it has no address, and takes none."""
    return Instruction(
        kind="call",
        service="ec2",
        operation="CreateNetworkInterface",
        params={
            "SubnetId": subnet,
            "InterfaceType": "efa-only",
            "Groups": [group],
            "Description": description,
            "ClientToken": token,
            "TagSpecifications": tag_specifications(tags, "network-interface"),
        },
    )


def delete_interface(interface: Json) -> Instruction:
    """Delete an interface that is attached to nothing; a moment after it was detached it may still seem in use."""
    return Instruction(
        kind="call",
        service="ec2",
        operation="DeleteNetworkInterface",
        params={"NetworkInterfaceId": interface},
        retry=Retry(codes=("InvalidParameterValue", "InvalidNetworkInterface.InUse"), within_s=60),
    )


def is_made(ours: Read, what: str, *, there: bool) -> Check:
    """The plan has made the interface, or has not."""
    return Check(
        read=ours,
        query="NetworkInterfaces[].NetworkInterfaceId",
        op="present" if there else "empty",
        says=f"{what} exists" if there else f"{what} does not exist",
    )


def attach(interface: Json, instance: str, card: int, device: int) -> Instruction:
    """Attach an interface at a device index of a network card."""
    params = {
        "NetworkInterfaceId": interface,
        "InstanceId": instance,
        "NetworkCardIndex": card,
        "DeviceIndex": device,
    }
    return Instruction(kind="call", service="ec2", operation="AttachNetworkInterface", params=params)


def detach(attachment: Json) -> Instruction:
    """Detach an interface; an EFA only from a stopped instance."""
    return Instruction(
        kind="call", service="ec2", operation="DetachNetworkInterface", params={"AttachmentId": attachment}
    )


def devices_used(instance: str, card: int) -> Query:
    """The device indexes that are taken on a network card of an instance."""
    at = f"Attachment.NetworkCardIndex==`{card}`"
    return Query(
        read=describe_instance(instance),
        query=f"Reservations[0].Instances[0].NetworkInterfaces[?{at}].Attachment.DeviceIndex",
    )


def is_attached(ours: Read, instance: str, what: str) -> Check:
    """The interface is attached to the instance."""
    return Check(
        read=ours,
        query="NetworkInterfaces[0].[Status, Attachment.InstanceId]",
        op="equals",
        value=["in-use", instance],
        says=f"{what} is attached to {instance}",
    )


def is_free(ours: Read, what: str) -> Check:
    """The interface is attached to nothing."""
    return Check(
        read=ours,
        query="NetworkInterfaces[0].Status",
        op="equals",
        value="available",
        says=f"{what} is attached to nothing",
    )


def set_deletion(interface: Json, attachment: Json, *, deleted: bool) -> Instruction:
    """Say whether the interface is deleted with its instance."""
    params = {
        "NetworkInterfaceId": interface,
        "Attachment": {"AttachmentId": attachment, "DeleteOnTermination": deleted},
    }
    return Instruction(kind="call", service="ec2", operation="ModifyNetworkInterfaceAttribute", params=params)


def deletion_is(ours: Read, what: str, *, deleted: bool) -> Check:
    """The interface is deleted with its instance, or stays."""
    return Check(
        read=ours,
        query="NetworkInterfaces[0].Attachment.DeleteOnTermination",
        op="equals",
        value=deleted,
        says=f"{what} {'is deleted with' if deleted else 'stays after'} its instance",
    )
