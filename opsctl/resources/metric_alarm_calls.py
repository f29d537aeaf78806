"""CloudWatch: metric alarms."""

from collections.abc import Mapping

from opsctl.model.changes import Check, Grant, Instruction
from opsctl.model.reads import Read
from opsctl.model.value import Json


def describe_alarm(name: str) -> Read:
    """Read one metric alarm."""
    return Read(service="cloudwatch", operation="DescribeAlarms", params={"AlarmNames": [name]})


def put_alarm(params: Mapping[str, Json]) -> Instruction:
    """Create an alarm; for one that acts on an instance the first such call makes CloudWatch's own role."""
    acts = any(":automate:" in action for action in params.get("AlarmActions") or [])
    role = Grant(
        service="iam", operation="CreateServiceLinkedRole", params={"AWSServiceName": "events.amazonaws.com"}
    )
    return Instruction(
        kind="call",
        service="cloudwatch",
        operation="PutMetricAlarm",
        params=dict(params),
        grants=(role,) if acts else (),
    )


def delete_alarm(name: str) -> Instruction:
    """Delete an alarm."""
    return Instruction(kind="call", service="cloudwatch", operation="DeleteAlarms", params={"AlarmNames": [name]})


def alarm_is_absent(name: str) -> Check:
    """There is no such alarm."""
    return Check(
        read=describe_alarm(name),
        query="MetricAlarms[].AlarmName",
        op="empty",
        says=f"there is no alarm {name}",
    )


def alarm_is_ours(name: str, description: str) -> Check:
    """The alarm carries the plan's mark."""
    return Check(
        read=describe_alarm(name),
        query="MetricAlarms[0].AlarmDescription",
        op="equals",
        value=description,
        says=f"alarm {name} is this plan's",
    )


def metric_is_listed(namespace: str, metric: str, dimensions: Mapping[str, str]) -> Check:
    """The metric has had data in the last hours: not that of a group of the same name that is long gone."""
    which = [{"Name": name, "Value": value} for name, value in sorted(dimensions.items())]
    params: dict[str, Json] = {"Namespace": namespace, "MetricName": metric, "Dimensions": which}
    return Check(
        read=Read(service="cloudwatch", operation="ListMetrics", params={**params, "RecentlyActive": "PT3H"}),
        query="Metrics[].MetricName",
        op="present",
        says=f"{namespace} has {metric} of {', '.join(dimensions.values())}",
    )
