"""WAFv2 web ACLs: adding and removing one rule, making one, attaching it to a load balancer."""

import json
import re
from collections.abc import Mapping, Sequence

from opsctl.block.topology.forwarded import Forwarded
from opsctl.block.waf_objects import LOCKED, NOT_YET_VISIBLE, WafKey
from opsctl.expressions.evaluate import evaluate
from opsctl.model.changes import Check, EditSpec, Element, Instruction
from opsctl.model.reads import Read
from opsctl.model.value import Json

CAPACITY_LIMIT = 5000
CAPACITY_IN_BASE_PRICE = 1500
REFERENCES_AT_MOST = 50
"""References to IP sets, pattern sets and rule groups of one's own in a web ACL (AWS WAF quotas; it is fixed)."""

_REFERENCE = re.compile(r'"(?:IPSet|RegexPatternSet|RuleGroup)ReferenceStatement": ')
NAMES = ("Block", "Count", "Captcha", "Challenge")

# What UpdateWebACL loses when it is not sent (API reference, UpdateWebACL), so that the plan says what is kept;
# whatever else the installed model knows of a web ACL is carried as well.
_CARRIED = (
    "AnalyticsConfig",
    "ApplicationConfig",
    "AssociationConfig",
    "CaptchaConfig",
    "ChallengeConfig",
    "CustomResponseBodies",
    "DataProtectionConfig",
    "DefaultAction",
    "MonetizationConfig",
    "OnSourceDDoSProtectionConfig",
    "Rules",
    "TokenDomains",
    "VisibilityConfig",
)


def rule_of(
    name: str, priority: int, set_arn: Json, action: str, forwarded: Forwarded | None = None
) -> dict[str, Json]:
    """The rule that applies an action to every address of a set: the request's source, or the one in a header."""
    source = {"IPSetReferenceStatement": {"ARN": set_arn}}
    return {
        "Name": name,
        "Priority": priority,
        "Statement": forwarded.statement(set_arn) if forwarded else source,
        "Action": {action: {}},
        "VisibilityConfig": visibility(name),
    }


