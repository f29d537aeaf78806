"""The metrics that an Auto Scaling group publishes once they are enabled, which moto does not: as they are now.

Source: Auto Scaling user guide, "Amazon CloudWatch metrics for Amazon EC2 Auto Scaling".
"""

import datetime
import time
from typing import Any

from opsctl.sandbox.engine.scaling_model import Group
from opsctl.sandbox.rules.autoscaling import scaling_of

_STATES = {
    "GroupInServiceInstances": ("InService",),
    "GroupPendingInstances": ("Pending", "Pending:Wait", "Pending:Proceed"),
    "GroupTerminatingInstances": ("Terminating", "Terminating:Wait", "Terminating:Proceed"),
}


def install() -> None:
    """Tell moto's CloudWatch where to find them; it asks every subclass of its provider."""
    from moto.core.common_models import CloudWatchMetricProvider

    # moto finds it among the provider's subclasses, which Python holds only weakly.
    CloudWatchMetricProvider.opsctl_scaling = type(
        "ScalingMetrics", (CloudWatchMetricProvider,), {"get_cloudwatch_metrics": staticmethod(_metrics)}
    )


def _metrics(account_id: str, region: str) -> list[Any]:
    from moto.cloudwatch.models import MetricDatum

    moment = datetime.datetime.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)
    return [
        MetricDatum(
            "AWS/AutoScaling",
            name,
            _value(group, name),
            [{"Name": "AutoScalingGroupName", "Value": group.name}],
            moment,
            "None",
        )
        for group in list(scaling_of(account_id, region).groups.values())
        for name in group.metrics
        if name in _STATES or name == "GroupDesiredCapacity"
    ]


def _value(group: Group, name: str) -> float:
    if name == "GroupDesiredCapacity":
        return float(group.desired)
    return float(sum(member.state in _STATES[name] for member in group.members))
