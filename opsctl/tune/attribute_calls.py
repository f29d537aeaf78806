"""EC2: attributes of the network of one instance, which only a stopped instance takes, one a call.

Source: API model of EC2 (ModifyInstanceAttribute) and EC2 user guide, enhanced networking with the ENA: it can be
switched off again with the same call when the instance does not come up.
"""

from opsctl.model.changes import Check, Instruction
from opsctl.model.value import Json
from opsctl.resources.ec2_instance_calls import describe_instance, state_is


def set_attribute(instance: str, attribute: str, value: Json) -> Instruction:
    """Set one attribute of an instance."""
    params: dict[str, Json] = {"InstanceId": instance, attribute: {"Value": value}}
    return Instruction(kind="call", service="ec2", operation="ModifyInstanceAttribute", params=params)


def has_ena(instance: str, *, on: bool) -> Check:
    """ENA is switched on, or off; off may be described by nothing."""
    return Check(
        read=describe_instance(instance),
        query="Reservations[].Instances[] | [0].{on: EnaSupport || `false`}.on",
        op="equals",
        value=on,
        says=f"ENA is {'on' if on else 'off'} at {instance}",
    )


def is_stopped(instance: str) -> Check:
    """The instance has stopped; that is no effect of what is changed meanwhile."""
    return state_is(instance, "stopped").model_copy(update={"context": True})
