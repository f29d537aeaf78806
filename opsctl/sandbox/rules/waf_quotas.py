"""AWS WAF's quotas and pace, where moto knows none.

Sources: AWS WAF developer guide, AWS WAF quotas (entities, references, capacity, calls a second: for each account
and Region, and for Create, Put and Update by action); WAFV2 API reference, WAFUnavailableEntityException (what was
just made is not to be seen everywhere for a few seconds to minutes) and WAFLimitsExceededException.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.waf_capacity import LARGEST, capacity_of
from opsctl.sandbox.rules.quotas import waf_objects
from opsctl.sandbox.rules.wafv2 import fault

REFERENCES = 50
_PACED = ("create_ip_set", "update_ip_set", "create_web_acl", "update_web_acl")
_ASSOCIATING = ("associate_web_acl", "disassociate_web_acl")
_REFERENCE = re.compile(r'"(?:IPSet|RegexPatternSet|RuleGroup)ReferenceStatement": \{"ARN": "([^"]+)"')


def install() -> None:
    """Put the rules around moto's WAFv2, outside of what checks the parameters."""
    from moto.wafv2.models import WAFV2Backend
    from moto.wafv2.responses import WAFV2Response

    for name in _PACED:
        setattr(WAFV2Response, name, _paced(getattr(WAFV2Response, name), name, 1))
    for name in _ASSOCIATING:
        setattr(WAFV2Response, name, _paced(getattr(WAFV2Response, name), "associations", 2))
    WAFV2Response.check_capacity = _check_capacity
    WAFV2Backend.create_ip_set = _within(WAFV2Backend.create_ip_set, "ip_sets", "IPSet")
    WAFV2Backend.create_web_acl = _within(WAFV2Backend.create_web_acl, "wacls", "WebACL")
    WAFV2Backend.create_web_acl = _weighed(WAFV2Backend.create_web_acl, rules_at=6)
    WAFV2Backend.update_web_acl = _weighed(WAFV2Backend.update_web_acl, rules_at=3)
    WAFV2Backend.associate_web_acl = _of_visible(WAFV2Backend.associate_web_acl)


def _paced(method: Callable[..., Any], action: str, seconds: float) -> Callable[..., Any]:
    """Throttle calls of one action that follow each other too closely; how close is a matter of the pace."""

    def called(self: Any) -> Any:
        about = conditions(self.current_account)
        apart = about.durations.waf_call * seconds
        last = about.waf_calls.get((action, self.region))
        if apart and last is not None and about.now() - last < apart:
            raise fault("ThrottlingException", "Rate exceeded")
        about.waf_calls[action, self.region] = about.now()
        return method(self)

    return called


def _within(method: Callable[..., Any], kept: str, kind: str) -> Callable[..., Any]:
    """A Region holds so many objects of a kind; the backend of a Region is one, and CloudFront's another."""

    from moto.utilities.utils import PARTITION_NAMES

    def created(self: Any, *args: Any) -> Any:
        of_edge = self.region_name in PARTITION_NAMES or self.region_name == "global"
        scope, region = ("CLOUDFRONT", "us-east-1") if of_edge else ("REGIONAL", self.region_name)
        quota = waf_objects(kind, scope, self.account_id, region)
        if len(getattr(self, kept)) >= quota:
            raise fault("WAFLimitsExceededException", f"the quota of {quota} is used up")
        made = method(self, *args)
        about = conditions(self.account_id)
        visible = about.durations.waf_object
        if visible:
            about.waf_hidden[made.arn] = about.now() + visible
        return made

    return created


def _refuse_hidden(account: str, arns: Iterable[str]) -> None:
    about = conditions(account)
    if any(about.waf_hidden.get(arn, 0) > about.now() for arn in arns):
        raise fault(
            "WAFUnavailableEntityException",
            "AWS WAF couldn\u2019t retrieve the resource that you requested. Retry your request.",
        )


def _weighed(method: Callable[..., Any], rules_at: int) -> Callable[..., Any]:
    """Refuse references to what is not visible yet, too many of them, and more capacity units than there are."""

    def written(self: Any, *args: Any) -> Any:
        rules = args[rules_at] or []
        references = _REFERENCE.findall(json.dumps(rules, default=str))
        if len(references) > REFERENCES:
            raise fault("WAFLimitsExceededException", f"more than {REFERENCES} references in a web ACL")
        _refuse_hidden(self.account_id, references)
        units = _units(self, rules)
        if units > LARGEST:
            raise fault("WAFLimitsExceededException", f"{units} capacity units are more than {LARGEST}")
        done = method(self, *args)
        written = done if hasattr(done, "capacity") else self.get_web_acl(None, args[0], args[1])
        written.capacity = units
        return done

    return written


def _of_visible(method: Callable[..., Any]) -> Callable[..., Any]:
    def associated(self: Any, web_acl_arn: str, resource_arn: str) -> None:
        _refuse_hidden(self.account_id, [web_acl_arn])
        method(self, web_acl_arn, resource_arn)

    return associated


def _units(backend: Any, rules: list[dict[str, Any]]) -> int:
    def of_group(arn: str) -> int:
        group = backend.rule_groups.get(arn)
        return int(group.capacity) if group else 1

    return sum(capacity_of(rule["Statement"], of_group) for rule in rules)


def _check_capacity(self: Any) -> Any:
    units = _units(self.wafv2_backend, json.loads(self.body).get("Rules", []))
    return 200, {"Content-Type": "application/json"}, json.dumps({"Capacity": units})
