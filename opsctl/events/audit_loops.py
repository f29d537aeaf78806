"""Ways on which an event comes back to where it came from, or makes another like it.

Sources: Lambda guide, "Recursive loop detection" (Lambda stops a loop of a function with a queue, topic or bucket
after about 16 times, unless GetFunctionRecursionConfig says Allow); S3 guide, "Event notifications" (a function
that writes to the bucket that calls it); SimulatePrincipalPolicy.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from opsctl.events.arns import named
from opsctl.events.role_permissions import RoleAnswers, RoleQuestion, ask_roles
from opsctl.events.walking import Way
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.resources.policy_simulation import Verdict

_WRITES = {"bucket": "s3:PutObject", "topic": "sns:Publish", "queue": "sqs:SendMessage"}


class Loop(NamedTuple):
    """Where a loop begins, in words how it goes on, and whether Lambda was told to let it."""

    arn: str
    what: str
    function: str = ""
    allowed: bool = False


def cycles(ways: Sequence[Way]) -> Iterator[list[str]]:
    """Go through the cycles of what is set up, each once, as the ARNs on it; what is blocked ends them."""
    onward: dict[str, list[str]] = defaultdict(list)
    for way in ways:
        if way.edge.verdict != "blocked" and not way.edge.failure:
            onward[way.edge.source].append(way.edge.target)
    done: set[str] = set()
    for start in list(onward):
        yield from _from(start, onward, done)


def _from(start: str, onward: Mapping[str, list[str]], done: set[str]) -> Iterator[list[str]]:
    """Walk depth first without recursion; a step back to what is on the path closes a cycle."""
    path: list[str] = []
    waiting = [(start, False)]
    while waiting:
        arn, left = waiting.pop()
        if left:
            path.pop()
            done.add(arn)
        elif arn in path:
            yield path[path.index(arn) :]
        elif arn not in done:
            path.append(arn)
            waiting.append((arn, True))
            waiting += [(one, False) for one in onward.get(arn, [])]


class Loops(NamedTuple):
    """The loops, and whose permissions could not be read."""

    found: list[Loop]
    unknown: list[str]


def loops_of(ways: Sequence[Way], functions: Sequence[Json], about: Context) -> Fetching[Loops]:
    """Find the loops of the settings, and functions that may write to what calls them."""
    found = [_told(one) for one in cycles(ways)]
    known = {str(one["FunctionArn"]): one for one in functions}
    callers = _callers(ways, known)
    asked = {
        (function, source): RoleQuestion(str(known[function].get("Role", "")), action, _place(source))
        for function, sources in callers.items()
        for source in sources
        if (action := _WRITES.get(named(source).kind)) and _is_near(source, known[function], ways)
    }
    roles = yield from ask_roles([one for one in asked.values() if one.role], about)
    may = [pair for pair, one in asked.items() if _allowed(roles, one)]
    if not may:
        return Loops(found, roles.unknown)
    names = dict.fromkeys(function for function, _ in may)
    answers = yield [_recursion(str(known[one]["FunctionName"])) for one in names]
    allows = {
        one
        for one, answer in zip(names, answers, strict=True)
        if (answer.value or {}).get("RecursiveLoop") == "Allow"
    }
    return Loops(
        [*found, *(_writes(function, source, function in allows) for function, source in may)], roles.unknown
    )


def _allowed(roles: RoleAnswers, one: RoleQuestion) -> bool:
    return bool(one.role) and roles.verdict(one).verdict is Verdict.ALLOWED


def _callers(ways: Sequence[Way], known: Mapping[str, Json]) -> dict[str, set[str]]:
    """For each function what hands events to it, over any number of steps."""
    back: dict[str, set[str]] = defaultdict(set)
    for way in ways:
        if way.edge.verdict != "blocked" and not way.edge.failure:
            back[way.edge.target].add(way.edge.source)
    found: dict[str, set[str]] = {}
    for function in known:
        waiting, seen = [function], set[str]()
        while waiting:
            for source in back.get(waiting.pop(), ()):
                if source not in seen:
                    seen.add(source)
                    waiting.append(source)
        found[function] = seen
    return found


def _is_near(source: str, function: Json, ways: Sequence[Way]) -> bool:
    """Whether a function is set up to write there: the bucket calls it, or its environment names the thing."""
    name = named(source).name
    values = ((function.get("Environment") or {}).get("Variables") or {}).values()
    if any(str(one) == name or str(one).endswith((f"/{name}", f":{name}")) for one in values):
        return True
    ends = (source, str(function["FunctionArn"]))
    return named(source).kind == "bucket" and any((one.edge.source, one.edge.target) == ends for one in ways)


def _place(source: str) -> str:
    return f"{source}/*" if named(source).kind == "bucket" else source


def _recursion(function: str) -> Read:
    return Read(service="lambda", operation="GetFunctionRecursionConfig", params={"FunctionName": function})


def _told(path: Sequence[str]) -> Loop:
    words = " > ".join(f"{named(one).kind} {named(one).name}" for one in (*path, path[0]))
    return Loop(path[0], f"events go round: {words}")


def _writes(function: str, source: str, allowed: bool) -> Loop:
    what = f"{named(source).kind} {named(source).name}"
    stops = (
        "which its recursion settings allow"
        if allowed
        else "which Lambda stops after about 16 times where it sees it"
    )
    says = f"function {named(function).name} gets the events of {what} and may write there, {stops}"
    return Loop(source, says, str(named(function).name), allowed)
