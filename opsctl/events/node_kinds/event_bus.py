"""Event buses of EventBridge: each rule that can match what comes is an edge.

Sources: EventBridge guide, "Event buses" and "Rules"; DescribeEventBus, ListRules.
"""

import json

from opsctl.events.delivery_graph import DeliveryNode, Verdict
from opsctl.events.hops import Admission, Hop, ReadResource, Waypoint
from opsctl.events.resource_answers import ResourceAnswers, items_of, read_of
from opsctl.events.selections import PatternSelection
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.resources.event_patterns import Pattern


def read(place: Waypoint, _: Context) -> Fetching[ReadResource]:
    """Read the bus and its rules."""
    bus = place.arn.rpartition("event-bus/")[2]
    told = ResourceAnswers()
    found = yield from told.ask(
        [
            ("event bus", read_of("events", "DescribeEventBus", Name=bus)),
            ("rules", read_of("events", "ListRules", EventBusName=bus)),
        ]
    )
    rules = [one for one in items_of(found["rules"], "Rules") if one.get("EventPattern")]
    hops = [hop for one in rules if (hop := _rule(place, one)) is not None]
    left = len(rules) - len(hops)
    notes = [f"{left} other rules do not match these events"] if left else []
    if not hops and found["rules"] is not None and not told.missing:
        notes.append("no rule matches")
    node = DeliveryNode(
        arn=place.arn,
        kind="event bus",
        name=bus,
        notes=tuple(notes),
        unknown=tuple(told.unknown),
        exists="event bus" not in told.missing,
    )
    policy = None if found["event bus"] is None else str(found["event bus"].get("Policy", ""))
    return ReadResource(node=node, hops=tuple(hops), admission=Admission(action="events:PutEvents", policy=policy))


def _rule(place: Waypoint, told: Json) -> Hop | None:
    """Return the edge to a rule; None when its pattern certainly matches nothing that is known to come here."""
    verdict: Verdict = "filtered"
    why: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    text = str(told["EventPattern"])
    try:
        if not Pattern(text).may_match(place.carrying):
            return None
    except ValueError as fault:
        verdict, why = "unknown", (f"its pattern cannot be evaluated here: {fault}",)
    if told.get("State") == "DISABLED":
        verdict, why, causes = "blocked", ("the rule is disabled",), ("rule-disabled",)
    return Hop(
        to=Waypoint(arn=str(told["Arn"]), carrying=place.carrying),
        by="rule",
        verdict=verdict,
        why=why,
        causes=causes,
        passes=json.dumps(json.loads(text), separators=(", ", ": ")) if verdict == "filtered" else "",
        takes=PatternSelection(pattern=text),
    )
