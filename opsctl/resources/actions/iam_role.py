"""Makes an IAM role with one inline policy."""

import json
from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from opsctl.model.changes import Change, Check, Instruction, Proof, Query, Retry, Risk, Severity
from opsctl.model.errors import RefusedByGuard
from opsctl.model.fetching import Fetching, fetch_if_exists
from opsctl.model.reads import Read
from opsctl.model.run import Action, Context
from opsctl.model.value import Json
from opsctl.resources.marks import described, tag_list, with_mark

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
            title=f"Create IAM role {self.role}",
            why=self.why,
            expect=(role_is_absent(self.role),),
            proof=Proof(configured=(role_is_ours(self.role, description),), within_s=60),
            undo=delete_role(self.role),
            risk=Risk(severity=Severity.MEDIUM, note="Its policy lists every action it allows."),
            outputs={"arn": Query(read=get_role(self.role), query="Role.Arn")},
        )
        allowed = Change(
            **dict(put_policy(self.role, POLICY, self.policy)),
            id="policy",
            title=f"Put the inline policy on role {self.role}",
            why="Without it the role has no permissions.",
            expect=(policy_is(self.role, POLICY, there=False),),
            proof=Proof(configured=(policy_is(self.role, POLICY, there=True),), within_s=60),
            undo=delete_policy(self.role, POLICY),
            risk=Risk(severity=Severity.MEDIUM),
            depends_on=("create",),
        )
        return [created, allowed]


_SPREADING = Retry(codes=("NoSuchEntity", "ConcurrentModification"), within_s=60)
"""IAM is eventually consistent: a role that was just made may not be found yet."""

_LETTING_GO = Retry(codes=("DeleteConflict", "ConcurrentModification"), within_s=60)
"""The same the other way round: a policy that was just taken away still stands in the way."""


def get_role(name: str) -> Read:
    """Read a role; one that is not there is missing."""
    return Read(service="iam", operation="GetRole", params={"RoleName": name})


def create_role(name: str, trust: Mapping[str, Json], description: str, tags: Mapping[str, str]) -> Instruction:
    """Create a role."""
    return Instruction(
        kind="call",
        service="iam",
        operation="CreateRole",
        params={
            "RoleName": name,
            "AssumeRolePolicyDocument": json.dumps(trust, sort_keys=True),
            "Description": description,
            "Tags": tag_list(tags),
        },
    )


def delete_role(name: str) -> Instruction:
    """Delete a role that has no policy any more."""
    return Instruction(
        kind="call", service="iam", operation="DeleteRole", params={"RoleName": name}, retry=_LETTING_GO
    )


def put_policy(name: str, policy: str, document: Mapping[str, Json]) -> Instruction:
    """Give a role an inline policy."""
    return Instruction(
        kind="call",
        service="iam",
        operation="PutRolePolicy",
        params={
            "RoleName": name,
            "PolicyName": policy,
            "PolicyDocument": json.dumps(document, sort_keys=True),
        },
        retry=_SPREADING,
    )


def delete_policy(name: str, policy: str) -> Instruction:
    """Take an inline policy away from a role."""
    params = {"RoleName": name, "PolicyName": policy}
    return Instruction(kind="call", service="iam", operation="DeleteRolePolicy", params=params)


def role_is_absent(name: str) -> Check:
    """There is no such role."""
    return Check(read=get_role(name), query="Role.Arn", op="empty", says=f"there is no role {name}")


def role_is_ours(name: str, description: str) -> Check:
    """The role carries the plan's mark."""
    return Check(
        read=get_role(name),
        query="Role.Description",
        op="equals",
        value=description,
        says=f"role {name} is this plan's",
    )


def policy_is(name: str, policy: str, *, there: bool) -> Check:
    """The role has that inline policy, or has none of that name."""
    params = {"RoleName": name, "PolicyName": policy}
    return Check(
        read=Read(service="iam", operation="GetRolePolicy", params=params),
        query="PolicyName",
        op="present" if there else "empty",
        says=f"role {name} has {'the' if there else 'no'} policy {policy}",
    )
