"""Choosing a value just before a call, out of those that the plan names, and remembering which one it was."""

from collections.abc import Sequence

from opsctl.execution.asking import Asking
from opsctl.model.changes import Change
from opsctl.model.intents import OpenIntents
from opsctl.model.plan import Plan
from opsctl.model.report import CheckResult, EventRow
from opsctl.model.value import Json

CHOSEN = "chosen"
"""Where the intent in the journal has the value that the call was made with."""


def choose(change: Change, asking: Asking, tried: Sequence[Json] = ()) -> Change | None:
    """Return a change with the value it should have now, or None when none is free.

    A value with which the change is made already comes first, then the first that is free; `tried` are those that
    turned out not to be.
    """
    choice = change.choice
    if choice is None:
        return change
    for value in choice.values:
        candidate = bound(change, value)
        if all(result.held for result in asking.prove(candidate.proof)):
            return candidate
    taken = [*(asking.find(choice.taken) or []), *tried]
    free = [value for value in choice.values if value not in taken]
    return bound(change, free[0]) if free else None


def none_free(change: Change, asking: Asking, tried: Sequence[Json] = ()) -> tuple[CheckResult, ...]:
    """Return what does not hold when no value of a change is free; nothing when one is."""
    if change.choice is None or choose(change, asking, tried) is not None:
        return ()
    taken = [*(asking.find(change.choice.taken) or []), *tried]
    says = f"one of these is free as {change.choice.what}"
    return (CheckResult(says=says, held=False, expected=list(change.choice.values), found=taken),)


def chosen(change: Change) -> dict[str, Json]:
    """Return what an intent has to say about the value that a bound change is made with."""
    return {CHOSEN: change.choice.values[0]} if change.choice is not None else {}


def as_made(plan: Plan, events: Sequence[EventRow]) -> Plan:
    """Return the plan of a run with the values that its calls were really made with."""
    intents = OpenIntents()
    for event in events:
        intents.note(event.change, event.event, event.detail)
    return plan.model_copy(update={"changes": tuple(made_by(one, intents.of(one.id)) for one in plan.changes)})


def made_by(change: Change, intents: Sequence[Json]) -> Change:
    """Return a change with the value that its calls, of which these are the intents, were really made with."""
    values = [detail[CHOSEN] for detail in intents if isinstance(detail, dict) and CHOSEN in detail]
    return bound(change, values[-1]) if values else change


def bound(change: Change, value: Json) -> Change:
    """Return a change with this value wherever the chosen one stands, and no other left to choose."""
    if change.choice is None:
        return change
    data = change.model_dump(mode="json")
    for path in change.choice.at:
        *parents, last = path.split(".")
        part: Json = data
        for name in parents:
            part = part[_key(part, name)]
        part[_key(part, last)] = value
    data["choice"]["values"] = [value]
    return Change.model_validate(data)


def _key(part: Json, name: str) -> str | int:
    return int(name) if isinstance(part, list) else name
