"""Which subscriptions, functions, rule targets and schedules have nowhere to send their failures; pure.

Left alone: subscriptions that write to people (email, SMS, push), which nobody can deliver again in their
name; rules that AWS manages, which cannot be changed; rules and schedules that are switched off.
"""

from collections.abc import Iterator

from opsctl.deadletters import fixes
from opsctl.deadletters.audit_rules import AuditFinding, finding
from opsctl.deadletters.metrics import asynchronous
from opsctl.deadletters.region import Region, function_in

_RULES = {
    "subscription": "subscription-no-dlq",
    "target": "target-no-dlq",
    "schedule": "schedule-no-dlq",
}


def audit_sources(region: Region) -> Iterator[AuditFinding]:
    """Judge every source but queues."""
    for source in region.sources:
        if source.kind in _RULES and source.active and not source.target:
            yield finding(
                _RULES[source.kind],
                "medium",
                resource=source.says(),
                arn=source.arn,
                what="no dead-letter queue for what cannot be delivered",
                fix=fixes.attach(source, region),
                queues=(source.delivers_to,) if ":sqs:" in source.delivers_to else (),
            )
    yield from _functions(region)


def _functions(region: Region) -> Iterator[AuditFinding]:
    for name, seen in region.functions.items():
        if name in region.functions_with_home or name in region.unsure:
            continue
        because = _invoked_by(name, region)
        if because:
            yield finding(
                "async-no-dlq",
                "medium",
                resource=f"function {name}",
                arn=seen.arn,
                what=f"no dead-letter queue and no on-failure destination, and {because}",
                fix=fixes.attach(f"function:{name}", region),
            )


def _invoked_by(name: str, region: Region) -> str:
    """Say how it is known that a function is invoked asynchronously; empty when it is not."""
    events = region.points_for(asynchronous(name)).total
    if events:
        return f"{events:,.0f} asynchronous events in two weeks"
    for one in region.sources:
        if one.active and function_in(one.delivers_to) == name and one.kind in _RULES:
            return f"{one.says()} invokes it asynchronously"
    return "its asynchronous invocation is configured" if name in region.invoked else ""
