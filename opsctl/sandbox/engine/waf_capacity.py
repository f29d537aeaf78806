"""Web ACL capacity units of rules, as AWS WAF counts them.

Source: AWS WAF developer guide, web ACL capacity units and the WCU section of each rule statement and of each AWS
managed rule group.
"""

from collections.abc import Callable, Mapping
from typing import Any

from opsctl.model.value import Json

LARGEST = 5000
_TRANSFORMED = 10
_MANAGED = {
    "AWSManagedRulesCommonRuleSet": 700,
    "AWSManagedRulesAdminProtectionRuleSet": 100,
    "AWSManagedRulesKnownBadInputsRuleSet": 200,
    "AWSManagedRulesSQLiRuleSet": 200,
    "AWSManagedRulesLinuxRuleSet": 200,
    "AWSManagedRulesUnixRuleSet": 100,
    "AWSManagedRulesWindowsRuleSet": 200,
    "AWSManagedRulesPHPRuleSet": 100,
    "AWSManagedRulesWordPressRuleSet": 100,
    "AWSManagedRulesAmazonIpReputationList": 25,
    "AWSManagedRulesAnonymousIpList": 50,
    "AWSManagedRulesBotControlRuleSet": 50,
    "AWSManagedRulesATPRuleSet": 50,
    "AWSManagedRulesACFPRuleSet": 50,
    "AWSManagedRulesAntiDDoSRuleSet": 50,
}
_MATCHES = {
    "GeoMatchStatement": 1,
    "AsnMatchStatement": 1,
    "LabelMatchStatement": 1,
    "SizeConstraintStatement": 1,
    "RegexMatchStatement": 3,
    "SqliMatchStatement": 20,
    "RegexPatternSetReferenceStatement": 25,
    "XssMatchStatement": 40,
}
_WORDS = ("CONTAINS", "CONTAINS_WORD")


def capacity_of(statement: Json, group: Callable[[str], int]) -> int:
    """Return what a statement costs; `group` tells the capacity of a rule group by its ARN."""
    (kind, body), *_ = statement.items()
    if kind == "IPSetReferenceStatement":
        return 5 if (body.get("IPSetForwardedIPConfig") or {}).get("Position") == "ANY" else 1
    if kind == "ByteMatchStatement":
        return (10 if body.get("PositionalConstraint") in _WORDS else 2) + _transformed(body)
    if kind in _MATCHES:
        return _MATCHES[kind] + _transformed(body)
    if kind == "RuleGroupReferenceStatement":
        return group(body["ARN"])
    if kind == "ManagedRuleGroupStatement":
        return _MANAGED.get(body["Name"], 100) + _down(body, group)
    if kind == "RateBasedStatement":
        return 2 + 30 * len(body.get("CustomKeys") or ()) + _down(body, group)
    # And, Or and Not cost what is nested in them.
    return sum(capacity_of(one, group) for one in body.get("Statements") or [body["Statement"]])


def _down(body: Mapping[str, Any], group: Callable[[str], int]) -> int:
    down = body.get("ScopeDownStatement")
    return capacity_of(down, group) if down else 0


def _transformed(body: Mapping[str, Any]) -> int:
    used = [one for one in body.get("TextTransformations") or () if one.get("Type") != "NONE"]
    return _TRANSFORMED * len(used)
