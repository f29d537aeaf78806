"""Turns a `call:` step of a playbook into a change."""

from collections.abc import Sequence

from opsctl.model.changes import Change, Check, Instruction, Irreversible, Proof, Query, Risk, Severity
from opsctl.model.durations import parse_duration
from opsctl.model.playbook import CheckLine, StepSpec
from opsctl.model.reads import Read
from opsctl.model.severity import raised
from opsctl.model.value import Json, canonical
from opsctl.planning.guards import as_evidence
from opsctl.planning.scope import Scope


def change_of_call(step: StepSpec, change_id: str, path: str, scope: Scope, each: Json) -> Change:
    """Return the change of a `call:` step; its parts were validated when the playbook was loaded."""
    service, _, operation = step.call.partition(".")
    region = scope.resolve(step.region, f"{path}.region", each) or None
    proof = tuple(_check(line, f"{path}.proof.{n}", region, scope, each) for n, line in enumerate(step.proof))
    expect = tuple(_check(line, f"{path}.expect.{n}", region, scope, each) for n, line in enumerate(step.expect))
    why = str(scope.resolve(step.why, f"{path}.why", each))
    undo = _undo(step, path, region, scope, each)
    _refuse_empty(scope, f"{path}.proof", proof)
    if isinstance(undo, Instruction):
        _refuse_empty(scope, f"{path}.expect", [check for check in expect if not check.context])
    params = scope.resolve(step.params, f"{path}.params", each)
    call = Instruction(kind="call", service=service, operation=operation, region=region, params=params)
    both = [call, undo] if isinstance(undo, Instruction) else [call]
    return Change(
        **dict(call),
        id=change_id,
        title=str(scope.resolve(step.title, f"{path}.title", each)) or step.call,
        why=why,
        expect=expect,
        proof=Proof(configured=proof, within_s=parse_duration(step.within)),
        undo=undo,
        risk=_risk(step, both, path, scope, each),
        outputs={name: Query(read=proof[0].read, query=query) for name, query in step.outputs.items()},
    )


def _refuse_empty(scope: Scope, path: str, checks: Sequence[Check]) -> None:
    """Refuse checks that turn out to ask for no element at all: what they say holds whatever is found."""
    if not any(check.can_fail for check in checks):
        raise scope.fault("this lists no element, so it always holds", path)


def _check(line: CheckLine, path: str, region: str | None, scope: Scope, each: Json) -> Check:
    service, _, operation = line.read.partition(".")
    params = scope.resolve(line.params, f"{path}.params", each)
    op, value = _comparison(line)
    wanted = scope.resolve(value, path, each)
    return Check(
        read=Read(service=service, operation=operation, params=params, region=region),
        query=line.query,
        op=op,
        value=wanted,
        context=line.context,
        says=line.says or f"{line.read} {line.query} {op} {'' if wanted is None else canonical(wanted)}".strip(),
    )


def _comparison(line: CheckLine) -> tuple[str, Json]:
    if line.empty:
        return "empty", None
    if line.present:
        return "present", None
    if line.contains is not None:
        return "contains", line.contains
    if line.excludes is not None:
        return "excludes", line.excludes
    return "equals", line.equals


def _undo(step: StepSpec, path: str, region: str | None, scope: Scope, each: Json) -> Instruction | Irreversible:
    if step.undo is None or step.undo == "none":
        return Irreversible(because=str(scope.resolve(step.because, f"{path}.because", each)))
    service, _, operation = step.undo.call.partition(".")
    params = scope.resolve(step.undo.params, f"{path}.undo.params", each)
    return Instruction(kind="call", service=service, operation=operation, region=region, params=params)


def _risk(step: StepSpec, instructions: Sequence[Instruction], path: str, scope: Scope, each: Json) -> Risk:
    affects = as_evidence(scope.resolve(step.risk.affects, f"{path}.risk.affects", each))
    severity, notes = Severity(step.risk.severity), [step.risk.note] if step.risk.note else []
    for instruction in instructions:
        severity, why = raised(severity, instruction)
        notes += [why] if why else []
    return Risk(severity=severity, affects=affects, note="; ".join(notes))
