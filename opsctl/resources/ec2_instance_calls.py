"""EC2: changing one instance's attributes."""

from collections.abc import Mapping, Sequence

from opsctl.model.changes import Check, Instruction
from opsctl.model.reads import Read
from opsctl.model.value import Json

_STOPPED_BY_HAND = (
    "Client.InstanceInitiatedShutdown",
    "Client.UserInitiatedHibernate",
    "Client.UserInitiatedShutdown",
)


def describe_instance(instance: Json) -> Read:
    """Read one instance."""
    return Read(service="ec2", operation="DescribeInstances", params={"InstanceIds": [instance]})


def instances_tagged(key: str, value: str) -> Read:
    """Read the instances that carry a tag with that value."""
    filters = [{"Name": f"tag:{key}", "Values": [value]}]
    return Read(service="ec2", operation="DescribeInstances", params={"Filters": filters})


def set_delete_on_termination(instance: str, devices: Sequence[str], *, delete: bool) -> Instruction:
    """Say whether volumes die with the instance; one call takes several devices."""
    mappings = [{"DeviceName": device, "Ebs": {"DeleteOnTermination": delete}} for device in sorted(devices)]
    return Instruction(
        kind="call",
        service="ec2",
        operation="ModifyInstanceAttribute",
        params={"InstanceId": instance, "BlockDeviceMappings": mappings},
    )


def delete_on_termination_is(instance: str, devices: Sequence[str], *, delete: bool) -> Check:
    """All of these devices are set so."""
    names = ", ".join(f"'{device}'" for device in sorted(devices))
    wanted: Json = [[device, delete] for device in sorted(devices)]
    return Check(
        read=describe_instance(instance),
        query=(
            f"sort_by(Reservations[].Instances[].BlockDeviceMappings[] | [?contains([{names}], DeviceName)], "
            "&DeviceName)[].[DeviceName, Ebs.DeleteOnTermination]"
        ),
        op="equals",
        value=wanted,
        says=(
            f"{', '.join(sorted(devices))} of {instance} {'is deleted with' if delete else 'is kept after'} "
            "the instance"
        ),
    )


def stop_instance(instance: str) -> Instruction:
    """Stop an instance as its operating system does it; its address and volumes stay with it."""
    return Instruction(kind="call", service="ec2", operation="StopInstances", params={"InstanceIds": [instance]})


def start_instance(instance: str) -> Instruction:
    """Start a stopped instance."""
    return Instruction(kind="call", service="ec2", operation="StartInstances", params={"InstanceIds": [instance]})


def state_is(instance: str, state: str) -> Check:
    """The instance is in that state."""
    return Check(
        read=describe_instance(instance),
        query="Reservations[0].Instances[0].State.Name",
        op="equals",
        value=state,
        says=f"{instance} is {state}",
    )


def has_devices(instance: str, devices: Sequence[str]) -> Check:
    """A volume is attached to the instance at each of these devices."""
    return Check(
        read=describe_instance(instance),
        query="Reservations[0].Instances[0].BlockDeviceMappings[].DeviceName",
        op="contains",
        value=sorted(devices),
        says=f"{instance} still has its data volumes",
    )


def is_alive(instance: str) -> Check:
    """The instance has not been terminated."""
    return Check(
        read=describe_instance(instance),
        query=(
            "Reservations[].Instances[] | [?State.Name!='terminated' && State.Name!='shutting-down'].InstanceId"
        ),
        op="present",
        context=True,
        says=f"{instance} exists",
    )


def has_no_volume_but_its_root(instance: Json) -> Check:
    """One volume at most is attached to the instance: that it boots from."""
    return Check(
        read=describe_instance(instance),
        query="Reservations[0].Instances[0].BlockDeviceMappings[1:].Ebs.VolumeId",
        op="empty",
        says="its data volumes are detached",
    )


def starts_or_runs(instance: str) -> Check:
    """The instance is on its way to run, or runs."""
    return _in_state(instance, ("pending", "running"), f"{instance} starts")


def stops_or_stopped(instance: str) -> Check:
    """The instance is on its way to stop, or has stopped."""
    return _in_state(instance, ("stopping", "stopped"), f"{instance} stops")


def settled(instance: str) -> Check:
    """The instance is not about to stop or to run: then it can be neither started nor stopped."""
    return Check(
        read=describe_instance(instance),
        query="Reservations[].Instances[] | [?State.Name=='stopping' || State.Name=='pending'].InstanceId",
        op="empty",
        context=True,
        says=f"{instance} is neither starting nor stopping",
    )


def all_in_state(instances: Sequence[str], state: str) -> Check:
    """Every one of these instances is in that state."""
    return Check(
        read=Read(service="ec2", operation="DescribeInstances", params={"InstanceIds": list(instances)}),
        query="Reservations[].Instances[].State.Name",
        op="equals",
        value=[state] * len(instances),
        says=f"{', '.join(instances)} {'is' if len(instances) == 1 else 'are'} {state}",
    )


def none_terminated(instances: Sequence[str]) -> Check:
    """None of these instances has been terminated, or is about to be."""
    return Check(
        read=Read(service="ec2", operation="DescribeInstances", params={"InstanceIds": list(instances)}),
        query=(
            "Reservations[].Instances[] | [?State.Name=='terminated' || State.Name=='shutting-down'].InstanceId"
        ),
        op="empty",
        says=f"nobody has terminated {', '.join(instances)}",
    )


def none_started_again(launched: Mapping[str, str]) -> Check:
    """None of these instances runs that was started since; `launched` is the LaunchTime of each, by its id.

    EC2 may tell for a moment that an instance runs which stops already, but not that it was launched later.
    """
    others = " || ".join(f"(InstanceId=='{one}' && LaunchTime!='{at}')" for one, at in launched.items())
    return Check(
        read=Read(service="ec2", operation="DescribeInstances", params={"InstanceIds": list(launched)}),
        query=f"Reservations[].Instances[] | [?(State.Name=='running' || State.Name=='pending') && ({others})]"
        ".InstanceId",
        op="empty",
        says=f"nobody has started {', '.join(launched)} again",
    )


def no_start_failed(instances: Sequence[str]) -> Check:
    """None of these instances has stopped again by itself (API model of EC2, StateReason)."""
    ours = " && ".join(f"StateReason.Code!='{code}'" for code in _STOPPED_BY_HAND)
    return Check(
        read=Read(service="ec2", operation="DescribeInstances", params={"InstanceIds": list(instances)}),
        query=f"Reservations[].Instances[] | [?State.Name=='stopped' && StateReason.Code && {ours}]"
        ".[InstanceId, StateReason.Message][]",
        op="empty",
        says=f"AWS has not stopped {', '.join(instances)} again",
    )


def _in_state(instance: str, states: Sequence[str], says: str) -> Check:
    either = " || ".join(f"State.Name=='{state}'" for state in states)
    return Check(
        read=describe_instance(instance),
        query=f"Reservations[].Instances[] | [?{either}].InstanceId",
        op="present",
        says=says,
    )
