"""Delivers again what a schedule's dead letter carries: the request that EventBridge Scheduler made, or its input.

Source: Scheduler guide, "Configuring a dead-letter queue" (the body of its example is a request of SQS's
SendMessage) and "Using universal targets" (`arn:aws:scheduler:::aws-sdk:service:apiAction`). The schedule as it is
now is no help: it may have been changed, or deleted after it ran once.
"""

from collections.abc import Callable

from opsctl.dlq.delivery import payload_for_function
from opsctl.dlq.transfer.call_sending import DeliveryCall
from opsctl.model.jobs import MakeRequest
from opsctl.model.value import Json, json_object
from opsctl.resources.sdk_services import universal_api

# Service and operation as botocore names them, the member that says where it goes, and what else is taken.
APIS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "sqs:sendMessage": (
        "sqs",
        "SendMessage",
        "QueueUrl",
        ("MessageBody", "DelaySeconds", "MessageAttributes", "MessageGroupId", "MessageDeduplicationId"),
    ),
    "sns:publish": (
        "sns",
        "Publish",
        "TopicArn",
        (
            "Message",
            "Subject",
            "MessageStructure",
            "MessageAttributes",
            "MessageGroupId",
            "MessageDeduplicationId",
        ),
    ),
    "lambda:invoke": (
        "lambda",
        "Invoke",
        "FunctionName",
        ("Payload", "Qualifier", "ClientContext", "InvocationType"),
    ),
    "sfn:startExecution": ("stepfunctions", "StartExecution", "stateMachineArn", ("input", "name", "traceHeader")),
}
_SERVICES = {
    "sqs": "sqs:sendMessage",
    "sns": "sns:publish",
    "lambda": "lambda:invoke",
    "states": "sfn:startExecution",
}


def request_call(
    target: str, check: Callable[[str, str], None], fit: MakeRequest
) -> Callable[[Json], DeliveryCall]:
    """Return what makes the request in a dead letter of a universal target, whose API is one of `APIS`.

    `check` takes the service and where the request goes, and raises ValueError when that may not be; `fit` makes
    parameters of the request by the service models.
    """
    api = universal_api(target)

    def call(message: Json) -> DeliveryCall:
        request = json_object(message["Body"])
        if request is None:
            raise ValueError(f"the body is not a request of {api}")
        return _made(api, request, message, check, fit)

    return call


def carried_request(
    message: Json, target: str, check: Callable[[str, str], None], fit: MakeRequest
) -> DeliveryCall | None:
    """Return the call when the body of a templated target's letter is a request that names that very target."""
    api = _SERVICES.get(target.split(":")[2], "")
    request = json_object(message["Body"]) if api else None
    if request is None or not _names(target, str(_at(request, APIS[api][2]))):
        return None
    return _made(api, request, message, check, fit)


def carried_input(target: str) -> Callable[[Json], str]:
    """Return what takes the input that a templated target was to get out of a dead letter."""
    if target.split(":")[2] == "lambda":
        return lambda message: payload_for_function(message, "body")
    return lambda message: str(message["Body"])


def _made(
    api: str, request: dict[str, Json], message: Json, check: Callable[[str, str], None], fit: MakeRequest
) -> DeliveryCall:
    service, operation, goes_to, members = APIS[api]
    known = {name.lower(): name for name in (goes_to, *members)}
    strangers = sorted(name for name in request if name.lower() not in known)
    if strangers:
        raise ValueError(f"the request of {api} has members that opsctl does not support: {', '.join(strangers)}")
    params = {known[name.lower()]: value for name, value in request.items()}
    if len(params) < len(request):
        raise ValueError(f"the request of {api} has a member twice")
    to = params.get(goes_to)
    if not isinstance(to, str):
        raise ValueError(f"the request of {api} does not say where it goes ({goes_to})")
    check(service, to)
    if service == "lambda":
        return _invocation(api, params)
    _, params = fit(service, operation, params, str(message["MessageId"]))
    if service == "stepfunctions":
        # The name makes a repeated start of the same execution harmless.
        params.setdefault("name", message["MessageId"])
        return DeliveryCall(service=service, operation=operation, params=params, known="ExecutionAlreadyExists")
    return DeliveryCall(service=service, operation=operation, params=params)


def _invocation(api: str, params: dict[str, Json]) -> DeliveryCall:
    """Asynchronous as all that hands something on; its payload is binary for the service models, and text here."""
    if params.get("InvocationType") == "DryRun" or not all(isinstance(one, str) for one in params.values()):
        raise ValueError(f"the request of {api} does not invoke anything, or is not a request")
    return DeliveryCall(service="lambda", operation="Invoke", params={**params, "InvocationType": "Event"})


def _names(target: str, to: str) -> bool:
    """Whether a request goes to the target: by ARN, or by the URL of a queue."""
    _, _, service, _, account, name = target.split(":", 5)
    return to == target or (service == "sqs" and to.endswith(f"/{account}/{name}"))


def _at(request: dict[str, Json], name: str) -> Json:
    return next((value for key, value in request.items() if key.lower() == name.lower()), None)
