"""Alarms change their state and tell EventBridge; those on EC2's status checks are evaluated.

Source: CloudWatch user guide, "Alarm events and EventBridge" and "Using Amazon CloudWatch alarms" (missing data);
API reference, SetAlarmState: the state lasts until the next evaluation. moto evaluates nothing, begins every alarm
as OK, and tells nobody.
"""

import uuid
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine import events
from opsctl.sandbox.engine.conditions import Conditions, conditions

CHANGED = "CloudWatch Alarm State Change"
_WHAT_IS_MISSING = {"breaching": True, "notBreaching": False}


def install() -> None:
    """Put the rules around moto's alarms."""
    from moto.cloudwatch.models import CloudWatchBackend

    CloudWatchBackend.put_metric_alarm = _evaluated(CloudWatchBackend.put_metric_alarm)
    CloudWatchBackend.set_alarm_state = _told(CloudWatchBackend.set_alarm_state)


def _told(method: Callable[..., Any]) -> Callable[..., Any]:
    """A state that is set is a change of state like any other."""

    def set_state(self: Any, alarm_name: str, *more: Any, **named: Any) -> Any:
        alarm = self.alarms.get(alarm_name)
        before = _state(alarm) if alarm else {}
        answer = method(self, alarm_name, *more, **named)
        _changed(self.account_id, alarm, before)
        return answer

    return set_state


def _evaluated(method: Callable[..., Any]) -> Callable[..., Any]:
    """An alarm on a status check knows nothing at first, and is evaluated once a period while it exists."""

    def put(self: Any, *args: Any, **named: Any) -> Any:
        known = self.alarms.get(named.get("name"))
        alarm = method(self, *args, **named)
        if alarm.namespace == "AWS/EC2" and str(alarm.metric_name).startswith("StatusCheckFailed"):
            if known is None:
                alarm.state_value = "INSUFFICIENT_DATA"
                _stamp(self.account_id, alarm)
            else:  # a changed alarm keeps its state until it is evaluated
                alarm.state_value, alarm.state_reason = known.state_value, known.state_reason
            _watch(self, alarm, [])
        return alarm

    return put


def _watch(backend: Any, alarm: Any, points: list[float | None]) -> None:
    """Take a data point a period and judge the last of them; before the first, it was as it is then."""
    about = conditions(backend.account_id)

    def look() -> None:
        if backend.alarms.get(alarm.name) is not alarm:
            return
        point = _point(about, backend, alarm)
        count = int(alarm.evaluation_periods)
        points[:] = ([point] * count if not points else [*points, point])[-count:]
        value = _value(alarm, points)
        if value and value != alarm.state_value:
            before = _state(alarm)
            told = ", ".join("missing" if one is None else str(one) for one in points)
            reason = f"Threshold Crossed: the last {count} datapoints [{told}], threshold {alarm.threshold}."
            alarm.update_state(reason, "{}", value)
            _changed(backend.account_id, alarm, before)
        _watch(backend, alarm, points)

    about.later(max(about.durations.metric_period, 1), look)


def _point(about: Conditions, backend: Any, alarm: Any) -> float | None:
    """One data point: 1 is a failed check; a stopped or unreachable instance sends none."""
    from moto.ec2.models import ec2_backends

    wanted = next((one.value for one in alarm.dimensions if one.name == "InstanceId"), "")
    instance = ec2_backends[backend.account_id][backend.region_name].get_instance_by_id(wanted)
    if instance is None or instance.state != "running" or instance.placement.zone in about.faults.dark_zones:
        return None
    of_instance = alarm.metric_name in ("StatusCheckFailed", "StatusCheckFailed_Instance")
    return float(of_instance and instance.id in about.faults.impaired)


def _value(alarm: Any, points: list[float | None]) -> str:
    """The state that the last points make; empty when it stays."""
    missing = alarm.treat_missing_data or "missing"
    if missing == "ignore" and all(one is None for one in points):
        return ""
    if missing == "missing" and all(one is None for one in points):
        return "INSUFFICIENT_DATA"
    known = [one >= float(alarm.threshold) for one in points if one is not None]
    if missing in _WHAT_IS_MISSING:
        known += [_WHAT_IS_MISSING[missing]] * (len(points) - len(known))
    needed = int(alarm.datapoints_to_alarm or alarm.evaluation_periods)
    return "ALARM" if sum(known) >= needed else "OK"


def _state(alarm: Any) -> dict[str, Json]:
    return {
        "value": alarm.state_value,
        "reason": alarm.state_reason,
        "reasonData": alarm.state_reason_data,
        "timestamp": _time(alarm.state_updated_timestamp),
    }


def _stamp(account: str, alarm: Any) -> None:
    alarm.state_updated_timestamp = conditions(account).moment().replace(tzinfo=None)


def _changed(account: str, alarm: Any, before: dict[str, Json]) -> None:
    """Tell EventBridge of a change; a state that is set to what it was is none."""
    _stamp(account, alarm)
    if before["value"] == alarm.state_value:
        return
    alarm.state_transitioned_timestamp = alarm.state_updated_timestamp
    metric = {
        "namespace": alarm.namespace,
        "name": alarm.metric_name,
        "dimensions": {one.name: one.value for one in alarm.dimensions},
    }
    stat = {"metric": metric, "period": int(alarm.period), "stat": alarm.statistic}
    detail: dict[str, Json] = {
        "alarmName": alarm.name,
        "configuration": {
            "description": alarm.description,
            "metrics": [{"id": str(uuid.uuid4()), "metricStat": stat, "returnData": True}],
        },
        "previousState": before,
        "state": _state(alarm),
    }
    tell = partial(events.emit, account, alarm.region_name, source="aws.cloudwatch", detail_type=CHANGED)
    tell(resources=[alarm.alarm_arn], detail=detail)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"
