"""The policy of a firewall and its rule groups: what certainly drops an address, and where a drop can be put.

Stateful rules see a packet only when the stateless ones forward it. By the action order a rule that passes comes
before every drop, and one that alerts after it; by the strict order the groups count by their priorities, and the
API model says of every action that it ends the inspection, of an alert as well. What may let an address in, as far
as that can be told without Suricata, is in the way of a drop.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from opsctl.block.inspection.firewall_calls import name_of
from opsctl.model.networks import covers, normal, overlapping, parse_network
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import parse_tags
from opsctl.resources.owners import owner_of

STRICT, BY_ACTION = "STRICT_ORDER", "DEFAULT_ACTION_ORDER"
_ACTION = re.compile(r"^\s*(pass|alert)\s", re.MULTILINE)
_ANY = ("0.0.0.0/0", "::/0")
_SID = re.compile(r"\bsid\s*:\s*(\d+)")
_FORWARD = "aws:forward_to_sfe"

_OTHER_FORMS = {
    "text": "is written as Suricata text: add `drop ip ADDRESS any -> any any` there by hand",
    "domains": "is a list of domains, which has no addresses",
}

Form = Literal["rules", "text", "domains", "other"]


class RuleGroupSeen(Value):
    """A stateful rule group: networks that a rule of it may let in, may alert of, and those it drops whole.

    `form` is how its rules are written: only `rules`, one by one, can be added to without reading Suricata.
    """

    arn: str
    form: Form = "other"
    capacity: int = 0
    consumed: int = 0
    policies: int = 1
    sids: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()
    manager: str = ""
    owner: str = ""
    unread: str = ""

    @property
    def name(self) -> str:
        """Its name."""
        return name_of(self.arn)


class PolicySeen(Value):
    """A policy: its stateful groups in the order of evaluation; `skips` is why packets may never get to them."""

    name: str
    order: str
    groups: tuple[RuleGroupSeen, ...]
    skips: str = ""

    def in_the_way(self, group: RuleGroupSeen, addresses: Sequence[str]) -> str:
        """Say what may let addresses in before a drop of a group, empty when nothing does."""
        if self.skips:
            return self.skips
        before = self.groups if self.order != STRICT else self.groups[: self.groups.index(group) + 1]
        for one in before:
            if one.unread:
                return one.unread
            if found := overlapping((*one.passes, *(one.alerts if self.order == STRICT else ())), addresses):
                return f"rule group {one.name} may let in {', '.join(found[:2])} before a drop counts"
        return ""

    def dropped(self, addresses: Sequence[str]) -> tuple[str, ...]:
        """The addresses that are dropped for certain."""
        return tuple(
            address
            for address in addresses
            if any(
                any(covers(parse_network(one), parse_network(address)) for one in group.drops)
                and not self.in_the_way(group, [address])
                for group in self.groups
            )
        )

    def place_for(self, addresses: Sequence[str], account: str) -> RuleGroupSeen | str:
        """Return the rule group that drops of addresses can go into, or why there is none, group by group."""
        if self.skips:
            return self.skips
        reasons = []
        for group in self.groups:
            reason = _unfit(group, len(addresses), account) or self.in_the_way(group, addresses)
            if not reason:
                return group
            reasons.append(reason)
        listed = "; ".join(dict.fromkeys(reasons)) or "it has no stateful rule group"
        return f"no rule group of policy {self.name} can take a drop: {listed}"


def parse_policy(answer: Json, groups: Sequence[RuleGroupSeen]) -> PolicySeen:
    """Parse DescribeFirewallPolicy; `groups` are those that it names, read."""
    policy = answer["FirewallPolicy"]
    by_arn = {one.arn: one for one in groups}
    listed = sorted(policy.get("StatefulRuleGroupReferences") or (), key=lambda one: one.get("Priority", 0))
    return PolicySeen(
        name=answer["FirewallPolicyResponse"]["FirewallPolicyName"],
        order=(policy.get("StatefulEngineOptions") or {}).get("RuleOrder", BY_ACTION),
        groups=tuple(by_arn[one["ResourceArn"]] for one in listed if one["ResourceArn"] in by_arn),
        skips=_skips(policy),
    )


def group_arns(answer: Json) -> list[str]:
    """Return the stateful rule groups of a policy, by ARN."""
    return [one["ResourceArn"] for one in answer["FirewallPolicy"].get("StatefulRuleGroupReferences") or ()]


def parse_group(answer: Json) -> RuleGroupSeen:
    """Parse DescribeRuleGroup."""
    about, group = answer["RuleGroupResponse"], answer.get("RuleGroup") or {}
    source = group.get("RulesSource") or {}
    rules, text = source.get("StatefulRules") or [], str(source.get("RulesString") or "")
    tags, arn = parse_tags(about), about["RuleGroupArn"]
    hidden = ":aws-managed:" in arn and not source
    written = set(_ACTION.findall(text))
    managed = tags.get("FMManaged") == "true" or name_of(arn).startswith("FMManaged")
    return RuleGroupSeen(
        arn=arn,
        form=_form(source),
        capacity=int(about.get("Capacity", 0)),
        consumed=int(about.get("ConsumedCapacity", 0)),
        policies=int(about.get("NumberOfAssociations", 1)),
        sids=(*_sids(rules), *_SID.findall(text)),
        passes=(*_let_in(rules, "PASS"), *(_ANY if "pass" in written else ()), *_home_of_allowed(group)),
        alerts=(*_let_in(rules, "ALERT"), *(_ANY if "alert" in written else ())),
        drops=tuple(one for rule in rules if (one := _dropped_whole(rule))),
        manager="Firewall Manager" if managed else "",
        owner=owner_of(tags),
        unread=f"cannot tell what rule group {name_of(arn)} lets in: AWS does not show its rules"
        if hidden
        else "",
    )


def drops_in(answer: Json) -> dict[str, tuple[Json, ...]]:
    """Return the rules of DescribeRuleGroup that drop everything from a network, by that network."""
    found: dict[str, tuple[Json, ...]] = {}
    for rule in ((answer.get("RuleGroup") or {}).get("RulesSource") or {}).get("StatefulRules") or ():
        if source := _dropped_whole(rule):
            found[normal(source)] = (*found.get(normal(source), ()), rule)
    return found


def drop_rule(network: str, sid: int, note: str) -> dict[str, Json]:
    """Return a rule that drops everything from a network, whatever it is and wherever it goes."""
    return {
        "Action": "DROP",
        "Header": {
            "Protocol": "IP",
            "Source": network,
            "SourcePort": "ANY",
            "Direction": "FORWARD",
            "Destination": "ANY",
            "DestinationPort": "ANY",
        },
        "RuleOptions": [
            {"Keyword": "sid", "Settings": [str(sid)]},
            {"Keyword": "msg", "Settings": [f'"{note}"']},
        ],
    }


def _skips(policy: Json) -> str:
    if policy.get("StatelessRuleGroupReferences"):
        return "its stateless rule groups come first, and may pass the address before a stateful rule sees it"
    for name in ("StatelessDefaultActions", "StatelessFragmentDefaultActions"):
        if _FORWARD not in (policy.get(name) or ()):
            return f"its {name} do not forward packets to stateful rules"
    return ""


def _form(source: Json) -> Form:
    for member, form in (("StatefulRules", "rules"), ("RulesString", "text"), ("RulesSourceList", "domains")):
        if source.get(member):
            found: Form = form  # type: ignore[assignment]
            return found
    return "other"


def _unfit(group: RuleGroupSeen, more: int, account: str) -> str:
    """Say why a rule group takes no drop, empty when it does."""
    if group.arn.split(":")[4] != account:
        return f"{group.name} belongs to {'AWS' if ':aws-managed:' in group.arn else 'another account'}"
    if group.unread:
        return group.unread
    if group.manager:
        return f"{group.name} is kept by {group.manager}"
    if group.form != "rules":
        return f"{group.name} {_OTHER_FORMS.get(group.form, 'has no rules that can be added to')}"
    if group.consumed + more > group.capacity:
        return f"{group.name} holds {group.consumed} of {group.capacity} rules, which was fixed when it was made"
    return ""


def _home_of_allowed(group: Json) -> list[str]:
    """A list of domains that are allowed passes what comes from HOME_NET: the VPC, unless the group says other."""
    listed = (group.get("RulesSource") or {}).get("RulesSourceList") or {}
    if listed.get("GeneratedRulesType") != "ALLOWLIST":
        return []
    home = ((group.get("RuleVariables") or {}).get("IPSets") or {}).get("HOME_NET") or {}
    return [one if _is_network(one) else _ANY[0] for one in home.get("Definition") or ()]


def _let_in(rules: Iterable[Json], action: str) -> list[str]:
    """The networks that rules with an action may let in: all, unless the ends that count are plain networks."""
    found: list[str] = []
    for rule in rules:
        if rule["Action"] == action:
            header = rule["Header"]
            ends = [header["Source"], *([header["Destination"]] if header["Direction"] == "ANY" else [])]
            found += ends if all(map(_is_network, ends)) else _ANY
    return found


def _dropped_whole(rule: Json) -> str:
    header = rule["Header"]
    plain = all(option["Keyword"] in ("sid", "msg", "rev") for option in rule["RuleOptions"])
    anywhere = [header[name] for name in ("SourcePort", "Destination", "DestinationPort")] == ["ANY"] * 3
    whole = rule["Action"] == "DROP" and header["Protocol"] == "IP" and plain and anywhere
    return str(header["Source"]) if whole and _is_network(header["Source"]) else ""


def _is_network(text: str) -> bool:
    try:
        parse_network(text)
    except ValueError:
        return False
    return True


def sid_of(rule: Json) -> str:
    """Return the number of a rule."""
    return next(iter(_sids([rule])), "unknown")


def _sids(rules: Iterable[Json]) -> list[str]:
    options = (option for rule in rules for option in rule["RuleOptions"])
    return [str(option["Settings"][0]) for option in options if option["Keyword"] == "sid"]
