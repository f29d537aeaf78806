"""Checks everything in a plan that came from a file, as if a stranger had written it; needs no network."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime
from graphlib import CycleError, TopologicalSorter

from pydantic import ValidationError

from opsctl.expressions.evaluate import ExpressionFault, compiled
from opsctl.model.binary import is_binary, with_bytes
from opsctl.model.changes import Change, Check, Choice, EditSpec, Instruction, Query
from opsctl.model.commands import SANDBOX, presumes, run_command
from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.durations import LONGEST_WAIT_S
from opsctl.model.plan import FactCall, Plan, PlanCheck
from opsctl.model.ports import ServiceModels
from opsctl.model.readonly import why_no_read
from opsctl.model.reads import Read
from opsctl.model.references import is_reference, references_in
from opsctl.model.registry import Registry
from opsctl.model.value import Json
from opsctl.playbook.call_params import param_faults

MOST_FAULTS = 10
MOST_CHOICES = 1000
MOST_CHANGES = 10_000
_RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[a-z0-9]{4}")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}")
_HEADER = {
    "id": _RUN_ID,
    "account": re.compile(r"[0-9]{12}"),
    "partition": re.compile(r"aws(-[a-z]+)*"),
    "region": _REGION,
    "caller": re.compile(r"arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[\x21-\x7e]+"),
    "endpoint": re.compile(r"(https?://[\x21-\x7e]+)?"),
    "opsctl_version": re.compile(r"[\x21-\x7e]{1,40}"),
}
_PLAYBOOK = {"name": re.compile(r"[a-z][a-z0-9-]*"), "sha256": re.compile(r"[0-9a-f]{64}")}
_CHANGE_ID = re.compile(r"\S{1,400}")
_PART = r"([A-Za-z0-9_:-]+|\[[A-Za-z]+=[^\].]+\])"
_PATH = re.compile(rf"{_PART}(\.{_PART})*")
_CHOSEN_AT = re.compile(
    r"((undo\.)?(params|edit\.elements\.[0-9]+\.value)|(expect|proof\.configured)\.[0-9]+\.value)(\.[A-Za-z0-9]+)*"
)
_GRANTED = re.compile(r"[A-Z][A-Za-z0-9]*\*?")
_SWITCHES = ("--region", "--profile", "--role-arn", "--endpoint-url")
# Stands for what is known only when the call is made: a value of an expression fits everywhere.
_ANYTHING = "=anything"


def plan_faults(plan: Plan, source: str, registry: Registry, models: ServiceModels) -> list[Diagnostic]:
    """Return what is wrong in a plan: nothing of it may be called when there is anything."""
    checker = _Checker(plan, registry, models)
    found: dict[str, None] = {}
    for path, summary in checker.faults():
        found[f"not a plan file: {path}: {summary}"] = None
        if len(found) == MOST_FAULTS:
            break
    hint = "plan files are made by --out and are not edited"
    return [Diagnostic(code="plan", summary=text, where=Where(source=source), hint=hint) for text in found]


Faults = Iterator[tuple[str, str]]


class _Checker:
    def __init__(self, plan: Plan, registry: Registry, models: ServiceModels) -> None:
        self._plan = plan
        self._registry = registry
        self._models = models
        every = [one for change in plan.changes for one in (change, *change.undo_first)]
        self._ids = Counter(one.id for one in every)
        self._outputs = {f"{one.id}.{name}": query for one in every for name, query in one.outputs.items()}

    def faults(self) -> Faults:
        if sum(self._ids.values()) > MOST_CHANGES:
            yield "changes", f"at most {MOST_CHANGES:,} are read"
            return
        yield from self._header()
        yield from self._circles()
        known: set[str] = set()
        for change in self._plan.changes:
            yield from self._change(change, f"change {change.id[:80]!r}", known)
            known.add(change.id)
        for check in self._plan.checks:
            yield from self._whole_check(check, f"check {check.id[:80]!r}")
        for one in self._plan.undo_warnings:
            path = f"undo warning {one.id[:80]!r}"
            yield from _expression(one.warn, path)
            for name, call in one.facts.items():
                yield from self._fact(call, f"{path}: fact {name[:80]!r}")
        for section in self._plan.sections:
            if any(len(row) != len(section.columns) for row in section.rows):
                yield f"section {section.title[:80]!r}", "every row needs a cell for each column"
        for statement_of in ("plan", "apply"):
            yield from _policy(getattr(self._plan.iam_policy, statement_of), f"iam_policy.{statement_of}")

    def _header(self) -> Faults:
        plan = self._plan
        for name, pattern in _HEADER.items():
            if not pattern.fullmatch(getattr(plan, name)):
                yield name, f"{getattr(plan, name)[:80]!r} is none"
        for name, pattern in _PLAYBOOK.items():
            if not pattern.fullmatch(getattr(plan.playbook, name)):
                yield f"playbook.{name}", f"{getattr(plan.playbook, name)[:80]!r} is none"
        created, expires = _moment(plan.created), _moment(plan.expires)
        for name, moment in (("created", created), ("expires", expires)):
            if moment is None:
                yield name, "a date with time and zone is needed, such as 2026-01-01T00:00:00Z"
        if created and expires and created >= expires:
            yield "expires", "it expires before it was made"
        if plan.undo_of or plan.references:
            yield "undo_of", f"an undo is planned from the journal and never saved: {run_command('undo', 'RUN')}"
        yield from self._reached_by(plan.reached_by)
        for number, step in enumerate(plan.next):
            if not step.words or not re.fullmatch(r"[a-z][a-z0-9-]*", step.words[0]):
                yield f"next.{number}", "an opsctl command is needed"
            elif any(map(presumes, step.words)):
                yield f"next.{number}", "it would give consent, or use another account"
        again = plan.evidence.again if plan.evidence else ()
        if again and (not re.fullmatch(r"[a-z][a-z0-9-]*", again[0]) or any(map(presumes, again))):
            yield (
                "evidence.again",
                "an opsctl command is needed that neither gives consent nor uses another account",
            )
        for one, many in self._ids.items():
            if many > 1:
                yield "changes", f"duplicate id {one[:80]!r}"

    def _reached_by(self, words: Sequence[str]) -> Faults:
        rest = [word for word in words if word != SANDBOX]
        given = dict(zip(rest[::2], rest[1::2], strict=False))
        if len(rest) % 2 or set(rest[::2]) - set(_SWITCHES) or len(given) < len(rest) // 2:
            yield "reached_by", "only the options that select an account belong there"
        elsewhere = given.get("--endpoint-url", self._plan.endpoint) != self._plan.endpoint
        if elsewhere or given.get("--region", self._plan.region) != self._plan.region:
            yield "reached_by", "it points to another account or region than the plan"

    def _circles(self) -> Faults:
        """What is found by a read that needs it itself is never found."""
        needs = {
            name: {text for text in references_in(query.read.params) if isinstance(text, str)}
            for name, query in self._outputs.items()
        }
        try:
            TopologicalSorter(needs).prepare()
        except CycleError as circle:
            yield "outputs", f"they depend on each other: {' -> '.join(map(str, circle.args[1]))[:200]}"

    def _change(self, change: Change, path: str, earlier: Set[str]) -> Faults:
        if not _CHANGE_ID.fullmatch(change.id) or not change.id.isprintable():
            yield path, "its id has spaces or is too long"
        yield from self._instruction(change, path)
        if isinstance(change.undo, Instruction):
            yield from self._instruction(change.undo, f"{path}: undo")
        for needed in change.depends_on:
            if needed not in earlier:
                yield path, f"it depends on {needed[:80]!r}, which is no earlier change"
        yield from _seconds(change.proof.within_s, f"{path}: proof.within_s")
        for part, checks in _checks_of(change):
            for check in checks:
                yield from self._query(check, f"{path}: {part}")
                if check.spares is not None:
                    yield from self._query(check.spares, f"{path}: {part}")
                yield from self._references(check.value, f"{path}: {part}")
        for name, query in change.outputs.items():
            yield from self._query(query, f"{path}: outputs.{name}")
        if change.choice is not None:
            yield from self._choice(change, change.choice, f"{path}: choice")
        for first in change.undo_first:
            yield from self._change(first, f"{path}: undo_first {first.id[:80]!r}", self._ids.keys())

    def _choice(self, change: Change, choice: Choice, path: str) -> Faults:
        """What is chosen later is a number, the first of which the plan shows, and never what is called."""
        yield from self._query(choice.taken, path)
        if not 0 < len(choice.values) <= MOST_CHOICES or not all(type(one) is int for one in choice.values):
            yield path, f"between 1 and {MOST_CHOICES} whole numbers are needed to choose from"
        elif not all(_CHOSEN_AT.fullmatch(at) for at in choice.at):
            yield path, "only a number among parameters and expected values is chosen"
        elif any(_value_at(change.model_dump(mode="json"), at) != choice.values[0] for at in choice.at):
            yield path, "the first of its values does not stand where the chosen one is to stand"

    def _instruction(self, instruction: Instruction, path: str) -> Faults:
        yield from _region(instruction.region, path)
        yield from self._references(instruction.params, path)
        if instruction.retry is not None:
            yield from _seconds(instruction.retry.within_s, f"{path}: retry.within_s")
        for grant in instruction.grants:
            # Not all that IAM permits is an operation: iam.PassRole, lambda.EnableReplication*.
            if grant.service not in self._models.services() or not _GRANTED.fullmatch(grant.operation):
                yield path, f"it grants {f'{grant.service}.{grant.operation}'[:80]!r}, which AWS does not know"
        if (instruction.kind == "edit") != (instruction.edit is not None):
            yield path, "an edit, and nothing else, says what it edits"
        elif instruction.kind == "job":
            yield from self._job(instruction, path)
        elif instruction.kind == "wait":
            yield from self._operation(instruction.service, instruction.operation, path)
        elif instruction.edit is not None:
            yield from self._edit(instruction, instruction.edit, path)
        else:
            yield from self._operation(instruction.service, instruction.operation, path, instruction.params)

    def _edit(self, instruction: Instruction, edit: EditSpec, path: str) -> Faults:
        # What the call needs besides its parameters is carried over from what is read.
        service, operation = instruction.service, instruction.operation
        yield from self._operation(service, operation, path, instruction.params, whole=False)
        yield from self._read(edit.read, f"{path}: edit")
        if edit.spares is not None:
            yield from self._query(edit.spares, f"{path}: edit")
        for expression in (*edit.carry.values(), edit.document or "@"):
            yield from _expression(expression, f"{path}: edit")
        schema = self._models.input_shape(service, operation) or {}
        known = schema.get("properties") or {}
        written = [element.at for element in edit.elements] + [text.at for text in edit.texts]
        for at in (*edit.carry, *written, *(one.if_empty for one in edit.elements if one.if_empty)):
            if not _PATH.fullmatch(at) or (known and at.partition(".")[0] not in known):
                yield f"{path}: edit", f"{instruction.api} takes no {at[:80]!r}"
        for element in edit.elements:
            yield from self._references(element.value, f"{path}: edit")

    def _job(self, instruction: Instruction, path: str) -> Faults:
        if instruction.service != "opsctl" or instruction.operation not in self._registry.jobs:
            yield path, f"there is no job {instruction.api[:80]!r}"
            return
        try:
            self._registry.jobs[instruction.operation].model_validate(instruction.params)
        except ValidationError as fault:
            yield path, _first(fault)

    def _query(self, query: Query, path: str) -> Faults:
        yield from self._read(query.read, path)
        yield from _expression(query.query, path)

    def _read(self, read: Read, path: str) -> Faults:
        yield from _region(read.region, path)
        yield from self._references(read.params, path)
        yield from self._operation(read.service, read.operation, path, read.params)
        reason = why_no_read(read.service, read.operation, read.params)
        if reason:
            yield path, f"{read.api[:80]} {reason}"

    def _operation(
        self,
        service: str,
        operation: str,
        path: str,
        params: Mapping[str, Json] | None = None,
        *,
        whole: bool = True,
    ) -> Faults:
        if operation not in self._models.operations(service):
            yield path, f"AWS has no operation {f'{service}.{operation}'[:80]!r}"
            return
        if params is None:
            return
        schema = self._models.input_shape(service, operation)
        schema = schema if whole else schema | {"required": []}
        for where, summary, _ in param_faults(schema, _settled(params), "params"):
            yield f"{path}: {where}", summary

    def _references(self, value: Json, path: str) -> Faults:
        for text in references_in(value):
            if not isinstance(text, str) or text not in self._outputs:
                yield path, f"{str(text)[:80]!r} is no output of a change of this plan"
        for item in _binaries(value):
            try:
                with_bytes(item)
            except (ValueError, TypeError):
                yield path, "bytes have to be written as base64"

    def _whole_check(self, check: PlanCheck, path: str) -> Faults:
        yield from _seconds(check.within_s, f"{path}: within_s")
        for expression in (check.none, check.shows, check.tells):
            if expression:
                yield from _expression(expression, path)
        for name, call in check.facts.items():
            yield from self._fact(call, f"{path}: fact {name[:80]!r}")

    def _fact(self, call: FactCall, path: str) -> Faults:
        if bool(call.uses) == (call.read is not None):
            yield path, "exactly one of uses and read is needed"
        elif call.read is not None:
            yield from self._query(Query(read=call.read, query=call.query or "@"), path)
        elif call.uses not in self._registry.facts:
            yield path, f"there is no fact {call.uses[:80]!r}"
        else:
            try:
                self._registry.facts[call.uses].model_validate(call.arguments)
            except ValidationError as fault:
                yield path, _first(fault)


def _checks_of(change: Change) -> Iterator[tuple[str, Sequence[Check]]]:
    yield "expect", change.expect
    yield "proof", change.proof.checks
    yield "only_if", (*change.only_if, *change.undo_only_if)


def _value_at(data: Json, path: str) -> Json:
    """Return what stands at a dotted path, or None where nothing does."""
    for name in path.split("."):
        if isinstance(data, list) and name.isdecimal() and int(name) < len(data):
            data = data[int(name)]
        elif isinstance(data, dict):
            data = data.get(name)
        else:
            return None
    return data


def _settled(value: Json) -> Json:
    """Return parameters with anything in the place of what is known later, and of bytes."""
    if is_reference(value) or is_binary(value):
        return _ANYTHING
    if isinstance(value, Mapping):
        return {name: _settled(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_settled(item) for item in value]
    return value


def _binaries(value: Json) -> Iterator[Json]:
    if is_binary(value):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _binaries(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _binaries(item)


def _policy(policy: dict[str, Json], path: str) -> Faults:
    statements = policy.get("Statement")
    if not isinstance(statements, list) or not all(_is_statement(one) for one in statements):
        yield path, "statements with their actions and resources are needed"


def _is_statement(statement: Json) -> bool:
    return isinstance(statement, dict) and all(
        isinstance(statement.get(name), list) and all(isinstance(item, str) for item in statement[name])
        for name in ("Action", "Resource")
    )


def _region(region: str | None, path: str) -> Faults:
    if region is not None and not _REGION.fullmatch(region):
        yield path, f"{region[:80]!r} is no region"


def _seconds(seconds: int, path: str) -> Faults:
    if not 0 <= seconds <= LONGEST_WAIT_S:
        yield path, f"between 0 and {LONGEST_WAIT_S} seconds are waited"


def _expression(expression: str, path: str) -> Faults:
    try:
        compiled(expression)
    except ExpressionFault as fault:
        yield path, str(fault).splitlines()[0][:200]


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _first(fault: ValidationError) -> str:
    error = fault.errors()[0]
    return f"{'.'.join(map(str, error['loc']))[:80]}: {error['msg'][:200]}"
