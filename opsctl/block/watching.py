"""Watches a block at work: one look at everything that can tell of an address, over the whole time so far.

Each look asks for all of the span, so that nothing has to be remembered between two: AWS WAF's samples (a part
where there are more than 500), its log and VPC flow logs where they go to CloudWatch Logs, and the metrics of
opsctl's own rules. Only reads, none of which is charged by what it searches; no query is started.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from opsctl.block.flow_records import FlowRecord, parse_flows, search_flows
from opsctl.block.request_samples import (
    DEFAULT_ACTION,
    RequestSample,
    SampledRule,
    Samples,
    cut,
    get_sampled_requests,
    headers_by_name,
    is_of,
    parse_samples,
)
from opsctl.block.wafv2 import region_of, scope_of
from opsctl.block.watch_places import FlowPlace, WafPlace, WatchPlaces
from opsctl.model.fetching import Fetching, fetch, gather
from opsctl.model.networks import Network
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.spans import utc
from opsctl.model.value import Json, Value, json_object
from opsctl.model.watch import RuleCount, Seen, Unwatched

SETTLES_S = 60
"""A change in AWS WAF or of a network ACL has spread by then, as a rule; AWS names no time."""
METRIC_LATE_S = 60
LOG_LATE_S = 120
OURS = "opsctl-"
MOST_RULES = 25
_PAGES = 3
_EXAMPLES = 3
_METRICS = {
    "captcha": "CaptchaRequests",
    "challenge": "ChallengeRequests",
    "count": "CountedRequests",
}


class Look(Value):
    """What one look saw."""

    seen: tuple[Seen, ...] = ()
    counted: tuple[RuleCount, ...] = ()
    unwatched: tuple[Unwatched, ...] = ()


def look(places: WatchPlaces, networks: Sequence[Network], since: float, now: float) -> Fetching[Look]:
    """Look at all places once, side by side."""
    looks = [look_at_samples(place, networks, since, now) for place in places.wafs]
    looks += [_metrics(place, since, now) for place in places.wafs]
    looks += [_log(place, networks, since, now) for place in places.wafs if place.group]
    looks += [_flows(place, networks, since, now) for place in places.flows]
    found = yield from gather(looks)
    return Look(
        seen=tuple(one for each in found for one in each.seen),
        counted=tuple(one for each in found for one in each.counted),
        unwatched=tuple(one for each in found for one in each.unwatched),
    )


def look_at_samples(place: WafPlace, networks: Sequence[Network], since: float, now: float) -> Fetching[Look]:
    """Look at AWS WAF's samples of each rule that keeps any."""
    every = sorted((one for one in place.rules if one.sampled), key=_order)
    rules = every[:MOST_RULES]
    if not rules:
        return Look()
    answers = yield [get_sampled_requests(place.arn, one.metric, since, now) for one in rules]
    seen, unwatched = [], []
    if left := len(every) - len(rules):
        why = f"{MOST_RULES} rules of a web ACL are asked about"
        unwatched.append(Unwatched(what=f"samples of {left} more rules of web ACL {place.name}", why=why))
    for rule, first in zip(rules, answers, strict=True):
        answer = yield from _by_other_names(place, rule, first, since, now)
        by = f"{told_rule(rule.name)} of web ACL {place.name}"
        if answer.refusal is not None:
            unwatched.append(Unwatched(what=f"samples of {by}", why=str(answer.refusal)))
            continue
        samples = parse_samples(answer.value)
        ours = [one for one in samples.requests if _is_ours(one, networks, place)]
        if ours:
            seen.append(_seen_samples(place.at, by, samples, ours, since))
        elif not samples.whole:
            why = f"a sample of {len(samples.requests)} of {samples.population:,} requests has none of them"
            unwatched.append(Unwatched(what=f"all requests that met {by}", why=why))
    return Look(seen=tuple(seen), unwatched=tuple(unwatched))


