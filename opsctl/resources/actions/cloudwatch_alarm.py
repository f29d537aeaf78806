"""Makes a CloudWatch metric alarm."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from opsctl.model.changes import Change, Check, Grant, Instruction, Proof, Risk, Severity
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.reads import Read
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.marks import described, tag_list, with_mark


class CloudwatchAlarm(Action):
    """Create a metric alarm; undo deletes it."""

    name: ClassVar[str] = "cloudwatch.alarm"

    alarm: str = Field(description="Name of the alarm; not in use yet.")
    namespace: str = Field(description="Namespace of the metric, such as AWS/EC2.")
    metric: str = Field(description="Name of the metric.")
    dimensions: dict[str, Json] = Field(
        {}, description="Dimensions of the metric; a value may be a reference to what an earlier step makes."
    )
    statistic: Literal["Maximum", "Minimum", "Sum", "Average"] = Field("Maximum", description="Statistic.")
    comparison: Literal["at-least", "below"] = Field("at-least", description="Comparison operator.")
    threshold: float = Field(1, description="The threshold.")
    period_s: int = Field(60, ge=10, description="Length of a period, in seconds.")
    periods: int = Field(1, ge=1, description="Evaluation periods: how many in a row raise the alarm.")
    missing: Literal["breaching", "notBreaching", "ignore", "missing"] = Field(
        "missing", description="How missing data is treated."
    )
    actions: tuple[str, ...] = Field((), description="ARNs of the alarm actions: topics, EC2 actions.")
    ok_actions: tuple[str, ...] = Field((), description="ARNs of the OK actions.")
    tags: dict[str, str] = Field({}, description="Tags of the alarm.")
    why: str = Field(description="What the alarm means.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one PutMetricAlarm."""
        answer = yield from require(describe_alarm(self.alarm))
        if answer.get("MetricAlarms"):
            raise RefusedByGuard(
                f"there is an alarm {self.alarm} already; nothing was changed", "choose another name"
            )
        description = described(about.plan_id, self.why)[-1024:]
        acting = [action for action in self.actions if ":automate:" in action]
        return [
            Change(
                **dict(put_alarm(self._params(description, about.plan_id))),
                id="create",
                title=f"Create CloudWatch alarm {self.alarm}",
                why=self.why,
                expect=(alarm_is_absent(self.alarm),),
                proof=Proof(configured=(alarm_is_ours(self.alarm, description),), within_s=60),
                undo=delete_alarm(self.alarm),
                risk=Risk(
                    severity=Severity.MEDIUM if acting else Severity.LOW,
                    note=f"It acts automatically: {', '.join(one.rpartition(':')[2] for one in acting)}."
                    if acting
                    else "",
                ),
            )
        ]

    def _params(self, description: str, plan_id: str) -> dict[str, Json]:
        comparison = "LessThanThreshold" if self.comparison == "below" else "GreaterThanOrEqualToThreshold"
        return {
            "AlarmName": self.alarm,
            "AlarmDescription": description,
            "Namespace": self.namespace,
            "MetricName": self.metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in sorted(self.dimensions.items())],
            "Statistic": self.statistic,
            "Period": self.period_s,
            "EvaluationPeriods": self.periods,
            "Threshold": self.threshold,
            "ComparisonOperator": comparison,
            "TreatMissingData": self.missing,
            "ActionsEnabled": True,
            "AlarmActions": list(self.actions),
            "OKActions": list(self.ok_actions),
            "Tags": tag_list(with_mark(plan_id, self.tags)),
        }


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
