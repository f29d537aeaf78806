"""Finds what is wrong with the dead-letter queues of the region, and what lacks one."""

from typing import ClassVar

from pydantic import Field

from opsctl.dlq.audit.findings import findings_of
from opsctl.dlq.audit.reading import read_region
from opsctl.dlq.audit.rules import AuditFinding
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value
from opsctl.resources.queue_facts import find_queue


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
