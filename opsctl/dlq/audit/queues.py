"""What is wrong with working queues: loops, blocked groups, receive counts and visibility; pure."""

from collections.abc import Iterator

from opsctl.dlq.audit import fixes
from opsctl.dlq.audit.candidates import idle, serving
from opsctl.dlq.audit.region import Region, Source
from opsctl.dlq.audit.rules import AuditFinding, Severity, finding
from opsctl.model.spans import span
from opsctl.resources.queue_facts import QueueFacts

_TIMES, _MAX_VISIBILITY_S = 6, 43_200
_LONG_S = 3600


def audit_queues(region: Region) -> Iterator[AuditFinding]:
    """Judge every queue that is no dead-letter queue itself."""
    dead = {*serving(region), *idle(region)}
    for source in region.sources:
        if source.kind == "queue":
            facts = region.queues[source.arn].facts
            if source.arn not in dead:
                judged = _with_home if source.target else _without_home
                yield from judged(facts, source, region)
            yield from _visibility(facts, region)


def _without_home(facts: QueueFacts, source: Source, region: Region) -> Iterator[AuditFinding]:
    taking = _functions(facts, region)
    if facts.fifo:
        yield finding(
            "fifo-blocked",
            "high" if taking else "medium",
            resource=f"queue {facts.name}",
            arn=facts.arn,
            what=f"a FIFO queue without a dead-letter queue{_by(taking)}: one failing message blocks its group",
            fix=fixes.attach(source, region),
            queues=(facts.arn,),
        )
    elif taking:
        yield finding(
            "endless-loop",
            "high",
            resource=f"queue {facts.name}",
            arn=facts.arn,
            what=f"no dead-letter queue{_by(taking)}: a failing message is retried for {span(facts.retention_s)}",
            fix=fixes.attach(source, region),
            queues=(facts.arn,),
        )


def _with_home(facts: QueueFacts, source: Source, region: Region) -> Iterator[AuditFinding]:
    taking = _functions(facts, region)
    queues = (facts.arn, source.target)
    if taking and facts.max_receive < fixes.MAX_RECEIVE:
        yield finding(
            "receive-count-low",
            "medium",
            resource=f"queue {facts.name}",
            arn=facts.arn,
            what=f"maxReceiveCount is {facts.max_receive}{_by(taking)}: throttling alone makes dead letters",
            fix=fixes.attach_again(source, region, "--max-receive", str(fixes.MAX_RECEIVE)),
            queues=queues,
        )
    held_s = facts.max_receive * facts.visibility_s
    if facts.fifo and facts.max_receive > fixes.MAX_RECEIVE and held_s >= _LONG_S:
        yield finding(
            "fifo-held-long",
            "medium",
            resource=f"queue {facts.name}",
            arn=facts.arn,
            what=f"{facts.max_receive} receives of {span(facts.visibility_s)}: a failing message blocks its group "
            f"for {span(held_s)}",
            fix=fixes.attach_again(source, region, "--max-receive", str(fixes.MAX_RECEIVE)),
            queues=queues,
        )


def _visibility(facts: QueueFacts, region: Region) -> Iterator[AuditFinding]:
    """Judge by the consumer that needs most."""
    needs = [
        (_TIMES * seen.timeout_s + one.window_s, seen.timeout_s, seen.name)
        for one in region.consumers_of(facts.arn)
        if (seen := region.functions.get(one.function)) is not None
    ]
    if not needs:
        return
    needed, timeout_s, name = max(needs)
    needed = min(needed, _MAX_VISIBILITY_S)
    if facts.visibility_s < needed:
        severity: Severity = "high" if facts.visibility_s < timeout_s else "medium"
        yield finding(
            "visibility-short",
            severity,
            resource=f"queue {facts.name}",
            arn=facts.arn,
            what=f"visibility timeout {facts.visibility_s} s, function {name} needs {needed} s (its timeout is "
            f"{timeout_s} s)",
            fix=fixes.set_attributes(facts, region, VisibilityTimeout=str(needed)),
            queues=(facts.arn,),
        )


def _functions(facts: QueueFacts, region: Region) -> list[str]:
    return sorted({one.function for one in region.consumers_of(facts.arn)})


def _by(functions: list[str]) -> str:
    return f", and function {', '.join(functions)} consumes it" if functions else ""
