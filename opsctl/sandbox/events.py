"""Events of the sandbox: what services and schedules tell EventBridge, matched against rules and delivered."""

import json
import re
import uuid
from functools import partial
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.conditions import Job, conditions

_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_RATE = re.compile(r"^rate\((\d+) (minute|hour|day)(s?)\)$")


def emit(
    account: str, region: str, *, source: str, detail_type: str, resources: list[str], detail: dict[str, Json]
) -> None:
    """Tell EventBridge; delivery is best effort (fact 5), so that faults may lose, repeat or delay it."""
    about = conditions(account)
    event = _event(account, region, source, detail_type, resources, detail)
    about.events.append(event)
    deliver = about.faults.deliver
    for seconds, one in deliver(event) if deliver else [(0.0, event)]:
        about.later(seconds, partial(_match, account, region, one))


def rate_s(expression: str) -> int | None:
    """The seconds of a `rate(...)`; None when it is not one (one minute, but two minutes)."""
    found = _RATE.match(expression)
    if not found or found[1] == "0" or (found[1] == "1") == bool(found[3]):
        return None
    return int(found[1]) * _UNITS[found[2]]


def tick(account: str, region: str, name: str) -> None:
    """Let a rule with a rate go off again and again, as long as it is the same rule."""
    rule = _rules(account, region)[name]
    every = rate_s(rule.scheduled_expression or "")
    if every is None:
        return

    def again() -> None:
        if rule not in _rules(account, region).values():
            return
        if rule.state == "ENABLED":
            event = _event(account, region, "aws.events", "Scheduled Event", [rule.arn], {})
            for target in list(rule.targets):
                _send(rule, target, event)
        conditions(account).later(float(every), again)

    conditions(account).later(every, again)


def _event(
    account: str, region: str, source: str, detail_type: str, resources: list[str], detail: dict[str, Json]
) -> dict[str, Json]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": conditions(account).moment().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": list(resources),
        "detail": json.loads(json.dumps(detail)),
    }


def _rules(account: str, region: str) -> dict[str, Any]:
    from moto.events.models import events_backends

    rules: dict[str, Any] = events_backends[account][region].event_buses["default"].rules
    return rules


def _match(account: str, region: str, event: dict[str, Any]) -> None:
    for rule in list(_rules(account, region).values()):
        pattern = rule.event_pattern.dump()
        if rule.state == "ENABLED" and pattern and rule.event_pattern.matches_event(event):
            for target in list(rule.targets):
                _send(rule, target, event)


def _send(rule: Any, target: dict[str, Any], event: dict[str, Any]) -> None:
    """Hand an event to one target, or to the target's dead-letter queue when it cannot be delivered."""
    from moto.events.models import EventTemplateParser

    payload = target.get("Input") or json.dumps(event)
    transformer = target.get("InputTransformer")
    if transformer:
        made = EventTemplateParser.parse(
            input_template=transformer["InputTemplate"],
            input_paths_map=transformer.get("InputPathsMap", {}),
            event=event,
        )
        payload = made if isinstance(made, str) else json.dumps(made)
    arn = target["Arn"]
    service, name = arn.split(":")[2], arn.split(":", 5)[5]
    if service == "lambda" and _may_invoke(rule, name.removeprefix("function:")):
        about = conditions(rule.account_id)
        about.jobs.append(
            Job(about.now(), rule.region_name, name.removeprefix("function:"), payload, born=about.now())
        )
    elif service == "sqs" or (service == "sns" and _may_publish(rule, arn)):
        send_message(rule.account_id, rule.region_name, arn, payload)
    else:
        dead = (target.get("DeadLetterConfig") or {}).get("Arn")
        if dead:
            told = {"RULE_ARN": rule.arn, "TARGET_ARN": arn, "ERROR_CODE": "NO_PERMISSIONS"}
            # The event as it was, and not what the target's input settings make of it (EventBridge guide, "Using
            # dead-letter queues to process undelivered events").
            send_message(rule.account_id, rule.region_name, dead, json.dumps(event), told)


def _may_invoke(rule: Any, name: str) -> bool:
    """A function's own policy lets EventBridge in, for this rule when it names one."""
    from moto.awslambda.models import lambda_backends

    function = next(
        (
            one
            for one in lambda_backends[rule.account_id][rule.region_name].list_functions()
            if one.function_name == name
        ),
        None,
    )
    if function is None:
        return False
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

    topic = sns_backends[rule.account_id][rule.region_name].topics.get(arn)
    if topic is None:
        return True
    for statement in json.loads(topic.policy)["Statement"]:
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        named = "events.amazonaws.com" in ([services] if isinstance(services, str) else services)
        if named and statement.get("Effect") == "Allow" and not statement.get("Condition"):
            return True
    return False


def send_message(account: str, region: str, arn: str, body: str, attributes: dict[str, str] | None = None) -> None:
    """Send to a queue or a topic; a destination that is gone gets nothing."""
    from moto.sns.models import sns_backends
    from moto.sqs.models import sqs_backends

    if ":sns:" in arn:
        if arn in sns_backends[account][region].topics:
            sns_backends[account][region].publish(body, arn=arn)
        return
    backend, name = sqs_backends[account][region], arn.rsplit(":", 1)[1]
    if name in backend.queues:
        # All are text but Lambda's ErrorCode, as its dead letters were recorded in public tests.
        kinds = {"ErrorCode": "Number"}
        told = {
            key: {"DataType": kinds.get(key, "String"), "StringValue": value}
            for key, value in (attributes or {}).items()
        }
        backend.send_message(name, body, message_attributes=told)
