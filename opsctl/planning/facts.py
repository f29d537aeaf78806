"""Looks up the facts of a playbook, all that can be looked up at once at once."""

from collections.abc import Mapping

from opsctl.expressions.evaluate import ExpressionFault, evaluate
from opsctl.model.errors import FactUnknown, InvalidInput, RefusedByGuard
from opsctl.model.fetching import Fetching, gather, require
from opsctl.model.plan import FactCall
from opsctl.model.playbook import FactSpec, LoadedPlaybook
from opsctl.model.ports import Reader
from opsctl.model.reads import Read
from opsctl.model.registry import Registry
from opsctl.model.run import Context
from opsctl.model.secrets import masked
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.planning.scope import Scope, facts_named_in


def look_up_facts(
    loaded: LoadedPlaybook, scope: Scope, reader: Reader, about: Context, registry: Registry
) -> dict[str, FactCall]:
    """Fill the scope with every fact; return how each can be looked up again.

    Facts that use other facts wait for them; the rest is looked up together.

    Raises:
        RefusedByGuard: a fact could not be read.
        InvalidInput: an argument cannot be evaluated, or facts depend on one another in a circle.
    """
    waiting = dict(loaded.playbook.facts)
    calls: dict[str, FactCall] = {}
    while waiting:
        ready = {
            name: spec
            for name, spec in waiting.items()
            if facts_named_in(spec.with_, spec.params) <= scope.facts.keys()
        }
        if not ready:
            raise InvalidInput.one(
                f"the facts {', '.join(sorted(waiting))} depend on one another", source=loaded.source, code="facts"
            )
        batch = {name: _fact_call(name, spec, scope) for name, spec in ready.items()}
        for name, value in look_up(batch, reader, about, registry).items():
            scope.add_fact(name, value)
            del waiting[name]
        calls |= batch
    return calls


def services_first(loaded: LoadedPlaybook, registry: Registry) -> tuple[str, ...]:
    """Return the services that the facts of a playbook ask first, each once."""
    specs = loaded.playbook.facts.values()
    named = [registry.facts[one.uses].services if one.uses else (one.read.partition(".")[0],) for one in specs]
    return tuple(dict.fromkeys(service for services in named for service in services))


def look_up(calls: Mapping[str, FactCall], reader: Reader, about: Context, registry: Registry) -> dict[str, Json]:
    """Look facts up together and return their values by name.

    Raises:
        RefusedByGuard: one of them could not be read.
    """
    fetchings = [_fetching(call, about, registry) for call in calls.values()]
    try:
        values = run_fetching(gather(fetchings), reader)
    except FactUnknown as unknown:
        raise RefusedByGuard(
            f"planning needs a fact that could not be read: {unknown.refusal}", unknown.hint
        ) from None
    return dict(zip(calls, values, strict=True))


def _fact_call(name: str, spec: FactSpec, scope: Scope) -> FactCall:
    path = f"facts.{name}"
    if spec.uses:
        return FactCall(uses=spec.uses, arguments=scope.resolve(spec.with_, f"{path}.with"))
    service, _, operation = spec.read.partition(".")
    params = scope.resolve(spec.params, f"{path}.params")
    region = scope.resolve(spec.region, f"{path}.region") or None
    return FactCall(
        read=Read(service=service, operation=operation, params=params, region=region), query=spec.query
    )


def _fetching(call: FactCall, about: Context, registry: Registry) -> Fetching[Json]:
    if call.read is not None:
        # What is to be kept secret stays out of every expression, so that none can carry it into another call.
        answer = masked((yield from require(call.read)))
        try:
            return evaluate(call.query, answer) if call.query else answer
        except ExpressionFault as fault:
            raise InvalidInput.one(str(fault), source=call.read.api) from None
    fact = registry.facts[call.uses].model_validate(call.arguments)
    result = yield from fact.read(about)
    return result.model_dump(mode="json", by_alias=True)
