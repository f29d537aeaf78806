"""Instances take time to start, stop and end, need capacity, and have status checks. Source: EC2 user guide and
API reference, as collected in the facts about make-ha."""

import copy
from collections.abc import Callable, Iterable
from typing import Any

from opsctl.sandbox.engine import volume_data
from opsctl.sandbox.engine.conditions import Conditions, conditions
from opsctl.sandbox.engine.ec2_faults import fault, no_capacity, with_status
from opsctl.sandbox.rules import capacity_reservations
from opsctl.sandbox.rules.autoscaling import caught_up

_CODES = {"pending": 0, "running": 16, "shutting-down": 32, "stopping": 64}
DARK_RETRY_S = 15


def install() -> None:
    """Put the rules around moto's instances."""
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.instances import Instance
    from moto.ec2.responses import EC2Response

    EC2Backend.run_instances = _launched(EC2Backend.run_instances)
    EC2Backend.start_instances = _start
    EC2Backend.stop_instances = _stop
    EC2Backend.terminate_instances = _terminate
    EC2Backend.describe_instance_status = _of_zone(EC2Backend.describe_instance_status)
    EC2Response.modify_instance_attribute = _known_device(EC2Response.modify_instance_attribute)
    Instance.instance_status = property(lambda self: _checks(self, impaired=True))
    Instance.system_status = property(lambda self: _checks(self, impaired=False))
    EC2Response.call_action = caught_up(EC2Response.call_action)
    EC2Response.serialized = with_status(EC2Response.serialized)


def unless_dark(about: Conditions, zone: str, action: Callable[[], None]) -> None:
    """Let something happen in a zone, once the zone answers."""
    if zone in about.faults.dark_zones:
        about.later(DARK_RETRY_S, lambda: unless_dark(about, zone, action))
    else:
        action()


def _launched(method: Callable[..., Any]) -> Callable[..., Any]:
    """An instance needs capacity, and is pending first."""

    def run(self: Any, image_id: str, count: int, user_data: Any, groups: list[str], **more: Any) -> Any:
        about = conditions(self.account_id)
        _needs_capacity(about, _zone_of(self, more), more.get("instance_type", ""))
        reservation = method(self, image_id, count, user_data, groups, **more)
        for instance in reservation.instances:
            instance.launch_time = about.moment()
            if not more.get("nics"):
                # The interface that EC2 makes by itself goes with its instance.
                instance.nics[0].description, instance.nics[0].delete_on_termination = "", True
            _begin(about, instance)
        return reservation

    return run


def _zone_of(ec2: Any, asked: dict[str, Any]) -> str:
    nics = asked.get("nics") or []
    subnet = asked.get("subnet_id") or next((nic["SubnetId"] for nic in nics if nic.get("SubnetId")), None)
    if subnet:
        return str(ec2.get_subnet(subnet).availability_zone)
    return str(asked.get("placement") or f"{ec2.region_name}a")


def _needs_capacity(about: Conditions, zone: str, kind: str) -> None:
    if zone in about.faults.no_capacity | about.faults.dark_zones:
        raise _insufficient(zone, kind)


def _insufficient(zone: str, kind: str) -> Exception:
    return no_capacity(
        f"We currently do not have sufficient {kind} capacity in the Availability Zone you requested "
        f"({zone}). Our system will be working on provisioning additional capacity.",
    )


def _begin(about: Conditions, instance: Any) -> None:
    _set(instance, "pending")

    def running() -> None:
        if instance.state == "pending" and instance.id in about.faults.no_room_later:
            _fail_start(instance)
        elif instance.state == "pending":
            _set(instance, "running")
            instance.running_since = about.now()

    about.later(about.durations.instance_start, lambda: unless_dark(about, instance.placement.zone, running))


def _fail_start(instance: Any) -> None:
    """It stops again, and says why (API model of EC2, StateReason)."""
    from moto.ec2.models.instances import StateReason

    code = "Server.InsufficientInstanceCapacity"
    instance.stop()
    instance.state_reason = StateReason(f"{code}: Insufficient capacity to satisfy instance request", code)


def _set(instance: Any, name: str) -> None:
    instance._state.name, instance._state.code = name, _CODES[name]


def _start(self: Any, instance_ids: list[str]) -> list[tuple[Any, Any]]:
    """Only a stopped instance starts, and it needs capacity like a new one."""
    about, answer = conditions(self.account_id), []
    for instance in self.get_multi_instances_by_id(instance_ids):
        _only_from(instance, ("stopped", "pending", "running"), "started")
        before = copy.copy(instance._state)
        if instance.state == "stopped":
            zone, kind = instance.placement.zone, instance.instance_type
            if instance.id in about.faults.no_room:
                raise _insufficient(zone, kind)
            if not capacity_reservations.take_slot(self, instance):
                _needs_capacity(about, zone, kind)
            instance.start()
            instance.launch_time = about.moment()
            _begin(about, instance)
        answer.append((instance, before))
    return answer


