"""What CloudWatch counted over the last day: of what is suspected, and of what no setting tells.

Sources: EventBridge guide, "Monitoring Amazon EventBridge" (MatchedEvents, FailedInvocations); SNS guide,
"Monitoring Amazon SNS topics using CloudWatch" (NumberOfNotificationsFailed, and what was filtered out by its
reasons); Lambda guide, "Types of metrics" (Throttles, AsyncEventsDropped). No point is nothing that was counted,
and no proof.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from opsctl.events.arns import bus_and_rule, named
from opsctl.events.audit_rules import EventFinding, event_finding
from opsctl.events.delivery_graph import DeliveryNode
from opsctl.events.walking import Way
from opsctl.model.commands import Commands
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.value import Json

DAY_S = 86_400
QUERIES_A_CALL = 500
_FAILED = {"rule": "FailedInvocations", "topic": "NumberOfNotificationsFailed"}
_TELLING = ("no-permission", "kms", "destination-gone", "fifo-mismatch", "throttled")
_FILTERED = "NumberOfNotificationsFilteredOut"
_NEVER = {
    f"{_FILTERED}-NoMessageAttributes": "had no attributes, and a filter asks for some",
    f"{_FILTERED}-InvalidAttributes": "had attributes that cannot be read",
    f"{_FILTERED}-InvalidMessageBody": "had a body that is no JSON, and a filter is on the body",
}


_OF_FUNCTIONS = {
    "Throttles": ("it was throttled: events wait, and are lost when they get too old", "throttles"),
    "AsyncEventsDropped": ("events were given up, after their retries or too old", "events dropped"),
}


class CountedMetric(NamedTuple):
    """One metric of one resource."""

    arn: str
    metric: str


class DayCounts:
    """Sums of a day by resource and metric; what could not be asked is in `unknown`."""

    def __init__(self) -> None:
        self.unknown: list[str] = []
        self._sums: dict[CountedMetric, float] = {}

    def read(self, asked: Iterable[CountedMetric], now: float) -> Fetching["DayCounts"]:
        """Ask for all, five hundred in a call."""
        wanted = [one for one in dict.fromkeys(asked) if _metric(one)]
        groups = [wanted[at : at + QUERIES_A_CALL] for at in range(0, len(wanted), QUERIES_A_CALL)]
        answers = (yield [_read(group, now) for group in groups]) if groups else []
        for group, answer in zip(groups, answers, strict=True):
            if answer.refusal is not None:
                self.unknown.append(f"counts of the last day: {answer.refusal}")
            for told in (answer.value or {}).get("MetricDataResults") or []:
                self._sums[group[int(str(told["Id"])[1:])]] = float(sum(told.get("Values") or []))
        return self

    def of(self, arn: str, metric: str) -> float | None:
        """What was counted; None where nobody could say."""
        return self._sums.get(CountedMetric(arn, metric))


def wanted_of(
    findings: Iterable[EventFinding], nodes: Iterable[DeliveryNode], ways: Sequence[Way], raw: Iterable[str]
) -> Iterator[CountedMetric]:
    """What to ask for: failures of what is suspected, matches of rules, throttles, and what filters left out."""
    for one in findings:
        kind = named(one.arn).kind
        if one.id in _TELLING and kind in _FAILED:
            yield CountedMetric(one.arn, _FAILED[kind])
        if one.id == "pattern-never":
            yield CountedMetric(one.arn, "MatchedEvents")
    taken = {way.edge.target for way in ways}
    functions = [one.arn for one in nodes if one.kind == "function" and one.arn in taken]
    yield from (CountedMetric(arn, metric) for arn in functions for metric in _OF_FUNCTIONS)
    filtered = {way.edge.source for way in ways if way.edge.verdict == "filtered"}
    topics = [one for one in filtered if named(one).kind == "topic"]
    yield from (CountedMetric(topic, metric) for topic in sorted(topics) for metric in _NEVER)
    yield from (CountedMetric(topic, _FAILED["topic"]) for topic in raw)


def with_counts(findings: Iterable[EventFinding], counts: DayCounts) -> Iterator[EventFinding]:
    """The findings, with what was counted of them."""
    for one in findings:
        seen = _seen(one, counts)
        yield one.model_copy(update={"seen": seen}) if seen else one


def counted_alone(
    counts: DayCounts, nodes: Mapping[str, DeliveryNode], raw: Mapping[str, Sequence[Way]], commands: Commands
) -> Iterator[EventFinding]:
    """Findings that only counts tell."""
    for arn, node in nodes.items():
        title = f"{node.kind} {node.name}"
        for metric, (what, counted) in _OF_FUNCTIONS.items():
            if node.kind == "function" and (count := counts.of(arn, metric)):
                words = ("lambda", "get-function-concurrency", "--function-name", node.name.partition(":")[0])
                seen = f"seen: {count:,.0f} {counted} in 24 hours"
                fix = commands.aws(*words)
                yield event_finding("throttled", resource=title, arn=arn, what=what, fix=fix, seen=seen)
        for metric, words_of in _NEVER.items():
            if node.kind == "topic" and (count := counts.of(arn, metric)):
                yield event_finding(
                    "filter-never",
                    resource=title,
                    arn=arn,
                    what=f"messages {words_of}",
                    fix=commands.opsctl("events", "trace", arn),
                    seen=f"seen: {count:,.0f} notifications filtered out so in 24 hours",
                )
    for topic, ways in raw.items():
        if count := counts.of(topic, _FAILED["topic"]):
            queues = ", ".join(dict.fromkeys(named(one.edge.target).name for one in ways))
            yield event_finding(
                "raw-too-many-attributes",
                resource=f"topic {named(topic).name}",
                arn=topic,
                what=f"no setting stops a delivery, and {queues} gets messages raw",
                fix=commands.opsctl("events", "trace", topic),
                seen=f"suspected: {count:,.0f} failures in 24 hours that nothing else explains",
            )


def _seen(one: EventFinding, counts: DayCounts) -> str:
    if one.id == "pattern-never":
        matched = counts.of(one.arn, "MatchedEvents")
        if matched is None:
            return ""
        return (
            f"suspected: {matched:,.0f} other events matched in 24 hours"
            if matched
            else ("seen: no event matched in 24 hours")
        )
    if one.id not in _TELLING:
        return ""
    count = counts.of(one.arn, _FAILED.get(named(one.arn).kind, ""))
    if count is None:
        return ""
    return f"seen: {count:,.0f} failures in 24 hours" if count else "suspected: no failure was counted in 24 hours"


def _read(asked: Sequence[CountedMetric], now: float) -> Read:
    end = int(now // 60 * 60)
    queries = [
        {"Id": f"m{number}", "MetricStat": {"Metric": _metric(one), "Period": DAY_S, "Stat": "Sum"}}
        for number, one in enumerate(asked)
    ]
    params = {"StartTime": end - DAY_S, "EndTime": end, "MetricDataQueries": queries}
    return Read(service="cloudwatch", operation="GetMetricData", params=params)


def _metric(one: CountedMetric) -> Json:
    """The metric as CloudWatch names it; None for what has none."""
    what = named(one.arn)
    if what.kind == "rule":
        bus, name = bus_and_rule(one.arn)
        dimensions = {"RuleName": name} if bus == "default" else {"EventBusName": bus, "RuleName": name}
        space = "AWS/Events"
    elif what.kind == "topic":
        dimensions, space = {"TopicName": what.name}, "AWS/SNS"
    elif what.kind == "function":
        dimensions, space = {"FunctionName": what.name.partition(":")[0]}, "AWS/Lambda"
    else:
        return None
    listed = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {"Namespace": space, "MetricName": one.metric, "Dimensions": listed}
