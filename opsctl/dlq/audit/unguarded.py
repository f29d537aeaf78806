"""Which subscriptions, functions, rule targets and schedules have nowhere to send their failures; pure.

Left alone: subscriptions that write to people (email, SMS, push), which nobody can deliver again in their
name; rules that AWS manages, which cannot be changed; rules and schedules that are switched off.
"""

from collections.abc import Iterator

from opsctl.dlq.audit import fixes
from opsctl.dlq.audit.metrics import asynchronous
from opsctl.dlq.audit.region import FunctionSeen, Region, qualifier_in
from opsctl.dlq.audit.rules import AuditFinding, finding

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
        if name in region.unsure:
            continue
        if region.homes_of(name):
            # What was not listed may be just what an alias leads to.
            yield from () if "version" in region.blind else _without(name, seen, region)
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


def _without(name: str, seen: FunctionSeen, region: Region) -> Iterator[AuditFinding]:
    """Aliases and versions whose failures go nowhere although those of another do.

    A version keeps the dead-letter queue that it was published with, and each alias or version has an on-failure
    destination of its own (Lambda guide, "Manage Lambda function versions", "Configuring destinations").
    """
    homes = region.homes_of(name)
    lost = {qualifier_in(one.delivers_to): one for one in region.invokers_of(name)}
    for qualifier, one in sorted(lost.items()):
        if qualifier in homes:
            continue
        latest = qualifier == "$LATEST"
        others = ", ".join(sorted(homes))
        yield finding(
            "async-no-dlq",
            "medium",
            resource=f"function {name}" if latest else f"function {name}:{qualifier}",
            arn=seen.arn if latest else f"{seen.arn}:{qualifier}",
            what=f"no dead-letter queue and no on-failure destination there (only of {others}), and {one.says()} "
            "invokes it asynchronously",
            fix=fixes.attach(f"function:{name}", region)
            if latest
            else fixes.keep_failures(seen.arn, qualifier, next(iter(homes.values())), region),
        )


def _invoked_by(name: str, region: Region) -> str:
    """Say how it is known that a function is invoked asynchronously; empty when it is not."""
    events = region.points_for(asynchronous(name)).total
    if events:
        return f"{events:,.0f} asynchronous events in two weeks"
    for one in region.invokers_of(name):
        return f"{one.says()} invokes it asynchronously"
    return "its asynchronous invocation is configured" if name in region.invoked else ""
