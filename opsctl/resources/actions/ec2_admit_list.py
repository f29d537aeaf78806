"""Lets a managed prefix list in through a security group."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof, Risk, Severity
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, require
from opsctl.model.run import Action, Context
from opsctl.resources import ec2
from opsctl.resources.group_rules import (
    RULES_AT_MOST,
    GroupRule,
    PrefixList,
    authorize,
    counted,
    describe_group_rules,
    has_rule,
    parse_group_rules,
    parse_prefix_lists,
    revoke,
    rules_quota,
)
from opsctl.resources.marks import mark_of_plan

SEEN_WITHIN_S = 60


class Ec2AdmitList(Action):
    """Add an inbound rule for a prefix list to a security group; undo takes that rule away again.

    Nothing where the group lets the list in to these ports already. Refused where the group has no room for the
    weight of the list.
    """

    name: ClassVar[str] = "ec2.admit_list"

    group: str = Field(description="Id of the security group.")
    prefix_list: str = Field(description="Id of the managed prefix list.")
    from_port: int = Field(ge=0, le=65535, description="First TCP port.")
    to_port: int = Field(ge=0, le=65535, description="Last TCP port.")
    region: str = Field("", description="Region of the group; empty: that of the run.")
    why: str = Field(description="Why it is to be let in.")
    affects: tuple[str, ...] = Field((), description="What else uses the group.")
    owner: str = Field("", description="The stack or module that will revert the change.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one AuthorizeSecurityGroupIngress, or nothing."""
        region = self.region or about.region
        present = parse_group_rules((yield from require(describe_group_rules(self.group, region))))
        if any(self._is_covered_by(one) for one in present):
            return []
        listed = yield from require(ec2.describe("DescribeManagedPrefixLists", region))
        lists = parse_prefix_lists(listed)
        if self.prefix_list not in lists:
            raise RefusedByGuard(
                f"there is no prefix list {self.prefix_list} in {region}; nothing was changed", ""
            )
        found = lists[self.prefix_list]
        quota = yield from require(rules_quota(region))
        self._refuse_full(found, counted(present, lists, found.version), int(quota["Quota"]["Value"]))
        mark = mark_of_plan(about.plan_id)
        rule = GroupRule(
            group=self.group,
            protocol="tcp",
            ports=(self.from_port, self.to_port),
            prefix_list=self.prefix_list,
            description=mark,
        )
        return [
            Change(
                **dict(authorize(rule, region)),
                id=f"admit-{self.group}-{self.prefix_list}-{self.from_port}",
                title=f"Admit {found.name or found.id} to {rule.span} at security group {self.group}",
                why=self.why,
                expect=(has_rule(rule, region, present=False),),
                proof=Proof(configured=(has_rule(rule, region, present=True),), within_s=SEEN_WITHIN_S),
                undo=revoke(rule, region),
                undo_only_if=(has_rule(rule, region, present=True, described=mark),),
                risk=Risk(
                    severity=Severity.MEDIUM,
                    affects=self.affects,
                    owner=self.owner or None,
                    note=f"It counts as {found.weight} of the rules that the group may have.",
                ),
            )
        ]

    def _is_covered_by(self, rule: GroupRule) -> bool:
        return rule.prefix_list == self.prefix_list and all(
            rule.admits("tcp", port) for port in (self.from_port, self.to_port)
        )

    def _refuse_full(self, found: PrefixList, used: int, quota: int) -> None:
        if used + found.weight > quota:
            raise RefusedByGuard(
                f"security group {self.group} counts {used} of {quota} inbound rules for IPv{found.version}, and "
                f"prefix list {found.name or found.id} counts as {found.weight}; nothing was changed",
                f"ask for more than {RULES_AT_MOST} rules per security group (Service Quotas, vpc L-0EA8095F), or "
                "take away rules that nobody needs",
            )
