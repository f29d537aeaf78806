"""Drops addresses in a stateful rule group of AWS Network Firewall."""

import hashlib
from typing import ClassVar

from pydantic import Field

from opsctl.block.host.script import note_of_run
from opsctl.block.inspection.firewall_calls import describe_group, edit_rules, has_room, rules_in
from opsctl.block.inspection.rule_groups import RuleGroupSeen, drop_rule, drops_in, parse_group, sid_of
from opsctl.block.recording import but_of, made_room, on_rule_group, record_change
from opsctl.block.records import parse_ledger, tags_of
from opsctl.block.terms import Term
from opsctl.model.changes import Change, Check, Proof, Risk
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.networks import covers, normal, parse_network, plain_addresses
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence
from opsctl.model.value import Json
from opsctl.resources.block_risk import severity_of
from opsctl.resources.ec2 import parse_tags

_FIRST_SID, _SIDS = 100_000_000, 900_000_000
"""Numbers of our rules are far from those that people begin at, and from those of Suricata's own lists."""


class FirewallDeny(Action):
    """Add a drop for each address to a stateful rule group, under its update token; undo takes these away again.

    The group has its rules one by one and has room for more: its capacity was fixed when it was made. Flows that
    are open go on by the rules that were in place when they began.
    """

    name: ClassVar[str] = "firewall.deny"

    rule_group: str = Field(description="ARN of the rule group.")
    addresses: tuple[str, ...] = Field(description="Addresses or CIDR blocks, IPv4 and IPv6.")
    why: str = Field(description="Why this firewall is the right place.")
    affects: tuple[str, ...] = Field((), description="Everything else that the rule group's firewalls inspect.")
    owner: str = Field("", description="The stack or module that will revert the change.")
    term: Term | None = Field(
        None, description="Until when and why, as block.term says it; a tag of the rule group."
    )

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan the record, then one UpdateRuleGroup for each address that the group does not drop yet.

        Raises:
            RefusedByGuard: there is no room, or the rules are written in another form.
        """
        answer = yield from require(describe_group(self.rule_group))
        group = parse_group(answer)
        known = [parse_network(one) for one in group.drops]
        wanted = [parse_network(one) for one in dict.fromkeys(map(normal, self.addresses))]
        left = [str(one) for one in wanted if not any(covers(other, one) for other in known)]
        if group.form != "rules" or group.consumed + len(left) > group.capacity:
            raise _no_room(group, len(left))
        carrier, note = on_rule_group(self.rule_group), note_of_run(about.plan_id, self.term)
        taken = set(group.sids)
        changes: list[Change] = []
        for network in left:
            sid = _free(about.plan_id, network, taken)
            taken.add(str(sid))
            theirs = carrier.none_named(but_of(about.plan_id), [network])
            changes.append(self._change(network, drop_rule(network, sid, note), group, theirs))
        return [*self._recorded(answer, left, group, about), *changes]

    def _recorded(self, answer: Json, networks: list[str], group: RuleGroupSeen, about: Context) -> list[Change]:
        if self.term is None or not networks:
            return []
        carrier, tags = on_rule_group(self.rule_group), tags_of(about.plan_id, networks, self.term)
        ledger = parse_ledger(parse_tags(answer["RuleGroupResponse"]))
        room = made_room(carrier, ledger, list(drops_in(answer)), len(tags), about.now, f"clear-{group.name}")
        before = (has_room(self.rule_group, len(networks), group.capacity),)
        change_id = f"record-{group.name}"
        return [*room, record_change(carrier, tags, networks, self.term, change_id=change_id, before=before)]

    def _change(self, network: str, rule: dict[str, Json], group: RuleGroupSeen, theirs: Check) -> Change:
        return Change(
            **dict(edit_rules(self.rule_group, "add", [rule])),
            id=f"{group.name}/{sid_of(rule)}",
            title=f"Drop {plain_addresses(network)} in rule group {group.name} of Network Firewall",
            why=sentence(self.why),
            expect=(
                rules_in(self.rule_group, [rule], present=False),
                has_room(self.rule_group, 1, group.capacity),
            ),
            proof=Proof(configured=(rules_in(self.rule_group, [rule], present=True),), within_s=60),
            undo=edit_rules(self.rule_group, "remove", [rule]),
            undo_only_if=(theirs,),
            risk=Risk(
                severity=severity_of(network),
                affects=self.affects,
                owner=self.owner or None,
                note="Connections that are open now go on until network-firewall StartFlowFlush ends them.",
            ),
        )


def _no_room(group: RuleGroupSeen, more: int) -> RefusedByGuard:
    return RefusedByGuard(
        f"rule group {group.name} holds {group.consumed} of {group.capacity} rules and can take no {more} more, "
        "one by one; nothing was changed",
        "use --layer nacl or --layer waf, or make a rule group with more capacity",
    )


def _free(run: str, network: str, taken: set[str]) -> int:
    """Choose a number for a rule, the same each time, that no rule of the group has."""
    number = int.from_bytes(hashlib.sha256(f"{run} {network}".encode()).digest()[:8], "big") % _SIDS
    while str(_FIRST_SID + number) in taken:
        number = (number + 1) % _SIDS
    return _FIRST_SID + number
