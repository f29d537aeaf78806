"""IAM's policy simulation, which moto lacks, on the same judgement as real calls. Source: IAM API reference."""

import json
from collections.abc import Iterator
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.callers import grants_of_principal, role_named
from opsctl.sandbox.engine.policies import Context, Grants, PolicyDecision, PolicyQuestion, statements_of
from opsctl.sandbox.engine.policy_conditions import listed
from opsctl.sandbox.engine.policy_patterns import matches

_EVERYTHING = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


def install() -> None:
    """Answer SimulatePrincipalPolicy and SimulateCustomPolicy."""
    from moto.iam.responses import IamResponse

    IamResponse.simulate_principal_policy = _simulate_principal
    IamResponse.simulate_custom_policy = _simulate_custom


def role_allows(account: str, role_arn: str, action: str, resource: str) -> bool:
    """Tell whether a role's policies allow an action of which nothing else is known; a missing role has none."""
    grants = grants_of_principal(account, role_arn) if role_named(account, role_arn) else None
    return grants is not None and grants.judge(PolicyQuestion(action, resource)) is PolicyDecision.ALLOWED


def _simulate_principal(self: Any) -> Any:
    principal = self._get_param("PolicySourceArn")
    grants = grants_of_principal(self.current_account, principal)
    if grants is None and ":user/" in principal:
        # Nobody made this user: it is the owner of the sandbox, who may do everything.
        grants = Grants((_EVERYTHING,))
    if grants is None:
        from moto.iam.exceptions import NotFoundException

        raise NotFoundException(f"{principal} cannot be found.")
    return _simulate(self, Grants((*grants.own, *_documents(self, "PolicyInputList")), grants.limits))


def _simulate_custom(self: Any) -> Any:
    return _simulate(self, Grants(_documents(self, "PolicyInputList")))


def _simulate(self: Any, grants: Grants) -> Any:
    from moto.core.responses import ActionResult

    boundary = _documents(self, "PermissionsBoundaryPolicyInputList")
    if boundary:
        grants = Grants(grants.own, (boundary,))
    context = {
        one["ContextKeyName"].lower(): list(one.get("ContextKeyValues") or [])
        for one in self._get_param("ContextEntries", None) or []
    }
    results = [
        _result(grants, PolicyQuestion(action, resource, context))
        for action in self._get_param("ActionNames", [])
        for resource in self._get_param("ResourceArns", None) or ["*"]
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _result(grants: Grants, asked: PolicyQuestion) -> dict[str, Json]:
    return {
        "EvalActionName": asked.action,
        "EvalResourceName": asked.resource,
        "EvalDecision": str(grants.judge(asked)),
        "MatchedStatements": [],
        "MissingContextValues": sorted(set(_missing(grants, asked.action, asked.context))),
    }


def _missing(grants: Grants, action: str, context: Context) -> Iterator[str]:
    """The context keys that statements about this action ask for, and that were not given."""
    for document in (*grants.own, *(one for limit in grants.limits for one in limit)):
        for statement in statements_of(document):
            if any(matches(str(one).lower(), action.lower()) for one in listed(statement.get("Action"))):
                for keys in (statement.get("Condition") or {}).values():
                    yield from (key for key in keys if key.lower() not in context)


def _documents(self: Any, parameter: str) -> tuple[Json, ...]:
    return tuple(json.loads(one) for one in self._get_param(parameter, None) or [])
