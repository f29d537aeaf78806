"""IAM: making a role with one inline policy."""

import json
from collections.abc import Mapping

from opsctl.model.changes import Check, Instruction, Retry
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.resources.marks import tag_list

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
