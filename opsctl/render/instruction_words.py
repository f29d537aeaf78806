"""What an instruction does and how it is taken back: its call, and its parameters a line each."""

from collections.abc import Mapping, Sequence

from opsctl.model.binary import binary_words, is_binary
from opsctl.model.changes import Change, Check, Choice, Instruction, Irreversible
from opsctl.model.plan import Plan
from opsctl.model.references import is_reference
from opsctl.model.value import Json, canonical


def call_of(instruction: Instruction) -> str:
    """Say what is called, where."""
    if instruction.kind == "wait":
        return f"wait, reading {instruction.api}"
    if instruction.kind == "job":
        return f"job {instruction.operation}" + (f" in {instruction.region}" if instruction.region else "")
    return f"{instruction.api} in {instruction.region}" if instruction.region else instruction.api


_LOCKS = {"LockToken", "IfMatch", "RevisionId"}


def queries_of(plan: Plan) -> dict[str, str]:
    """Return for every output of a change how it is found: the query, and whose answer it reads."""
    outputs = {f"{change.id}.{name}": query for change in plan.changes for name, query in change.outputs.items()}
    return {name: f"{one.query} of {one.read.api}" for name, one in (plan.references | outputs).items()}


def details_of(instruction: Instruction, queries: Mapping[str, str]) -> list[str]:
    """List parameters and edited elements, one a line, whole; what is not known yet says where it is from."""
    if instruction.kind == "job":
        return _members("", instruction.params)
    lines = [f"{name} = {value_text(value, queries)}" for name, value in instruction.params.items()]
    if isinstance(instruction, Change) and instruction.choice is not None:
        lines += _choice(instruction.choice)
    if instruction.edit is not None:
        marks = {"add": "+", "remove": "-", "set": "=", "unset": "-"}
        for element in instruction.edit.elements:
            condition = " (if nothing else is left)" if element.if_empty else ""
            for one in element.values:
                value = "" if element.op == "unset" else f"{value_text(one, queries)} at "
                lines.append(f"{marks[element.op]} {value}{element.at}{condition}")
        if not _LOCKS.isdisjoint(instruction.edit.carry):
            lines.append("everything else is read again and kept, under AWS's lock")
        else:
            lines.append("everything else is read again just before and kept; AWS has no lock here")
    return lines


def _choice(choice: Choice) -> list[str]:
    """Say which values are used when the first is taken by then; whole numbers in a row are a range."""
    first, *others = choice.values
    runs: list[list[Json]] = []
    for value in others:
        if runs and _goes_on(runs[-1], value):
            runs[-1].append(value)
        else:
            runs.append([value])
    named = ", ".join(map(_range, runs))
    return [f"if {choice.what} {value_text(first)} is taken by then, the first free of: {named}"] if named else []


def _goes_on(run: Sequence[Json], value: Json) -> bool:
    """Tell whether a number is one or two below the last of a run, as the numbers of the run are."""
    if not isinstance(value, int) or not isinstance(run[-1], int):
        return False
    step = run[-1] - value
    return step in (1, 2) and (len(run) == 1 or run[-2] - run[-1] == step)


def _range(run: Sequence[Json]) -> str:
    if len(run) == 1:
        return value_text(run[0])
    every = " by twos" if run[0] - run[1] == 2 else ""
    return f"{run[0]} to {run[-1]}{every}"


_SHORT = 60

_NONE: Mapping[str, str] = {}


def _members(path: str, value: Json) -> list[str]:
    """List what a job was told, part by part; what says nothing is left out, for a job writes out all."""
    if isinstance(value, dict) and not is_reference(value) and not is_binary(value):
        told = {name: item for name, item in value.items() if item not in ("", 0, -1, False, None, [], {})}
        short = ", ".join(f"{name}: {item}" for name, item in told.items())
        if path and len(short) <= _SHORT and all(isinstance(item, str) for item in told.values()):
            return [f"{path} = {short}"]
        return [line for name, item in told.items() for line in _members(f"{path}.{name}".lstrip("."), item)]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        if any(" " in item for item in value):
            return [f"{path} =", *(f"  {item}" for item in value)]
        return [f"{path} = {', '.join(value)}"]
    return [f"{path} = {value_text(value)}"]


def value_text(value: Json, queries: Mapping[str, str] = _NONE) -> str:
    """Return a value as one line; references to earlier changes are known only after apply, by their queries."""
    if is_reference(value):
        return _after_apply(value, queries)
    if isinstance(value, str):
        return value
    if is_binary(value):
        return binary_words(value)
    if isinstance(value, (dict, list)):
        return canonical(readable(value, queries))
    return canonical(value)


def _after_apply(value: Json, queries: Mapping[str, str]) -> str:
    name = value["$ref"]
    return f"(known after apply: {name}{f', which is {queries[name]}' if name in queries else ''})"


def readable(value: Json, queries: Mapping[str, str]) -> Json:
    """Return a value in which references and bytes are told in words."""
    if is_reference(value):
        return _after_apply(value, queries)
    if is_binary(value):
        return binary_words(value)
    if isinstance(value, dict):
        return {name: readable(item, queries) for name, item in value.items()}
    if isinstance(value, list):
        return [readable(item, queries) for item in value]
    return value


def undo_of(change: Change) -> str:
    """Say how a change is taken back, or why it cannot be."""
    if change.kind == "wait":
        return "nothing to undo"
    if isinstance(change.undo, Irreversible):
        return f"{'nothing to undo' if change.undo.only_reads else 'cannot be undone'}: {change.undo.because}"
    steps = len(change.undo_first)
    words = "a step that settles" if steps == 1 else f"{steps} steps that settle"
    first = f", after {words} what has happened since" if steps else ""
    return f"{call_of(change.undo)}{first}{f'; but {change.lasting}' if change.lasting else ''}"


def undo_details(change: Change, queries: Mapping[str, str]) -> list[str]:
    """List the parameters of what takes a change back."""
    return [] if isinstance(change.undo, Irreversible) else details_of(change.undo, queries)


def asked_words(check: Check) -> str:
    """Say a predicate in its author's words, and what is really asked."""
    compared = check.op if check.value is None else f"{check.op} {value_text(check.value)}"
    params = f" {value_text(check.read.params)}" if check.read.params else ""
    return f"{check.says} ({check.read.api}{params}: {check.query} {compared})"
