"""IAM's policy simulation, which moto lacks: a role is judged by its policies, others may do everything."""

import json
import re
from typing import Any


def install() -> None:
    """Answer SimulatePrincipalPolicy."""
    from moto.iam.responses import IamResponse

    IamResponse.simulate_principal_policy = _simulate


def role_allows(account: str, role_arn: str, action: str, resource: str) -> bool:
    """Tell whether the policies of a role allow an action; a role that nobody made may do everything.

    Conditions are not weighed.
    """
    statements = _statements(account, role_arn)
    if statements is None:
        return True
    hits = {
        one.get("Effect")
        for one in statements
        if _matches(one.get("Action"), action, fold=True) and _matches(one.get("Resource"), resource)
    }
    return hits == {"Allow"}


def _simulate(self: Any) -> Any:
    from moto.core.responses import ActionResult

    principal = self._get_param("PolicySourceArn")
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": (
                "allowed" if role_allows(self.current_account, principal, action, resource) else "implicitDeny"
            ),
            "MatchedStatements": [],
        }
        for action in self._get_param("ActionNames", [])
        for resource in self._get_param("ResourceArns", None) or ["*"]
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _statements(account: str, role_arn: str) -> list[dict[str, Any]] | None:
    from moto.iam.exceptions import NotFoundException
    from moto.iam.models import iam_backends

    parts = role_arn.split(":")
    if len(parts) != 6 or not parts[5].startswith("role/"):
        return None
    try:
        role = iam_backends[account][parts[1]].get_role_by_arn(role_arn)
    except NotFoundException:
        return None
    documents = [*role.policies.values(), *(policy.document for policy in role.managed_policies.values())]
    return [one for document in documents for one in _list(json.loads(document)["Statement"])]


def _matches(patterns: Any, text: str, *, fold: bool = False) -> bool:
    flags = re.IGNORECASE if fold else 0
    return any(re.fullmatch(re.escape(one).replace(r"\*", ".*"), text, flags) for one in _list(patterns))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
