"""Finds where events of the region are lost, and how each place is mended."""

from typing import ClassVar

from opsctl.events.arns import named
from opsctl.events.audit_findings import AuditedRegion
from opsctl.events.audit_fixes import StepFixes
from opsctl.events.audit_forms import raw_of
from opsctl.events.audit_loops import loops_of
from opsctl.events.audit_metrics import DayCounts, counted_alone, wanted_of, with_counts
from opsctl.events.audit_rules import EventFinding, worst_first
from opsctl.events.audit_senders import read_senders, with_senders, without
from opsctl.events.exploring import explore_all
from opsctl.events.region_lists import RegionLists, answered_from
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value


class EventsAudited(Value):
    """The findings, worst first, how much was looked at, and what could not be read.

    `unseen` is what no setting tells, and what would have to be logged for it to be seen.
    """

    account: str
    region: str
    resources: int
    steps: int
    findings: tuple[EventFinding, ...]
    unknown: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


class EventsAudit(Fact):
    """Check how events go from buckets, topics, buses and rules to queues and functions.

    Each finding has a severity (high, medium, low), a stable id, the reason and a command. Dead-letter queues are
    checked by dlq.audit.
    """

    name: ClassVar[str] = "events.audit"
    Result: ClassVar[type[Value]] = EventsAudited
    services: ClassVar[tuple[str, ...]] = (
        "s3",
        "sns",
        "sqs",
        "lambda",
        "events",
        "eventbridgev2",
        "pipes",
        "scheduler",
        "cloudwatch",
        "apigateway",
        "apigatewayv2",
        "iam",
        "cloudtrail",
        "logs",
    )

    def read(self, about: Context) -> Fetching[Value]:
        """List the region, follow everything, then ask for what was counted of what is suspected."""
        lists = yield from RegionLists().read()
        starts = lists.starts(partition=about.identity.partition, region=about.region, account=about.account)
        found = yield from answered_from(lists, explore_all(starts, about))
        functions = list(lists.items("functions", "Functions"))
        loops = yield from loops_of(found.ways, functions, about)
        fixes = StepFixes(about.commands, found, lists, about.account)
        region = AuditedRegion(found, lists, fixes, about.commands, loops=loops.found, now=about.now)
        senders = yield from read_senders(about)
        dead = {named(way.edge.target).name for way in found.ways if way.edge.failure}
        told = list(with_senders(region.findings(), without(senders, dead), about.commands))
        nodes = {one.arn: one for one in found.delivery.nodes}
        raw = raw_of(found.ways)
        counts = yield from DayCounts().read(wanted_of(told, nodes.values(), found.ways, raw), about.now)
        alone = counted_alone(counts, nodes, raw, about.commands)
        findings = sorted((*with_counts(told, counts), *alone), key=worst_first)
        return EventsAudited(
            account=about.account,
            region=about.region,
            resources=len(found.delivery.nodes),
            steps=len(found.delivery.edges),
            findings=tuple(findings),
            unknown=tuple(
                dict.fromkeys((*lists.unknown, *found.delivery.unknown, *loops.unknown, *counts.unknown))
            ),
            unseen=senders.unseen,
        )
