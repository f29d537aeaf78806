"""Creates an alarm on the number of dead letters."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Instruction, Proof
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.reads import Read
from opsctl.model.run import Action, Context
from opsctl.model.value import Json

_METRIC = "ApproximateNumberOfMessagesVisible"


class DlqAlarm(Action):
    """Create an alarm that notifies a topic as soon as a queue has a message; undo deletes it.

    When an alarm notifies the topic of the first message already, nothing is planned. An alarm that has our name
    and is something else is never replaced.
    """

    name: ClassVar[str] = "dlq.alarm"

    queue: str = Field(description="Name of the queue.")
    topic: str = Field(description="ARN of the SNS topic, as the fact `sns.topic` found it.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one PutMetricAlarm, or nothing."""
        watching = yield from require(alarms_on(self.queue))
        if any(tells_at_once(one, self.topic) for one in watching.get("MetricAlarms") or []):
            return []
        name = alarm_name(self.queue)
        taken = yield from require(alarms_called(name))
        if taken.get("MetricAlarms") or taken.get("CompositeAlarms"):
            raise RefusedByGuard(
                f"alarm {name} exists and does not notify {self.topic} of the first message; nothing was changed",
                "change that alarm, or omit --alarm",
            )
        return [
            Change(
                **dict(put_alarm(self.queue, self.topic, about.plan_id)),
                id="alarm",
                title=f"Create alarm {name}: notify {self.topic.rpartition(':')[2]} of messages in {self.queue}",
                why="Without an alarm nobody learns of dead letters before they expire.",
                expect=(name_is_free(self.queue),),
                proof=Proof(configured=(alarm_is_ours(self.queue, about.plan_id),)),
                undo=delete_alarm(self.queue),
                undo_only_if=(alarm_is_ours(self.queue, about.plan_id),),
            )
        ]


def alarm_name(queue: str) -> str:
    """The name of our alarm for a queue."""
    return f"opsctl-dlq-{queue}"


def alarms_called(name: str) -> Read:
    """Read whatever alarm has that name; alarms of both kinds share their names."""
    params = {"AlarmNames": [name], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    return Read(service="cloudwatch", operation="DescribeAlarms", params=params)


def alarms_on(queue: str) -> Read:
    """Read the alarms on the number of messages of a queue."""
    return Read(service="cloudwatch", operation="DescribeAlarmsForMetric", params=_metric(queue))


def tells_at_once(alarm: Json, topic: str) -> bool:
    """Tell whether an alarm on that number tells a topic of the very first message."""
    told = alarm.get("ActionsEnabled", True) and topic in (alarm.get("AlarmActions") or [])
    least = {"GreaterThanThreshold": 0.0, "GreaterThanOrEqualToThreshold": 1.0}.get(
        alarm.get("ComparisonOperator", "")
    )
    return bool(told and least is not None and float(alarm.get("Threshold", 0)) <= least)


def put_alarm(queue: str, topic: str, plan_id: str) -> Instruction:
    """Make the alarm. `NumberOfMessagesSent` does not count what SQS itself moves, so the depth is watched."""
    params = _metric(queue) | {
        "AlarmName": alarm_name(queue),
        "AlarmDescription": _description(queue, plan_id),
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [topic],
        "Tags": [{"Key": "opsctl:plan", "Value": plan_id}],
    }
    return Instruction(kind="call", service="cloudwatch", operation="PutMetricAlarm", params=params)


def delete_alarm(queue: str) -> Instruction:
    """Delete our alarm."""
    params = {"AlarmNames": [alarm_name(queue)]}
    return Instruction(kind="call", service="cloudwatch", operation="DeleteAlarms", params=params)


def name_is_free(queue: str) -> Check:
    """No alarm has our name: PutMetricAlarm would replace it."""
    return Check(
        read=alarms_called(alarm_name(queue)),
        query="[MetricAlarms, CompositeAlarms][][].AlarmName",
        op="empty",
        says=f"there is no alarm {alarm_name(queue)}",
    )


def alarm_is_ours(queue: str, plan_id: str) -> Check:
    """The alarm is there and is that of this plan."""
    return Check(
        read=alarms_called(alarm_name(queue)),
        query="MetricAlarms[0].AlarmDescription",
        op="equals",
        value=_description(queue, plan_id),
        says=f"alarm {alarm_name(queue)} watches {queue}",
    )


def _metric(queue: str) -> dict[str, Json]:
    return {
        "Namespace": "AWS/SQS",
        "MetricName": _METRIC,
        "Dimensions": [{"Name": "QueueName", "Value": queue}],
    }


def _description(queue: str, plan_id: str) -> str:
    return f"Dead letters in {queue}. Next: opsctl dlq inspect {queue} (opsctl plan {plan_id})"
