"""Takes an inbound rule of a security group away."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Proof, Risk, Severity
from opsctl.model.fetching import Fetching, require
from opsctl.model.networks import normal
from opsctl.model.run import Action, Context
from opsctl.resources.group_rules import (
    GroupRule,
    authorize,
    describe_group_rules,
    has_rule,
    parse_group_rules,
    revoke,
)

SEEN_WITHIN_S = 60


class Ec2RevokeRule(Action):
    """Revoke an inbound rule that lets an address range in; undo puts it back as it was, under a new id.

    Nothing where the group has no such rule. With `behind_list` the group has to admit that prefix list when the
    rule goes, so that what comes from there is never shut out.
    """

    name: ClassVar[str] = "ec2.revoke_rule"

    group: str = Field(description="Id of the security group.")
    protocol: str = Field(description="tcp, udp, or -1 for all traffic.")
    from_port: int = Field(-1, ge=-1, le=65535, description="First port; -1: every port.")
    to_port: int = Field(-1, ge=-1, le=65535, description="Last port; -1: every port.")
    cidr: str = Field(description="The address range that the rule lets in.")
    behind_list: str = Field("", description="Prefix list that the group has to admit when the rule goes.")
    region: str = Field("", description="Region of the group; empty: that of the run.")
    why: str = Field(description="Why it may go.")
    affects: tuple[str, ...] = Field((), description="What else uses the group, or comes in by the rule.")
    owner: str = Field("", description="The stack or module that will revert the change.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one RevokeSecurityGroupIngress, or nothing."""
        region = self.region or about.region
        answer = yield from require(describe_group_rules(self.group, region))
        rule = next((one for one in parse_group_rules(answer) if self._is(one)), None)
        if rule is None:
            return []
        return [
            Change(
                **dict(revoke(rule, region)),
                id=f"revoke-{self.group}-{rule.cidr}-{rule.protocol}-{self.from_port}",
                title=f"Revoke {rule.cidr} to {rule.span} at security group {self.group}",
                why=self.why,
                expect=(has_rule(rule, region, present=True), *self._behind(rule, region)),
                proof=Proof(configured=(has_rule(rule, region, present=False),), within_s=SEEN_WITHIN_S),
                undo=authorize(rule, region),
                risk=Risk(
                    severity=Severity.SEVERE,
                    affects=self.affects,
                    owner=self.owner or None,
                    note=(
                        "New connections that only this rule let in are refused; those that are tracked go on, "
                        "and what the rule left untracked ends at once."
                    ),
                ),
                undo_risk=Risk(severity=Severity.MEDIUM, note=f"{rule.cidr} gets in again."),
            )
        ]

    def _is(self, rule: GroupRule) -> bool:
        ports = None if self.from_port < 0 else (self.from_port, self.to_port)
        return (rule.protocol, rule.ports, rule.cidr) == (self.protocol, ports, normal(self.cidr))

    def _behind(self, rule: GroupRule, region: str) -> list[Check]:
        """Expect the list to be admitted; putting the rule back asks for nothing."""
        if not self.behind_list:
            return []
        return [
            Check(
                read=describe_group_rules(rule.group, region),
                query=f"SecurityGroupRules[?!IsEgress && PrefixListId=='{self.behind_list}'].GroupId",
                op="present",
                context=True,
                says=f"security group {rule.group} admits prefix list {self.behind_list}",
            )
        ]
