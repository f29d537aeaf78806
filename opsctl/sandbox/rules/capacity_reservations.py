"""On-Demand Capacity Reservations, which moto lacks, and the instances that run in them.

Source: API model of EC2 (CreateCapacityReservation, DescribeCapacityReservations, CancelCapacityReservation) and
EC2 user guide, Capacity Reservations: an open one is used by running and new instances of its type, platform, zone
and tenancy whose preference is `open`; one in a cluster placement group by instances of that group alone. It is
refused without capacity, a ClientToken makes it once, and what is cancelled leaves its instances running.
"""

import uuid
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.ec2_faults import fault, no_capacity
from opsctl.sandbox.rules.placement_groups import groups_of

_MOST = 1000
_GONE = ("cancelled", "expired")
_FILTERS = {
    "instance-type": "InstanceType",
    "owner-id": "OwnerId",
    "instance-platform": "InstancePlatform",
    "availability-zone": "AvailabilityZone",
    "tenancy": "Tenancy",
    "state": "State",
    "end-date-type": "EndDateType",
    "instance-match-criteria": "InstanceMatchCriteria",
    "placement-group-arn": "PlacementGroupArn",
}
_TAKEN_OVER = ("InstanceType", "InstancePlatform", "AvailabilityZone", "PlacementGroupArn", "EndDate")


def install() -> None:
    """Add the calls, and what instances tell about their reservation."""
    from moto.ec2.models.instances import Instance
    from moto.ec2.responses import EC2Response

    EC2Response.create_capacity_reservation = _create
    EC2Response.describe_capacity_reservations = _describe
    EC2Response.cancel_capacity_reservation = _cancel
    Instance.platform_details = property(lambda self: "Windows" if self.platform == "windows" else "Linux/UNIX")
    Instance.capacity_reservation_id = property(_reservation_of)
    Instance.capacity_reservation_specification = property(_preference)


def take_slot(ec2: Any, instance: Any) -> bool:
    """Tell whether a reservation has a place for an instance that starts; it has it from then on."""
    for one in _active(ec2):
        if _matches(ec2, one, instance) and _free(ec2, one):
            one["used"].append(instance.id)
            return True
    return False


