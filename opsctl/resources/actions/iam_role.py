"""Makes an IAM role with one inline policy."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Proof, Query, Risk, Severity
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, fetch_if_exists
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.iam_role_calls import (
    create_role,
    delete_policy,
    delete_role,
    get_role,
    policy_is,
    put_policy,
    role_is_absent,
    role_is_ours,
)
from opsctl.resources.marks import described, with_mark

POLICY = "opsctl"


class IamRole(Action):
    """Create a role that one service may assume, with one inline policy; undo deletes both."""

    name: ClassVar[str] = "iam.role"
    outputs: ClassVar[tuple[str, ...]] = ("arn",)

    role: str = Field(description="Name of the role; not in use yet.")
    trust: dict[str, Json] = Field(description="Who may assume it: the trust policy document.")
    policy: dict[str, Json] = Field(description="What it may do: the policy document.")
    tags: dict[str, str] = Field({}, description="Tags of the role.")
    why: str = Field(description="What the role is for.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one CreateRole and one PutRolePolicy."""
        found = yield from fetch_if_exists(get_role(self.role))
        if found is not None:
            raise RefusedByGuard(
                f"there is a role {self.role} already; nothing was changed", "choose another name"
            )
        description = described(about.plan_id, self.why[:900])
        created = Change(
            **dict(create_role(self.role, self.trust, description, with_mark(about.plan_id, self.tags))),
            id="create",
            title=f"Create role {self.role}",
            why=self.why,
            expect=(role_is_absent(self.role),),
            proof=Proof(configured=(role_is_ours(self.role, description),), within_s=60),
            undo=delete_role(self.role),
            risk=Risk(severity=Severity.MEDIUM, note="Its policy names every action it may do."),
            outputs={"arn": Query(read=get_role(self.role), query="Role.Arn")},
        )
        allowed = Change(
            **dict(put_policy(self.role, POLICY, self.policy)),
            id="policy",
            title=f"Give role {self.role} its policy",
            why="Without it the role may do nothing.",
            expect=(policy_is(self.role, POLICY, there=False),),
            proof=Proof(configured=(policy_is(self.role, POLICY, there=True),), within_s=60),
            undo=delete_policy(self.role, POLICY),
            risk=Risk(severity=Severity.MEDIUM),
            depends_on=("create",),
        )
        return [created, allowed]
