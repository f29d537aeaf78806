"""Publishes metrics of an Auto Scaling group."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.resources.asg_calls import disable_metrics, enable_metrics, metrics_are


class AsgMetrics(Action):
    """Publish metrics of a group to CloudWatch every minute; undo stops that."""

    name: ClassVar[str] = "asg.metrics"

    group: str = Field(description="Name of the group.")
    metrics: tuple[str, ...] = Field(description="Metrics, such as GroupInServiceInstances.")
    why: str = Field(description="What they are for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one EnableMetricsCollection."""
        yield []
        return [
            Change(
                **dict(enable_metrics(self.group, self.metrics)),
                id="enable",
                title=f"Enable {len(self.metrics)} group metrics of {self.group}",
                why=self.why,
                expect=(metrics_are(self.group, self.metrics, on=False),),
                proof=Proof(configured=(metrics_are(self.group, self.metrics, on=True),), within_s=60),
                undo=disable_metrics(self.group, self.metrics),
            )
        ]
