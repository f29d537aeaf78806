"""IAM: letting the role that delivers dead letters send to one queue."""

import json

from opsctl.model.changes import Check, Instruction
from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json, fingerprint

_KEY_ACTIONS = ["kms:GenerateDataKey", "kms:Decrypt"]


def policy_name(queue: str, source_arn: str) -> str:
    """The name of our inline policy: one for each queue and source, so that an undo takes nobody else's."""
    return f"opsctl-dlq-{queue}-{fingerprint(source_arn)[7:13]}"


def role_name(role_arn: str) -> str:
    """The name in a role's ARN, which may have a path."""
    return role_arn.rpartition("/")[2]


def simulations(role_arn: str, queue_arn: str, key_arn: str) -> list[Read]:
    """Ask IAM whether the role's own policies suffice already."""
    asked = [(["sqs:SendMessage"], queue_arn)] + ([(_KEY_ACTIONS, key_arn)] if key_arn else [])
    return [
        Read(
            service="iam",
            operation="SimulatePrincipalPolicy",
            params={"PolicySourceArn": role_arn, "ActionNames": actions, "ResourceArns": [resource]},
        )
        for actions, resource in asked
    ]


def are_allowed(answers: list[Answer]) -> bool:
    """Tell whether every action asked about is allowed for certain."""
    return all(
        one.value is not None
        and all(result["EvalDecision"] == "allowed" for result in one.value["EvaluationResults"])
        for one in answers
    )


def list_policies(role_arn: str) -> Read:
    """The names of a role's inline policies."""
    return Read(service="iam", operation="ListRolePolicies", params={"RoleName": role_name(role_arn)})


def put_policy(role_arn: str, name: str, queue_arn: str, key_arn: str) -> Instruction:
    """Give the role an inline policy that lets it send to this queue, with its key."""
    params = _named(role_arn, name) | {"PolicyDocument": json.dumps(_document(queue_arn, key_arn))}
    return Instruction(kind="call", service="iam", operation="PutRolePolicy", params=params)


def delete_policy(role_arn: str, name: str) -> Instruction:
    """Take our inline policy away."""
    return Instruction(kind="call", service="iam", operation="DeleteRolePolicy", params=_named(role_arn, name))


def has_policy(role_arn: str, name: str, queue_arn: str, key_arn: str, *, present: bool) -> Check:
    """The role has exactly our policy, or none of its name."""
    read = Read(service="iam", operation="GetRolePolicy", params=_named(role_arn, name))
    role = role_name(role_arn)
    if not present:
        return Check(read=read, query="PolicyName", op="empty", says=f"role {role} has no policy {name}")
    says = f"role {role} may send to {queue_arn.rpartition(':')[2]}"
    value = _document(queue_arn, key_arn)
    return Check(read=read, query="PolicyDocument", op="equals", value=value, says=says)


def _named(role_arn: str, name: str) -> dict[str, Json]:
    return {"RoleName": role_name(role_arn), "PolicyName": name}


def _document(queue_arn: str, key_arn: str) -> dict[str, Json]:
    statements: list[Json] = [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue_arn}]
    if key_arn:
        statements.append({"Effect": "Allow", "Action": _KEY_ACTIONS, "Resource": key_arn})
    return {"Version": "2012-10-17", "Statement": statements}
