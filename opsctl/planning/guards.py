"""Runs the guards of a playbook: refuse with evidence, or warn."""

from collections.abc import Collection, Mapping

from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.errors import GuardRefusal, InvalidInput, RefusedByGuard
from opsctl.model.plan import Finding
from opsctl.model.playbook import GuardSpec, LoadedPlaybook, Playbook
from opsctl.model.secrets import masked
from opsctl.model.value import Json, canonical
from opsctl.planning.scope import Scope

EVIDENCE_SHOWN = 20


def run_guards(loaded: LoadedPlaybook, scope: Scope, overrides: Collection[str]) -> tuple[Finding, ...]:
    """Evaluate every guard; return warnings, overridden refusals, and what is still to be accepted.

    Raises:
        RefusedByGuard: a guard found offenders and was not overridden; all such guards are listed.
        InvalidInput: an override names no guard, or one that cannot be overridden.
    """
    guards = loaded.playbook.guards
    refuse_unknown_guards(loaded.playbook, dict.fromkeys(overrides, "--override"))
    findings: list[Finding] = []
    refusals: list[tuple[GuardSpec, tuple[str, ...]]] = []
    for number, guard in enumerate(guards):
        kind, expression = guard.expression
        evidence = as_evidence(masked(scope.find(expression, f"guards.{number}.{kind}")))
        if not evidence:
            continue
        if kind != "refuse" or guard.id in overrides:
            findings.append(
                Finding(
                    id=guard.id,
                    because=guard.because,
                    evidence=evidence,
                    overridden=kind != "warn" and guard.id in overrides,
                    accepted=kind != "refuse" and guard.id in overrides,
                    pending=kind == "accept" and guard.id not in overrides,
                )
            )
        else:
            refusals.append((guard, evidence))
    if refusals:
        raise _refusal(refusals)
    return tuple(findings)


def as_evidence(found: Json) -> tuple[str, ...]:
    """Return what a guard's expression found as lines, each once; nothing, false and empty mean none."""
    if found is None or found is False or found in ("", [], {}):
        return ()
    items = found if isinstance(found, list) else [found]
    return tuple(dict.fromkeys(item if isinstance(item, str) else canonical(item) for item in items))


def refuse_unknown_guards(book: Playbook, named: Mapping[str, str]) -> None:
    """Refuse names that no guard has, or one that cannot be set aside; `named` says which switch gave each.

    Raises:
        InvalidInput: with every such name.
    """
    # A warning is accepted by name where a check says that this makes a difference.
    acceptable = {check.accept for check in book.checks}
    known = {one.id: one for one in book.guards if one.expression[0] != "warn" or one.id in acceptable}
    hint = f"guards: {', '.join(sorted(name for name, guard in known.items() if guard.override)) or 'none'}"
    faults: list[Diagnostic] = []
    for name, switch in named.items():
        where = Where(source=switch)
        if name not in known:
            faults.append(Diagnostic(code="guard", summary=f"no guard is called {name!r}", where=where, hint=hint))
        elif not known[name].override:
            summary = f"the guard {name!r} cannot be overridden"
            faults.append(Diagnostic(code="guard", summary=summary, where=where))
    if faults:
        raise InvalidInput(faults)


def _advice(guards: list[GuardSpec]) -> str:
    """Say what to do: first what the guards themselves advise, then how they are overridden, if all can be."""
    final = [guard.id for guard in guards if not guard.override]
    instead = list(dict.fromkeys(guard.instead for guard in guards if guard.instead))
    switches = " ".join(f"--override {guard.id}" for guard in guards)
    sure = f"{'or, ' if instead else ''}if you are sure: {switches}"
    return "; ".join([*instead, f"{', '.join(final)} cannot be overridden" if final else sure])


def _refusal(refusals: list[tuple[GuardSpec, tuple[str, ...]]]) -> RefusedByGuard:
    lines: list[str] = []
    for guard, evidence in refusals:
        lines.append(f"{guard.id}: {guard.because}")
        lines += [f"  {item}" for item in evidence[:EVIDENCE_SHOWN] if item != "true"]
        if len(evidence) > EVIDENCE_SHOWN:
            lines.append(f"  and {len(evidence) - EVIDENCE_SHOWN} more")
    names = [guard.id for guard, _ in refusals]
    hint = _advice([guard for guard, _ in refusals])
    told = [
        GuardRefusal(
            guard=guard.id,
            because=guard.because,
            evidence=tuple(item for item in evidence if item != "true"),
            switch=f"--override {guard.id}" if guard.override else "",
        )
        for guard, evidence in refusals
    ]
    return RefusedByGuard(f"refused by {', '.join(names)}; nothing was changed", hint, lines, told)
