"""Functions that really run, take a moment to be ready, and need a role that IAM has already spread.

Source: Lambda API reference and developer guide; the role's delay is the one every deployment tool waits out.
"""

import json
import uuid
from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine.conditions import PendingInvocation, conditions
from opsctl.sandbox.engine.lambda_jobs import invoke
from opsctl.sandbox.rules.autoscaling import caught_up

_REQUEST_ID = "x-amzn-requestid"


def install() -> None:
    """Put the rules around moto's Lambda and the creation of roles."""
    from moto.awslambda.models import LambdaBackend
    from moto.awslambda.responses import LambdaResponse
    from moto.iam.models import IAMBackend

    IAMBackend.create_role = _dated(IAMBackend.create_role)
    LambdaBackend.create_function = _created(LambdaBackend.create_function)
    LambdaResponse.invoke = _invoke
    LambdaResponse.call_action = caught_up(LambdaResponse.call_action)
    LambdaResponse._enrich_response = staticmethod(_with_own_request(LambdaResponse._enrich_response))


def _with_own_request(method: Callable[..., Any]) -> Callable[..., Any]:
    """The answer to Invoke has the id of the invocation (Lambda API reference: the function's log has it too)."""

    def enriched(headers: dict[str, str], body: Any) -> Any:
        own = headers.get(_REQUEST_ID)
        headers, body = method(headers, body)
        return (headers | {_REQUEST_ID: own} if own else headers), body

    return enriched


def _fault(code: str, message: str, status: int = 400) -> Exception:
    from moto.awslambda.exceptions import LambdaClientError

    fault: Exception = LambdaClientError(code, message)
    fault.code = status  # type: ignore[attr-defined] # moto's exceptions carry the HTTP status so
    return fault


def _dated(method: Callable[..., Any]) -> Callable[..., Any]:
    def create(self: Any, *args: Any, **more: Any) -> Any:
        role = method(self, *args, **more)
        role.made_at = conditions(self.account_id).now()
        return role

    return create


def _created(method: Callable[..., Any]) -> Callable[..., Any]:
    """The role exists, trusts Lambda, and is no longer new; the function is Pending first."""

    def create(self: Any, spec: dict[str, Any]) -> Any:
        about = conditions(self.account_id)
        made_by = about.now() - about.durations.role
        if not assumable(self.account_id, str(spec.get("Role")), made_by, "lambda.amazonaws.com"):
            raise _fault(
                "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
            )
        function = method(self, spec)
        function.state = "Pending"

        def active() -> None:
            # Versions that were published meanwhile were copied in the state of that moment.
            for one in (function, *self.list_versions_by_function(function.function_name)):
                one.state = "Active"

        about.later(about.durations.function, active)
        return function

    return create


def assumable(account: str, arn: str, made_by: float, service: str) -> bool:
    """Tell whether a service can assume a role: there is one, made by then, and it trusts the service."""
    from moto.iam.models import iam_backends

    role = next((one for one in iam_backends[account]["aws"].roles.values() if one.arn == arn), None)
    if role is None or getattr(role, "made_at", 0.0) > made_by:
        return False
    document = role.assume_role_policy_document
    trusted = json.loads(document) if isinstance(document, str) else document
    return service in json.dumps(trusted)


def _invoke(self: Any) -> Any:
    """Run the function: at once, later for the type Event, not at all for DryRun."""
    from urllib.parse import unquote

    # The service model calls it so; moto looks for it in small letters and runs the latest code instead.
    function = self.backend.get_function(unquote(self.path.rsplit("/", 2)[-2]), self._get_param("Qualifier"))
    if function.state == "Pending":
        raise _fault(
            "ResourceConflictException",
            "The operation cannot be performed at this time. The function is currently in the following state: "
            "Pending",
            409,
        )
    about, kind = conditions(self.current_account), self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
    body = self.body.decode() if isinstance(self.body, bytes) else (self.body or "{}")
    if kind == "DryRun":
        return 204, {"status": 204}, ""
    if kind == "Event":
        # An alias leads to a version when it is invoked (Lambda guide, "Create an alias for a Lambda function").
        version = str(function.version)
        job = PendingInvocation(
            about.now(), self.region, function.function_name, body, born=about.now(), version=version
        )
        about.jobs.append(job)
        return 202, {"status": 202, _REQUEST_ID: job.request}, ""
    request = str(uuid.uuid4())
    outcome = invoke(about, function, body, request)
    headers: dict[str, Any] = {"status": 200, "content-type": "application/json", _REQUEST_ID: request}
    if outcome.error is not None:
        headers["X-Amz-Function-Error"] = "Unhandled"
    return 200, headers, json.dumps(outcome.value if outcome.error is None else outcome.error)
