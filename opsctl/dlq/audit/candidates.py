"""Which queues and topics a list of dead-letter queues has to show; pure."""

from opsctl.dlq.audit.region import QueueSeen, Region
from opsctl.dlq.names import looks_dead


def serving(region: Region) -> list[str]:
    """The ARNs of queues and topics that some source names, wherever they are and whether they exist or not."""
    named = {one.target for one in region.sources}
    return sorted(arn for arn in named if arn.split(":")[2:3] in (["sqs"], ["sns"]))


def idle(region: Region) -> list[str]:
    """The ARNs of queues that no source names, but that are set up or called as dead-letter queues, or park some.

    A queue from which a function takes, or that has a dead-letter queue of its own, is a working queue.
    """
    named = set(serving(region))
    return sorted(
        arn
        for arn, seen in region.queues.items()
        if arn not in named and (seen.allowed or seen.parked_by or _only_looks(seen, region))
    )


def _only_looks(seen: QueueSeen, region: Region) -> bool:
    facts = seen.facts
    return looks_dead(facts.name) and not facts.dead_letter_arn and not region.consumers_of(facts.arn)
