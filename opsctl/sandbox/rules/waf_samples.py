"""Samples of requests as AWS WAF hands them out, which moto does not have.

Sources: the service model of WAFv2, GetSampledRequests (the last three hours, the first 5,000 requests of the
span, whose end comes back where it was earlier, at most 500 of them; a rule's metric name) and VisibilityConfig
(SampledRequestsEnabled). That `ALL` and `Default_Action`, values of the metrics' dimension Rule, are taken too is
seen in published runbooks only.
"""

import json
from datetime import datetime
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import Conditions, conditions
from opsctl.sandbox.engine.traffic_records import Sample, sampled
from opsctl.sandbox.rules.wafv2 import fault

_HOURS_S = 3 * 3600
_POPULATION = 5000
_MOST = 500
_SPARE_S = 60
"""A clock that is behind AWS's by less than this asks for no time before the last three hours."""


def install() -> None:
    """Add the call."""
    from moto.wafv2.responses import WAFV2Response

    WAFV2Response.get_sampled_requests = _sampled_requests


def _sampled_requests(self: Any) -> Any:
    asked = json.loads(self.body)
    arn, metric, most = asked["WebAclArn"], asked["RuleMetricName"], asked["MaxItems"]
    if not 1 <= most <= _MOST:
        raise fault("WAFInvalidParameterException", f"Error reason: MaxItems has to be 1 to {_MOST}")
    if (":global/" in arn) != (asked["Scope"] == "CLOUDFRONT"):
        raise fault("WAFInvalidParameterException", "Error reason: The scope is not valid., field: SCOPE_VALUE")
    about = conditions(self.current_account)
    start, end = (_seconds(asked["TimeWindow"][name]) for name in ("StartTime", "EndTime"))
    if start > end or start < about.now() - _HOURS_S - _SPARE_S:
        raise fault(
            "WAFInvalidParameterException", "Error reason: The time window is not valid., field: TIME_WINDOW"
        )
    acl = _web_acl(self, arn)
    known = {rule["VisibilityConfig"]["MetricName"] for rule in acl["Rules"]} | {"ALL", "Default_Action"}
    if metric not in known:
        raise fault(
            "WAFNonexistentItemException", f"AWS WAF couldn't perform the operation: {metric} doesn't exist."
        )
    found = _population(about, arn, metric, start, end) if sampled(acl, metric) else []
    if len(found) == _POPULATION:
        end = found[-1].at
    chosen = [found[number * len(found) // most] for number in range(most)] if len(found) > most else found
    answer: dict[str, Json] = {
        "SampledRequests": [one.shown() for one in chosen],
        "PopulationSize": len(found),
        "TimeWindow": {"StartTime": start, "EndTime": end},
    }
    return 200, {"Content-Type": "application/json"}, json.dumps(answer)


def _population(about: Conditions, arn: str, metric: str, start: float, end: float) -> list[Sample]:
    """The first requests of the span that are known by now."""
    by_now = about.now() - about.durations.waf_sample
    found = [
        one
        for one in about.requests
        if one.acl == arn and start <= one.at <= min(end, by_now) and metric in one.metrics()
    ]
    return found[:_POPULATION]


def _seconds(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else datetime.fromisoformat(str(value)).timestamp()


def _web_acl(self: Any, arn: str) -> dict[str, Any]:
    from moto.wafv2.models import wafv2_backends

    region = "aws" if ":global/" in arn else self.region
    acl = wafv2_backends[self.current_account][region].wacls.get(arn)
    if acl is None:
        raise fault(
            "WAFNonexistentItemException", "AWS WAF couldn't perform the operation: there is no such web ACL"
        )
    told: dict[str, Any] = acl.to_dict()
    return told