def visibility(metric: str) -> dict[str, Json]:
    """Metrics and samples on, so that what a rule did can be seen afterwards."""
    return {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": metric}


def edit_rule(
    key: WafKey, op: str, rule: dict[str, Json], numbers: Mapping[str, int] | None = None
) -> Instruction:
    """Add or remove exactly this rule; everything else in the web ACL is written back as it was read.

    `numbers` are the priorities that other rules get in the same call, by name.
    """
    added = Element.model_validate({"op": op, "at": "Rules", "value": rule, "key": "Name"})
    return _update(key, (*_numbering(numbers or {}), added))


def renumber(key: WafKey, numbers: Mapping[str, int]) -> Instruction:
    """Give rules other priorities, by name; everything else in the web ACL is written back as it was read."""
    return _update(key, _numbering(numbers))


def _numbering(numbers: Mapping[str, int]) -> tuple[Element, ...]:
    return tuple(
        Element(op="set", at=f"Rules.[Name={name}].Priority", value=number) for name, number in numbers.items()
    )


def _update(key: WafKey, elements: tuple[Element, ...]) -> Instruction:
    carry = {name: f"WebACL.{name}" for name in _CARRIED}
    return Instruction(
        kind="edit",
        service="wafv2",
        operation="UpdateWebACL",
        region=key.region,
        params=key.params(),
        edit=EditSpec(
            read=key.read(),
            carry=carry | {"Description": "WebACL.Description || `null`", "LockToken": "LockToken"},
            document="WebACL",
            elements=elements,
            conflicts=LOCKED,
        ),
        retry=NOT_YET_VISIBLE,
    )


def rule_refers_to(
    key: WafKey, rule: str, set_arn: Json, action: str, *, present: bool, forwarded: Forwarded | None = None
) -> Check:
    """Our rule stands in the web ACL, with our set, header and action; or there is no rule of its name."""
    if present and forwarded is not None:
        config = "IPSetForwardedIPConfig"
        looks = [[set_arn, None, None, None]]
        looks += [[set_arn, forwarded.header, "NO_MATCH", position] for position in forwarded.positions]
        return Check(
            read=key.read(),
            query=(
                f"(WebACL.Rules[?Name=='{rule}' && {_acts(action)}].Statement{_REFERENCES})[]"
                f".[ARN, {config}.HeaderName, {config}.FallbackBehavior, {config}.Position]"
            ),
            op="equals",
            value=looks,
            says=f"web ACL {key.name} has rule {rule} ({action.lower()}) by header {forwarded.header}",
        )
    if present:
        return Check(
            read=key.read(),
            query=(
                f"WebACL.Rules[?Name=='{rule}' && {_acts(action)}] | [0].Statement.IPSetReferenceStatement.ARN"
            ),
            op="equals",
            value=set_arn,
            says=f"web ACL {key.name} has rule {rule} ({action.lower()})",
        )
    return Check(
        read=key.read(),
        query=f"WebACL.Rules[?Name=='{rule}'] | [0].Name",
        op="empty",
        says=f"web ACL {key.name} has no rule {rule} yet",
    )


def rule_states(key: WafKey, rule: str, statement: dict[str, Json], action: str) -> Check:
    """A rule stands in the web ACL with this statement and action."""
    return Check(
        read=key.read(),
        query=f"WebACL.Rules[?Name=='{rule}' && {_acts(action)}] | [0].Statement",
        op="equals",
        value=statement,
        says=f"web ACL {key.name} has rule {rule} ({action.lower()}) as it was read",
    )


_REFERENCES = ".[IPSetReferenceStatement, OrStatement.Statements[].IPSetReferenceStatement][][]"
"""The references of a statement that is one to an IP set, or one of several."""


def no_rules_but(key: WafKey, rules: Sequence[str]) -> Check:
    """The web ACL has no rule beside these: nobody else relies on it."""
    return Check(
        read=key.read(),
        query="WebACL.Rules[].Name",
        op="within",
        value=list(rules),
        says=f"web ACL {key.name} has no rules except those of this run",
    )


def no_rule_refers_to(key: WafKey, ip_set: WafKey, set_arn: Json) -> Check:
    """No rule of the web ACL needs the set: AWS deletes no set that one refers to."""
    return Check(
        read=key.read(),
        query=f"(WebACL.Rules[].Statement{_REFERENCES})[].ARN",
        op="excludes",
        value=[set_arn],
        says=f"no rule of web ACL {key.name} refers to IP set {ip_set.name}",
    )


def priority_is_free(key: WafKey, priority: int) -> Check:
    """No rule of the web ACL has this priority."""
    return Check(
        read=key.read(),
        query=f"WebACL.Rules[?Priority==`{priority}`].Name",
        op="empty",
        context=True,
        says=f"priority {priority} of web ACL {key.name} is free",
    )


def rules_are_numbered(key: WafKey, numbers: Mapping[str, int]) -> Check:
    """Rules of the web ACL have these priorities, by name."""
    ordered = sorted(numbers.items(), key=lambda item: item[1])
    names = json.dumps([name for name, _ in ordered])
    listed = ", ".join(f"{name} {number}" for name, number in ordered)
    return Check(
        read=key.read(),
        query=f"{_IN_ORDER}[?contains(`{names}`, Name)].{{rule: Name, priority: Priority}}",
        op="equals",
        value=[{"rule": name, "priority": number} for name, number in ordered],
        says=f"web ACL {key.name} has the rules {listed}",
    )


def let_in_before(key: WafKey, priority: int, rules: Sequence[Json]) -> Check:
    """Of the rules before this priority, the same as in `rules` may let requests in, with the same statements."""
    stops = " || ".join(_acts(name) for name in NAMES)
    aws = "Statement.ManagedRuleGroupStatement.VendorName == 'AWS'"
    query = f"{_IN_ORDER}[?Priority<`{priority}` && !({stops}) && !({aws})].{{rule: Name, statement: Statement}}"
    ahead = evaluate(query, {"WebACL": {"Rules": list(rules)}})
    names = ", ".join(one["rule"] for one in ahead)
    only = f"only rule {names} may let" if names else "no rule lets"
    return Check(
        read=key.read(),
        query=query,
        op="equals",
        value=ahead,
        context=True,
        says=f"{only} requests in before priority {priority} of web ACL {key.name}",
    )


_IN_ORDER = "sort_by(WebACL.Rules || `[]`, &Priority)"


def _acts(action: str) -> str:
    # An action is an empty object, which JMESPath takes for false, so its key has to be looked for.
    return f"contains(keys(Action || `{{}}`), '{action}')"


def create_web_acl(key: WafKey, rules: Sequence[dict[str, Json]], description: str, plan_id: str) -> Instruction:
    """Create a web ACL that allows everything but what its rules stop, with the plan's mark.

    For a distribution AWS would turn security analytics on, which stores request logs outside the Region
    (API reference, AnalyticsConfig): a block is no reason for that.
    """
    analytics: dict[str, Json] = {"AnalyticsConfig": {"Mode": "DISABLED"}} if key.scope == "CLOUDFRONT" else {}
    return Instruction(
        kind="call",
        service="wafv2",
        operation="CreateWebACL",
        region=key.region,
        params={
            "Name": key.name,
            "Scope": key.scope,
            "DefaultAction": {"Allow": {}},
            "Description": description,
            "Rules": list(rules),
            "VisibilityConfig": visibility(key.name),
            **analytics,
            "Tags": [{"Key": "opsctl:plan", "Value": plan_id}],
        },
        retry=NOT_YET_VISIBLE,
    )


def associate(web_acl: Json, resource: str, region: str) -> Instruction:
    """Attach a web ACL to a regional resource that has none."""
    return Instruction(
        kind="call",
        service="wafv2",
        operation="AssociateWebACL",
        region=region,
        params={"WebACLArn": web_acl, "ResourceArn": resource},
        retry=NOT_YET_VISIBLE,
    )


def disassociate(resource: str, region: str) -> Instruction:
    """Detach whatever web ACL a regional resource has."""
    return Instruction(
        kind="call",
        service="wafv2",
        operation="DisassociateWebACL",
        region=region,
        params={"ResourceArn": resource},
        retry=NOT_YET_VISIBLE,
    )


def resource_has(resource: str, region: str, web_acl: Json, name: str) -> Check:
    """A regional resource has this web ACL, or none when `web_acl` is None."""
    read = Read(service="wafv2", operation="GetWebACLForResource", params={"ResourceArn": resource}, region=region)
    if web_acl is None:
        return Check(read=read, query="WebACL.ARN", op="empty", says=f"{name} has no web ACL")
    return Check(
        read=read, query="WebACL.ARN", op="equals", value=web_acl, says=f"{name} is protected by our web ACL"
    )


def references_in(rules: Sequence[Json]) -> int:
    """Count the references that rules, as AWS sends them, have to sets and rule groups."""
    return len(_REFERENCE.findall(json.dumps(list(rules))))
