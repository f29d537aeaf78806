"""The whole audit of a region's dead letters; pure."""

from collections.abc import Sequence

from opsctl.dlq.audit.of_dead_letter_queues import audit_dead_letter_queues
from opsctl.dlq.audit.pairs import audit_pairs
from opsctl.dlq.audit.queues import audit_queues
from opsctl.dlq.audit.region import Region
from opsctl.dlq.audit.rules import SEVERITIES, WHY, AuditFinding
from opsctl.dlq.audit.unguarded import audit_sources

_ORDER = {id_: number for number, id_ in enumerate(WHY)}


def findings_of(region: Region, queues: Sequence[str] = ()) -> tuple[AuditFinding, ...]:
    """Everything that is wrong, worst first.

    With queues given by ARN only what concerns them and their dead-letter queues.
    """
    found = [
        one
        for check in (audit_queues, audit_pairs, audit_dead_letter_queues, audit_sources)
        for one in check(region)
    ]
    concerned = {*queues, *(one.target for one in region.sources if one.arn in queues)}
    wanted = [one for one in found if not queues or concerned & set(one.queues)]
    return tuple(
        sorted(wanted, key=lambda one: (SEVERITIES.index(one.severity), _ORDER[one.id], one.resource, one.arn))
    )
