"""What a web ACL does to a request: its rules by priority, the first that ends it, else the default action.

Source: AWS WAF developer guide, "Using rule actions" (Allow, Block, CAPTCHA and Challenge end the evaluation of a
request without a token, Count does not), "IP set match rule statement", "Using forwarded IP addresses",
"Geographic match", "Rate-based rule statement" (300 s, by source address) and "String match". Rules of other
kinds, and managed groups, match nothing here. Nothing of opsctl's own walk is used.
"""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

DEFAULT = "Default_Action"
"""How WAF names the rule where none ended a request (log field terminatingRuleId; classic API, RuleId)."""
_ENDING = {"Block": "BLOCK", "Allow": "ALLOW", "Captcha": "CAPTCHA", "Challenge": "CHALLENGE"}


@dataclass(frozen=True)
class HttpRequest:
    """A request as WAF sees it: `source` is the packet's, headers are as they arrived."""

    source: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    country: str = "-"

    def header(self, name: str) -> str | None:
        """Return a header's value, whatever the case of its name."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)


@dataclass(frozen=True)
class WafVerdict:
    """What became of a request: the action, the rule that ended it, and those that only counted it."""

    action: str
    rule: str
    metric: str
    kind: str = "REGULAR"
    counted: tuple[tuple[str, str], ...] = field(default=())

    @property
    def passes(self) -> bool:
        """Whether it goes on."""
        return self.action == "ALLOW"


class Evaluator:
    """Judges requests by one web ACL; `addresses` reads an IP set by its ARN, `recent` counts a source's."""

    def __init__(
        self,
        acl: dict[str, Any],
        addresses: Callable[[str], Sequence[str]],
        recent: Callable[[str, int], int],
    ) -> None:
        self._acl = acl
        self._addresses = addresses
        self._recent = recent

    def judge(self, request: HttpRequest) -> WafVerdict:
        """Return what becomes of a request."""
        counted: list[tuple[str, str]] = []
        for rule in sorted(self._acl.get("Rules", ()), key=lambda one: one["Priority"]):
            if "Action" not in rule or not self._holds(rule["Statement"], request):
                continue
            (action,) = rule["Action"]
            metric = rule["VisibilityConfig"]["MetricName"]
            if action in _ENDING:
                kind = "RATE_BASED" if "RateBasedStatement" in rule["Statement"] else "REGULAR"
                return WafVerdict(_ENDING[action], rule["Name"], metric, kind, tuple(counted))
            counted.append((rule["Name"], metric))
        default = "BLOCK" if "Block" in self._acl["DefaultAction"] else "ALLOW"
        return WafVerdict(default, DEFAULT, DEFAULT, counted=tuple(counted))

    def _holds(self, statement: dict[str, Any], request: HttpRequest) -> bool:
        ((kind, told),) = statement.items()
        if kind in ("AndStatement", "OrStatement"):
            held = (self._holds(one, request) for one in told["Statements"])
            return all(held) if kind == "AndStatement" else any(held)
        if kind == "NotStatement":
            return not self._holds(told["Statement"], request)
        known: dict[str, Callable[[Any, HttpRequest], bool]] = {
            "IPSetReferenceStatement": self._in_set,
            "RateBasedStatement": self._too_many,
            "GeoMatchStatement": lambda one, web: bool(web.country in one["CountryCodes"]),
            "ByteMatchStatement": _has_bytes,
        }
        return kind in known and known[kind](told, request)

    def _in_set(self, told: dict[str, Any], request: HttpRequest) -> bool:
        networks = [ipaddress.ip_network(one) for one in self._addresses(told["ARN"])]
        forwarded = told.get("IPSetForwardedIPConfig")
        if forwarded is None:
            return _any_in([request.source], networks)
        value = request.header(forwarded["HeaderName"])
        if value is None:
            return False
        hops = [one.strip() for one in value.split(",")]
        chosen = {"FIRST": hops[:1], "LAST": hops[-1:]}.get(forwarded["Position"], hops)
        if not all(_is_address(one) for one in chosen):
            return bool(forwarded["FallbackBehavior"] == "MATCH")
        return _any_in(chosen, networks)

    def _too_many(self, told: dict[str, Any], request: HttpRequest) -> bool:
        if told["AggregateKeyType"] != "IP":
            return False
        down = told.get("ScopeDownStatement")
        if down is not None and not self._holds(down, request):
            return False
        return bool(self._recent(request.source, told.get("EvaluationWindowSec", 300)) >= told["Limit"])


def _any_in(texts: Sequence[str], networks: Sequence[Any]) -> bool:
    addresses = [ipaddress.ip_address(one) for one in texts if _is_address(one)]
    return any(one.version == network.version and one in network for one in addresses for network in networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _has_bytes(told: dict[str, Any], request: HttpRequest) -> bool:
    """A string match on the path or one header; of the transformations there is lower case alone."""
    where = told["FieldToMatch"]
    text = request.path if "UriPath" in where else request.header(where.get("SingleHeader", {}).get("Name", ""))
    wanted = told["SearchString"]
    sought = wanted.decode() if isinstance(wanted, bytes) else str(wanted)
    if text is None:
        return False
    if any(one["Type"] == "LOWERCASE" for one in told["TextTransformations"]):
        text = text.lower()
    holds = {
        "EXACTLY": text == sought,
        "STARTS_WITH": text.startswith(sought),
        "ENDS_WITH": text.endswith(sought),
        "CONTAINS": sought in text,
    }
    return holds.get(told["PositionalConstraint"], False)
