"""Rules of EventBridge: each target is an edge, with its retries and its dead-letter queue.

Sources: EventBridge guide, "Targets", "Retry policy and dead-letter queues"; Target in the EventBridge API.
"""

from opsctl.events.arns import bus_and_rule
from opsctl.events.delivery_graph import DeliveryNode
from opsctl.events.hops import Hop, ReadResource, Waypoint
from opsctl.events.resource_answers import ResourceAnswers, items_of, read_of
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context
from opsctl.model.value import Json

SERVICE = "events.amazonaws.com"
_ATTEMPTS, _AGE_S = 185, 86_400
_FEW, _SHORT_S = 3, 300
_BY_POLICY = ("sqs", "sns", "lambda", "logs")


def read(place: Waypoint, _: Context) -> Fetching[ReadResource]:
    """Read the rule and its targets."""
    bus, name = bus_and_rule(place.arn)
    told = ResourceAnswers()
    found = yield from told.ask(
        [
            ("rule", read_of("events", "DescribeRule", Name=name, EventBusName=bus)),
            ("targets", read_of("events", "ListTargetsByRule", Rule=name, EventBusName=bus)),
        ]
    )
    targets = list(items_of(found["targets"], "Targets"))
    notes = [f"managed by {by}"] if (by := (found["rule"] or {}).get("ManagedBy")) else []
    if schedule := (found["rule"] or {}).get("ScheduleExpression"):
        notes.append(str(schedule))
    if not targets and found["targets"] is not None and not told.missing:
        notes.append("it has no target")
    disabled = (found["rule"] or {}).get("State") == "DISABLED"
    node = DeliveryNode(
        arn=place.arn,
        kind="rule",
        name=name if bus == "default" else f"{bus}/{name}",
        notes=tuple(notes),
        unknown=tuple(told.unknown),
        exists="rule" not in told.missing,
    )
    return ReadResource(node=node, hops=tuple(_target(place, one, disabled=disabled) for one in targets))


def _target(place: Waypoint, told: Json, *, disabled: bool) -> Hop:
    arn = str(told["Arn"])
    by_policy = arn.split(":")[2:3] and arn.split(":")[2] in _BY_POLICY
    role = str(told.get("RoleArn") or "")
    retry = told.get("RetryPolicy") or {}
    attempts = int(retry.get("MaximumRetryAttempts", _ATTEMPTS))
    age = int(retry.get("MaximumEventAgeInSeconds", _AGE_S))
    dead = str((told.get("DeadLetterConfig") or {}).get("Arn", ""))
    trouble = (*(("the rule is disabled",) if disabled else ()), *_fifo_trouble(arn, told))
    return Hop(
        to=Waypoint(arn=arn, carrying=place.carrying if ":event-bus/" in arn else {}),
        by=f"target {told['Id']}",
        verdict="blocked" if trouble else "delivers",
        why=trouble,
        causes=_causes(arn, told, attempts, age),
        passes=_shape(told),
        service=SERVICE if by_policy and not role else "",
        on_behalf_of=place.arn,
        role=role,
        failing_by=SERVICE,
        retry=f"{attempts} attempts within {_hours(age)}; none where access is denied or the target is gone",
        order="no order",
        duplicates="at least once",
        lost="" if dead else "its retries are used up, or the target refuses: there is no dead-letter queue",
        dead_letter=dead,
        makes="input",
        target=told,
        settings={name: told[name] for name in ("Input", "InputPath", "InputTransformer") if told.get(name)},
    )


def _fifo_trouble(arn: str, told: Json) -> tuple[str, ...]:
    if arn.endswith(".fifo") and not (told.get("SqsParameters") or {}).get("MessageGroupId"):
        return ("a FIFO queue needs a message group, and the target names none",)
    return ()


def _causes(arn: str, told: Json, attempts: int, age: int) -> tuple[str, ...]:
    found = ["fifo-mismatch"] if _fifo_trouble(arn, told) else []
    return (*found, "retry-short") if attempts < _FEW or age < _SHORT_S else tuple(found)


def _shape(told: Json) -> str:
    if told.get("InputTransformer"):
        return "transformed by the target's input transformer"
    if told.get("InputPath"):
        return f"only {told['InputPath']} of the event"
    return "a constant text instead of the event" if told.get("Input") else ""


def _hours(seconds: int) -> str:
    return f"{seconds // 3600} h" if seconds % 3600 == 0 else f"{seconds} s"
