"""EventBridge rules whose schedules go off and whose targets are called. Source: EventBridge user guide."""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine import events
from opsctl.sandbox.rules.autoscaling import caught_up


def install() -> None:
    """Let schedules tick."""
    from moto.events.models import EventsBackend
    from moto.events.responses import EventsHandler

    EventsBackend.put_rule = _ticking(EventsBackend.put_rule)
    EventsHandler.call_action = caught_up(EventsHandler.call_action)


def _ticking(method: Callable[..., Any]) -> Callable[..., Any]:
    """A rate begins when its rule is put; a rule that is put again begins anew."""

    def put(self: Any, name: str, *args: Any, **more: Any) -> Any:
        from moto.events.exceptions import ValidationException

        expression = more.get("scheduled_expression") or ""
        if expression.startswith("rate") and events.rate_s(expression) is None:
            raise ValidationException("Parameter ScheduleExpression is not valid.")
        known = self.event_buses["default"].rules.get(name)
        if known is not None and known.scheduled_expression and known.scheduled_expression == expression:
            known.description = more.get("description")
            known.state = more.get("state") or "ENABLED"
            return known
        rule = method(self, name, *args, **more)
        events.tick(self.account_id, self.region_name, name)
        return rule

    return put
