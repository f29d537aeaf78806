"""Lists what a playbook reads by itself, and what of one answer it puts into another call."""

from collections.abc import Iterator

from opsctl.expressions.evaluate import compiled
from opsctl.model.foreign import ForeignRead, Part
from opsctl.model.playbook import CheckLine, Playbook, StepSpec
from opsctl.model.value import Json, canonical
from opsctl.planning.scope import expressions_in, step_references_in

_FACTS = {"type": "field", "children": [], "value": "facts"}


def foreign_reads(book: Playbook) -> tuple[ForeignRead, ...]:
    """Return every raw read of a playbook, in its order, and where an answer to one goes besides.

    Raw reads are those of `read:` facts and of the predicates of `call:` steps. Facts and typed actions are
    opsctl's own, and are listed only where they are handed what a raw read answered.
    """
    raw = _raw_facts(book)
    asked = {f"facts.{name}" for name in raw} | ({"facts"} if raw else set())
    found: list[ForeignRead] = []
    for name, fact in book.facts.items():
        if fact.read:
            found.append(_read(f"fact {name}", fact.read, fact.params, fact.region))
        elif asked.intersection(_answers(fact.with_, ())):
            found.append(ForeignRead(place=f"fact {name}", call=fact.uses, handed=True, parts=_parts(fact.with_)))
    for step in book.steps:
        found += _of_step(step, asked)
    return tuple(found)


def _of_step(step: StepSpec, asked: set[str]) -> Iterator[ForeignRead]:
    each = _answers(f"={step.foreach}", ()) if step.foreach else ()
    if step.uses:
        parts = _parts(step.with_, each)
        if asked.intersection(name for part in parts for name in part.answers):
            yield ForeignRead(place=f"step {step.id}", call=step.uses, handed=True, parts=parts)
        return
    lines: list[tuple[str, CheckLine]] = [("expect", line) for line in step.expect]
    lines += [("proof", line) for line in step.proof]
    for what, line in lines:
        yield _read(f"{what} of step {step.id}", line.read, line.params, step.region, each)


def _read(place: str, call: str, params: dict[str, Json], region: str, each: tuple[str, ...] = ()) -> ForeignRead:
    given = {**params, **({"region": region} if region else {})}
    return ForeignRead(place=place, call=call, parts=_parts(given, each))


def _parts(given: dict[str, Json], each: tuple[str, ...] = ()) -> tuple[Part, ...]:
    return tuple(
        Part(name=name, text=value if isinstance(value, str) else canonical(value), answers=_answers(value, each))
        for name, value in given.items()
    )


def _answers(value: Json, each: tuple[str, ...]) -> tuple[str, ...]:
    found = [f"steps.{step}.{output}" for step, output in sorted(step_references_in(value))]
    for expression in expressions_in(value):
        if not step_references_in(f"={expression}"):
            found += _named(compiled(expression).parsed, each)
    return tuple(dict.fromkeys(found))


def _named(node: Json, each: tuple[str, ...]) -> Iterator[str]:
    """Yield the facts that a parsed expression takes from; `facts` is any of them, where none is named."""
    children = node.get("children", [])
    kind, value = node.get("type"), node.get("value")
    if kind == "subexpression" and children[0] == _FACTS and children[1]["type"] == "field":
        yield f"facts.{children[1]['value']}"
        children = children[2:]
    elif node == _FACTS or kind == "current" or (kind == "value_projection" and children[0]["type"] == "identity"):
        yield "facts"
    elif kind == "field" and value == "each":
        yield from each
    for child in children:
        if isinstance(child, dict):
            yield from _named(child, each)


def _raw_facts(book: Playbook) -> set[str]:
    """Return the facts that are a raw read, or are looked up with what one answered."""
    raw = {name for name, fact in book.facts.items() if fact.read}
    while True:
        known = {"facts", *(f"facts.{name}" for name in raw)} if raw else set()
        more = {
            name
            for name, fact in book.facts.items()
            if name not in raw and known.intersection(_answers(fact.with_, ()))
        }
        if not more:
            return raw
        raw |= more
