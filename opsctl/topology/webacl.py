"""Web ACLs of AWS WAF: what happens to a request from an address. Rules of AWS: WAF developer guide."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Literal, TypeAlias

from opsctl.model.networks import Network, covers, parse_network
from opsctl.model.value import Json, Value
from opsctl.topology.nacl import representatives

_Near: TypeAlias = Mapping[str, tuple[Network, ...]]

ANTI_DDOS = "AWSManagedRulesAntiDDoSRuleSet"


class IpSet(Value):
    """An IP set with its addresses as AWS stores them."""

    arn: str
    id: str
    name: str
    version: Literal[4, 6]
    addresses: tuple[str, ...] = ()


class Effect(StrEnum):
    """What a rule does to a request that it matches."""

    ALLOW = "allow"
    BLOCK = "block"
    GO_ON = "go on"
    OPAQUE = "opaque"


class WebAclRule(Value):
    """One rule: its statement stays as AWS sends it."""

    name: str
    priority: int
    effect: Effect
    statement: dict[str, Json] = {}
    anti_ddos: bool = False


class WebAcl(Value):
    """A web ACL with its rules in the order of evaluation, and the IP sets that they refer to."""

    arn: str
    id: str
    name: str
    scope: Literal["REGIONAL", "CLOUDFRONT"]
    default_allow: bool
    rules: tuple[WebAclRule, ...] = ()
    ip_sets: dict[str, IpSet] = {}
    firewall_manager: bool = False


class RequestOutcome(Value):
    """Whether a request from any address of a block gets through: yes, no, or nobody can tell offline.

    `rule` names the rule that decides; empty is the web ACL's default. `source` is an address it is so for.
    """

    passes: Literal["yes", "no", "unknown"]
    rule: str = ""
    source: str = ""


def parse_ip_set(raw: Json) -> IpSet:
    """Parse the `IPSet` of GetIPSet."""
    return IpSet(
        arn=raw["ARN"],
        id=raw["Id"],
        name=raw["Name"],
        version=4 if raw["IPAddressVersion"] == "IPV4" else 6,
        addresses=tuple(raw.get("Addresses") or ()),
    )


def parse_web_acl(raw: Json, ip_sets: Mapping[str, IpSet]) -> WebAcl:
    """Parse the answer of GetWebACL; `ip_sets` are those that could be read, by ARN."""
    acl = raw["WebACL"]
    before = acl.get("PreProcessFirewallManagerRuleGroups") or []
    after = acl.get("PostProcessFirewallManagerRuleGroups") or []
    managed = bool(before or after or acl.get("ManagedByFirewallManager"))
    rules = [_parse_rule(rule) for rule in acl.get("Rules") or []]
    foreign = [WebAclRule(name=group["Name"], priority=-1, effect=Effect.OPAQUE) for group in before]
    return WebAcl(
        arn=acl["ARN"],
        id=acl["Id"],
        name=acl["Name"],
        scope="CLOUDFRONT" if ":global/" in acl["ARN"] else "REGIONAL",
        default_allow="Allow" in acl.get("DefaultAction", {}),
        rules=(*foreign, *sorted(rules, key=lambda rule: rule.priority)),
        ip_sets={arn: ip_sets[arn] for arn in ip_sets_in(raw) if arn in ip_sets},
        firewall_manager=managed,
    )


def ip_sets_in(raw: Json) -> list[str]:
    """Return the ARNs of the IP sets that the rules of a GetWebACL answer refer to, each once."""
    found: dict[str, None] = {}

    def walk(node: Json) -> None:
        if isinstance(node, dict):
            reference = node.get("IPSetReferenceStatement")
            if isinstance(reference, dict) and "ARN" in reference:
                found[reference["ARN"]] = None
            for item in node.values():
                walk(item)
        elif isinstance(node, list):
            for item in node:
                walk(item)

    walk(raw["WebACL"].get("Rules") or [])
    return list(found)


def request_passes(acl: WebAcl, network: str) -> RequestOutcome:
    """Tell what happens to requests whose source address is anywhere in a block.

    One address that passes makes the block pass; otherwise one that nobody can tell makes it unknown.
    """
    wanted = parse_network(network)
    near = {arn: _near(one, wanted) for arn, one in acl.ip_sets.items()}
    doubtful: RequestOutcome | None = None
    dropped = RequestOutcome(passes="no")
    for source in representatives(wanted, [block for blocks in near.values() for block in blocks]):
        outcome = _one_request(acl, parse_network(source), source, near)
        if outcome.passes == "yes":
            return outcome
        if outcome.passes == "unknown":
            doubtful = doubtful or outcome
        else:
            dropped = outcome
    return doubtful or dropped


def _near(ip_set: IpSet, wanted: Network) -> tuple[Network, ...]:
    """Keep what can matter: sets hold up to 10,000 blocks, of which few share an address with ours."""
    blocks = (parse_network(text) for text in ip_set.addresses)
    return tuple(block for block in blocks if covers(block, wanted) or covers(wanted, block))


def _one_request(acl: WebAcl, address: Network, source: str, near: _Near) -> RequestOutcome:
    doubt = ""
    for rule in acl.rules:
        matched = True if not rule.statement else _matches(rule.statement, address, near)
        if matched is False or rule.effect is Effect.GO_ON:
            continue
        if rule.effect is Effect.BLOCK and matched:
            return RequestOutcome(passes="unknown" if doubt else "no", rule=doubt or rule.name, source=source)
        if rule.effect is Effect.ALLOW and matched:
            return RequestOutcome(passes="yes", rule=rule.name, source=source)
        if rule.effect in (Effect.ALLOW, Effect.OPAQUE):
            doubt = doubt or rule.name
    if acl.default_allow:
        return RequestOutcome(passes="yes", source=source)
    return RequestOutcome(passes="unknown" if doubt else "no", rule=doubt, source=source)


def _matches(statement: Mapping[str, Json], address: Network, near: _Near) -> bool | None:
    """Three-valued: None means that this cannot be told from the address alone."""
    if "IPSetReferenceStatement" in statement:
        reference = statement["IPSetReferenceStatement"]
        blocks = near.get(reference["ARN"])
        if reference.get("IPSetForwardedIPConfig") or blocks is None:
            return None
        return any(covers(block, address) for block in blocks)
    if "NotStatement" in statement:
        inner = _matches(statement["NotStatement"]["Statement"], address, near)
        return None if inner is None else not inner
    if "OrStatement" in statement:
        return _any([_matches(one, address, near) for one in statement["OrStatement"]["Statements"]])
    if "AndStatement" in statement:
        parts = [_matches(one, address, near) for one in statement["AndStatement"]["Statements"]]
        inverse = _any([None if part is None else not part for part in parts])
        return None if inverse is None else not inverse
    return None


def _any(parts: Sequence[bool | None]) -> bool | None:
    if any(part is True for part in parts):
        return True
    return None if any(part is None for part in parts) else False


def _parse_rule(raw: Json) -> WebAclRule:
    statement = raw.get("Statement") or {}
    managed = statement.get("ManagedRuleGroupStatement") or {}
    return WebAclRule(
        name=raw["Name"],
        priority=int(raw["Priority"]),
        effect=_effect(raw, statement),
        statement=statement,
        anti_ddos=managed.get("Name") == ANTI_DDOS,
    )


def _effect(raw: Json, statement: Mapping[str, Json]) -> Effect:
    action = raw.get("Action") or {}
    if "Allow" in action:
        return Effect.ALLOW
    if "Block" in action:
        return Effect.BLOCK
    if "RuleGroupReferenceStatement" in statement and "None" in (raw.get("OverrideAction") or {}):
        # A group of the customer's own may allow; AWS's managed groups block, count or label.
        return Effect.OPAQUE
    return Effect.GO_ON
