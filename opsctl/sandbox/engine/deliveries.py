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
BY_CLOUDTRAIL = "AWS API Call via CloudTrail"
SERVED = ("lambda", "sqs", "sns")
_OF_MOTO = ("logs", "events")
"""What moto delivers to; it fails at others, which the sandbox neither reaches nor misses."""


class Failure(NamedTuple):
    """Why a target did not get an event."""

    code: str
    message: str


NOT_ALLOWED = Failure("NO_PERMISSIONS", "Lack of permissions to invoke target.")
NO_ID = Failure("INVALID_PARAMETER", "The queue needs a deduplication id, and EventBridge gives none.")
NOT_THERE = Failure("NO_RESOURCE", "Resource does not exist.")


def chosen(rule: Any, event: dict[str, Json]) -> bool:
    """Whether a rule is switched on and its pattern chooses an event; one with a schedule alone chooses none.

    Of the calls that CloudTrail tells of, those that only read come to rules that ask for all (RuleState).
    """
    text = rule.event_pattern.dump()
    if rule.state == "DISABLED" or not text or (rule.state == "ENABLED" and _only_reads(event)):
        return False
    try:
        return Pattern(text).matches(parsed(json.dumps(event)))
    except ValueError:
        return False


def _only_reads(event: dict[str, Json]) -> bool:
    name = str((event.get("detail") or {}).get("eventName", ""))
    return event.get("detail-type") == BY_CLOUDTRAIL and name.startswith(("Get", "List", "Describe"))


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
    if failure is not None and dead and _may_reach(rule, dead):
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
    service = _service(target)
    if service not in SERVED:
        # Targets that the sandbox does not serve are neither reached nor missed.
        return None
    if not is_there(rule.account_id, rule.region_name, arn):
        return NOT_THERE
    if not _may_reach(rule, arn, target.get("RoleArn")):
        return NOT_ALLOWED
    if service == "lambda":
        invoke_later(rule.account_id, arn, payload)
        return None
    if arn.endswith(".fifo") and not _deduplicates(rule, arn):
        return NO_ID
    group = (target.get("SqsParameters") or {}).get("MessageGroupId", "")
    send_message(rule.account_id, rule.region_name, arn, payload, group=group)
    return None


def _deduplicates(rule: Any, arn: str) -> bool:
    """Whether a FIFO queue makes deduplication ids of contents: EventBridge gives none (SqsParameters)."""
    from moto.sqs.models import sqs_backends

    queue = sqs_backends[rule.account_id][rule.region_name].queues.get(arn.rpartition(":")[2])
    return queue is None or bool(queue.content_based_deduplication)


def invoke_later(account: str, arn: str, payload: str) -> None:
    """Let a function that exists run, as services invoke it: asynchronously."""
    _, _, _, region, _, rest = arn.split(":", 5)
    function = function_named(account, region, rest.removeprefix("function:"))
    about = conditions(account)
    about.jobs.append(
        PendingInvocation(about.now(), region, function.function_name, payload, born=about.now())  # type: ignore[union-attr]
    )


def function_named(account: str, region: str, name: str) -> Any | None:
    """moto's function of a name, which a version or alias may follow."""
    from moto.awslambda.models import lambda_backends

    known = lambda_backends[account][region].list_functions()
    return next((one for one in known if one.function_name == name.split(":")[0]), None)


def _may_reach(rule: Any, arn: str, role: str | None = None) -> bool:
    """Whether a target lets a rule in: by the target's role where it names one, else by the target's own policy.

    EventBridge guide, "Troubleshooting": a condition in a topic's policy shuts EventBridge out, and so does
    SourceAccount in a function's. Both stand here for what EventBridge does not say of itself there.
    """
    from opsctl.sandbox.engine.key_permissions import key_lets_in, key_lets_role_in
    from opsctl.sandbox.engine.service_permissions import ACTIONS, policy_lets_in
    from opsctl.sandbox.rules.iam import role_allows

    account, service = rule.account_id, arn.split(":")[2]
    if role:
        return role_allows(account, role, ACTIONS[service], arn) and key_lets_role_in(account, arn, role)
    told = {"aws:sourcearn": [rule.arn], "aws:sourceaccount": [account]}
    said = {"sns": {}, "lambda": {"aws:sourcearn": [rule.arn]}}.get(service, told)
    return policy_lets_in(account, arn, service=SERVICE, context=said) and key_lets_in(
        account, arn, service=SERVICE, context=told
    )


def is_there(account: str, region: str, arn: str) -> bool:
    """Whether a queue, a topic or a function exists."""
    from moto.sns.models import sns_backends
    from moto.sqs.models import sqs_backends

    if ":lambda:" in arn:
        return function_named(account, region, arn.partition(":function:")[2]) is not None
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
