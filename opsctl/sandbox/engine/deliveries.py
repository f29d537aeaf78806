"""Hands an event to the targets of a rule, or to a target's dead-letter queue, as EventBridge does.

Source: EventBridge user guide, "Event bus targets", "Input transformation" and "Using dead-letter queues to
process undelivered events".
"""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from opsctl.model.value import Json
from opsctl.resources.event_inputs import input_for_target
from opsctl.resources.event_patterns import Pattern, parsed
from opsctl.sandbox.engine.conditions import PendingInvocation, conditions

SERVICE = "events.amazonaws.com"
SERVED = ("lambda", "sqs", "sns")
_OF_MOTO = ("logs", "events")
"""What moto delivers to; it fails at others, which the sandbox neither reaches nor misses."""


class Failure(NamedTuple):
    """Why a target did not get an event."""

    code: str
    message: str


NOT_ALLOWED = Failure("NO_PERMISSIONS", "Lack of permissions to invoke target.")
NOT_THERE = Failure("NO_RESOURCE", "Resource does not exist.")


def chosen(rule: Any, event: dict[str, Json]) -> bool:
    """Whether a rule is switched on and its pattern chooses an event; one with a schedule alone chooses none."""
    text = rule.event_pattern.dump()
    if rule.state != "ENABLED" or not text:
        return False
    try:
        return Pattern(text).matches(parsed(json.dumps(event)))
    except ValueError:
        return False


def put(method: Callable[..., None]) -> Callable[..., None]:
    """What moto does with an event that was put: it knows other targets, and makes their input in its own way."""

    def sent(rule: Any, event: dict[str, Any], transform_input: bool = True) -> None:
        plain = {name: value for name, value in event.items() if name not in ("ingestion-time", "archive-arn")}
        plain["time"] = iso_of(event["time"])
        if not chosen(rule, plain):
            return
        for target in [one for one in rule.targets if _service(one) in SERVED or rule.managed_by]:
            send(rule, target, plain)
        others = copy.copy(rule)
        others.targets = [one for one in rule.targets if _service(one) in _OF_MOTO and not rule.managed_by]
        method(others, event, transform_input)

    return sent


def send(rule: Any, target: dict[str, Any], event: dict[str, Any]) -> None:
    """Hand an event to one target, or to the target's dead-letter queue when it cannot be delivered."""
    if rule.managed_by:
        _keep(rule, event)
        return
    try:
        payload = input_for_target({"Body": json.dumps(event)}, target, rule.arn)
    except ValueError:
        # Of this EventBridge delivers nothing.
        return
    failure = _reach(rule, target, payload)
    dead = (target.get("DeadLetterConfig") or {}).get("Arn")
    if failure is not None and dead:
        told = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": failure.code,
            "ERROR_MESSAGE": failure.message,
            # Neither of these failures is tried again, so that no condition was exhausted.
            "RETRY_ATTEMPTS": "0",
        }
        # The event as it was, and not what the target's input settings make of it.
        send_message(rule.account_id, rule.region_name, dead, json.dumps(event), told)


def _keep(rule: Any, event: dict[str, Any]) -> None:
    """Put an event into the archive whose managed rule it is."""
    from moto.events.models import events_backends

    for archive in events_backends[rule.account_id][rule.region_name].archives.values():
        if archive.rule is rule:
            archive.events.append(event)


def _reach(rule: Any, target: dict[str, Any], payload: str) -> Failure | None:
    arn = target["Arn"]
    service, name = _service(target), arn.split(":", 5)[5]
    account, region = rule.account_id, rule.region_name
    if service == "lambda":
        function = function_named(account, region, name.removeprefix("function:"))
        if function is None:
            return NOT_THERE
        if not _may_invoke(rule, function):
            return NOT_ALLOWED
        about = conditions(account)
        about.jobs.append(
            PendingInvocation(about.now(), region, function.function_name, payload, born=about.now())
        )
        return None
    if service not in SERVED:
        # Targets that the sandbox does not serve are neither reached nor missed.
        return None
    if not is_there(account, region, arn):
        return NOT_THERE
    if service == "sns" and not _may_publish(rule, arn):
        return NOT_ALLOWED
    if service == "sqs" and not target.get("RoleArn") and not _may_send(rule, arn):
        return NOT_ALLOWED
    group = (target.get("SqsParameters") or {}).get("MessageGroupId", "")
    send_message(account, region, arn, payload, group=group)
    return None


def function_named(account: str, region: str, name: str) -> Any | None:
    """moto's function of a name, which a version or alias may follow."""
    from moto.awslambda.models import lambda_backends

    known = lambda_backends[account][region].list_functions()
    return next((one for one in known if one.function_name == name.split(":")[0]), None)


def _may_invoke(rule: Any, function: Any) -> bool:
    """A function's own policy lets EventBridge in, for this rule when it names one."""
    for statement in function.policy.statements:
        principal = statement.get("Principal", {})
        service = principal.get("Service") if isinstance(principal, dict) else principal
        arns = [value for operator in statement.get("Condition", {}).values() for value in operator.values()]
        if service == "events.amazonaws.com" and (not arns or rule.arn in arns):
            return True
    return False


def _may_publish(rule: Any, arn: str) -> bool:
    """A topic's own policy lets EventBridge in, without a condition: EventBridge gives none anything to go by."""
    from moto.sns.models import sns_backends

    topic = sns_backends[rule.account_id][rule.region_name].topics[arn]
    for statement in json.loads(topic.policy)["Statement"]:
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        named = "events.amazonaws.com" in ([services] if isinstance(services, str) else services)
        if named and statement.get("Effect") == "Allow" and not statement.get("Condition"):
            return True
    return False


def _may_send(rule: Any, arn: str) -> bool:
    """A queue's own policy lets EventBridge in for this rule (EventBridge guide, "Amazon SQS permissions")."""
    from opsctl.sandbox.engine.service_permissions import service_may

    return service_may(rule.account_id, arn, service=SERVICE, source_arn=rule.arn, source_account=rule.account_id)


def is_there(account: str, region: str, arn: str) -> bool:
    """Whether a queue or a topic exists."""
    from moto.sns.models import sns_backends
    from moto.sqs.models import sqs_backends

    if ":sns:" in arn:
        return arn in sns_backends[account][region].topics
    return arn.rpartition(":")[2] in sqs_backends[account][region].queues


def send_message(
    account: str, region: str, arn: str, body: str, attributes: dict[str, str] | None = None, group: str = ""
) -> None:
    """Send to a queue or a topic; a destination that is gone gets nothing."""
    from moto.sns.models import sns_backends
    from moto.sqs.models import sqs_backends

    if not is_there(account, region, arn):
        return
    if ":sns:" in arn:
        sns_backends[account][region].publish(body, arn=arn)
        return
    # All are text but Lambda's ErrorCode, as its dead letters were recorded in public tests.
    kinds = {"ErrorCode": "Number"}
    told = {
        key: {"DataType": kinds.get(key, "String"), "StringValue": value}
        for key, value in (attributes or {}).items()
    }
    more = {"group_id": group} if group else {}
    sqs_backends[account][region].send_message(arn.rpartition(":")[2], body, message_attributes=told, **more)


def _service(target: dict[str, Any]) -> str:
    return str(target["Arn"].split(":")[2])


def iso_of(time: Any) -> str:
    """A time as events have it; moto keeps seconds."""
    if isinstance(time, str) and not time.replace(".", "").isdecimal():
        return time
    return datetime.fromtimestamp(float(time), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
