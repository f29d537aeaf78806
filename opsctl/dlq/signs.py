"""What was seen that can explain dead letters, strongest first, and the commands that mend some of it; pure.

A sign is evidence, not a verdict: it says what was found, and when. What could not be read is no sign.
"""

from collections.abc import Iterator, Sequence

from opsctl.dlq.function_changes import seconds
from opsctl.dlq.grouping import CauseGroup
from opsctl.dlq.why import ConsumerFacts, LogFacts, MappingFacts, Measured
from opsctl.model.commands import Commands
from opsctl.model.spans import span

_RECENT_S = 86_400
_NEARLY = 0.95


def signs_of(
    group: CauseGroup, consumers: Sequence[ConsumerFacts], logs: Sequence[LogFacts], newest: float
) -> tuple[str, ...]:
    """Say what speaks for a cause; `newest` is when the newest letter had failed."""
    found: list[str] = []
    for one in consumers:
        found += _standing(one)
    for log in logs:
        asked = next(one for one in consumers if one.asked == log.consumer)
        found += _logged(log, asked)
    certain = any(log.by == "requests" and log.lines for log in logs)
    for one in consumers:
        found += _throttled(one)
        found += _changed(one, seconds(group.first), newest)
        # How all of its invocations went says little where the log tells of just these.
        found += () if certain else _measured(one)
    return tuple(dict.fromkeys(found))


def _standing(one: ConsumerFacts) -> Iterator[str]:
    """What would keep it from taking anything at this moment."""
    if one.existence == "gone":
        yield f"function {one.asked} does not exist any more"
    if one.state:
        yield f"function {one.asked} is not healthy: {one.state}"
    if one.reserved == 0:
        yield f"the reserved concurrency of function {one.name} is 0: every invocation of it is throttled"
    for mapping in one.mappings:
        place = mapping.source.split(":", 5)[-1]
        if mapping.off:
            why = f" ({mapping.reason})" if mapping.reason else ""
            yield f"the event source mapping from {place} is {mapping.state}{why}: no message is received"
        if mapping.last_result.startswith("PROBLEM"):
            yield f"the event source mapping from {place} says: {mapping.last_result}"


def _logged(log: LogFacts, one: ConsumerFacts) -> Iterator[str]:
    kinds = {line.kind: sum(same.count for same in log.lines if same.kind == line.kind) for line in log.lines}
    if "timeout" in kinds:
        limit = f"its timeout is {one.timeout_s} s" if one.timeout_s else "its timeout is unknown"
        yield f"function {one.asked} timed out: {limit} ({_times(kinds['timeout'])} in its log)"
    if "memory" in kinds or (log.memory_full and "error" not in kinds):
        size = f", {one.memory_mb} MB" if one.memory_mb else ""
        yield f"function {one.asked} used up its memory{size}"
    if "start-up" in kinds:
        yield f"the code of function {one.asked} cannot be loaded ({_times(kinds['start-up'])} in its log)"
    if "exit" in kinds and "memory" not in kinds:
        yield f"the process of function {one.asked} exited early ({_times(kinds['exit'])} in its log)"
    worst = next((line for line in log.lines if line.kind == "error"), None)
    if worst is not None:
        where = f", at {worst.place}" if worst.place else ""
        yield f"function {one.asked} logged {_times(worst.count)}: {worst.text}{where}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _throttled(one: ConsumerFacts) -> Iterator[str]:
    if one.around is not None and one.around.throttled:
        yield f"function {one.name} was throttled {_times(one.around.throttled)}, {_span(one.around)}"


def _measured(one: ConsumerFacts) -> Iterator[str]:
    around = one.around
    if around is None:
        return
    longest_s = (around.longest_ms or 0) / 1000
    if one.timeout_s and longest_s >= _NEARLY * one.timeout_s:
        yield f"the longest run of function {one.name} took {longest_s:.1f} s, its timeout is {one.timeout_s} s"
    if around.failed:
        yield f"{around.failed:,} of {around.invoked:,} invocations of function {one.name} failed, {_span(around)}"


def _span(around: Measured) -> str:
    return f"from {around.start} to {around.end}"


def _changed(one: ConsumerFacts, first: float, newest: float) -> Iterator[str]:
    at = seconds(one.changed) if one.changed else 0.0
    if not at or not first:
        return
    what = f"the {one.changed_what} of function {one.asked}" if one.changed_what else f"function {one.asked}"
    by = f" by {one.changed_by}" if one.changed_by else ""
    if at > newest:
        yield f"{what} was changed{by} {span(at - newest)} after the newest of these messages: it may be fixed"
    elif at > first:
        yield f"{what} was changed{by} at {one.changed}, between the first and the newest of these messages"
    elif first - at <= _RECENT_S:
        yield f"{what} was changed{by} {span(first - at)} before the first of these messages"


def fixes_of(consumers: Sequence[ConsumerFacts], commands: Commands) -> dict[str, str]:
    """The commands that undo what keeps a consumer from working, each with what it does."""
    found: dict[str, str] = {}
    for one in consumers:
        for mapping in one.mappings:
            if mapping.off:
                found |= _switch_on(mapping, one, commands)
        if one.reserved == 0:
            again = commands.aws("lambda", "delete-function-concurrency", "--function-name", one.name)
            found[again] = f"if this was not intended: removes the limit, function {one.name} runs again"
    return found


def _switch_on(mapping: MappingFacts, one: ConsumerFacts, commands: Commands) -> dict[str, str]:
    on = commands.aws("lambda", "update-event-source-mapping", "--uuid", mapping.id, "--enabled")
    return {on: f"if this was not intended: function {one.name} consumes its source again"}


def whole_log(log: LogFacts, commands: Commands) -> dict[str, str]:
    """The command that shows everything a consumer logged at that time."""
    times = [f"{seconds(at) * 1000:.0f}" for at in (log.start, log.end)]
    words = ("logs", "filter-log-events", "--log-group-name", log.group)
    shown = commands.aws(*words, "--start-time", times[0], "--end-time", times[1])
    return {shown: f"the whole log of function {log.consumer} of that time"}
