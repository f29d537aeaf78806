"""EC2: an instance that is launched to stand by. Source: EC2 API reference, RunInstances."""

from collections.abc import Mapping, Sequence

from opsctl.model.changes import Check, Grant, Instruction
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.resources.marks import PLAN_TAG, tag_list, tag_specifications

_ALIVE = "Reservations[].Instances[] | [?State.Name!='terminated' && State.Name!='shutting-down']"


def twins_of(plan_id: str) -> Read:
    """Read the instances that a plan launched; those that it attached or tagged do not carry its mark."""
    filters = [{"Name": f"tag:{PLAN_TAG}", "Values": [plan_id]}]
    return Read(service="ec2", operation="DescribeInstances", params={"Filters": filters})


def launch_one(
    template: str,
    interface: Mapping[str, Json],
    tags: Mapping[str, str],
    other_tags: Sequence[Json],
    roles: Sequence[str],
    *,
    token: str,
) -> Instruction:
    """Launch one instance. What the template says of interfaces and termination protection is said anew here."""
    passed = tuple(Grant(service="iam", operation="PassRole", params={"RoleArn": role}) for role in roles)
    return Instruction(
        kind="call",
        service="ec2",
        operation="RunInstances",
        params={
            "ClientToken": token,
            "MinCount": 1,
            "MaxCount": 1,
            "LaunchTemplate": {"LaunchTemplateName": template, "Version": "1"},
            "NetworkInterfaces": [dict(interface)],
            "DisableApiTermination": False,
            "TagSpecifications": [*other_tags, *tag_specifications(tags, "instance")],
        },
        grants=passed,
    )


def stop_one(instance: Json) -> Instruction:
    """Stop an instance."""
    return Instruction(kind="call", service="ec2", operation="StopInstances", params={"InstanceIds": [instance]})


def terminate_one(instance: Json) -> Instruction:
    """Terminate an instance."""
    return Instruction(
        kind="call", service="ec2", operation="TerminateInstances", params={"InstanceIds": [instance]}
    )


def twin_is_absent(plan_id: str) -> Check:
    """The plan has launched nothing that is still alive."""
    return Check(read=twins_of(plan_id), query=f"{_ALIVE}.InstanceId", op="empty", says="the twin does not exist")


def twin_is(plan_id: str, *states: str) -> Check:
    """The plan's instance is in one of these states."""
    of_them = " || ".join(f"State.Name=='{state}'" for state in states)
    return Check(
        read=twins_of(plan_id),
        query=f"Reservations[].Instances[] | [?{of_them}].InstanceId",
        op="present",
        says=f"the twin is {' or '.join(states)}",
    )


def has_booted(instance: Json) -> Check:
    """Both of EC2's status checks pass, or the instance is on its way down or stopped, which comes after that."""
    passed = "SystemStatus.Status=='ok' && InstanceStatus.Status=='ok'"
    later = "InstanceState.Name=='stopping' || InstanceState.Name=='stopped'"
    params: dict[str, Json] = {"InstanceIds": [instance], "IncludeAllInstances": True}
    return Check(
        read=Read(service="ec2", operation="DescribeInstanceStatus", params=params),
        query=f"InstanceStatuses[?({passed}) || {later}].InstanceId",
        op="present",
        says="the status checks of the twin pass",
    )


def twin_still_stands_by(tags: Mapping[str, str], plan_id: str, taken_over: str) -> Check:
    """The plan's instance has every tag that it was launched with, and not the one of an instance in service."""
    has = [f"Tags[?Key=='{one['Key']}' && Value=='{_quoted(one['Value'])}']" for one in tag_list(tags)]
    return Check(
        read=twins_of(plan_id),
        query=f"Reservations[].Instances[] | [?{' && '.join(has)} && !(Tags[?Key=='{taken_over}'])].InstanceId",
        op="present",
        says="the twin still stands by, and has not taken over",
    )


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
