"""EventBridge's own rules, where moto is laxer. Source: EventBridge API reference and guide (eb-rule-dlq)."""

from collections.abc import Callable
from typing import Any

from opsctl.resources.event_patterns import Pattern
from opsctl.sandbox.engine import deliveries

TARGETS_AT_MOST = 5


def install() -> None:
    """Put the rules around moto's targets and what they get."""
    from moto.events.models import EventsBackend, Rule

    Rule.send_to_targets = deliveries.put(Rule.send_to_targets)
    EventsBackend.put_rule = _checked_pattern(EventsBackend.put_rule)
    EventsBackend.put_targets = _checked_targets(EventsBackend.put_targets)


def _checked_targets(method: Callable[..., Any]) -> Callable[..., Any]:
    """A dead-letter queue is a standard SQS queue of the region, and a rule has five targets at most.

    The text of the limit is an answer of EventBridge that was recorded in public tests.
    """

    def put(self: Any, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]) -> None:
        from moto.core.exceptions import JsonRESTError
        from moto.events.exceptions import ValidationException

        rule = self._get_event_bus(self._normalize_event_bus_arn(event_bus_arn)).rules.get(name)
        known = {one["Id"] for one in rule.targets} if rule is not None else set()
        if len(known | {one["Id"] for one in targets}) > TARGETS_AT_MOST:
            raise JsonRESTError(
                "LimitExceededException", "The requested resource exceeds the maximum number allowed."
            )

        for target in targets:
            arn = (target.get("DeadLetterConfig") or {}).get("Arn", "")
            if arn and not is_standard_queue(arn, self.region_name):
                raise ValidationException(
                    f"Parameter {arn} is not valid. Reason: a dead-letter queue must be a standard SQS queue of "
                    "the rule's Region."
                )
        method(self, name, event_bus_arn, targets)

    return put


def _checked_pattern(method: Callable[..., Any]) -> Callable[..., Any]:
    """A pattern that is none is refused (answers of EventBridge that were recorded in public tests)."""

    def put(self: Any, name: str, *args: Any, **more: Any) -> Any:
        from moto.events.exceptions import InvalidEventPatternException

        pattern = more.get("event_pattern")
        if pattern:
            try:
                Pattern(pattern)
            except ValueError as fault:
                raise InvalidEventPatternException(reason=str(fault)) from None
        return method(self, name, *args, **more)

    return put


def is_standard_queue(arn: str, region: str) -> bool:
    """Tell whether an ARN is that of a standard queue of a region."""
    parts = arn.split(":")
    return len(parts) == 6 and parts[2:4] == ["sqs", region] and not parts[5].endswith(".fifo")


def managed(rule: Any) -> Exception:
    """How EventBridge refuses to let others change what a service manages."""
    from moto.core.exceptions import JsonRESTError

    fault: Exception = JsonRESTError(
        "ManagedRuleException", f"Rule {rule.name} is a managed rule can only be modified by {rule.managed_by}."
    )
    return fault
