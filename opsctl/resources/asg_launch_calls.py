"""Auto Scaling: what a group launches from, where, and how its instances are replaced.

Source: Amazon EC2 Auto Scaling API reference, UpdateAutoScalingGroup and StartInstanceRefresh.
"""

from collections.abc import Sequence

from opsctl.model.changes import Check, Grant, Instruction, Query, Retry
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.resources.asg_calls import describe_group

_BUSY = ("ResourceContention", "ScalingActivityInProgress")
LIVE = ("Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking")
"""States of a refresh that goes on; a group has one at a time (InstanceRefreshInProgress)."""
UNDONE = ("Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful")


def set_template(group: str, template: str, version: Json, roles: Sequence[str]) -> Instruction:
    """Have a group launch by a version of a launch template: a number, $Latest or $Default.

    `roles` are those of its instances, which the caller hands on to them.
    """
    passed = tuple(Grant(service="iam", operation="PassRole", params={"RoleArn": role}) for role in roles)
    instruction = _update(group, {"LaunchTemplate": {"LaunchTemplateId": template, "Version": version}})
    return instruction.model_copy(update={"grants": passed})


def template_is(group: str, template: str, version: Json) -> Check:
    """The group launches by that version, as it is written there."""
    return Check(
        read=describe_group(group),
        query="AutoScalingGroups[0].LaunchTemplate.[LaunchTemplateId, Version]",
        op="equals",
        value=[template, version],
        says=f"group {group} launches by version {version} of {template}"
        if isinstance(version, str)
        else f"group {group} launches by the new version of {template}",
    )


def set_placement(group: str, placement_group: str) -> Instruction:
    """Have a group launch into a placement group; an empty name takes the setting away (API reference)."""
    return _update(group, {"PlacementGroup": placement_group})


def placement_is(group: str, placement_group: str) -> Check:
    """The group launches into that placement group, or into none."""
    return Check(
        read=describe_group(group),
        query="AutoScalingGroups[0].PlacementGroup",
        op="equals" if placement_group else "empty",
        value=placement_group or None,
        says=f"group {group} launches into {f'placement group {placement_group}' if placement_group else 'none'}",
    )


def _update(group: str, params: dict[str, Json]) -> Instruction:
    return Instruction(
        kind="call",
        service="autoscaling",
        operation="UpdateAutoScalingGroup",
        params={"AutoScalingGroupName": group, **params},
        retry=Retry(codes=_BUSY, within_s=120),
    )


def refreshes_of(group: str, *ids: Json) -> Read:
    """Read the instance refreshes of a group from the last six weeks, or those of an id."""
    params: dict[str, Json] = {"AutoScalingGroupName": group}
    if ids:
        params["InstanceRefreshIds"] = list(ids)
    return Read(service="autoscaling", operation="DescribeInstanceRefreshes", params=params)


def start_refresh(group: str, preferences: dict[str, Json]) -> Instruction:
    """Replace the instances of a group; AWS takes no token, and refuses a second one while one goes on."""
    params = {"AutoScalingGroupName": group, "Strategy": "Rolling", "Preferences": preferences}
    return Instruction(kind="call", service="autoscaling", operation="StartInstanceRefresh", params=params)


def refresh_since(group: str, known: Sequence[str]) -> Query:
    """The id of the refresh that was not there when it was planned."""
    return Query(read=refreshes_of(group), query=f"InstanceRefreshes[?{_none_of(known)}].InstanceRefreshId | [0]")


def has_refresh_since(group: str, known: Sequence[str], *, there: bool) -> Check:
    """There is a refresh that was not there when it was planned, or there is none."""
    return Check(
        **refresh_since(group, known).model_dump(),
        op="present" if there else "empty",
        says=f"{'an' if there else 'no'} instance refresh of {group} was started since it was planned",
    )


def _none_of(known: Sequence[str]) -> str:
    return " && ".join(f"InstanceRefreshId != '{one}'" for one in known) or "InstanceRefreshId"


def no_refresh_goes_on(group: str) -> Check:
    """No instance refresh of the group is under way."""
    states = " || ".join(f"Status=='{one}'" for one in LIVE)
    return Check(
        read=refreshes_of(group),
        query=f"InstanceRefreshes[?{states}].InstanceRefreshId",
        op="empty",
        says=f"no instance refresh of {group} is under way",
        context=True,
    )


def refresh_is_done(group: str, refresh: Json) -> Check:
    """The refresh has replaced every instance, and each was healthy and warm."""
    return Check(
        read=refreshes_of(group, refresh),
        query="InstanceRefreshes[0].Status",
        op="equals",
        value="Successful",
        says=f"the instance refresh of {group} was successful",
    )


def refresh_goes_on(group: str, refresh: Json) -> Check:
    """The refresh has neither failed nor been cancelled."""
    states = " || ".join(f"Status=='{one}'" for one in UNDONE)
    return Check(
        read=refreshes_of(group, refresh),
        query=f"InstanceRefreshes[?{states}].[Status, StatusReason][]",
        op="empty",
        says=f"the instance refresh of {group} has not failed",
    )
