"""Asks IAM, as far as it lets one, whether the caller may do what a plan needs."""

from collections.abc import Iterator

from opsctl.model.errors import RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.reads import Read, Refusal
from opsctl.model.run import Identity
from opsctl.model.sentences import first_few
from opsctl.model.value import Json
from opsctl.resources.policy_simulation import SimulatedAction, Verdict, judged, region_asked

_IDENTITY_CENTER = "AWSReservedSSO_"
"""How the roles begin that IAM Identity Center makes; their path has its region, which no session's ARN tells."""


def refuse_denied(plan: Plan, aws: Aws) -> str:
    """Simulate the plan's actions for the caller before the first change.

    Returns one sentence that says what was found out, and what IAM could not tell. When IAM cannot be asked (no
    permission for iam:SimulatePrincipalPolicy, a root or federated caller) the sentence says so.

    Raises:
        RefusedByGuard: IAM says that actions of the plan would be denied.
    """
    principal = principal_of(aws)
    if not principal:
        return "IAM was not asked whether the caller may do this: it cannot simulate this kind of caller"
    found: list[SimulatedAction] = []
    for statement in plan.iam_policy.apply["Statement"]:
        answer = aws.read(_simulation(principal, statement, aws.identity.partition))
        if answer.refusal is not None:
            return f"IAM could not be asked whether the caller may do this: {_told(answer.refusal, principal)}"
        found += (one for result in answer.value.get("EvaluationResults") or [] for one in judged(result))
    denied = sorted({one.action for one in found if one.verdict is Verdict.DENIED})
    if denied:
        raise RefusedByGuard(
            f"{principal} may not do what the plan needs; nothing was changed",
            "attach the plan's IAM policy (-o json, result.iam_policy.apply), or use --skip-permission-check",
            evidence=[f"denied: {action}" for action in denied],
        )
    allowed = sum(one.verdict is Verdict.ALLOWED for one in found)
    known = f"IAM allows {allowed} of the {len(found)} actions of this plan to {principal}"
    open_ones = first_few(_open(found), 3, "; ")
    return f"{known}; it cannot tell: {open_ones}" if open_ones else known


def principal_of(aws: Aws) -> str:
    """Return the ARN that IAM can simulate: the user, or the role behind an assumed-role session; else nothing.

    A session's ARN lacks the path of its role, which IAM is asked for: without it there is no such role.
    """
    identity = aws.identity
    resource = identity.arn.split(":", 5)[5]
    if resource.startswith("user/"):
        return identity.arn
    if not resource.startswith("assumed-role/"):
        return ""
    role = resource.split("/")[1]
    answer = aws.read(Read(service="iam", operation="GetRole", params={"RoleName": role}))
    return str(answer.value["Role"]["Arn"]) if answer.refusal is None else _without_path(identity, role)


def _without_path(identity: Identity, role: str) -> str:
    account = identity.arn.split(":")[4]
    return f"arn:{identity.partition}:iam::{account}:role/{role}"


def _simulation(principal: str, statement: Json, partition: str) -> Read:
    params: dict[str, Json] = {
        "PolicySourceArn": principal,
        # IAM simulates no wildcards; one ends the name of an action that only a policy knows.
        "ActionNames": [action.rstrip("*") for action in statement["Action"]],
        "ResourceArns": statement["Resource"],
    }
    region = region_asked(statement["Resource"], partition)
    if region:
        params["ContextEntries"] = [
            {"ContextKeyName": "aws:RequestedRegion", "ContextKeyValues": [region], "ContextKeyType": "string"}
        ]
    return Read(service="iam", operation="SimulatePrincipalPolicy", params=params)


def _told(refusal: Refusal, principal: str) -> str:
    name = principal.rpartition("/")[2]
    if name.startswith(_IDENTITY_CENTER) and principal.endswith(f":role/{name}"):
        return f"the role of IAM Identity Center has a path, which iam:GetRole would tell ({refusal})"
    return str(refusal)


def _open(found: list[SimulatedAction]) -> Iterator[str]:
    """Say what is open, each reason once with the actions that it is about."""
    reasons: dict[str, dict[str, None]] = {}
    for one in found:
        if one.verdict is Verdict.UNKNOWN:
            reasons.setdefault(one.why, {})[one.action] = None
    for why, actions in reasons.items():
        yield f"{first_few(actions, 3)} ({why})"
