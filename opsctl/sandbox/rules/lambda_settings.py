"""Lambda's dead-letter configuration, revision ids and concurrency, where moto is laxer or lacks them.

Source: Lambda API reference and developer guide. An account has 1,000 runs at once, of which 100 stay unreserved.
"""

import json
import uuid
from collections.abc import Callable
from typing import Any

from opsctl.sandbox.rules.iam import role_allows

LIMIT, LEAST_UNRESERVED = 1000, 100


def install() -> None:
    """Put the rules around moto's functions, and answer GetAccountSettings."""
    from moto.awslambda import urls
    from moto.awslambda.models import LambdaBackend, LambdaFunction
    from moto.awslambda.responses import LambdaResponse

    LambdaFunction.__init__ = _with_dead_letters(LambdaFunction.__init__)
    LambdaFunction.get_configuration = _told(LambdaFunction.get_configuration)
    LambdaFunction.update_configuration = _locked(LambdaFunction.update_configuration)
    LambdaBackend.put_function_concurrency = _bounded(LambdaBackend.put_function_concurrency)
    LambdaResponse.get_account_settings = _settings
    urls.url_paths["{0}/(?P<api_version>[^/]+)/account-settings/?$"] = LambdaResponse.dispatch


def _with_dead_letters(method: Callable[..., Any]) -> Callable[..., Any]:
    def made(self: Any, account_id: str, spec: dict[str, Any], region: str, *more: Any, **named: Any) -> None:
        method(self, account_id, spec, region, *more, **named)
        target = (spec.get("DeadLetterConfig") or {}).get("TargetArn", "")
        _check(self, target)
        self.dead_letter_target = target
        self.revision_id = str(uuid.uuid4())

    return made


def _told(method: Callable[..., Any]) -> Callable[..., Any]:
    def told(self: Any, on_create: bool = False) -> dict[str, Any]:
        found: dict[str, Any] = method(self, on_create)
        if self.dead_letter_target:
            found["DeadLetterConfig"] = {"TargetArn": self.dead_letter_target}
        return found | {"RevisionId": self.revision_id}

    return told


def _locked(method: Callable[..., Any]) -> Callable[..., Any]:
    """A stale RevisionId is refused; every update gives a new one. An empty target takes the queue away."""

    def updated(self: Any, config_updates: dict[str, Any]) -> Any:
        from moto.awslambda.exceptions import PreconditionFailedException

        if config_updates.get("RevisionId", self.revision_id) != self.revision_id:
            raise PreconditionFailedException(
                "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API "
                "to retrieve the latest RevisionId"
            )
        if "DeadLetterConfig" in config_updates:
            target = config_updates["DeadLetterConfig"].get("TargetArn", "")
            _check(self, target)
            self.dead_letter_target = target
        self.revision_id = str(uuid.uuid4())
        return method(self, config_updates)

    return updated


def _check(function: Any, target: str) -> None:
    """A standard queue or topic that is there, and to which the execution role may send."""
    from moto.awslambda.exceptions import InvalidParameterValueException
    from moto.sqs.models import sqs_backends

    service = target.split(":")[2] if target.count(":") == 5 else ""
    if not target:
        return
    if service not in ("sqs", "sns"):
        raise InvalidParameterValueException(f"Invalid DLQ ARN {target}.")
    if target.endswith(".fifo"):
        raise InvalidParameterValueException("FIFO queues and topics are not supported as a dead letter target.")
    queues = sqs_backends[function.account_id][function.region].queues.values()
    if service == "sqs" and target not in [one.queue_arn for one in queues]:
        raise InvalidParameterValueException(f"The queue {target} does not exist.")
    action, name = (
        ("sqs:SendMessage", "SendMessage on SQS") if service == "sqs" else ("sns:Publish", "Publish on SNS")
    )
    if not role_allows(function.account_id, function.role, action, target):
        raise InvalidParameterValueException(
            f"The provided execution role does not have permissions to call {name}"
        )


def _reserved(backend: Any, but: str = "") -> int:
    functions = backend.list_functions()
    return sum(int(one.reserved_concurrency or 0) for one in functions if one.function_name != but)


def _settings(self: Any) -> Any:
    unreserved = LIMIT - _reserved(self.backend)
    limit = {"ConcurrentExecutions": LIMIT, "UnreservedConcurrentExecutions": unreserved}
    return 200, {}, json.dumps({"AccountLimit": limit, "AccountUsage": {}})


def _bounded(method: Callable[..., Any]) -> Callable[..., Any]:
    def put(self: Any, function_name: str, reserved_concurrency: str) -> Any:
        from moto.awslambda.exceptions import LambdaClientError

        name = function_name.rpartition(":")[2]
        if LIMIT - _reserved(self, but=name) - int(reserved_concurrency) < LEAST_UNRESERVED:
            raise LambdaClientError(
                "InvalidParameterValueException",
                f"Specified ReservedConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{LEAST_UNRESERVED}].",
            )
        return method(self, function_name, reserved_concurrency)

    return put
