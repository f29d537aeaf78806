"""Waits until a CloudWatch metric has its first data."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Instruction, Irreversible, Proof
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.run import Action, Context
from opsctl.model.value import Json


class CloudwatchMetric(Action):
    """Wait until a metric has data, so that an alarm for which no data is bad does not ring at once.

    It changes nothing. CloudWatch lists a new metric after up to a quarter of an hour.
    """

    name: ClassVar[str] = "cloudwatch.metric"

    namespace: str = Field(description="Namespace of the metric, such as AWS/EC2.")
    metric: str = Field(description="Name of the metric.")
    dimensions: dict[str, str] = Field({}, description="Dimensions of the metric.")
    within_s: int = Field(1800, ge=1, description="How long it may take.")
    why: str = Field(description="Why.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one wait."""
        yield []
        listed = metric_is_listed(self.namespace, self.metric, self.dimensions)
        return [
            Change(
                **dict(Instruction(kind="wait", service=listed.read.service, operation=listed.read.operation)),
                id="listed",
                title=f"Wait until {self.metric} has its first data",
                why=self.why,
                expect=(),
                proof=Proof(configured=(listed,), within_s=self.within_s),
                undo=Irreversible(because="waiting changes nothing"),
            )
        ]


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
