"""CloudWatch metrics of many queues or functions in few calls: GetMetricData answers 500 queries at once."""

from collections.abc import Sequence

from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json, Value

QUERIES_A_CALL = 500


class Metric(Value):
    """One metric of one resource, as GetMetricData is asked for it."""

    namespace: str
    dimension: str
    resource: str
    name: str
    stat: str
    period_s: int


class Points(Value):
    """The points of a metric, oldest first; `refused` when CloudWatch did not answer.

    No points is an answer: SQS stops publishing for a queue that was empty and untouched for six hours.
    """

    at: tuple[str, ...] = ()
    values: tuple[float, ...] = ()
    refused: bool = False

    @property
    def last(self) -> float | None:
        """The newest value, if there is any."""
        return self.values[-1] if self.values else None

    @property
    def total(self) -> float:
        """The sum of all values."""
        return sum(self.values)


def sqs_metric(queue: str, name: str, stat: str, period_s: int) -> Metric:
    """A metric of a queue."""
    return Metric(
        namespace="AWS/SQS", dimension="QueueName", resource=queue, name=name, stat=stat, period_s=period_s
    )


def lambda_metric(function: str, name: str, stat: str, period_s: int) -> Metric:
    """A metric of a function."""
    return Metric(
        namespace="AWS/Lambda",
        dimension="FunctionName",
        resource=function,
        name=name,
        stat=stat,
        period_s=period_s,
    )


def metric_reads(metrics: Sequence[Metric], *, start_s: int, end_s: int) -> list[Read]:
    """Read metrics over a span of time, so many a call as CloudWatch takes."""
    return [
        Read(
            service="cloudwatch",
            operation="GetMetricData",
            params={
                "StartTime": start_s,
                "EndTime": end_s,
                "ScanBy": "TimestampAscending",
                "MetricDataQueries": [
                    _query(f"m{number}", one)
                    for number, one in enumerate(metrics[first : first + QUERIES_A_CALL], start=first)
                ],
            },
        )
        for first in range(0, len(metrics), QUERIES_A_CALL)
    ]


def points_of(metrics: Sequence[Metric], answers: Sequence[Answer]) -> dict[Metric, Points]:
    """Return the points of each metric from the answers to `metric_reads`, in the same order."""
    found: dict[Metric, Points] = {}
    for number, answer in enumerate(answers):
        first = number * QUERIES_A_CALL
        batch = metrics[first : first + QUERIES_A_CALL]
        told = _by_id(answer.value or {})
        for index, one in enumerate(batch, start=first):
            at, values = told.get(f"m{index}", ((), ()))
            found[one] = Points(at=at, values=values, refused=answer.value is None)
    return found


def _by_id(answer: Json) -> dict[str, tuple[tuple[str, ...], tuple[float, ...]]]:
    """Merge the results of one id, which come in parts when an answer has several pages."""
    found: dict[str, tuple[tuple[str, ...], tuple[float, ...]]] = {}
    for one in answer.get("MetricDataResults") or []:
        at, values = found.get(one["Id"], ((), ()))
        found[one["Id"]] = (
            (*at, *(str(moment) for moment in one.get("Timestamps") or [])),
            (*values, *(float(value) for value in one.get("Values") or [])),
        )
    return found


def _query(id_: str, one: Metric) -> Json:
    metric = {
        "Namespace": one.namespace,
        "MetricName": one.name,
        "Dimensions": [{"Name": one.dimension, "Value": one.resource}],
    }
    return {"Id": id_, "MetricStat": {"Metric": metric, "Period": one.period_s, "Stat": one.stat}}