def _by_other_names(
    place: WafPlace, rule: SampledRule, answer: Answer, since: float, now: float
) -> Fetching[Answer]:
    """Ask for what no rule ended by the web ACL's own metric, or among all, where WAF has not that name for it.

    No page of AWS says which one GetSampledRequests takes: the classic API has Default_Action, and others ask by
    the two other names. Among all only what was let through is taken: what rules refused is asked by rule.
    """
    if rule.name != DEFAULT_ACTION:
        return answer
    for name in (place.metric, "ALL"):
        if answer.refusal is None or answer.refusal.kind not in (RefusalKind.MISSING, RefusalKind.INVALID):
            return answer
        answer = yield from fetch(get_sampled_requests(place.arn, name, since, now))
    if answer.refusal is not None:
        return answer
    every = answer.value.get("SampledRequests") or []
    found = [one for one in every if one.get("Action") == "ALLOW"]
    population = round(parse_samples(answer.value).population * len(found) / max(len(every), 1))
    told = answer.value | {"SampledRequests": found, "PopulationSize": population}
    return answer.model_copy(update={"value": told})


def told_rule(name: str) -> str:
    """Say which rule it was; where none ended a request it was the default action."""
    return "the default action" if name == DEFAULT_ACTION else f"rule {name}"


def _order(rule: SampledRule) -> int:
    """Ours first, then what no rule ended, then the others as they stand."""
    return 0 if rule.name.startswith(OURS) else 1 if rule.name == DEFAULT_ACTION else 2


def _seen_samples(at: str, by: str, samples: Samples, ours: Sequence[RequestSample], since: float) -> Seen:
    share = 1.0 if samples.whole else samples.population / len(samples.requests)
    passes = [one.at for one in ours if one.action == "ALLOW"]
    times = [one.at for one in ours]
    last_other = max((one.at for one in ours if one.action != "ALLOW"), default=0.0)

    def many(count: int) -> int:
        return round(count * share)

    return Seen(
        at=at,
        source="samples",
        by=by,
        refused=many(sum(one.refused for one in ours)),
        counted=many(sum(one.action == "COUNT" for one in ours)),
        passed=many(len(passes)),
        passed_late=many(_late(passes, last_other, since)),
        first=_moment(min(times)),
        last=_moment(max(times)),
        last_passed=_moment(max(passes)) if passes else "",
        estimated=not samples.whole,
        examples=_most(f"{one.method} {one.uri}" for one in ours),
    )


def _log(place: WafPlace, networks: Sequence[Network], since: float, now: float) -> Fetching[Look]:
    """The log of a web ACL, searched for the addresses."""
    found: list[RequestSample] = []
    unwatched: list[Unwatched] = []
    what = f"log {place.group} of web ACL {place.name}"
    for network in networks:
        events, rest = yield from _searched(_search(place.group, network, since, now, region_of(place.arn)), what)
        unwatched += rest
        requests = [one for one in map(_request_of, events) if one is not None]
        found += [one for one in requests if _is_ours(one, [network], place)]
    if not found:
        return Look(unwatched=tuple(unwatched))
    by = f"web ACL {place.name}"
    seen = _seen_samples(place.at, by, Samples(requests=tuple(found), population=len(found)), found, since)
    return Look(seen=(seen.model_copy(update={"source": "log"}),), unwatched=tuple(unwatched))


def _request_of(event: Json) -> RequestSample | None:
    """Parse a line of AWS WAF's log (WAF developer guide, log fields); None for what is none."""
    told = json_object(str(event.get("message", "")))
    request = (told or {}).get("httpRequest")
    if told is None or not isinstance(request, dict):
        return None
    return RequestSample(
        at=int(event.get("timestamp") or 0) / 1000,
        address=str(request.get("clientIp", "")),
        action=str(told.get("action", "")).upper(),
        method=cut(request.get("httpMethod")),
        uri=cut(request.get("uri")),
        headers=headers_by_name((one.get("name"), one.get("value")) for one in request.get("headers") or ()),
    )


def _metrics(place: WafPlace, since: float, now: float) -> Fetching[Look]:
    """How often rules of opsctl's met anybody; a minute that has begun counts as a whole."""
    rules = [one for one in place.rules if one.name.startswith(OURS) and one.counted]
    answers = yield [_count(place, one.metric, metric_of(one.name), since, now) for one in rules]
    counted, unwatched = [], []
    for rule, answer in zip(rules, answers, strict=True):
        if answer.refusal is not None:
            unwatched.append(Unwatched(what=f"metric of rule {rule.name}", why=str(answer.refusal)))
            continue
        value = sum(int(one.get("Sum", 0)) for one in answer.value.get("Datapoints") or ())
        if value:
            name = metric_of(rule.name)
            counted.append(RuleCount(at=place.at, rule=rule.name, metric=name, value=value))
    return Look(counted=tuple(counted), unwatched=tuple(unwatched))


