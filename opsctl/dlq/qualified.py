"""Which versions and aliases of functions fail into a queue by DeadLetterConfig.

A version keeps the dead-letter configuration that it was published with, and an asynchronous invocation of an
alias fails by that of the version it led to (Lambda guide, "Manage Lambda function versions", "Create an alias
for a Lambda function"). A dead letter names neither.
"""

from collections.abc import Mapping, Sequence

from opsctl.dlq.audit.region import Source
from opsctl.dlq.route import Route
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer
from opsctl.model.value import Json, Value
from opsctl.resources.dead_letter_reads import list_aliases

LATEST = "$LATEST"
# Of those that no alias leads to, two are enough to see that none can be chosen.
_NUMBERED_AT_MOST = 2


class Invoked(Value):
    """What can have been invoked of the functions that fail into a queue, and what could not be asked."""

    routes: tuple[Route, ...] = ()
    refused: tuple[Answer, ...] = ()


def invoked_into(functions: Sequence[Json], ends: Sequence[str]) -> Fetching[Invoked]:
    """Find what is invoked asynchronously and fails there; `functions` are all versions of all functions."""
    versions: dict[str, dict[str, Json]] = {}
    for one in functions:
        if dead_letter_target(one) in ends:
            versions.setdefault(str(one["FunctionName"]), {})[str(one.get("Version", LATEST))] = one
    published = [name for name, found in versions.items() if found.keys() - {LATEST}]
    answers = (yield [list_aliases(name) for name in published]) if published else ()
    aliases = {
        name: (answer.value or {}).get("Aliases") or [] for name, answer in zip(published, answers, strict=True)
    }
    routes = [
        _route(found, qualifier)
        for name, found in versions.items()
        for qualifier in _qualifiers(found, aliases.get(name, []))
    ]
    return Invoked(routes=tuple(routes), refused=tuple(one for one in answers if not one.known))


def by_function(functions: Sequence[Json]) -> dict[str, dict[str, Json]]:
    """All versions of each function by their number, `$LATEST` among them."""
    found: dict[str, dict[str, Json]] = {}
    for one in functions:
        found.setdefault(str(one["FunctionName"]), {})[str(one.get("Version", LATEST))] = one
    return found


def keeping_versions(functions: Sequence[Json]) -> list[str]:
    """The functions of which a published version has a dead-letter queue of its own."""
    return [
        name
        for name, found in by_function(functions).items()
        if any(dead_letter_target(one) for number, one in found.items() if number != LATEST)
    ]


def qualified_sources(functions: Sequence[Json], aliases: Mapping[str, Sequence[Json]]) -> list[Source]:
    """What leaves dead letters by the configuration of a published version: aliases, else versions by number.

    They are nothing to attach to: what is published cannot be changed.
    """
    found = []
    for name, versions in by_function(functions).items():
        targets = {number: dead_letter_target(one) for number, one in versions.items()}
        named = [
            (str(one["Name"]), targets[number])
            for one in aliases.get(name, ())
            for number in sorted(_leads(one))
            if number != LATEST and targets.get(number)
        ]
        told = {target for _, target in named} | {targets.get(LATEST, "")}
        numbered = [(number, target) for number, target in targets.items() if target and target not in told]
        newest = sorted(numbered, key=lambda one: -int(one[0]))[:_NUMBERED_AT_MOST]
        base = ":".join(str(next(iter(versions.values()))["FunctionArn"]).split(":")[:7])
        found += [
            Source(kind="function", name=f"{name}:{qualifier}", arn=f"{base}:{qualifier}", target=target)
            for qualifier, target in dict.fromkeys([*named, *newest])
        ]
    return found


def _leads(alias: Json) -> set[str]:
    """The versions that an alias leads to."""
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return {str(alias["FunctionVersion"]), *weights}


def dead_letter_target(function: dict[str, Json]) -> str:
    """Where the failed asynchronous invocations of a version go."""
    return str((function.get("DeadLetterConfig") or {}).get("TargetArn") or "")


def by_topic(end: str) -> str:
    """Say by which topic failures come, when they do not come directly."""
    return f" by topic {end.rpartition(':')[2]}" if end.split(":")[2:3] == ["sns"] else ""


def _qualifiers(found: dict[str, Json], aliases: Sequence[Json]) -> list[str]:
    """The unqualified function, its aliases, and the newest numbers that no alias leads to."""
    named: dict[str, set[str]] = {}
    for one in aliases:
        leads = _leads(one)
        if leads & found.keys() - {LATEST}:
            named[str(one["Name"])] = leads
    numbers = found.keys() - {LATEST} - set().union(*named.values())
    newest = sorted(numbers, key=int, reverse=True)[:_NUMBERED_AT_MOST]
    return [*([LATEST] if LATEST in found else []), *sorted(named), *newest]


def _route(found: dict[str, Json], qualifier: str) -> Route:
    one = found.get(qualifier) or next(iter(found.values()))
    arn = ":".join(str(one["FunctionArn"]).split(":")[:7])
    name = str(one["FunctionName"])
    if qualifier != LATEST:
        arn, name = f"{arn}:{qualifier}", f"{name}:{qualifier}"
    why = f"its failed asynchronous invocations end in this queue{by_topic(dead_letter_target(one))}"
    return Route(origin=arn, kind="function", arn=arn, name=name, why=why)
