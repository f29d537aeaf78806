"""Judges a region's deliveries: from the steps between resources, and from what stands alone."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from opsctl.events.arns import bus_and_rule, named
from opsctl.events.audit_alone import archives, senders
from opsctl.events.audit_fixes import StepFixes
from opsctl.events.audit_forms import troubles_of_forms
from opsctl.events.audit_loops import Loop
from opsctl.events.audit_patterns import why_never
from opsctl.events.audit_rules import EventFinding, event_finding
from opsctl.events.delivery_graph import DeliveryNode
from opsctl.events.exploring import Explored
from opsctl.events.region_lists import RegionLists
from opsctl.events.walking import Way
from opsctl.model.commands import Commands
from opsctl.model.value import Json


class AuditedRegion:
    """A region's deliveries with the lists that they were read from; finds what is wrong."""

    def __init__(
        self,
        found: Explored,
        lists: RegionLists,
        fixes: StepFixes,
        commands: Commands,
        *,
        loops: Sequence[Loop] = (),
        now: float = 0,
    ) -> None:
        self._lists = lists
        self._policies = found.policies
        self._stops = found.stops
        self._commands = commands
        self._fixes = fixes
        self._loops = loops
        self._now = now
        self._nodes = {one.arn: one for one in found.delivery.nodes}
        self._ways = [one for one in found.ways if not one.edge.failure]
        self._edges = [one.edge for one in self._ways]
        self._from: dict[str, list[Way]] = defaultdict(list)
        for way in self._ways:
            self._from[way.edge.source].append(way)

    def findings(self) -> Iterator[EventFinding]:
        """Go through everything that is wrong."""
        checks: tuple[Callable[[], Iterator[EventFinding]], ...] = (
            self._steps,
            self._forms,
            self._test_events,
            self._consumers,
            self._rules,
            self._twice,
            self._round,
            self._alone,
        )
        for check in checks:
            yield from check()

    def _title(self, arn: str) -> str:
        node: DeliveryNode = self._nodes[arn]
        return f"{node.kind} {node.name}"

    def _step(self, way: Way) -> str:
        return f"{self._title(way.edge.source)} > {self._title(way.edge.target)}"

    def _steps(self) -> Iterator[EventFinding]:
        for way in self._ways:
            edge = way.edge
            for cause in edge.causes:
                yield event_finding(
                    cause,
                    resource=self._step(way),
                    arn=edge.source,
                    what="; ".join(edge.why) or f"{edge.by}, {edge.passes or edge.retry}",
                    fix=self._fixes.of(cause, way),
                    worse=self._is_worse(cause, way),
                )
            if _loses_order(way):
                yield event_finding(
                    "fifo-order-lost",
                    resource=self._step(way),
                    arn=edge.source,
                    what="a standard queue keeps neither the order nor the deduplication of the topic",
                    fix=self._fixes.shown(edge.source),
                )

    def _is_worse(self, cause: str, way: Way) -> bool:
        """Whether a condition stops every event, or what a filter deletes is what another consumer waits for."""
        others = [one for one in self._from[way.edge.source] if one.edge.target != way.edge.target]
        if cause == "esm-filter-discards":
            return any(one.edge.verdict != "blocked" for one in others)
        return cause == "account-condition" and way.edge.verdict == "blocked"

    def _forms(self) -> Iterator[EventFinding]:
        kinds = {arn: node.kind for arn, node in self._nodes.items()}
        for trouble in troubles_of_forms(self._ways, kinds):
            yield event_finding(
                trouble.id,
                resource=self._step(trouble.way),
                arn=trouble.way.edge.source,
                what=trouble.what,
                fix=self._fixes.raw(trouble.subscription, on=trouble.raw)
                if trouble.subscription
                else self._fixes.of(trouble.id, trouble.way),
            )

    def _test_events(self) -> Iterator[EventFinding]:
        """Queues of buckets whose consumer has left something in the dead-letter queue."""
        for way in self._ways:
            target = way.edge.target
            if way.hop.makes != "records" or way.edge.verdict == "blocked" or not self._from[target]:
                continue
            failing = (one.to.arn for one in self._stops[target].all_hops() if one.failure)
            for dead in failing:
                waiting = self._stops[dead].waiting if dead in self._stops else 0
                if waiting and self._nodes[target].kind == "queue":
                    yield event_finding(
                        "test-event",
                        resource=self._step(way),
                        arn=way.edge.source,
                        what=f"{waiting:,} messages are in {self._title(dead)}, of which some may be test events",
                        fix=self._commands.opsctl("dlq", "inspect", named(dead).name),
                    )

    def _consumers(self) -> Iterator[EventFinding]:
        for arn, ways in self._from.items():
            takers = [one.edge for one in ways if one.edge.verdict != "blocked"]
            if self._nodes[arn].kind == "queue" and len(takers) > 1:
                yield event_finding(
                    "two-consumers",
                    resource=self._title(arn),
                    arn=arn,
                    what=f"taken from by {', '.join(self._title(one.target) for one in takers)}",
                    fix=self._fixes.shown(arn),
                )

    def _rules(self) -> Iterator[EventFinding]:
        for arn, node in self._nodes.items():
            if node.kind != "rule" or not node.exists:
                continue
            told = self._lists.state_of(arn)
            bus, name = bus_and_rule(arn)
            if told.get("ManagedBy"):
                yield from self._archive_rule(arn, told)
                continue
            if told.get("State") == "DISABLED":
                continue
            if not self._from[arn] and not node.unknown:
                words = ("events", "put-targets", "--rule", name, "--event-bus-name", bus)
                yield event_finding(
                    "rule-no-target",
                    resource=self._title(arn),
                    arn=arn,
                    what="it has no target",
                    fix=self._commands.aws(*words, "--targets", "Id=1,Arn=TARGET-ARN"),
                )
            yield from self._patterns(arn, told)

    def _patterns(self, arn: str, told: Json) -> Iterator[EventFinding]:
        """Patterns that wait for what nobody sends."""
        bus, name = bus_and_rule(arn)
        sending = {
            self._nodes[one.source].name
            for one in self._edges
            if self._nodes[one.source].kind == "bucket" and self._nodes[one.target].kind == "event bus"
        }
        known = {str(one["Name"]) for one in self._lists.items("buckets", "Buckets")}
        silent = [one for one in _buckets_in(told.get("EventPattern")) if one in known and one not in sending]
        shown = self._commands.aws("events", "describe-rule", "--name", name, "--event-bus-name", bus)
        reasons = [(one, shown) for one in why_never(str(told.get("EventPattern") or ""), str(told.get("State")))]
        reasons += [
            (f"bucket {one} sends nothing to EventBridge", self._commands.opsctl("s3-events", "show", one))
            for one in silent
        ]
        for what, fix in reasons:
            yield event_finding("pattern-never", resource=self._title(arn), arn=arn, what=what, fix=fix)

    def _archive_rule(self, arn: str, told: Json) -> Iterator[EventFinding]:
        """The rule by which an archive keeps events: switched off or emptied, it keeps none, without a sign."""
        if not str(told.get("Name", "")).startswith("Events-Archive-"):
            return
        off = told.get("State") == "DISABLED"
        if off or (not self._from[arn] and not self._nodes[arn].unknown):
            bus, _ = bus_and_rule(arn)
            yield event_finding(
                "rule-no-target",
                resource=self._title(arn),
                arn=arn,
                what=f"the archive behind it keeps nothing: the rule {'is disabled' if off else 'has no target'}",
                fix=self._commands.opsctl("events", "archive", bus, "--days", "7"),
            )

    def _alone(self) -> Iterator[EventFinding]:
        used = {one.source for one in self._edges}
        yield from senders(self._lists, self._policies, self._commands)
        yield from archives(self._lists, used, self._commands, self._now)

    def _round(self) -> Iterator[EventFinding]:
        for loop in self._loops:
            verb, more = "get", list[str]()
            if loop.allowed:
                verb, more = "put", ["--recursive-loop", "Terminate"]
            words = ("lambda", f"{verb}-function-recursion-config", "--function-name", loop.function, *more)
            yield event_finding(
                "loop",
                resource=self._title(loop.arn),
                arn=loop.arn,
                what=loop.what,
                fix=self._commands.aws(*words) if loop.function else self._fixes.shown(loop.arn),
            )

    def _twice(self) -> Iterator[EventFinding]:
        """Queues that the events of one topic or bucket reach by more than one way."""
        for arn, node in self._nodes.items():
            if node.kind not in ("bucket", "topic", "rule"):
                continue
            ways: dict[str, int] = defaultdict(int)
            self._count(arn, ways, (arn,))
            for target, count in ways.items():
                if count > 1:
                    yield event_finding(
                        "duplicate-delivery",
                        resource=f"{self._title(arn)} > {self._title(target)}",
                        arn=arn,
                        what=f"{count} ways lead there",
                        fix=self._fixes.shown(arn),
                    )

    def _count(self, arn: str, ways: dict[str, int], path: tuple[str, ...]) -> None:
        for edge in (one.edge for one in self._from[arn]):
            if edge.verdict in ("blocked", "unknown") or edge.target in path:
                continue
            if self._nodes[edge.target].kind == "queue":
                ways[edge.target] += 1
            elif len(path) < _DEEPEST:
                self._count(edge.target, ways, (*path, edge.target))


def _loses_order(way: Way) -> bool:
    """Whether a FIFO topic hands on to a standard queue (SNS guide, "Message delivery for FIFO topics")."""
    source, target = named(way.edge.source), named(way.edge.target)
    kinds = (source.kind, target.kind) == ("topic", "queue")
    return kinds and source.name.endswith(".fifo") and not target.name.endswith(".fifo")


_DEEPEST = 8


def _buckets_in(pattern: Json) -> list[str]:
    """The buckets that a pattern names; none where it asks for anything else than names."""
    try:
        told = json.loads(pattern or "{}")
        if "aws.s3" not in told.get("source", []):
            return []
        return [one for one in told["detail"]["bucket"]["name"] if isinstance(one, str)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
