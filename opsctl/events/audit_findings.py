"""Judges a region's deliveries: from the steps between resources, and from what stands alone."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from opsctl.events.arns import bus_and_rule, named
from opsctl.events.audit_rules import EventFinding, event_finding
from opsctl.events.delivery_graph import Delivery, DeliveryEdge, DeliveryNode
from opsctl.events.region_lists import RegionLists
from opsctl.model.commands import Commands
from opsctl.model.value import Json
from opsctl.resources.resource_policies import as_list, is_about, statements_of

_QUEUES_IN_ENVIRONMENT = 2


class AuditedRegion:
    """A region's deliveries with the lists that they were read from; finds what is wrong."""

    def __init__(
        self, delivery: Delivery, lists: RegionLists, policies: Mapping[str, str], commands: Commands
    ) -> None:
        self._lists = lists
        self._policies = policies
        self._commands = commands
        self._nodes = {one.arn: one for one in delivery.nodes}
        self._edges = [one for one in delivery.edges if not one.failure]
        self._from: dict[str, list[DeliveryEdge]] = defaultdict(list)
        for one in self._edges:
            self._from[one.source].append(one)

    def findings(self) -> Iterator[EventFinding]:
        """Go through everything that is wrong."""
        checks: tuple[Callable[[], Iterator[EventFinding]], ...] = (
            self._steps,
            self._consumers,
            self._rules,
            self._twice,
            self._senders,
            self._archives,
        )
        for check in checks:
            yield from check()

    def _title(self, arn: str) -> str:
        node: DeliveryNode = self._nodes[arn]
        return f"{node.kind} {node.name}"

    def _steps(self) -> Iterator[EventFinding]:
        for edge in self._edges:
            for cause in edge.causes:
                yield event_finding(
                    cause,
                    resource=f"{self._title(edge.source)} > {self._title(edge.target)}",
                    arn=edge.source,
                    what="; ".join(edge.why) or f"{edge.by}, {edge.passes or edge.retry}",
                    fix=self._fix(cause, edge),
                )

    def _fix(self, cause: str, edge: DeliveryEdge) -> str:
        """The command that mends a step, or that shows it where a person has to decide."""
        source, target = named(edge.source), named(edge.target)
        if cause == "rule-disabled" and target.kind == "rule":
            bus, name = bus_and_rule(edge.target)
            return self._commands.aws("events", "enable-rule", "--name", name, "--event-bus-name", bus)
        if cause == "destination-gone" and source.kind == "bucket":
            entry = edge.by.removeprefix("notification ")
            return self._commands.opsctl("s3-events", "remove", source.name, "--id", entry)
        if cause in ("pending", "no-permission", "kms", "destination-gone") and source.kind == "topic":
            return self._commands.opsctl("events", "trace", f"topic:{source.name}")
        if cause == "throttled":
            words = ("lambda", "delete-function-concurrency", "--function-name", target.name)
            return self._commands.aws(*words)
        if cause == "mapping-disabled":
            words = ("lambda", "list-event-source-mappings", "--event-source-arn", edge.source)
            return self._commands.aws(*words)
        return self._commands.opsctl("events", "trace", edge.source)

    def _consumers(self) -> Iterator[EventFinding]:
        for arn, edges in self._from.items():
            takers = [one for one in edges if one.verdict != "blocked"]
            if self._nodes[arn].kind == "queue" and len(takers) > 1:
                yield event_finding(
                    "two-consumers",
                    resource=self._title(arn),
                    arn=arn,
                    what=f"taken from by {', '.join(self._title(one.target) for one in takers)}",
                    fix=self._commands.opsctl("events", "trace", arn),
                )

    def _rules(self) -> Iterator[EventFinding]:
        sending = {
            self._nodes[one.source].name
            for one in self._edges
            if self._nodes[one.source].kind == "bucket" and self._nodes[one.target].kind == "event bus"
        }
        known = {str(one["Name"]) for one in self._lists.items("buckets", "Buckets")}
        for arn, node in self._nodes.items():
            if node.kind != "rule" or not node.exists:
                continue
            told = self._lists.state_of(arn)
            if told.get("ManagedBy") or told.get("State") == "DISABLED":
                continue
            if not self._from[arn] and not node.unknown:
                bus, name = bus_and_rule(arn)
                words = ("events", "list-targets-by-rule", "--rule", name, "--event-bus-name", bus)
                yield event_finding(
                    "rule-no-target",
                    resource=self._title(arn),
                    arn=arn,
                    what="it has no target",
                    fix=self._commands.aws(*words),
                )
            silent = [one for one in _buckets_in(told.get("EventPattern")) if one in known and one not in sending]
            for bucket in silent:
                yield event_finding(
                    "pattern-never",
                    resource=self._title(arn),
                    arn=arn,
                    what=f"bucket {bucket} sends nothing to EventBridge",
                    fix=self._commands.opsctl("s3-events", "show", bucket),
                )

    def _twice(self) -> Iterator[EventFinding]:
        """Queues that the events of one topic or bucket reach by more than one way."""
        for arn, node in self._nodes.items():
            if node.kind not in ("bucket", "topic"):
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
                        fix=self._commands.opsctl("events", "trace", arn),
                    )

    def _count(self, arn: str, ways: dict[str, int], path: tuple[str, ...]) -> None:
        for edge in self._from[arn]:
            if edge.verdict in ("blocked", "unknown") or edge.target in path:
                continue
            if self._nodes[edge.target].kind == "queue":
                ways[edge.target] += 1
            elif len(path) < _DEEPEST:
                self._count(edge.target, ways, (*path, edge.target))

    def _senders(self) -> Iterator[EventFinding]:
        """Programs that send to several queues themselves, by the queues' policies and functions' settings."""
        queues: dict[str, set[str]] = defaultdict(set)
        for arn, policy in self._policies.items():
            for role in _roles_in(policy):
                queues[f"role {role.rpartition('/')[2]}"].add(arn.rpartition(":")[2])
        names = {arn.rpartition(":")[2] for arn in self._policies}
        for one in self._lists.items("functions", "Functions"):
            variables = ((one.get("Environment") or {}).get("Variables") or {}).values()
            queues[f"function {one['FunctionName']}"] |= {
                name for name in names for value in variables if _names_queue(str(value), name)
            }
        for who, found in sorted(queues.items()):
            if len(found) >= _QUEUES_IN_ENVIRONMENT:
                listed = sorted(found)
                flags = [word for name in listed for word in ("--queue", name)]
                yield event_finding(
                    "sends-itself",
                    resource=who,
                    arn=who,
                    what=f"it may send to {', '.join(listed)}",
                    fix=self._commands.opsctl("fanout", "create", "TOPIC", *flags, "--raw", "--dry-run"),
                )

    def _archives(self) -> Iterator[EventFinding]:
        if "archives" not in self._lists.told:
            return
        archived = {str(one.get("EventSourceArn")) for one in self._lists.items("archives", "Archives")}
        for one in self._lists.items("event buses", "EventBuses"):
            used = any(edge.source == one["Arn"] for edge in self._edges)
            if used and str(one["Arn"]) not in archived:
                yield event_finding(
                    "not-archived",
                    resource=self._title(str(one["Arn"])),
                    arn=str(one["Arn"]),
                    what="it has rules and no archive",
                    fix=self._commands.opsctl("events", "archive", str(one["Name"]), "--days", "7"),
                )


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


def _roles_in(policy: str) -> set[str]:
    """The roles that a queue's policy lets send."""
    return {
        str(who)
        for one in statements_of(policy)
        if isinstance(one, dict) and one.get("Effect") == "Allow" and is_about(one, "sqs:SendMessage")
        if isinstance(one.get("Principal"), dict)
        for who in as_list(one["Principal"].get("AWS"))
        if ":role/" in str(who)
    }


def _names_queue(value: str, name: str) -> bool:
    return value.endswith((f"/{name}", f":{name}")) and ("sqs" in value or value.startswith("http"))