def _stop(self: Any, instance_ids: list[str]) -> list[tuple[Any, Any]]:
    """A running instance stops after a while; in a zone that does not answer it stays `stopping`."""
    from moto.ec2.exceptions import OperationDisableApiStopNotPermitted

    about, answer = conditions(self.account_id), []
    for instance in self.get_multi_instances_by_id(instance_ids):
        if instance.disable_api_stop is True:
            raise OperationDisableApiStopNotPermitted(instance.id)
        _only_from(instance, ("running", "stopping", "stopped"), "stopped")
        before = copy.copy(instance._state)
        if instance.state == "running":
            volume_data.note(instance)
            _set(instance, "stopping")
            _later_unless_dark(about, instance, about.durations.instance_stop, _finish_stop)
        answer.append((instance, before))
    return answer


def _finish_stop(instance: Any) -> None:
    if instance.state == "stopping":
        instance.stop()


def _terminate(self: Any, instance_ids: list[str]) -> list[tuple[Any, Any]]:
    """An instance shuts down for a while and holds its volumes and addresses until it is gone (section 5).

    Stop protection protects from termination as well (EC2 user guide, ec2-stop-protection).
    """
    from moto.ec2.exceptions import (
        InvalidParameterCombination,
        OperationDisableApiStopNotPermitted,
        OperationNotPermitted4,
    )

    if not instance_ids:
        raise InvalidParameterCombination("No instances specified")
    about, answer = conditions(self.account_id), []
    for instance in self.get_multi_instances_by_id(instance_ids):
        if instance.disable_api_termination is True:
            raise OperationNotPermitted4(instance.id)
        if instance.disable_api_stop is True:
            raise OperationDisableApiStopNotPermitted(instance.id)
        before = copy.copy(instance._state)
        if instance.state not in ("shutting-down", "terminated"):
            volume_data.note(instance)
            _set(instance, "shutting-down")
            seconds = about.faults.lingering.get(instance.id, about.durations.instance_terminate)
            _later_unless_dark(about, instance, seconds, _finish_terminate)
        answer.append((instance, before))
    return answer


def _finish_terminate(instance: Any) -> None:
    if instance.state != "shutting-down":
        return
    ec2 = instance.ec2_backend
    interfaces = set(instance.nics.values())
    for address in ec2.addresses:
        if address.instance is instance or address.eni in interfaces:
            ec2.disassociate_address(association_id=address.association_id)
    instance.terminate()


def _later_unless_dark(about: Conditions, instance: Any, seconds: float, finish: Callable[[Any], None]) -> None:
    zone = instance.placement.zone
    about.later(seconds, lambda: unless_dark(about, zone, lambda: finish(instance)))


def _of_zone(method: Callable[..., Any]) -> Callable[..., Any]:
    """Status checks may be asked for by zone (EC2 API reference, DescribeInstanceStatus)."""

    def statuses(self: Any, instance_ids: list[str], include_all_instances: bool, filters: Any) -> list[Any]:
        found = method(self, instance_ids, include_all_instances, filters)
        zones = [
            value for each in filters or () if each["name"] == "availability-zone" for value in each["values"]
        ]
        return [one for one in found if not zones or one.placement.zone in zones]

    return statuses


def _only_from(instance: Any, states: Iterable[str], verb: str) -> None:
    if instance.state not in states:
        raise fault(
            "IncorrectInstanceState",
            f"The instance '{instance.id}' is not in a state from which it can be {verb}.",
        )


def _checks(instance: Any, *, impaired: bool) -> dict[str, Any]:
    """Unknown while the zone is dark, initializing after a start, and failed where a fault says so."""
    if instance.state != "running":
        return {"Status": "not-applicable"}
    about = conditions(instance.ec2_backend.account_id)
    status, check = "ok", "passed"
    if instance.placement.zone in about.faults.dark_zones:
        status = check = "insufficient-data"
    elif impaired and instance.id in about.faults.impaired:
        status, check = "impaired", "failed"
    elif about.now() - getattr(instance, "running_since", 0) < about.durations.status_checks:
        status = check = "initializing"
    return {"Status": status, "Details": [{"Name": "reachability", "Status": check}]}


def _known_device(method: Callable[..., Any]) -> Callable[..., Any]:
    """DeleteOnTermination can be changed only of a device that is there."""

    def modified(self: Any) -> Any:
        for mapping in self._get_param("BlockDeviceMappings", []):
            instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
            if mapping.get("DeviceName") not in instance.block_device_mapping:
                raise fault(
                    "InvalidInstanceAttributeValue",
                    f"No device is currently mapped at {mapping.get('DeviceName')}",
                )
        return method(self)

    return modified
