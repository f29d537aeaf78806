"""Lets a playbook use names of the version before, and says which they are."""

import re
from collections.abc import Callable, Iterable

from opsctl.model.former_names import FormerName
from opsctl.model.playbook import LoadedPlaybook, Playbook, StepSpec
from opsctl.model.value import Json


def with_present_names(loaded: LoadedPlaybook, former: Iterable[FormerName]) -> LoadedPlaybook:
    """Return the playbook in the words of this version; `former` of it says what it was written in.

    A name in an expression is found where it is written `facts.NAME.PART`; any other is reported as unknown.
    """
    book, said = loaded.playbook, []
    for one in former:
        changed = _CHANGES[one.kind](book, one)
        if changed != book:
            said.append(_sentence(one))
        book = changed
    return loaded.model_copy(update={"playbook": book, "former": tuple(said)})


def _sentence(one: FormerName) -> str:
    if one.kind == "result":
        return f"the result {one.name} of the fact {one.of} is now called {one.now}"
    if one.kind == "field":
        return f"the field {one.name} of {one.of} is now called {one.now}"
    given = f" with {one.name}" if one.kind == "moved" else ""
    return f"{one.of}{given} is now called {one.now}"


def _action(book: Playbook, one: FormerName) -> Playbook:
    return _steps(book, one.of, lambda step: step.model_copy(update={"uses": one.now}))


def _moved(book: Playbook, one: FormerName) -> Playbook:
    return _steps(
        book,
        one.of,
        lambda step: step.model_copy(update={"uses": one.now}) if one.name in step.with_ else step,
    )


def _field(book: Playbook, one: FormerName) -> Playbook:
    def renamed(step: StepSpec) -> StepSpec:
        given = {one.now if name == one.name else name: value for name, value in step.with_.items()}
        return step if one.now in step.with_ else step.model_copy(update={"with_": given})

    return _steps(book, one.of, renamed)


def _result(book: Playbook, one: FormerName) -> Playbook:
    names = [re.escape(name) for name, fact in book.facts.items() if fact.uses == one.of]
    if not names:
        return book
    written = re.compile(rf"\b(facts\.(?:{'|'.join(names)}))\.{re.escape(one.name)}\b(?!\()")
    said = book.model_dump(by_alias=True, exclude_unset=True)
    if not written.search(str(said)):
        return book
    return Playbook.model_validate(_replaced(said, written, rf"\g<1>.{one.now}"))


def _replaced(value: Json, written: re.Pattern[str], now: str) -> Json:
    if isinstance(value, str):
        return written.sub(now, value)
    if isinstance(value, dict):
        return {name: _replaced(item, written, now) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replaced(item, written, now) for item in value]
    return value


def _steps(book: Playbook, action: str, change: Callable[[StepSpec], StepSpec]) -> Playbook:
    steps = tuple(change(step) if step.uses == action else step for step in book.steps)
    return book.model_copy(update={"steps": steps})


_CHANGES: dict[str, Callable[[Playbook, FormerName], Playbook]] = {
    "action": _action,
    "field": _field,
    "moved": _moved,
    "result": _result,
}
