"""AWS Batch: updates of the infrastructure of a compute environment. Source: Batch API reference."""

from collections.abc import Sequence
from typing import Literal

from opsctl.model.changes import Check, Instruction, Retry
from opsctl.model.reads import Read
from opsctl.model.value import Json

_BUSY = Retry(codes=("ClientException",), within_s=900)
"""An environment takes one update at a time, and says so with the code that all faults of a client have. So only
an undo waits for that: before a change, the environment was seen to be VALID."""


def environment_named(name: str) -> Read:
    """Read one compute environment."""
    params = {"computeEnvironments": [name]}
    return Read(service="batch", operation="DescribeComputeEnvironments", params=params)


def back_again(name: str, resources: dict[str, Json], minutes: int) -> Instruction:
    """Update it as `update_environment` does, once the update before it is over."""
    return update_environment(name, resources, minutes).model_copy(update={"retry": _BUSY})


def update_environment(name: str, resources: dict[str, Json], minutes: int) -> Instruction:
    """Update the infrastructure; jobs that run may go on for so many minutes on the old instances."""
    policy = {"terminateJobsOnUpdate": False, "jobExecutionTimeoutMinutes": minutes}
    params = {"computeEnvironment": name, "computeResources": resources, "updatePolicy": policy}
    return Instruction(kind="call", service="batch", operation="UpdateComputeEnvironment", params=params)


def resource_is(name: str, member: str, value: Json, says: str) -> Check:
    """A part of its resources is that."""
    return Check(
        read=environment_named(name),
        query=f"computeEnvironments[0].computeResources.{member}",
        op="equals" if value else "empty",
        value=value or None,
        says=says,
    )


def has_groups(name: str, groups: Sequence[Json]) -> Check:
    """Each of these is among its security groups, in whatever order AWS names them."""
    return _groups(name, "contains", groups, f"{name} has {len(groups)} security group(s) of this plan")


def only_groups(name: str, groups: Sequence[Json]) -> Check:
    """None but these is among its security groups."""
    return _groups(
        name, "within", groups, f"{name} has no other security groups than {', '.join(map(str, groups))}"
    )


def _groups(name: str, op: Literal["contains", "within"], groups: Sequence[Json], says: str) -> Check:
    return Check(
        read=environment_named(name),
        query="computeEnvironments[0].computeResources.securityGroupIds",
        op=op,
        value=list(groups),
        says=says,
    )


def is_valid(name: str) -> Check:
    """The update is over: instances are launched as it says now."""
    return Check(
        read=environment_named(name),
        query="computeEnvironments[0].status",
        op="equals",
        value="VALID",
        says=f"compute environment {name} is VALID",
        context=True,
    )
