"""AWS WAF's samples of requests: which rules keep them, how they are asked for, and what they tell.

Source: the service model of WAFv2, GetSampledRequests: the last three hours, the first 5,000 requests of a span,
at most 500 of them. `Default_Action` is WAF's name, in logs and metrics, for the rule of requests that none ended;
it is asked for like a rule. Text of a request is its sender's.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from opsctl.block.wafv2 import region_of, scope_of
from opsctl.model.networks import Network, parse_network
from opsctl.model.reads import Read
from opsctl.model.value import Json, Value

KEPT_FOR_S = 3 * 3600
SPARE_S = 60
"""A clock that is ahead of AWS's by less than this asks for nothing that is too old."""
AT_MOST = 500
DEFAULT_ACTION = "Default_Action"
_TEXT_AT_MOST = 120


class SampledRule(Value):
    """A rule of a web ACL, by the name of its metric; `sampled` and `counted` tell what WAF keeps of it.

    `headers` are those in which it looks addresses up, in lower case.
    """

    name: str
    metric: str
    sampled: bool
    counted: bool
    headers: tuple[str, ...] = ()


class RequestSample(Value):
    """One request as WAF saw it; `headers` are those by their names in lower case."""

    at: float
    address: str
    action: str
    method: str = ""
    uri: str = ""
    agent: str = ""
    country: str = ""
    headers: dict[str, str] = {}

    @property
    def refused(self) -> bool:
        """Whether it did not go on: a CAPTCHA or a challenge stops who has no token."""
        return self.action in ("BLOCK", "CAPTCHA", "CHALLENGE")


class Samples(Value):
    """The sampled requests of one rule; `population` is out of how many they were taken."""

    requests: tuple[RequestSample, ...] = ()
    population: int = 0

    @property
    def whole(self) -> bool:
        """Whether these are all requests, and not a part of them."""
        return self.population <= len(self.requests)


def sampled_rules(web_acl: Json) -> tuple[SampledRule, ...]:
    """Return the rules of a web ACL in the answer of GetWebACL, and its default action as one."""
    acl: Mapping[str, Json] = web_acl["WebACL"]
    rules = [_rule(one) for one in acl.get("Rules") or ()]
    own = acl["VisibilityConfig"]
    default = SampledRule(
        name=DEFAULT_ACTION,
        metric=DEFAULT_ACTION,
        sampled=bool(own.get("SampledRequestsEnabled")),
        counted=bool(own.get("CloudWatchMetricsEnabled")),
    )
    return (*rules, default)


def _rule(rule: Mapping[str, Json]) -> SampledRule:
    visibility: Mapping[str, Json] = rule["VisibilityConfig"]
    return SampledRule(
        name=str(rule["Name"]),
        metric=str(visibility["MetricName"]),
        sampled=bool(visibility.get("SampledRequestsEnabled")),
        counted=bool(visibility.get("CloudWatchMetricsEnabled")),
        headers=tuple(dict.fromkeys(_headers_of(rule.get("Statement")))),
    )


def _headers_of(statement: Json) -> Iterator[str]:
    """The headers that a statement looks addresses up in, however deep they stand."""
    for name, value in statement.items() if isinstance(statement, dict) else ():
        if name == "IPSetForwardedIPConfig":
            yield str(value.get("HeaderName", "")).lower()
        for inner in value if isinstance(value, list) else [value]:
            yield from _headers_of(inner)


def get_sampled_requests(web_acl: str, metric: str, since: float, until: float) -> Read:
    """Read samples of one rule, in whole seconds; what is older than three hours is not asked for."""
    start = max(since, until - KEPT_FOR_S + SPARE_S)
    return Read(
        service="wafv2",
        operation="GetSampledRequests",
        params={
            "WebAclArn": web_acl,
            "RuleMetricName": metric,
            "Scope": scope_of(web_acl),
            "TimeWindow": {"StartTime": int(start), "EndTime": int(until)},
            "MaxItems": AT_MOST,
        },
        region=region_of(web_acl),
    )


def parse_samples(answer: Json) -> Samples:
    """Parse GetSampledRequests."""
    found = tuple(_sample(one) for one in answer.get("SampledRequests") or ())
    return Samples(requests=found, population=int(answer.get("PopulationSize") or len(found)))


def _sample(told: Mapping[str, Json]) -> RequestSample:
    request: Mapping[str, Json] = told.get("Request") or {}
    headers = headers_by_name((one.get("Name"), one.get("Value")) for one in request.get("Headers") or ())
    return RequestSample(
        at=seconds_of_answer(told.get("Timestamp")),
        address=str(request.get("ClientIP", "")),
        action=str(told.get("Action", "")).upper(),
        method=cut(request.get("Method")),
        uri=cut(request.get("URI")),
        agent=cut(headers.get("user-agent")),
        country=cut(request.get("Country")),
        headers=headers,
    )


def headers_by_name(pairs: Iterable[tuple[Json, Json]]) -> dict[str, str]:
    """Return headers by their names in lower case; one that is there twice is one list."""
    found: dict[str, str] = {}
    for name, value in pairs:
        key = str(name or "").lower()
        found[key] = f"{found[key]},{value}" if key in found else str(value or "")
    return found


def cut(text: Json) -> str:
    """Return a text of a request, at most so long; nothing stays nothing."""
    plain = str(text or "")
    return plain if len(plain) <= _TEXT_AT_MOST else plain[: _TEXT_AT_MOST - 1] + "…"


def seconds_of_answer(value: Json) -> float:
    """Return a moment in an answer as seconds since the epoch."""
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        return 0.0


def is_from(text: str, network: Network) -> bool:
    """Tell whether a text is an address of a network; anything else is none."""
    try:
        address = parse_network(text)
    except ValueError:
        return False
    return address.version == network.version and address.subnet_of(network)  # type: ignore[arg-type]


def is_of(sample: RequestSample, network: Network, headers: Collection[str] = ()) -> bool:
    """Tell whether a request is a network's: by its source, or by an address in one of these headers.

    Which headers count is what rules look at: whoever gets there without a proxy writes what he likes into others.
    """
    parts = [part.strip() for name in headers for part in sample.headers.get(name, "").split(",")]
    return any(is_from(text, network) for text in (sample.address, *parts))
