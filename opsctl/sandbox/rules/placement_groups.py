"""Placement groups, which moto lacks: made, described, deleted, and filled by RunInstances.

Source: EC2 API reference (CreatePlacementGroup, DescribePlacementGroups, DeletePlacementGroup, error codes
`InvalidPlacementGroup.Duplicate`, `.InUse`, `.Unknown`) and EC2 user guide, placement groups: a cluster placement
group takes only the types whose PlacementGroupInfo names the strategy, all in one Availability Zone; 500 groups.
"""

import uuid
from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine.ec2_faults import fault

MOST_GROUPS = 500
_STRATEGIES = ("cluster", "spread", "partition")
_FILTERS = {"group-name": "GroupName", "group-arn": "GroupArn", "state": "State", "strategy": "Strategy"}


def install() -> None:
    """Add the calls, and put instances into their group."""
    from moto.ec2.responses import EC2Response
    from moto.ec2.utils import filter_dict_attribute_mapping

    filter_dict_attribute_mapping["placement-group-name"] = "placement.group_name"
    EC2Response.create_placement_group = _create
    EC2Response.describe_placement_groups = _describe
    EC2Response.delete_placement_group = _delete
    EC2Response.run_instances = _placed(EC2Response.run_instances)


def groups_of(ec2: Any) -> dict[str, dict[str, Any]]:
    """Return the groups of an account and Region, by name."""
    found: dict[str, dict[str, Any]] = ec2.__dict__.setdefault("opsctl_placement_groups", {})
    return found


def _create(self: Any) -> Any:
    from moto.core.responses import ActionResult

    groups, name = groups_of(self.ec2_backend), self._get_param("GroupName")
    strategy = self._get_param("Strategy") or "cluster"
    if strategy not in _STRATEGIES:
        raise fault("InvalidParameterValue", f"Invalid value '{strategy}' for strategy.")
    self.error_on_dryrun()
    if name in groups:
        raise fault("InvalidPlacementGroup.Duplicate", f"The placement group '{name}' already exists.")
    if len(groups) >= MOST_GROUPS:
        raise fault("PlacementGroupLimitExceeded", f"You have {MOST_GROUPS} placement groups already.")
    id_ = f"pg-{uuid.uuid4().hex[:17]}"
    tags = self._parse_tag_specification().get("placement-group", {})
    made = {
        "GroupName": name,
        "GroupId": id_,
        "GroupArn": f"arn:aws:ec2:{self.region}:{self.current_account}:placement-group/{name}",
        "State": "available",
        "Strategy": strategy,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    if strategy == "partition":
        made["PartitionCount"] = int(self._get_param("PartitionCount") or 2)
    if strategy == "spread":
        made["SpreadLevel"] = self._get_param("SpreadLevel") or "rack"
    groups[name] = made
    return ActionResult({"PlacementGroup": made})


def _describe(self: Any) -> Any:
    from moto.core.responses import ActionResult

    groups = groups_of(self.ec2_backend)
    names, ids = self._get_param("GroupNames", []), self._get_param("GroupIds", [])
    unknown = [one for one in names if one not in groups]
    unknown += [one for one in ids if one not in {group["GroupId"] for group in groups.values()}]
    if unknown:
        raise _no_such(unknown[0])
    wanted = self._filters_from_querystring()
    found = [
        group
        for name, group in groups.items()
        if (not names or name in names) and (not ids or group["GroupId"] in ids) and _passes(group, wanted)
    ]
    return ActionResult({"PlacementGroups": found})


def _delete(self: Any) -> Any:
    from moto.core.responses import EmptyResult

    groups, name = groups_of(self.ec2_backend), self._get_param("GroupName")
    if name not in groups:
        raise _no_such(name)
    self.error_on_dryrun()
    if any(
        one.placement.group_name == name and one.state != "terminated" for one in self.ec2_backend.all_instances()
    ):
        raise fault("InvalidPlacementGroup.InUse", f"The placement group '{name}' is in use.")
    del groups[name]
    return EmptyResult()


def _no_such(name: str) -> Exception:
    return fault("InvalidPlacementGroup.Unknown", f"The placement group '{name}' is unknown.")


def _passes(group: dict[str, Any], wanted: dict[str, list[str]]) -> bool:
    for name, values in wanted.items():
        if name not in _FILTERS:
            raise fault("InvalidParameterValue", f"The filter '{name}' is invalid")
        if group[_FILTERS[name]] not in values:
            return False
    return True


def _placed(method: Callable[..., Any]) -> Callable[..., Any]:
    """An instance is in the group that its launch names, if the group and its strategy take it."""

    def run(self: Any) -> Any:
        name = self._get_param("Placement.GroupName")
        if name:
            admit(self.ec2_backend, name, self._get_param("InstanceType", "m1.small"))
        answer = method(self)
        for instance in answer.result.instances if name else ():
            instance.placement.group_name = name
        return answer

    return run


def admit(ec2: Any, name: str, kind: str) -> None:
    """Refuse a group that is not there, and an instance of a type that it does not take."""
    if name not in groups_of(ec2):
        raise _no_such(name)
    takes(ec2, groups_of(ec2)[name], kind)


def takes(ec2: Any, group: dict[str, Any], kind: str) -> None:
    """Refuse a type that a group's strategy has no place for."""
    known = ec2.describe_instance_types(instance_types=[kind])[0]
    strategies = known.get("PlacementGroupInfo", {}).get("SupportedStrategies", [])
    if group["Strategy"] not in strategies:
        raise fault(
            "InvalidParameterCombination",
            f"Instance type '{kind}' is not supported by placement groups of strategy '{group['Strategy']}'.",
        )
