"""Lets schedules of EventBridge Scheduler go off, call their targets, and leave dead letters in AWS's shape.

Served are rates and one-time schedules, with queues, topics and functions as targets, templated or universal;
cron expressions and other targets never go off. Attempts are not repeated: a dead letter comes at once, as from
a schedule that allows none. Source: Scheduler guide, "Configuring a dead-letter queue" (the body is the API
request, the names and forms of the attributes are those of its example), "Using templated targets", "Using
universal targets", "Adding context attributes", "Schedule types" and "Deletion after schedule completion".
"""

import json
import secrets
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from opsctl.model.value import Json, json_object
from opsctl.resources.sdk_services import universal_api
from opsctl.sandbox.engine.authorize import code_of
from opsctl.sandbox.engine.conditions import PendingInvocation, conditions
from opsctl.sandbox.engine.deliveries import function_named, is_there, send_message
from opsctl.sandbox.engine.events import rate_s
from opsctl.sandbox.engine.key_permissions import key_lets_role_in
from opsctl.sandbox.rules.iam import role_allows

_APIS = {
    "sqs": ("sqs:sendMessage", "sqs:SendMessage"),
    "sns": ("sns:publish", "sns:Publish"),
    "lambda": ("lambda:invoke", "lambda:InvokeFunction"),
}
_GONE = {
    "sqs": (
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist for this wsdl version.",
    ),
    "sns": ("NotFound", "Topic does not exist"),
    "lambda": ("ResourceNotFoundException", "Function not found"),
}


class Request(NamedTuple):
    """A call that a schedule makes: which service, the ARN of what it goes to, and the request itself."""

    service: str
    goes_to: str
    told: dict[str, Json]


def watch(backend: Any, schedule: Any) -> None:
    """Let a schedule go off when it is due, as long as it is the same and as it was set last."""
    account, region = str(backend.account_id), str(backend.region_name)
    about = conditions(account)
    schedule.opsctl_setting = setting = object()
    every = rate_s(schedule.schedule_expression)
    once = _moment(schedule)

    def off() -> None:
        group = backend.schedule_groups.get(schedule.group_name)
        is_known = group is not None and group.schedules.get(schedule.name) is schedule
        if not is_known or schedule.opsctl_setting is not setting:
            return
        if schedule.state == "ENABLED" and _is_within(schedule, about.now()):
            _run(account, region, schedule)
        if every is not None:
            about.later(every, off)
        elif schedule.action_after_completion == "DELETE":
            group.delete_schedule(schedule.name)

    if every is not None:
        about.later(every, off)
    elif once is not None and once > about.now():
        about.later(once - about.now(), off)


def _is_within(schedule: Any, now: float) -> bool:
    """Whether it is between a schedule's dates, which limit what recurs and not a one-time schedule."""
    if schedule.schedule_expression.startswith("at("):
        return True
    return not (float(schedule.start_date or now) > now or float(schedule.end_date or now) < now)


def _moment(schedule: Any) -> float | None:
    """When a one-time schedule is due: `at(yyyy-mm-ddThh:mm:ss)` in its own time zone."""
    text = schedule.schedule_expression
    if not text.startswith("at("):
        return None
    zone = ZoneInfo(schedule.schedule_expression_timezone)
    return datetime.fromisoformat(text[3:-1]).replace(tzinfo=zone).timestamp()


def _run(account: str, region: str, schedule: Any) -> None:
    at = datetime.fromtimestamp(conditions(account).now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    execution = secrets.token_hex(8)
    filled = partial(_filled, {"schedule-arn": schedule.arn, "scheduled-time": at, "execution-id": execution})
    target = schedule.target
    request = _request(account, region, target, filled(str(target.get("Input") or "{}")))
    if request is None:
        return
    failure = _make(account, region, target["RoleArn"], request)
    dead = (target.get("DeadLetterConfig") or {}).get("Arn", "")
    role = target["RoleArn"]
    if failure is None or not dead or not role_allows(account, role, "sqs:SendMessage", dead):
        return
    if not is_there(account, region, dead) or not key_lets_role_in(account, dead, role):
        return
    told = {
        "SCHEDULE_ARN": schedule.arn.replace(":schedule/default/", ":schedule/"),
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": failure[0],
        "ERROR_MESSAGE": failure[1],
        "EXECUTION_ID": execution,
        "SCHEDULED_TIME": at,
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
    }
    send_message(account, region, dead, json.dumps(request.told), told)


def _filled(known: dict[str, str], text: str) -> str:
    for name, value in {**known, "attempt-number": "1"}.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def _request(account: str, region: str, target: dict[str, Any], text: str) -> Request | None:
    """The request that a target asks for; None when the sandbox does not serve it."""
    arn = target["Arn"]
    api = universal_api(arn)
    if api:
        service, told = api.partition(":")[0], json_object(text)
        if told is None or api != _APIS.get(service, ("",))[0]:
            return None
        return Request(service, _goes_to(account, region, service, told), told)
    service = arn.split(":")[2]
    name = arn.rpartition(":")[2]
    if service == "sqs":
        told = {"MessageBody": text, "QueueUrl": f"https://sqs.{region}.amazonaws.com/{account}/{name}"}
        told |= target.get("SqsParameters") or {}
    elif service == "sns":
        told = {"TopicArn": arn, "Message": text}
    elif service == "lambda":
        told = {"FunctionName": arn, "InvocationType": "Event", "Payload": text}
    else:
        return None
    return Request(service, arn, told)


def _goes_to(account: str, region: str, service: str, told: dict[str, Json]) -> str:
    if service == "sqs":
        return f"arn:aws:sqs:{region}:{account}:{str(told.get('QueueUrl')).rpartition('/')[2]}"
    if service == "sns":
        return str(told.get("TopicArn"))
    name = str(told.get("FunctionName"))
    return name if name.startswith("arn:") else f"arn:aws:lambda:{region}:{account}:function:{name}"


def _make(account: str, region: str, role: str, request: Request) -> tuple[str, str] | None:
    """Make the call with the schedule's role; returns code and message of the service that refused it."""
    service, arn, told = request
    action = _APIS[service][1]
    if not role_allows(account, role, action, arn):
        said = f"User: {role} is not authorized to perform: {action.lower()} on resource: {arn}"
        return code_of(service, "json"), said
    if (
        service != "lambda"
        and is_there(account, arn.split(":")[3], arn)
        and not key_lets_role_in(account, arn, role)
    ):
        # The code that SendMessage and Publish have for a key that the caller may not use (SQS and SNS API).
        return (
            f"{'KMS.' if service == 'sqs' else 'KMS'}AccessDeniedException",
            f"{role} may not use the key of {arn}",
        )
    about = conditions(account)
    if service == "lambda":
        function = function_named(account, region, arn.partition(":function:")[2])
        if function is None:
            return _GONE[service]
        payload = str(told.get("Payload") or "{}")
        about.jobs.append(
            PendingInvocation(about.now(), region, function.function_name, payload, born=about.now())
        )
        return None
    if not is_there(account, region, arn):
        return _GONE[service]
    body = str(told.get("MessageBody" if service == "sqs" else "Message"))
    send_message(account, region, arn, body, group=str(told.get("MessageGroupId") or ""))
    return None
