"""Judges load balancers, alarms and the topic."""

from collections.abc import Iterator

from opsctl.model.value import Json, Value
from opsctl.preflight.seen import Seen
from opsctl.preflight.verdict import ALL_MODES, Verdict, accept, block, carry, warn

_SERVICES = "events.amazonaws.com"


class Registration(Value):
    """A target group that the instance is registered with by its id."""

    arn: str
    name: str
    port: int


def registrations(seen: Seen) -> tuple[Registration, ...]:
    """List where the instance is registered by its id."""
    return tuple(
        Registration(arn=arn, name=arn.split("/")[1], port=int(one["Target"].get("Port", 0)))
        for name, answer in seen.answers.items()
        if name.startswith("health ")
        for arn in [name.removeprefix("health ")]
        for one in (answer or {}).get("TargetHealthDescriptions", [])
        if one["Target"]["Id"] == seen.id
    )


def judge_traffic(seen: Seen) -> Iterator[Verdict]:
    """What sends traffic to the instance, and what acts on it."""
    for one in registrations(seen):
        why = "every replacement is registered there, and its health check counts"
        yield carry("target-group", f"target group {one.name}, port {one.port}", why)
    for balancer in (seen.answers.get("classic-balancers") or {}).get("LoadBalancerDescriptions", []):
        if any(one.get("InstanceId") == seen.id for one in balancer.get("Instances", [])):
            why = "register replacements by hand, or move to a target group first"
            yield block(
                "classic-balancer", f"Classic Load Balancer {balancer['LoadBalancerName']} sends to it", why
            )
    alarms = sorted(str(one["AlarmName"]) for one in acting_alarms(seen))
    if alarms:
        why = "they act behind the group's back, and name the old instance once it has been replaced"
        yield accept("acting-alarms", f"alarms act on it: {', '.join(alarms)}", why, ALL_MODES)
    if seen.wanted.topic:
        yield from _topic(seen)


def acting_alarms(seen: Seen) -> list[Json]:
    """List the alarms that do something to the instance by themselves."""
    return [
        one
        for one in (seen.answers.get("alarms") or {}).get("MetricAlarms", [])
        if {"Name": "InstanceId", "Value": seen.id} in one.get("Dimensions", [])
    ]


def _topic(seen: Seen) -> Iterator[Verdict]:
    answer = seen.answers.get("topic")
    if answer == {}:
        yield block("topic", f"there is no topic {seen.wanted.topic}", "nobody would be told", ALL_MODES)
    elif answer and _SERVICES not in str((answer.get("Attributes") or {}).get("Policy", "")):
        why = "EventBridge publishes only where the topic's policy names it, so failed launches would not be told"
        yield warn("topic-policy", f"the policy of {seen.wanted.topic} does not name {_SERVICES}", why)
