"""Schedules of EventBridge Scheduler: one target, called by a role.

Sources: EventBridge Scheduler guide, "Retry policy", "Dead-letter queue"; GetSchedule.
"""

from opsctl.events.delivery_graph import DeliveryNode
from opsctl.events.hops import Hop, ReadResource, Waypoint
from opsctl.events.resource_answers import ResourceAnswers
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.resources.dead_letter_reads import get_schedule

_ATTEMPTS, _AGE_S = 185, 86_400


def read(place: Waypoint, _: Context) -> Fetching[ReadResource]:
    """Read the schedule."""
    group, _slash, name = place.arn.rpartition(":schedule/")[2].partition("/")
    told = ResourceAnswers()
    found = (yield from told.ask([("schedule", get_schedule(group, name))]))["schedule"]
    node = DeliveryNode(
        arn=place.arn,
        kind="schedule",
        name=name if group == "default" else f"{group}/{name}",
        notes=(str(found["ScheduleExpression"]),) if found else (),
        unknown=tuple(told.unknown),
        exists=not told.missing,
    )
    return ReadResource(node=node, hops=(_target(found),) if found else ())


def _target(found: Json) -> Hop:
    told = found["Target"]
    retry = told.get("RetryPolicy") or {}
    attempts = int(retry.get("MaximumRetryAttempts", _ATTEMPTS))
    hours = int(retry.get("MaximumEventAgeInSeconds", _AGE_S)) / 3600
    dead = str((told.get("DeadLetterConfig") or {}).get("Arn", ""))
    off = found.get("State") == "DISABLED"
    return Hop(
        to=Waypoint(arn=str(told["Arn"])),
        by="target of the schedule",
        verdict="blocked" if off else "delivers",
        why=("the schedule is disabled",) if off else (),
        role=str(told.get("RoleArn", "")),
        retry=f"{attempts} attempts within {hours:g} h",
        duplicates="at least once",
        lost="" if dead else "its retries are used up: there is no dead-letter queue",
        dead_letter=dead,
    )
