"""Lambda's dead-letter configuration and revision ids, which moto lacks. Source: Lambda API reference, guide."""

import uuid
from collections.abc import Callable
from typing import Any

from opsctl.sandbox.rules.iam import role_allows


def install() -> None:
    """Put the rules around moto's functions."""
    from moto.awslambda.models import LambdaFunction

    LambdaFunction.__init__ = _with_dead_letters(LambdaFunction.__init__)
    LambdaFunction.get_configuration = _told(LambdaFunction.get_configuration)
    LambdaFunction.update_configuration = _locked(LambdaFunction.update_configuration)


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
