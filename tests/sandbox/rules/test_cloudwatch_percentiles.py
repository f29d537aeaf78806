"""Percentiles of the sandbox's CloudWatch, by the user guide's definition, and the order that is asked for."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.kit.moto_account import client, fresh_world


@pytest.mark.parametrize(
    ("stat", "value"), [("p50", 5.0), ("p90", 9.0), ("p99.9", 10.0), ("p0", 1.0), ("Maximum", 10.0)]
)
def test_a_percentile_is_what_so_many_percent_do_not_exceed(stat: str, value: float) -> None:
    with fresh_world():
        cloudwatch, now = client("cloudwatch"), datetime.now(UTC)
        for number in range(1, 11):
            datum = {"MetricName": "Latency", "Value": float(number), "Timestamp": now}
            cloudwatch.put_metric_data(Namespace="Shop", MetricData=[datum])
        metric = {"Metric": {"Namespace": "Shop", "MetricName": "Latency"}, "Period": 3600, "Stat": stat}
        told = cloudwatch.get_metric_data(
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=5),
            MetricDataQueries=[{"Id": "a", "MetricStat": metric}],
        )
        assert told["MetricDataResults"][0]["Values"] == [value]
