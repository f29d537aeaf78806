"""Web ACLs of AWS WAF: what happens to a request from an address. Rules of AWS: WAF developer guide."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Literal

from opsctl.block.topology.block_kinds import Gates
from opsctl.block.topology.forwarded import Forwarded
from opsctl.block.topology.nacl import representatives
from opsctl.block.topology.waf_statements import Near, near, told
from opsctl.model.networks import Network, covers, parse_network
from opsctl.model.value import Json, Value

ANTI_DDOS = "AWSManagedRulesAntiDDoSRuleSet"
_CARRY_ON = ("Count", "Captcha", "Challenge")


class IpSet(Value):
    """An IP set with its addresses as AWS stores them."""

    arn: str
    id: str
    name: str
    version: Literal[4, 6]
    addresses: tuple[str, ...] = ()


class Effect(StrEnum):
    """What a rule does to a request that it matches; an opaque one may let it in."""

    ALLOW = "allow"
    BLOCK = "block"
    GO_ON = "go on"
    OPAQUE = "opaque"


class WebAclRule(Value):
    """One rule: its statement stays as AWS sends it, `action` is AWS's own word in lower case.

    `foreign` marks a rule group that Firewall Manager placed.
    """

    name: str
    priority: int
    effect: Effect
    action: str = ""
    statement: dict[str, Json] = {}
    anti_ddos: bool = False
    foreign: bool = False

    def only_set(self, forwarded: Forwarded | None = None) -> str:
        """The ARN of the IP set that the statement alone consists of; empty when there is more to it.

        It is looked at for the request's source; with `forwarded` for the address in that header as well.
        """
        if forwarded is not None:
            return forwarded.states(self.statement)
        reference = self.statement.get("IPSetReferenceStatement") or {}
        return "" if reference.get("IPSetForwardedIPConfig") else str(reference.get("ARN", ""))


class WebAcl(Value):
    """A web ACL with its rules in the order of evaluation, and the IP sets that they refer to.

    `keepers` are who writes it beside the account: Firewall Manager, or Network Security Manager.
    """

    arn: str
    id: str
    name: str
    scope: Literal["REGIONAL", "CLOUDFRONT"]
    default_allow: bool
    rules: tuple[WebAclRule, ...] = ()
    ip_sets: dict[str, IpSet] = {}
    keepers: tuple[str, ...] = ()

    @property
    def firewall_manager(self) -> bool:
        """Whether somebody places rules in it beside the account."""
        return bool(self.keepers)

    @property
    def shield_groups(self) -> tuple[str, ...]:
        """The rules that Shield Advanced keeps in it by itself; nobody else may touch them."""
        return tuple(rule.name for rule in self.rules if is_shields(rule.name))


class RequestOutcome(Value):
    """Whether a request from any address of a block gets through: yes, no, or nobody can tell offline.

    `rule` names the rule that decides; empty is the web ACL's default. `sets` are the names of the IP sets that
    its match rests on. `source` is an address it is so for. `partly` tells that others of the block are certainly
    dropped although this one is not.
    """

    passes: Literal["yes", "no", "unknown"]
    rule: str = ""
    sets: tuple[str, ...] = ()
    source: str = ""
    partly: bool = False

    @property
    def by(self) -> str:
        """The rule with its IP sets as a person says it."""
        return f"rule {self.rule}" + (f" (IP set {', '.join(self.sets)})" if self.sets else "")


class Standing(Value):
    """How a rule that lets requests in stands to some addresses.

    `clear`: it certainly matches none of them. `listed`: it certainly matches one, `source`, which an IP set of it
    holds. `may`: it may match, or matches for another reason. `sets` are the ARNs that clear or listed rests on.
    """

    rule: WebAclRule
    how: Literal["clear", "listed", "may"]
    sets: tuple[str, ...] = ()
    source: str = ""


def is_shields(rule: str) -> bool:
    """Tell whether a rule is the group that Shield Advanced puts in: its name begins so, and it stands last.

    Source: AWS WAF developer guide, the Shield Advanced rule group of automatic application-layer mitigation.
    """
    return rule.startswith("ShieldMitigationRuleGroup_")


def _keepers(acl: Json, *, placed: bool) -> tuple[str, ...]:
    """Name who else writes the web ACL, beside the account.

    Network Security Manager places its groups in the same members as Firewall Manager, whose mark it need not set.
    """
    if acl.get("ManagedByFirewallManager"):
        return ("Firewall Manager",)
    if acl.get("RetrofittedByFirewallManager"):
        return ("a policy of Firewall Manager that has adopted it",)
    return ("Firewall Manager or Network Security Manager",) if placed else ()


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
    return WebAcl(
        arn=acl["ARN"],
        id=acl["Id"],
        name=acl["Name"],
        scope="CLOUDFRONT" if ":global/" in acl["ARN"] else "REGIONAL",
        default_allow="Allow" in acl.get("DefaultAction", {}),
        # Firewall Manager's first groups, the web ACL's own rules, its last groups: each in their own order.
        rules=(
            *_in_order(_parse_foreign(group) for group in before),
            *_in_order(_parse_rule(rule) for rule in acl.get("Rules") or []),
            *_in_order(_parse_foreign(group) for group in after),
        ),
        ip_sets={arn: ip_sets[arn] for arn in ip_sets_in(raw) if arn in ip_sets},
        keepers=_keepers(acl, placed=bool(before or after)),
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


def request_passes(acl: WebAcl, network: str, forwarded: Forwarded | None = None) -> RequestOutcome:
    """Tell what happens to requests whose source address is anywhere in a block.

    With `forwarded` the address is what a proxy wrote into that header, and the source is the proxy's. One address
    that passes makes the block pass; otherwise one that nobody can tell makes it unknown.
    """
    passing: RequestOutcome | None = None
    doubtful: RequestOutcome | None = None
    dropped: RequestOutcome | None = None
    for source, sets in _parts(acl, parse_network(network)):
        outcome = _one_request(acl, source, sets, forwarded)
        if outcome.passes == "yes":
            passing = passing or outcome
        elif outcome.passes == "unknown":
            doubtful = doubtful or outcome
        else:
            dropped = outcome
        if passing and dropped:
            break
    if getting_in := passing or doubtful:
        return getting_in.model_copy(update={"partly": dropped is not None})
    return dropped or RequestOutcome(passes="no")


def letting_in(
    acl: WebAcl, networks: Sequence[Network], forwarded: Forwarded | None = None
) -> tuple[Standing, ...]:
    """Return the rules that may let requests in, in the order of evaluation, each with how it stands to blocks.

    With `forwarded` the addresses are the source of some requests, and stand in that header of others.
    """
    parts = [part for network in told_apart(acl).one_of_each(networks) for part in _parts(acl, network)]
    rules = [rule for rule in acl.rules if rule.effect in (Effect.ALLOW, Effect.OPAQUE)]
    return tuple(_standing(rule, parts, looks_of(forwarded)) for rule in rules)


def looks_of(forwarded: Forwarded | None) -> tuple[Forwarded | None, ...]:
    """Return how the requests of an address may look: it is their source, or stands in that header."""
    return (None,) if forwarded is None else (forwarded, None)


def acted_on(acl: WebAcl, network: str, action: str, forwarded: Forwarded | None = None) -> bool:
    """Tell whether requests from all of a block certainly meet a rule with this action before they get in."""
    parts = _parts(acl, parse_network(network))
    return all(_meets(acl, source, sets, action, forwarded) for source, sets in parts)


def _meets(acl: WebAcl, source: str, sets: Near, action: str, forwarded: Forwarded | None) -> bool:
    for rule in acl.rules:
        matches, _ = told(rule.statement, parse_network(source), sets, forwarded)
        if matches is False:
            continue
        if matches and (rule.action == action or rule.effect is Effect.BLOCK):
            return True
        if rule.effect in (Effect.ALLOW, Effect.OPAQUE):
            return False
    return False


def allow_lists(
    acl: WebAcl, networks: Sequence[Network], forwarded: Forwarded | None = None
) -> tuple[Standing, ...]:
    """Return the allow rules that let an address of some blocks in because an IP set of theirs holds it.

    Exact for blocks that are cut by IP sets: what the rest of a block meets neither hides a list nor makes one.
    """
    allowing = {rule.name: rule for rule in acl.rules if rule.effect is Effect.ALLOW}
    found: dict[str, Standing] = {}
    for network in told_apart(acl).one_of_each(networks):
        for (source, sets), look in itertools.product(_parts(acl, network), looks_of(forwarded)):
            outcome = _one_request(acl, source, sets, look)
            if outcome.passes != "yes" or not outcome.rule or outcome.rule in found:
                continue
            standing = _standing(allowing[outcome.rule], [(source, sets)], [look])
            if standing.how == "listed":
                found[outcome.rule] = standing
    return tuple(found.values())


def _standing(rule: WebAclRule, parts: Sequence[tuple[str, Near]], looks: Sequence[Forwarded | None]) -> Standing:
    rests: dict[str, None] = {}
    how: Literal["clear", "may"] = "clear"
    for (source, sets), look in itertools.product(parts, looks):
        address = parse_network(source)
        matches, arns = told(rule.statement, address, sets, look)
        holding = [arn for arn in sorted(arns) if any(covers(one, address) for one in sets[arn])]
        if matches and holding and rule.effect is Effect.ALLOW:
            return Standing(rule=rule, how="listed", sets=tuple(holding), source=source)
        if matches is not False:
            how = "may"
        rests |= dict.fromkeys(sorted(arns))
    return Standing(rule=rule, how=how, sets=tuple(rests) if how == "clear" else ())


def told_apart(acl: WebAcl) -> Gates:
    """What the IP sets of a web ACL tell apart."""
    return Gates.of((), tuple(one.addresses for one in acl.ip_sets.values()))


def _parts(acl: WebAcl, wanted: Network) -> Iterable[tuple[str, Near]]:
    """Return an address of each part into which the IP sets cut a block, with what they hold near it."""
    sets = {arn: near(one.addresses, wanted) for arn, one in acl.ip_sets.items()}
    blocks = [block for listed in sets.values() for block in listed]
    return [(source, sets) for source in representatives(wanted, blocks)]


def _one_request(acl: WebAcl, source: str, sets: Near, forwarded: Forwarded | None) -> RequestOutcome:
    address, doubt = parse_network(source), ""
    for rule in acl.rules:
        if rule.effect is Effect.GO_ON:
            continue
        matches, arns = told(rule.statement, address, sets, forwarded)
        if matches is False:
            continue
        names = tuple(acl.ip_sets[arn].name for arn in sorted(arns))
        if rule.effect is Effect.ALLOW and matches:
            return RequestOutcome(passes="yes", rule=rule.name, sets=names, source=source)
        if rule.effect is Effect.BLOCK and matches:
            if doubt:
                return RequestOutcome(passes="unknown", rule=doubt, source=source)
            return RequestOutcome(passes="no", rule=rule.name, sets=names, source=source)
        if rule.effect is not Effect.BLOCK:
            doubt = doubt or rule.name
    if acl.default_allow:
        return RequestOutcome(passes="yes", source=source)
    return RequestOutcome(passes="unknown" if doubt else "no", rule=doubt, source=source)


def _in_order(rules: Iterable[WebAclRule]) -> list[WebAclRule]:
    return sorted(rules, key=lambda rule: rule.priority)


def _parse_rule(raw: Json) -> WebAclRule:
    statement = raw.get("Statement") or {}
    managed = statement.get("ManagedRuleGroupStatement") or {}
    return WebAclRule(
        name=raw["Name"],
        priority=int(raw["Priority"]),
        effect=_effect(raw, statement),
        action=next(iter(raw.get("Action") or {}), "").lower(),
        statement=statement,
        anti_ddos=managed.get("Name") == ANTI_DDOS,
    )


def _parse_foreign(raw: Json) -> WebAclRule:
    """A rule group of a Firewall Manager policy; it has the members of a rule under another name."""
    rule = _parse_rule(raw | {"Statement": raw.get("FirewallManagerStatement")})
    return rule.model_copy(update={"foreign": True})


def _effect(raw: Json, statement: Mapping[str, Json]) -> Effect:
    action = raw.get("Action") or {}
    if "Allow" in action:
        return Effect.ALLOW
    if "Block" in action:
        return Effect.BLOCK
    # A challenge ends a request without a token and lets one with a token go on to the next rule.
    if any(name in action for name in _CARRY_ON) or "Count" in (raw.get("OverrideAction") or {}):
        return Effect.GO_ON
    managed = statement.get("ManagedRuleGroupStatement") or {}
    if managed.get("VendorName") == "AWS" and not _may_allow(managed):
        # AWS's own groups block, challenge, count or label: they never allow.
        return Effect.GO_ON
    return Effect.OPAQUE


def _may_allow(group: Mapping[str, Json]) -> bool:
    """Tell whether the rules of a group were given other actions, among them one that may let requests in."""
    actions = [one.get("ActionToUse") or {} for one in group.get("RuleActionOverrides") or []]
    return any(set(action) - {"Block", *_CARRY_ON} for action in actions)
