"""Finds what is wrong with the dead-letter queues of the region, and what lacks one."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.dlq.audit.of_dead_letter_queues import audit_dead_letter_queues
from opsctl.dlq.audit.pairs import audit_pairs
from opsctl.dlq.audit.queues import audit_queues
from opsctl.dlq.audit.reading import read_region
from opsctl.dlq.audit.region import Region
from opsctl.dlq.audit.rules import SEVERITIES, WHY, AuditFinding
from opsctl.dlq.audit.unguarded import audit_sources
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value
from opsctl.resources.queue_facts import find_queue

_ORDER = {id_: number for number, id_ in enumerate(WHY)}


class Audited(Value):
    """The findings, worst first, how much was looked at, and what could not be read."""

    account: str
    region: str
    queues: int
    sources: int
    asked: tuple[str, ...]
    findings: tuple[AuditFinding, ...]
    unknown: tuple[str, ...]


class DlqAudit(Fact):
    """Check how dead letters are kept: loops, blocked groups, timings, alarms, policies, keys, and what has none.

    Each finding has a severity (high, medium, low), a stable id, the reason and the command that fixes it;
    `says` is the whole in one line, for guards. With `queues`, only what concerns those.
    """

    name: ClassVar[str] = "dlq.audit"
    Result: ClassVar[type[Value]] = Audited

    queues: tuple[str, ...] = Field((), description="Names, URLs or ARNs of queues; empty checks everything.")

    def read(self, about: Context) -> Fetching[Value]:
        """Find the queues that were asked for, then read the region in five rounds."""
        asked = []
        for name in self.queues:
            found = yield from find_queue(name, about, source="queues")
            asked.append(found.arn)
        region = yield from read_region(about, "audit")
        return Audited(
            account=about.account,
            region=about.region,
            queues=len(region.queues),
            sources=len(region.sources),
            asked=tuple(asked),
            findings=findings_of(region, asked),
            unknown=region.unknown,
        )


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
