"""Drops addresses in a stateful rule group of AWS Network Firewall."""

import hashlib
from typing import ClassVar

from pydantic import Field

from opsctl.block.host.script import note_of_run
from opsctl.block.inspection.firewall_calls import describe_group, edit_rules, has_room, name_of, rules_in
from opsctl.block.inspection.rule_groups import drop_rule, parse_group
from opsctl.block.terms import NEVER, Term
from opsctl.model.changes import Change, Proof, Risk
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.networks import covers, normal, parse_network
from opsctl.model.run import Action, Context
from opsctl.model.sentences import first_few, sentence
from opsctl.resources.block_risk import severity_of

_FIRST_SID, _SIDS = 100_000_000, 900_000_000
"""Numbers of our rules are far from those that people begin at, and from those of Suricata's own lists."""


class FirewallDeny(Action):
    """Add a drop for each address to a stateful rule group, under its update token; undo takes exactly these away.

    The group has its rules one by one and has room for more: its capacity was fixed when it was made. Flows that
    are open go on by the rules that were in place when they began.
    """

    name: ClassVar[str] = "firewall.deny"

    rule_group: str = Field(description="ARN of the rule group.")
    addresses: tuple[str, ...] = Field(description="Addresses or CIDR blocks, IPv4 and IPv6.")
    why: str = Field(description="Why this firewall is the right place.")
    affects: tuple[str, ...] = Field((), description="Everything else that the rule group's firewalls inspect.")
    owner: str = Field("", description="The stack or module that will revert the change.")
    term: Term | None = Field(None, description="Until when and why, as block.term says it.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one UpdateRuleGroup for all addresses that the group does not drop yet.

        Raises:
            RefusedByGuard: there is no room, the rules are written in another form, or the block has an end.
        """
        _require_no_end(self.term)
        group = parse_group((yield from require(describe_group(self.rule_group))))
        known = [parse_network(one) for one in group.drops]
        wanted = [parse_network(one) for one in dict.fromkeys(map(normal, self.addresses))]
        left = [str(one) for one in wanted if not any(covers(other, one) for other in known)]
        if not left:
            return []
        name = name_of(self.rule_group)
        if group.form != "rules" or group.consumed + len(left) > group.capacity:
            raise RefusedByGuard(
                f"rule group {name} holds {group.consumed} of {group.capacity} rules and can take no {len(left)} "
                "more one by one; nothing was changed",
                "use --layer nacl or --layer waf, or make a rule group with more capacity",
            )
        note = note_of_run(about.plan_id, self.term)
        rules = []
        taken = set(group.sids)
        for network in left:
            sid = _free(about.plan_id, network, taken)
            taken.add(str(sid))
            rules.append(drop_rule(network, sid, note))
        return [
            Change(
                **dict(edit_rules(self.rule_group, "add", rules)),
                id=f"{name}/drop",
                title=f"Drop {first_few(left, 3)} in rule group {name} of Network Firewall",
                why=sentence(self.why),
                expect=(
                    rules_in(self.rule_group, rules, present=False),
                    has_room(self.rule_group, len(rules), group.capacity),
                ),
                proof=Proof(configured=(rules_in(self.rule_group, rules, present=True),), within_s=60),
                undo=edit_rules(self.rule_group, "remove", rules),
                risk=Risk(
                    severity=severity_of(*left),
                    affects=self.affects,
                    owner=self.owner or None,
                    note=(
                        "Connections that are open now go on until they end: network-firewall StartFlowFlush ends "
                        "them. Nothing ends the drop by itself."
                    ),
                ),
            )
        ]


def _require_no_end(term: Term | None) -> None:
    if term is not None and term.until != NEVER:
        raise RefusedByGuard(
            "a drop in Network Firewall has no end, and opsctl blocks expire does not look there; nothing was "
            "changed",
            "say --ttl never, and take it back with opsctl undo",
        )


def _free(run: str, network: str, taken: set[str]) -> int:
    """Choose a number for a rule, the same each time, that no rule of the group has."""
    number = int.from_bytes(hashlib.sha256(f"{run} {network}".encode()).digest()[:8], "big") % _SIDS
    while str(_FIRST_SID + number) in taken:
        number = (number + 1) % _SIDS
    return _FIRST_SID + number
