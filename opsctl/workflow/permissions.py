"""Asks IAM, as far as it lets one, whether the caller may do what a plan needs."""

from opsctl.model.errors import RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.reads import Read
from opsctl.model.value import Json

_READS = ("Describe", "Get", "List")


def refuse_denied(plan: Plan, aws: Aws) -> str:
    """Simulate the plan's actions for the caller before the first change.

    Returns one sentence that says what was found out. When IAM cannot be asked (no permission for
    iam:SimulatePrincipalPolicy, a root or federated caller) the sentence says so.

    Raises:
        RefusedByGuard: IAM says that actions of the plan would be denied.
    """
    principal = _principal(aws.identity.arn, aws.identity.partition)
    if not principal:
        return "permissions were not checked beforehand: IAM cannot simulate this kind of caller"
    denied: list[str] = []
    count = 0
    for statement in plan.iam_policy.apply["Statement"]:
        params = {
            "PolicySourceArn": principal,
            # IAM simulates no wildcards; one ends the name of an action that only a policy knows.
            "ActionNames": [action.rstrip("*") for action in statement["Action"]],
            "ResourceArns": statement["Resource"],
        }
        answer = aws.read(Read(service="iam", operation="SimulatePrincipalPolicy", params=params))
        if answer.refusal is not None:
            return f"permissions were not checked beforehand: {answer.refusal}"
        results = answer.value.get("EvaluationResults") or []
        count += len(results)
        denied += [item["EvalActionName"] for item in results if _is_denied(item)]
    if denied:
        raise RefusedByGuard(
            f"{principal} may not do what the plan needs; nothing was changed",
            "attach the plan's IAM policy (-o json, result.iam_policy.apply), or use --skip-permission-check",
            evidence=[f"denied: {action}" for action in sorted(set(denied))],
        )
    return f"IAM allows the {count} actions of this plan to {principal}"


def _is_denied(result: dict[str, Json]) -> bool:
    """Tell a real deny from one that only means IAM was asked about a wildcard.

    A principal allowed on one resource is "implicitly denied" on `*`; for actions that take no resource, `*`
    is the whole truth.
    """
    decision = result.get("EvalDecision")
    if decision == "explicitDeny":
        return True
    resource = str(result.get("EvalResourceName", "*"))
    operation = str(result["EvalActionName"]).partition(":")[2]
    exact = "*" not in resource or (resource == "*" and operation.startswith(_READS))
    return decision == "implicitDeny" and exact and not result.get("MissingContextValues")


def _principal(arn: str, partition: str) -> str:
    """Return the ARN that IAM can simulate: the user, or the role behind an assumed-role session."""
    resource = arn.split(":", 5)[5]
    if resource.startswith("user/"):
        return arn
    if resource.startswith("assumed-role/"):
        account = arn.split(":")[4]
        return f"arn:{partition}:iam::{account}:role/{resource.split('/')[1]}"
    return ""