def metric_of(rule: str) -> str:
    """Return the metric that a rule of opsctl's counts in, by the mode in its name."""
    mode = rule.removeprefix(OURS).partition("-")[0]
    return _METRICS.get(mode, "BlockedRequests")


def _count(place: WafPlace, rule: str, metric: str, since: float, now: float) -> Read:
    dimensions = {"WebACL": place.metric, "Rule": rule}
    if scope_of(place.arn) == "REGIONAL":
        dimensions["Region"] = region_of(place.arn)
    return Read(
        service="cloudwatch",
        operation="GetMetricStatistics",
        params={
            "Namespace": "AWS/WAFV2",
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            "StartTime": _moment(since // 60 * 60),
            "EndTime": _moment(now + METRIC_LATE_S),
            "Period": 60,
            "Statistics": ["Sum"],
        },
        region=region_of(place.arn),
    )


def _flows(place: FlowPlace, networks: Sequence[Network], since: float, now: float) -> Fetching[Look]:
    """The records of a flow log; what is accepted counts where a network ACL is to drop it, nowhere else."""
    records: list[FlowRecord] = []
    unwatched: list[Unwatched] = []
    for network in networks:
        search = search_flows(place.log.group, network, since, now)
        events, rest = yield from _searched(search, f"flow log {place.log.id}")
        unwatched += rest
        found = parse_flows({"events": events}, place.log.fields, network)
        records += [one for one in found if one.interface in place.interfaces]
    after = [one for one in records if one.end >= since]
    rejects = [one.end for one in after if not one.accepted]
    accepts = [one.end for one in after if one.accepted and place.denied]
    if not rejects and not accepts:
        return Look(unwatched=tuple(unwatched))
    times = [*rejects, *accepts]
    # A record may be of packets from before the block: only those that began when it had spread tell.
    late = [one for one in after if one.accepted and place.denied and one.start > since + SETTLES_S]
    seen = Seen(
        at=place.at,
        source="flows",
        by=f"flow log {place.log.id}",
        unit="connections",
        refused=len(rejects),
        passed=len(accepts),
        passed_late=len(late),
        first=_moment(min(times)),
        last=_moment(max(times)),
        last_passed=_moment(max(accepts)) if accepts else "",
        examples=_most(f"port {one.port}" for one in after),
        note="a REJECT is a network ACL, a security group or a late packet: the record does not say which",
    )
    return Look(seen=(seen,), unwatched=tuple(unwatched))


def _search(group: str, network: Network, since: float, now: float, region: str) -> Read:
    return search_flows(group, network, since, now).model_copy(update={"region": region})


def _searched(first: Read, what: str) -> Fetching[tuple[list[Json], list[Unwatched]]]:
    """Make a search page by page, at most so many; says when there was more."""
    found: list[Json] = []
    token = ""
    for _ in range(_PAGES):
        params = first.params | ({"nextToken": token} if token else {})
        answer: Answer = yield from fetch(first.model_copy(update={"params": params}))
        if answer.refusal is not None:
            return found, [Unwatched(what=what, why=str(answer.refusal))]
        found += answer.value.get("events") or []
        token = str(answer.value.get("nextToken") or "")
        if not token:
            return found, []
    todo = f"search it for {text_of(first)} in CloudWatch Logs"
    return found, [Unwatched(what=what, why=f"it has more than {len(found):,} lines of them", todo=todo)]


def text_of(search: Read) -> str:
    """Return what a search looks for."""
    return str(search.params["filterPattern"])


def _is_ours(request: RequestSample, networks: Iterable[Network], place: WafPlace) -> bool:
    """Whether a request is of the networks, as opsctl's own rules there look at it."""
    headers = {name for rule in place.rules if rule.name.startswith(OURS) for name in rule.headers}
    return any(is_of(request, network, headers) for network in networks)


def _late(passes: Sequence[float], last_other: float, since: float) -> int:
    """How many passed when the block had spread: after so long, or after the last that did not pass.

    A watch may end before a block has spread: then what passed last passes still, as far as anybody can tell.
    """
    late = sum(at > since + SETTLES_S for at in passes)
    return late or sum(at > last_other for at in passes)


def _most(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for text, _ in Counter(texts).most_common(_EXAMPLES))


def _moment(at: float) -> str:
    return utc(datetime.fromtimestamp(int(at), UTC))
