"""CloudWatch's own rules, where moto is laxer. Source: CloudWatch API reference, DescribeAlarmsForMetric."""

from collections.abc import Callable
from typing import Any


def install() -> None:
    """Put the rules around moto's alarms."""
    from moto.cloudwatch.responses import CloudWatchResponse

    CloudWatchResponse.describe_alarms_for_metric = _of_that_metric(CloudWatchResponse.describe_alarms_for_metric)


def _of_that_metric(method: Callable[..., Any]) -> Callable[..., Any]:
    """A metric is its dimensions too; moto answers with the alarms of every metric of that name."""

    def described(self: Any) -> Any:
        answer = method(self)
        asked = _pairs(self._get_param("Dimensions"))
        found = answer.result["MetricAlarms"]
        answer.result["MetricAlarms"] = [
            one for one in found if {(part.name, part.value) for part in one.dimensions} == asked
        ]
        return answer

    return described


def _pairs(dimensions: Any) -> set[tuple[str, str]]:
    return {(one["Name"], one["Value"]) for one in dimensions or []}
