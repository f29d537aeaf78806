"""CloudWatch's own rules, where moto is laxer or tells nothing.

Sources: CloudWatch API reference, DescribeAlarmsForMetric; CloudWatch user guide, "Statistics definitions" (a
percentile is the value that so many percent of the data points do not exceed).
"""

import re
from collections.abc import Callable
from math import ceil
from typing import Any

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")


def install() -> None:
    """Put the rules around moto's alarms."""
    from moto.cloudwatch.models import Statistics
    from moto.cloudwatch.responses import CloudWatchResponse

    Statistics.get_statistics_for_type = _with_percentiles(Statistics.get_statistics_for_type)
    CloudWatchResponse.describe_alarms_for_metric = _of_that_metric(CloudWatchResponse.describe_alarms_for_metric)


def _with_percentiles(method: Callable[..., Any]) -> Callable[..., Any]:
    def told(self: Any, stat: str) -> Any:
        asked = _PERCENTILE.fullmatch(stat)
        if asked is None:
            return method(self, stat)
        values = sorted(self.metric_single_values_list)
        return values[max(0, ceil(len(values) * float(asked[1]) / 100) - 1)] if values else None

    return told


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
