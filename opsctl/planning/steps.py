"""Turns the steps of a playbook into an ordered list of changes."""

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from pydantic import ValidationError

from opsctl.model.changes import Change
from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.errors import FactUnknown, InvalidInput, RefusedByGuard
from opsctl.model.fetching import Fetching, gather
from opsctl.model.playbook import LoadedPlaybook, StepSpec
from opsctl.model.ports import Reader
from opsctl.model.references import reference, references_in, with_references
from opsctl.model.registry import Registry
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.planning.guards import as_evidence
from opsctl.planning.raw_steps import change_of_call
from opsctl.planning.run_fetching import run_fetching
from opsctl.planning.scope import Scope, step_references_in


def plan_steps(
    loaded: LoadedPlaybook, scope: Scope, reader: Reader, about: Context, registry: Registry
) -> tuple[Change, ...]:
    """Plan all steps side by side and return their changes, dependencies first.

    Raises:
        RefusedByGuard: an action refused, or something it needs could not be read.
        InvalidInput: a step's values do not fit its action.
    """
    jobs: list[tuple[StepSpec, Fetching[list[Change]]]] = []
    for number, step in enumerate(loaded.playbook.steps):
        path = f"steps.{number}"
        if step.when and not as_evidence(scope.find(step.when, f"{path}.when")):
            continue
        jobs += [(step, fetching) for fetching in _fetchings(loaded, step, path, scope, about, registry)]
    try:
        planned = run_fetching(gather([fetching for _, fetching in jobs]), reader)
    except FactUnknown as unknown:
        raise RefusedByGuard(
            f"planning needs a fact that could not be read: {unknown.refusal}", unknown.hint
        ) from None
    by_step: dict[str, list[Change]] = {step.id: [] for step in loaded.playbook.steps}
    for (step, _), changes in zip(jobs, planned, strict=True):
        by_step[step.id] += changes
    return _ordered(_by_turns(_linked(loaded, by_step)))


def _fetchings(
    loaded: LoadedPlaybook, step: StepSpec, path: str, scope: Scope, about: Context, registry: Registry
) -> list[Fetching[list[Change]]]:
    line, column = loaded.line_of(path)
    rest = (about, registry, Where(source=loaded.source, line=line, column=column))
    if not step.foreach:
        return [_planned(step, step.id, path, scope, None, *rest)]
    items = scope.find(step.foreach, f"{path}.foreach") or []
    return [
        _in_turn(number if step.serial else 0, _planned(step, f"{step.id}.{number}", path, scope, each, *rest))
        for number, each in enumerate(items, start=1)
    ]


def _in_turn(number: int, fetching: Fetching[list[Change]]) -> Fetching[list[Change]]:
    """Plan an item of a serial step: its turn is called by its number in the list."""
    changes = yield from fetching
    return [one.model_copy(update={"turn": str(number)}) if number else one for one in changes]


def _planned(
    step: StepSpec,
    prefix: str,
    path: str,
    scope: Scope,
    each: Json,
    about: Context,
    registry: Registry,
    origin: Where,
) -> Fetching[list[Change]]:
    if step.call:
        change = change_of_call(step, prefix, path, scope, each)
        return [change.model_copy(update={"origin": f"{origin.source}:{origin.line} step {step.id}"})]
    arguments = scope.resolve(step.with_, f"{path}.with", each)
    try:
        action = registry.actions[step.uses].model_validate(arguments)
    except ValidationError as fault:
        raise InvalidInput(
            [
                Diagnostic(
                    code="with",
                    summary=f"step {step.id}: {error['msg']} at {'.'.join(map(str, error['loc']))}",
                    offending=str(error["input"]),
                    where=origin,
                )
                for error in fault.errors()
            ]
        ) from None
    changes = yield from action.plan(about)
    return [_qualified(change, prefix, f"{origin.source}:{origin.line} step {step.id}") for change in changes]


def _qualified(change: Change, prefix: str, origin: str) -> Change:
    data = with_references(
        change.model_dump(exclude_unset=False), lambda text: reference(*_split(_own(text, prefix)))
    )
    first = [one | {"id": f"{prefix}/{one['id']}", "origin": origin} for one in data["undo_first"]]
    return Change.model_validate(
        data
        | {
            "id": f"{prefix}/{change.id}",
            "depends_on": tuple(f"{prefix}/{needed}" for needed in change.depends_on),
            "undo_first": first,
            "origin": origin,
        }
    )


def _own(text: str, prefix: str) -> str:
    """Put the step's id before a reference that an action made; those of the playbook name their step already."""
    return text if text.startswith("steps.") else f"{prefix}/{text}"


def _split(text: str) -> tuple[str, str]:
    change_id, _, output = text.rpartition(".")
    return change_id, output


def _linked(loaded: LoadedPlaybook, by_step: dict[str, list[Change]]) -> list[Change]:
    """Point references at the changes that make them, and let `after` and references order the steps."""
    linked: list[Change] = []
    for step in loaded.playbook.steps:
        needed_steps = {
            *step.after,
            *(name for name, _ in step_references_in(step.model_dump(by_alias=True))),
        }
        first = [change for name in sorted(needed_steps) for change in by_step[name]]
        for change in by_step[step.id]:
            data = with_references(change.model_dump(), lambda text: _target(text, by_step))
            of_turn = [one.id for one in first if not (one.turn and change.turn) or one.turn == change.turn]
            needed = dict.fromkeys((*change.depends_on, *of_turn, *_needed_by(data)))
            linked.append(Change.model_validate(data | {"depends_on": tuple(needed)}))
    return linked


def _by_turns(changes: Sequence[Change]) -> list[Change]:
    """Put each turn behind the one before it, which it waits for; all stand where the first of them does."""
    numbers = sorted({int(one.turn) for one in changes if one.turn})
    turns = [[one for one in changes if one.turn == str(number)] for number in numbers]
    for before, turn in pairwise(turns):
        waiting = tuple(one.id for one in before)
        turn[:] = [one.model_copy(update={"depends_on": (*one.depends_on, *waiting)}) for one in turn]
    start = next((number for number, one in enumerate(changes) if one.turn), len(changes))
    others = [one for one in changes[start:] if not one.turn]
    return [*changes[:start], *(one for turn in turns for one in turn), *others]


def _target(text: str, by_step: dict[str, list[Change]]) -> Json:
    if not text.startswith("steps."):
        return reference(*_split(text))
    _, step, output = text.split(".")
    for change in by_step[step]:
        if output in change.outputs:
            return reference(change.id, output)
    raise InvalidInput.one(
        f"step {step} has no output {output!r} in this plan: it makes nothing here", source=f"steps.{step}"
    )


def _needed_by(data: dict[str, Json]) -> list[str]:
    own = {name: data[name] for name in ("params", "edit", "expect", "proof")}
    return [
        needed for needed in dict.fromkeys(_split(text)[0] for text in references_in(own)) if needed != data["id"]
    ]


def _ordered(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Keep the playbook's order, but for changes that have to wait for a later one."""
    position = {change.id: number for number, change in enumerate(changes)}
    sorter = TopologicalSorter({change.id: change.depends_on for change in changes})
    try:
        sorter.prepare()
    except CycleError as cycle:
        raise InvalidInput.one(
            f"changes depend on each other in a cycle: {' -> '.join(cycle.args[1])}", source="steps"
        ) from None
    ready: list[str] = []
    ordered: list[Change] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()], key=lambda name: position[name])
        ordered.append(changes[position[ready[0]]])
        sorter.done(ready.pop(0))
    return tuple(ordered)
