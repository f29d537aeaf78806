"""IAM's policy simulation, which moto lacks: everything is allowed in the sandbox, and says so."""

from typing import Any


def install() -> None:
    """Answer SimulatePrincipalPolicy."""
    from moto.iam.responses import IamResponse

    IamResponse.simulate_principal_policy = _simulate


def _simulate(self: Any) -> Any:
    from moto.core.responses import ActionResult

    actions = self._get_param("ActionNames", [])
    results = [
        {"EvalActionName": action, "EvalResourceName": "*", "EvalDecision": "allowed", "MatchedStatements": []}
        for action in actions
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})
