"""Tells somebody when a dead letter waits."""

from typing import ClassVar

from pydantic import Field

from opsctl.dlq import alarm_calls
from opsctl.model.changes import Change, Proof
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.run import Action, Context


class DlqAlarm(Action):
    """Make an alarm that tells a topic as soon as a message waits in a queue; undo deletes it.

    When an alarm tells the topic of the first message already, nothing is planned. An alarm that has our name
    and is something else is never replaced.
    """

    name: ClassVar[str] = "dlq.alarm"

    queue: str = Field(description="Name of the queue.")
    topic: str = Field(description="ARN of the SNS topic, as the fact `sns.topic` found it.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one PutMetricAlarm, or nothing."""
        watching = yield from require(alarm_calls.alarms_on(self.queue))
        if any(alarm_calls.tells_at_once(one, self.topic) for one in watching.get("MetricAlarms") or []):
            return []
        name = alarm_calls.alarm_name(self.queue)
        taken = yield from require(alarm_calls.alarms_called(name))
        if taken.get("MetricAlarms") or taken.get("CompositeAlarms"):
            raise RefusedByGuard(
                f"there is an alarm {name} already and it does not tell {self.topic} at once; nothing was changed",
                "change that alarm, or leave --alarm out",
            )
        return [
            Change(
                **dict(alarm_calls.put_alarm(self.queue, self.topic, about.plan_id)),
                id="alarm",
                title=f"Tell {self.topic.rpartition(':')[2]} as soon as a message waits in {self.queue}",
                why="A dead-letter queue that nobody watches keeps its messages until they expire.",
                expect=(alarm_calls.name_is_free(self.queue),),
                proof=Proof(configured=(alarm_calls.alarm_is_ours(self.queue, about.plan_id),)),
                undo=alarm_calls.delete_alarm(self.queue),
                undo_only_if=(alarm_calls.alarm_is_ours(self.queue, about.plan_id),),
            )
        ]
