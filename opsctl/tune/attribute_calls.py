"""EC2: attributes of one instance that decide about its network, which only a stopped instance takes, one a call.

Source: API model of EC2 (ModifyInstanceAttribute, ModifyInstancePlacement, ModifyNetworkInterfaceAttribute) and
EC2 user guide: ENA can be switched off again with the same call when the instance does not come up; the VF cannot
be; an empty name takes an instance out of its placement group.
"""

from opsctl.model.changes import Check, Instruction
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.resources.ec2_instance_calls import describe_instance, state_is

_ONE = "Reservations[].Instances[] | [0]"


def set_attribute(instance: str, attribute: str, value: Json) -> Instruction:
    """Set one attribute of an instance."""
    params: dict[str, Json] = {"InstanceId": instance, attribute: {"Value": value}}
    return Instruction(kind="call", service="ec2", operation="ModifyInstanceAttribute", params=params)


def has_ena(instance: str, *, on: bool) -> Check:
    """ENA is switched on, or off; off may be described by nothing."""
    return Check(
        read=describe_instance(instance),
        query=f"{_ONE}.{{on: EnaSupport || `false`}}.on",
        op="equals",
        value=on,
        says=f"ENA is {'on' if on else 'off'} at {instance}",
    )


def has_vf(instance: str, *, on: bool) -> Check:
    """The Intel 82599 Virtual Function is switched on, or off."""
    return Check(
        read=describe_instance(instance),
        query=f"{_ONE}.[SriovNetSupport][?@=='simple'] | [0]",
        op="present" if on else "empty",
        says=f"the 82599 VF is {'on' if on else 'off'} at {instance}",
    )


def is_of_type(instance: str, type_: str) -> Check:
    """The instance is of that type."""
    return Check(
        read=describe_instance(instance),
        query=f"{_ONE}.InstanceType",
        op="equals",
        value=type_,
        says=f"{instance} is a {type_}",
    )


def place(instance: str, group: str, partition: int = 0) -> Instruction:
    """Put an instance into a placement group, or out of the one that it is in."""
    params: dict[str, Json] = {"InstanceId": instance, "GroupName": group}
    if partition:
        params["PartitionNumber"] = partition
    return Instruction(kind="call", service="ec2", operation="ModifyInstancePlacement", params=params)


def is_placed(instance: str, group: str) -> Check:
    """The instance is in that placement group, or in none."""
    return Check(
        read=describe_instance(instance),
        query=f"{_ONE}.{{in: Placement.GroupName || ''}}.in",
        op="equals",
        value=group,
        says=f"{instance} is in {f'placement group {group}' if group else 'no placement group'}",
    )


def set_queues(interface: str, attachment: str, queues: int) -> Instruction:
    """Give an attached interface so many ENA queues; 0 is what its type has by itself."""
    count: dict[str, Json] = {"EnaQueueCount": queues} if queues else {"DefaultEnaQueueCount": True}
    params: dict[str, Json] = {
        "NetworkInterfaceId": interface,
        "Attachment": {"AttachmentId": attachment, **count},
    }
    return Instruction(kind="call", service="ec2", operation="ModifyNetworkInterfaceAttribute", params=params)


def has_queues(interface: str, queues: int) -> Check:
    """The interface has so many ENA queues; 0 stands for what is described by nothing."""
    return Check(
        read=describe_interface(interface),
        query="NetworkInterfaces[0].{count: Attachment.EnaQueueCount || `0`}.count",
        op="equals",
        value=queues,
        says=f"{interface} has {queues or 'its default number of'} ENA queues",
    )


def describe_interface(interface: str) -> Read:
    """Read one network interface."""
    params: dict[str, Json] = {"NetworkInterfaceIds": [interface]}
    return Read(service="ec2", operation="DescribeNetworkInterfaces", params=params)


def is_stopped(instance: str) -> Check:
    """The instance has stopped; that is no effect of what is changed meanwhile."""
    return state_is(instance, "stopped").model_copy(update={"context": True})
