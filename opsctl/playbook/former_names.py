"""Lets a playbook use names of the version before, and says which they are."""

from collections.abc import Callable, Iterable

from opsctl.model.former_names import FormerName, in_present_words
from opsctl.model.playbook import LoadedPlaybook, Playbook, StepSpec
from opsctl.model.value import Json


def with_present_names(loaded: LoadedPlaybook, former: Iterable[FormerName]) -> LoadedPlaybook:
    """Return the playbook in the words of this version; `former` of it says what it was written in.

    What of an expression is found is said by `in_present_words`; any other name is reported as unknown.
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
    if one.kind == "value":
        return f"what the fact {one.of} called {one.name} it calls {one.now} now"
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


def _in_expressions(book: Playbook, one: FormerName) -> Playbook:
    facts = {name: fact.uses for name, fact in book.facts.items() if fact.uses == one.of}
    if not facts:
        return book
    said = book.model_dump(by_alias=True, exclude_unset=True)
    changed = _replaced(said, facts, one)
    return book if changed == said else Playbook.model_validate(changed)


def _replaced(value: Json, facts: dict[str, str], one: FormerName) -> Json:
    if isinstance(value, str):
        return in_present_words(value, facts, (one,))
    if isinstance(value, dict):
        return {name: _replaced(item, facts, one) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_replaced(item, facts, one) for item in value)
    return value


def _steps(book: Playbook, action: str, change: Callable[[StepSpec], StepSpec]) -> Playbook:
    steps = tuple(change(step) if step.uses == action else step for step in book.steps)
    return book.model_copy(update={"steps": steps})


_CHANGES: dict[str, Callable[[Playbook, FormerName], Playbook]] = {
    "action": _action,
    "field": _field,
    "moved": _moved,
    "result": _in_expressions,
    "value": _in_expressions,
}
