"""Makes the security group that Elastic Fabric Adapters need, or opens one to its own members."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Proof, Risk, Severity
from opsctl.model.fetching import Fetching, require
from opsctl.model.references import reference
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.marks import described, with_mark
from opsctl.tune.efa_group_calls import (
    DIRECTIONS,
    Direction,
    close_to_itself,
    create_group,
    delete_group,
    group_id,
    group_is_absent,
    group_is_ours,
    groups_named,
    lets_itself_pass,
    nothing_uses,
    open_directions,
    open_to_itself,
)

_WAY = {"Ingress": "in from", "Egress": "out to"}
_WHY = {
    "Ingress": "An EFA takes in only what its security group lets in from its own members.",
    "Egress": "A rule to all addresses is not enough for an EFA: it needs one to its own members.",
}


class TuneEfaGroup(Action):
    """Create a security group whose members may send each other everything, or add what one lacks for that.

    Undo takes the rules away again, and deletes a group that was created unless something else uses it by then.
    """

    name: ClassVar[str] = "tune.efa_group"

    vpc: str = Field(description="Id of the VPC.")
    group: str = Field(description="Name of the security group; made where the VPC has none of that name.")
    tags: dict[str, str] = Field({}, description="Tags of a group that is made.")
    why: str = Field(description="What the group is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateSecurityGroup where there is none, and a rule for each direction that is not open."""
        answer = yield from require(groups_named(self.group, self.vpc))
        found = next(iter(answer.get("SecurityGroups", [])), None)
        if found is not None:
            closed = [one for one in DIRECTIONS if one not in open_directions(found)]
            return [self._opened(one, found["GroupId"], ()) for one in closed]
        made = self._made(about.plan_id)
        return [made, *(self._opened(one, reference("create", "id"), ("create",)) for one in DIRECTIONS)]

    def _made(self, plan_id: str) -> Change:
        text = described(plan_id, "members may send each other everything, for EFA")
        return Change(
            **dict(create_group(self.group, self.vpc, text, with_mark(plan_id, self.tags))),
            id="create",
            title=f"Create security group {self.group} in {self.vpc}",
            why=self.why,
            expect=(group_is_absent(self.group, self.vpc),),
            proof=Proof(configured=(group_is_ours(self.group, self.vpc, plan_id),), within_s=60),
            undo=delete_group(reference("create", "id")),
            undo_only_if=(nothing_uses(reference("create", "id"), self.group),),
            outputs={"id": group_id(self.group, self.vpc)},
        )

    def _opened(self, direction: Direction, group: Json, after: tuple[str, ...]) -> Change:
        """Plan one rule; in a group that was there before it opens what its members did not have."""
        before = lets_itself_pass(direction, self.group, self.vpc, group, there=False)
        others = Risk(
            severity=Severity.MEDIUM,
            affects=(self.group,),
            note="Everything that is in this group may send everything to each other from then on.",
        )
        unused: tuple[Check, ...] = (nothing_uses(group, self.group),) if after else ()
        return Change(
            **dict(open_to_itself(direction, group)),
            id=direction.lower(),
            title=f"Allow everything {_WAY[direction]} the members of {self.group}",
            why=_WHY[direction],
            expect=(before,),
            proof=Proof(
                configured=(lets_itself_pass(direction, self.group, self.vpc, group, there=True),), within_s=60
            ),
            undo=close_to_itself(direction, group),
            undo_only_if=unused,
            risk=Risk() if after else others,
            depends_on=after,
        )
