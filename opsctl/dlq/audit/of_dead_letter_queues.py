"""What is wrong with dead-letter queues themselves: nobody is told, anybody may use them, nobody comes; pure."""

from collections.abc import Iterator

from opsctl.dlq.audit import fixes
from opsctl.dlq.audit.alarms import watching, watching_arrivals
from opsctl.dlq.audit.candidates import idle, serving
from opsctl.dlq.audit.metrics import AUDIT_DAYS, STANDING_DAYS, deleted_daily, standing_daily
from opsctl.dlq.audit.region import QueueSeen, Region, name_in
from opsctl.dlq.audit.rules import AuditFinding, finding
from opsctl.resources.queue_facts import QueueFacts

_MAX_ALLOWED = 10


def audit_dead_letter_queues(region: Region) -> Iterator[AuditFinding]:
    """Judge every queue that something names as its dead-letter queue, and those that only look like one."""
    for arn in serving(region):
        if arn in region.queues:
            seen = region.queues[arn]
            yield from _alarm(seen.facts, region)
            yield from _open(seen, region)
            yield from _unattended(seen.facts, region)
    for arn in idle(region):
        seen = region.queues[arn]
        yield from _left_parked(seen, region) if seen.parked_by else _unattended(seen.facts, region)


def _left_parked(seen: QueueSeen, region: Region) -> Iterator[AuditFinding]:
    count = seen.facts.total
    of = name_in(seen.parked_of)
    yield finding(
        "left-parked",
        "high" if count else "low",
        resource=f"queue {seen.facts.name}",
        arn=seen.facts.arn,
        what=f"holds {count:,} messages of {of} that run {seen.parked_by} parked"
        if count
        else f"run {seen.parked_by} parked messages of {of} here and is not finished; the queue is empty",
        fix=fixes.resume(seen, region),
        queues=(seen.facts.arn, seen.parked_of),
    )


def _alarm(facts: QueueFacts, region: Region) -> Iterator[AuditFinding]:
    if "alarm" in region.blind:
        return
    found = watching(region.alarms_about(facts.name), facts.name)
    attachable = next((one for one in region.into(facts.arn) if one.attach), None)
    if not found:
        deaf = watching_arrivals(region.alarms_about(facts.name), facts.name)
        by_sqs = any(one.kind == "queue" for one in region.into(facts.arn))
        if deaf and not by_sqs:
            # What Lambda, SNS and EventBridge send is counted.
            return
        more = (
            f"; alarm {deaf[0].name} watches NumberOfMessagesSent, which does not count what SQS moves"
            if deaf
            else ""
        )
        yield finding(
            "no-alarm",
            "medium",
            resource=f"queue {facts.name}",
            arn=facts.arn,
            what=f"no alarm watches its depth or the age of its oldest message{more}",
            fix=fixes.alarm_on(facts, attachable, region),
            queues=(facts.arn,),
        )
    elif not any(one.heard for one in found):
        muted = next((one for one in found if one.muted), None)
        yield finding(
            "alarm-unheard",
            "medium",
            resource=f"queue {facts.name}",
            arn=facts.arn,
            what=f"alarm {', '.join(one.name for one in found)} notifies nobody",
            fix=fixes.unmute(muted.name, region) if muted else fixes.alarm_on(facts, attachable, region),
            queues=(facts.arn,),
        )


def _open(seen: QueueSeen, region: Region) -> Iterator[AuditFinding]:
    """Say so only when every queue that uses it is known, or the command would shut one out."""
    facts = seen.facts
    users = [one.arn for one in region.into(facts.arn) if one.kind == "queue"]
    if facts.redrive_allow not in ("", "allowAll") or "queue" in region.blind or len(users) > _MAX_ALLOWED:
        return
    yield finding(
        "allow-policy-open",
        "low",
        resource=f"queue {facts.name}",
        arn=facts.arn,
        what="no RedriveAllowPolicy" if not facts.redrive_allow else "its RedriveAllowPolicy allows all queues",
        fix=fixes.allow_only(facts, users, region),
        queues=(facts.arn,),
    )


def _unattended(facts: QueueFacts, region: Region) -> Iterator[AuditFinding]:
    standing = [days for days in region.points_for(standing_daily(facts.name)).values if days > 0]
    deleted = region.points_for(deleted_daily(facts.name))
    if not facts.total or deleted.refused or deleted.total or len(standing) < STANDING_DAYS:
        return
    yield finding(
        "unattended",
        "medium",
        resource=f"queue {facts.name}",
        arn=facts.arn,
        what=f"{facts.total:,} messages, not empty on {len(standing)} of {AUDIT_DAYS} days, and none was deleted",
        fix=fixes.inspect(facts, region),
        queues=(facts.arn,),
    )
