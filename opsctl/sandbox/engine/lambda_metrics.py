"""The metrics that Lambda publishes about functions, which moto does not.

Source: Lambda guide, "Types of metrics for Lambda functions". How many run at once is not made up.
"""

import datetime
from typing import Any

_NAMESPACE = "AWS/Lambda"


def keep_metrics(function: Any, at: float, took_s: float, *, failed: bool) -> None:
    """Publish one invocation: that it was, whether it failed, and how long it took."""
    _keep(function, at, ("Invocations", 1, "Count"), ("Errors", int(failed), "Count"))
    _keep(function, at, ("Duration", took_s * 1000, "Milliseconds"), ("Throttles", 0, "Count"))


def keep_throttle(function: Any, at: float) -> None:
    """Publish an invocation that was throttled, which is none."""
    _keep(function, at, ("Throttles", 1, "Count"))


def _keep(function: Any, at: float, *values: tuple[str, float, str]) -> None:
    from moto.cloudwatch.models import cloudwatch_backends

    moment = datetime.datetime.fromtimestamp(at, datetime.UTC).replace(tzinfo=None)
    data = [
        {
            "MetricName": name,
            "Value": value,
            "Unit": unit,
            "Timestamp": moment,
            "Dimensions": [{"Name": "FunctionName", "Value": function.function_name}],
        }
        for name, value, unit in values
    ]
    cloudwatch_backends[function.account_id][function.region].put_metric_data(_NAMESPACE, data)
