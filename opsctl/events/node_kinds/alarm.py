"""CloudWatch alarms: what each change of state tells.

Sources: CloudWatch guide, "Using Amazon CloudWatch alarms"; DescribeAlarms.
"""

from collections.abc import Iterator

from opsctl.events.delivery_graph import DeliveryNode
from opsctl.events.hops import Hop, ReadResource, Waypoint
from opsctl.events.resource_answers import ResourceAnswers, items_of, read_of
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context
from opsctl.model.value import Json

SERVICE = "cloudwatch.amazonaws.com"
_BY_POLICY = {"sns": SERVICE, "lambda": "lambda.alarms.cloudwatch.amazonaws.com"}
_ACTIONS = (("AlarmActions", "ALARM"), ("OKActions", "OK"), ("InsufficientDataActions", "INSUFFICIENT_DATA"))


def read(place: Waypoint, _: Context) -> Fetching[ReadResource]:
    """Read the alarm by its name, of either type."""
    name = place.arn.rpartition(":alarm:")[2]
    told = ResourceAnswers()
    types = ["MetricAlarm", "CompositeAlarm"]
    wanted = read_of("cloudwatch", "DescribeAlarms", AlarmNames=[name], AlarmTypes=types)
    answer = (yield from told.ask([("alarm", wanted)]))["alarm"]
    found = [*items_of(answer, "MetricAlarms"), *items_of(answer, "CompositeAlarms")]
    node = DeliveryNode(
        arn=place.arn,
        kind="alarm",
        name=name,
        notes=(f"state {found[0].get('StateValue', 'unknown')}",) if found else (),
        unknown=tuple(told.unknown),
        exists=bool(found) or answer is None,
    )
    return ReadResource(node=node, hops=tuple(_actions(place, found[0])) if found else ())


def _actions(place: Waypoint, alarm: Json) -> Iterator[Hop]:
    off = not alarm.get("ActionsEnabled", True)
    for member, state in _ACTIONS:
        for arn in alarm.get(member) or []:
            yield Hop(
                to=Waypoint(arn=str(arn)),
                by=f"action when it goes to {state}",
                verdict="blocked" if off else "delivers",
                why=("the alarm's actions are disabled",) if off else (),
                service=_BY_POLICY.get(str(arn).split(":")[2], ""),
                on_behalf_of=place.arn,
                lost="the alarm stays in its state: an action is for a change of state only",
            )