def _known(ec2: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = ec2.__dict__.setdefault("opsctl_capacity_reservations", {})
    now = conditions(ec2.account_id).now()
    for one in found.values():
        if one["ends"] is not None and now >= one["ends"] and one["State"] == "active":
            one["State"] = "expired"
    return found


def _active(ec2: Any) -> Iterator[dict[str, Any]]:
    return (one for one in _known(ec2).values() if one["State"] == "active")


def _users(ec2: Any, one: dict[str, Any]) -> list[str]:
    """The instances that run in a reservation; a stopped one gives its place back."""
    alive = {each.id for each in ec2.all_instances() if each.state in ("pending", "running", "stopping")}
    one["used"] = [id_ for id_ in one["used"] if id_ in alive]
    used: list[str] = one["used"]
    return used


def _free(ec2: Any, one: dict[str, Any]) -> int:
    return int(one["TotalInstanceCount"]) - len(_users(ec2, one))


def _matches(ec2: Any, one: dict[str, Any], instance: Any) -> bool:
    group = groups_of(ec2).get(instance.placement.group_name or "", {})
    inside = group.get("GroupArn", "") if group.get("Strategy") == "cluster" else ""
    return bool(
        one["InstanceMatchCriteria"] == "open"
        and _preference(instance)["CapacityReservationPreference"] == "open"
        and one["InstanceType"] == instance.instance_type
        and one["InstancePlatform"] == instance.platform_details
        and one["AvailabilityZone"] == instance.placement.zone
        and one["Tenancy"] == (instance.placement.tenancy or "default")
        and one.get("PlacementGroupArn", "") == inside
    )


def _create(self: Any) -> Any:
    from moto.core.responses import ActionResult

    ec2, about = self.ec2_backend, conditions(self.current_account)
    known, token = _known(ec2), self._get_param("ClientToken")
    made = next((one for one in known.values() if token and one["token"] == token), None)
    if made is None:
        made = _new(self)
        self.error_on_dryrun()
        waiting = [
            each.id
            for each in ec2.all_instances()
            if each.state == "running" and not _reservation_of(each) and _matches(ec2, made, each)
        ]
        made["used"] = waiting[: made["TotalInstanceCount"]]
        zone = made["AvailabilityZone"]
        if len(made["used"]) < made["TotalInstanceCount"] and zone in about.faults.no_capacity:
            raise no_capacity(
                f"There is insufficient {made['InstanceType']} capacity in the Availability Zone {zone}."
            )
        known[made["CapacityReservationId"]] = made
    return ActionResult({"CapacityReservation": _told(ec2, made)})


def _new(self: Any) -> dict[str, Any]:
    count, group = int(self._get_param("InstanceCount") or 0), self._get_param("PlacementGroupArn")
    if not 1 <= count <= _MOST:
        raise fault("InvalidParameterValue", f"Value ({count}) for parameter instanceCount is invalid.")
    clusters = [one["GroupArn"] for one in groups_of(self.ec2_backend).values() if one["Strategy"] == "cluster"]
    if group and group not in clusters:
        raise fault("InvalidPlacementGroup.Unknown", f"The placement group '{group}' is unknown.")
    end, limited = self._get_param("EndDate"), self._get_param("EndDateType") == "limited"
    if limited != bool(end):
        raise fault("InvalidParameterCombination", "An EndDate is needed for EndDateType limited, and only there.")
    ends = end.astimezone(UTC).timestamp() if end else None
    now = conditions(self.current_account).moment()
    if ends is not None and ends <= now.timestamp():
        raise fault("InvalidParameterValue", f"Value ({end}) for parameter endDate is invalid: it is in the past.")
    id_ = f"cr-{uuid.uuid4().hex[:17]}"
    tags = self._parse_tag_specification().get("capacity-reservation", {})
    return {
        **{name: self._get_param(name) for name in _TAKEN_OVER if self._get_param(name)},
        "CapacityReservationId": id_,
        "CapacityReservationArn": f"arn:aws:ec2:{self.region}:{self.current_account}:capacity-reservation/{id_}",
        "OwnerId": self.current_account,
        "Tenancy": self._get_param("Tenancy") or "default",
        "TotalInstanceCount": count,
        "InstanceMatchCriteria": self._get_param("InstanceMatchCriteria") or "open",
        "EndDateType": "limited" if limited else "unlimited",
        "State": "active",
        "CreateDate": now.astimezone(UTC),
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        "token": self._get_param("ClientToken"),
        "ends": ends,
        "used": [],
    }


def _told(ec2: Any, one: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in one.items() if name not in ("token", "ends", "used")}
    return shown | {"AvailableInstanceCount": 0 if one["State"] in _GONE else _free(ec2, one)}


def _describe(self: Any) -> Any:
    from moto.core.responses import ActionResult

    known, ids = _known(self.ec2_backend), self._get_param("CapacityReservationIds", [])
    for one in ids:
        _existing(known, one)
    wanted = self._filters_from_querystring()
    strange = [name for name in wanted if name not in _FILTERS]
    if strange:
        raise fault("InvalidParameterValue", f"The filter '{strange[0]}' is invalid")
    found = [
        _told(self.ec2_backend, one)
        for id_, one in known.items()
        if (not ids or id_ in ids)
        and all(one.get(_FILTERS[name], "") in values for name, values in wanted.items())
    ]
    return ActionResult({"CapacityReservations": found})


def _cancel(self: Any) -> Any:
    from moto.core.responses import ActionResult

    one = _existing(_known(self.ec2_backend), self._get_param("CapacityReservationId"))
    self.error_on_dryrun()
    if one["State"] != "active":
        raise fault(
            "InvalidCapacityReservationState",
            f"The Capacity Reservation {one['CapacityReservationId']} is {one['State']}.",
        )
    one["State"], one["used"] = "cancelled", []
    return ActionResult({"Return": True})


def _existing(known: dict[str, dict[str, Any]], id_: str) -> dict[str, Any]:
    if id_ not in known:
        raise fault("InvalidCapacityReservationId.NotFound", f"The Capacity Reservation '{id_}' does not exist.")
    return known[id_]


def _reservation_of(instance: Any) -> str | None:
    ec2 = instance.ec2_backend
    return next((one["CapacityReservationId"] for one in _active(ec2) if instance.id in _users(ec2, one)), None)


def _preference(instance: Any) -> dict[str, Any]:
    said: dict[str, Any] = getattr(instance, "opsctl_capacity", None) or {"CapacityReservationPreference": "open"}
    return said
