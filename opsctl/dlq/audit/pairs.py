"""What is wrong between a source and the queue or topic that its failures should go to; pure."""

from collections.abc import Iterator

from opsctl.dlq.audit import fixes
from opsctl.dlq.audit.candidates import serving
from opsctl.dlq.audit.region import QueueSeen, Region, Source, name_in
from opsctl.dlq.audit.rules import AuditFinding, finding
from opsctl.model.spans import span
from opsctl.resources.resource_policies import PolicyAnswer, ServiceCall, verdict_on


def audit_pairs(region: Region) -> Iterator[AuditFinding]:
    """Judge every source with what it names; what is elsewhere or unread is not judged."""
    homes = set(serving(region))
    for source in region.sources:
        if source.target in homes:
            yield from _missing(source, region)
            yield from _mixed(source, region)
            if source.sender and source.target in region.queues:
                yield from _denied(source, region.queues[source.target], region)
                yield from _closed(source, region.queues[source.target], region)
    for arn in sorted(homes & region.queues.keys()):
        yield from _retention(region.queues[arn], region)


def _missing(source: Source, region: Region) -> Iterator[AuditFinding]:
    target = source.target
    if not region.is_home(target) or target in region.queues or name_in(target) in region.unreadable:
        return
    topic = target.split(":")[2] == "sns"
    kind = "topic" if topic else "queue"
    if topic:
        seen = region.topics.get(target)
        gone = seen is not None and seen.exists is False
    else:
        gone = "queue" not in region.blind
    if gone:
        again = fixes.create_topic(target, region) if topic else fixes.create_queue(target, region)
        yield finding(
            "dlq-missing",
            "high",
            resource=source.says(),
            arn=source.arn,
            what=f"its dead-letter target {kind} {name_in(target)} does not exist",
            fix=fixes.attach_other(source, name_in(target), region) if source.attach else again,
            queues=_queues(source),
        )


def _mixed(source: Source, region: Region) -> Iterator[AuditFinding]:
    fifo = source.target.endswith(".fifo")
    if fifo == source.fifo:
        return
    kinds = ("FIFO" if fifo else "standard", "FIFO" if source.fifo else "standard")
    yield finding(
        "type-mixed",
        "high",
        resource=source.says(),
        arn=source.arn,
        what=f"its failures go to {name_in(source.target)}, which is {kinds[0]}; only {kinds[1]} is supported",
        fix=fixes.move_to_other_type(source, region),
        queues=_queues(source),
    )


def _retention(seen: QueueSeen, region: Region) -> Iterator[AuditFinding]:
    """Judge a standard dead-letter queue by the source queue that keeps longest."""
    facts = seen.facts
    origins = [region.queues[one.arn].facts for one in region.into(facts.arn) if one.kind == "queue"]
    if facts.fifo or not origins:
        return
    longest = max(origins, key=lambda one: one.retention_s)
    if facts.retention_s > longest.retention_s:
        return
    can = longest.retention_s < fixes.MAX_RETENTION_S
    limit = "" if can else ", the maximum of SQS: reduce the retention of the source"
    yield finding(
        "retention-short",
        "medium" if can else "low",
        resource=f"queue {facts.name}",
        arn=facts.arn,
        what=f"keeps messages for {span(facts.retention_s)}, its source {longest.name} for "
        f"{span(longest.retention_s)}{limit}",
        fix=fixes.keep_longer(facts, region) if can else fixes.keep_shorter(longest, region),
        queues=(facts.arn, longest.arn),
    )


def _denied(source: Source, home: QueueSeen, region: Region) -> Iterator[AuditFinding]:
    call = _call(source, "sqs:SendMessage", home.facts.arn, region)
    if verdict_on(home.policy, call) is not PolicyAnswer.NO:
        return
    yield finding(
        "delivery-denied",
        "high",
        resource=source.says(),
        arn=source.arn,
        what=f"the policy of queue {home.facts.name} does not let {source.sender} send for {source.on_behalf_of}",
        fix=fixes.attach_again(source, region)
        if source.attach
        else fixes.let_send(home.facts, home.policy, call, region),
        queues=_queues(source),
    )


def _closed(source: Source, home: QueueSeen, region: Region) -> Iterator[AuditFinding]:
    key = home.facts.key
    policy = region.key_policies.get(key)
    if not key or policy is None:
        return
    calls = [_call(source, action, "*", region) for action in ("kms:GenerateDataKey", "kms:Decrypt")]
    if all(verdict_on(policy, call) is not PolicyAnswer.NO for call in calls):
        return
    fix = fixes.let_encrypt(key, policy, calls[0], region) if policy else fixes.own_encryption(home.facts, region)
    yield finding(
        "key-closed",
        "high",
        resource=source.says(),
        arn=source.arn,
        what=f"key {key} of queue {home.facts.name} does not let {source.sender} encrypt",
        fix=fix,
        queues=_queues(source),
    )


def _call(source: Source, action: str, resource: str, region: Region) -> ServiceCall:
    return ServiceCall(
        service=source.sender,
        action=action,
        resource=resource,
        source_arn=source.on_behalf_of,
        account=region.account,
    )


def _queues(source: Source) -> tuple[str, ...]:
    return (source.arn, source.target) if source.kind == "queue" else (source.target,)
