"""Events of the sandbox: what services and scheduled rules tell EventBridge."""

import json
import re
import uuid
from functools import partial
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.deliveries import chosen, send

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
    rule = _rules(account, region).get(name)
    every = rate_s(rule.scheduled_expression or "") if rule is not None else None
    if rule is None or every is None:
        return

    def again() -> None:
        if rule not in _rules(account, region).values():
            return
        if rule.state == "ENABLED":
            event = _event(account, region, "aws.events", "Scheduled Event", [rule.arn], {})
            for target in list(rule.targets):
                send(rule, target, event)
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
        if chosen(rule, event):
            for target in list(rule.targets):
                send(rule, target, event)
