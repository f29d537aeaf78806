"""Where an integration of API Gateway sends to, as far as its settings name it; pure.

Sources: API Gateway API, Integration (`uri`: arn:aws:apigateway:REGION:SERVICE:path/... or :action/...); API
Gateway guide, "Integration subtype reference" (subtypes of HTTP APIs with the parameters that name the target).
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

from opsctl.model.value import Json

_LAMBDA = re.compile(r"functions/(arn:[^/]+)/invocations$")
_QUEUE_URL = re.compile(r"https://sqs[.\w-]*\.amazonaws\.com[.\w]*/(\d{12})/([\w-]+(?:\.fifo)?)")
_QUOTED = r"[\"']?\s*[:=]\s*[\"']{1,2}([^\"']+)[\"']"
_COMPUTED = ("$", "#")
SENDS = {
    "events:PutEvents": "EventBusName",
    "sqs:SendMessage": "QueueUrl",
    "sns:Publish": "TopicArn",
    "kinesis:PutRecord": "StreamName",
    "kinesis:PutRecords": "StreamName",
    "firehose:PutRecord": "DeliveryStreamName",
    "states:StartExecution": "stateMachineArn",
    "states:StartSyncExecution": "stateMachineArn",
}
"""The actions that hand an event on, each with the parameter that says where to."""

_SUBTYPES = {
    "EventBridge-PutEvents": "events:PutEvents",
    "SQS-SendMessage": "sqs:SendMessage",
    "Kinesis-PutRecord": "kinesis:PutRecord",
    "StepFunctions-StartExecution": "states:StartExecution",
    "StepFunctions-StartSyncExecution": "states:StartSyncExecution",
}


class Here(NamedTuple):
    """The partition, Region and account in which names without an ARN are."""

    partition: str
    region: str
    account: str

    def arn(self, service: str, rest: str) -> str:
        """An ARN of the account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{rest}"


class IntegrationTarget(NamedTuple):
    """What an integration calls, with which action; `arn` is empty where only a request decides."""

    action: str
    arn: str


def target_of_rest(integration: Json, here: Here) -> IntegrationTarget | None:
    """The target of a REST integration of type AWS or AWS_PROXY; None when it sends to no such service."""
    uri = str(integration.get("uri", ""))
    if found := _LAMBDA.search(uri):
        return IntegrationTarget("lambda:InvokeFunction", found[1])
    parts = uri.split(":", 5)
    if len(parts) < 6 or parts[2] != "apigateway":
        return None
    service, rest = parts[4], parts[5]
    told = _texts(integration)
    if service == "lambda" and rest.startswith("path/"):
        return IntegrationTarget("lambda:InvokeFunction", "")
    if service == "sqs" and rest.startswith("path/"):
        owner, _, queue = rest.removeprefix("path/").partition("/")
        whole = owner.isdigit() and queue and not queue.startswith("$") and "{" not in queue
        arn = f"arn:{here.partition}:sqs:{parts[3]}:{owner}:{queue.partition('/')[0]}" if whole else ""
        return IntegrationTarget("sqs:SendMessage", arn)
    action = rest.removeprefix("action/") if rest.startswith("action/") else _asked_for(told)
    call = f"{service}:{action}"
    return IntegrationTarget(call, _named(call, told, here)) if call in SENDS else None


def target_of_http(integration: Json, here: Here) -> IntegrationTarget | None:
    """The target of an integration of an HTTP API; None when it sends to no service that hands events on."""
    uri = str(integration.get("IntegrationUri", ""))
    if found := _LAMBDA.search(uri):
        return IntegrationTarget("lambda:InvokeFunction", found[1])
    if ":lambda:" in uri and uri.startswith("arn:"):
        return IntegrationTarget("lambda:InvokeFunction", uri)
    call = _SUBTYPES.get(str(integration.get("IntegrationSubtype", "")), "")
    if not call:
        return None
    given = {str(name).lower(): str(value) for name, value in (integration.get("RequestParameters") or {}).items()}
    value = given.get(SENDS[call].lower(), "")
    return IntegrationTarget(call, _arn(call, value, here, absent=not value))


def _texts(integration: Json) -> str:
    """The templates and fixed parameters of a request, which name the target; URL-encoded where they are forms."""
    parameters = integration.get("requestParameters") or {}
    fixed = [f'{str(name).rpartition(".")[2]}="{str(value).strip(chr(39))}"' for name, value in parameters.items()]
    templates = [str(one) for one in (integration.get("requestTemplates") or {}).values()]
    return unquote("\n".join([*fixed, *templates]))


def _asked_for(told: str) -> str:
    found = re.search(r"\bAction=[\"']?(\w+)", told)
    return found[1] if found else ""


def _named(call: str, told: str, here: Here) -> str:
    member = SENDS[call]
    found = re.search(rf"\b{member}{_QUOTED}", told) or re.search(rf"\b{member}=([^&\s\"']+)", told)
    return _arn(call, found[1] if found else "", here, absent=member not in told)


def _arn(call: str, value: str, here: Here, *, absent: bool) -> str:
    """The ARN of what a parameter names; without a name events go to the default bus."""
    service = call.partition(":")[0]
    if call == "events:PutEvents" and absent:
        return here.arn("events", "event-bus/default")
    if not value or value.startswith(_COMPUTED) or "${" in value:
        return ""
    if value.startswith("arn:"):
        return value
    if service == "sqs":
        found = _QUEUE_URL.fullmatch(value)
        return f"arn:{here.partition}:sqs:{here.region}:{found[1]}:{found[2]}" if found else ""
    rest = {"events": "event-bus/", "kinesis": "stream/", "firehose": "deliverystream/"}.get(service)
    return here.arn(service, f"{rest}{value}") if rest else ""
