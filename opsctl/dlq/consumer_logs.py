"""What the log of a consumer says of a cause: by the invocations that the letters name, else at their time."""

from collections.abc import Iterable, Sequence

from opsctl.dlq.dead_letter import same_cause
from opsctl.dlq.function_changes import seconds
from opsctl.dlq.function_logs import ERRORS, LogLine, Searched, any_of, moment, search
from opsctl.dlq.grouping import CauseGroup, Latest
from opsctl.dlq.why import ConsumerFacts, LogFacts, SaidOften
from opsctl.model.fetching import Fetching, gather
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Value

LINES_AT_MOST = 4
REQUESTS_AT_MOST = 3
_BEFORE_S, _AFTER_S = 900, 60
_TOGETHER_S = 3600
_WAIT_AT_MOST_S = 21_600
_SAID_LAST = 2


class Window(Value):
    """A span of time, in seconds since the epoch."""

    start: float
    end: float


def logs_of(group: CauseGroup, consumer: ConsumerFacts, retried_s: int, now: float) -> Fetching[LogFacts]:
    """Search one consumer's log for one cause; three rounds of bounded searches."""
    named = _named(group.latest)
    if named:
        found = yield from _by_requests(consumer, named)
        if found is not None:
            return found
    window = window_of(group, retried_s, now)
    got = yield from search(consumer.log_group, ERRORS, window.start, window.end)
    facts = _facts(consumer, window, "errors", once([one for one in got.lines if one.bad]), got)
    full = any(one.of_mb and one.used_mb >= one.of_mb for one in got.lines)
    missed = (
        ("which lines belong to these messages, because none names its invocation",)
        if named and got.refusal is None
        else ()
    )
    return facts.model_copy(update={"memory_full": full, "unknown": (*facts.unknown, *missed)})


def window_of(group: CauseGroup, retried_s: int, now: float) -> Window:
    """When the newest letters failed.

    A letter of a queue tells when it was sent, and mostly when it was first received; it was tried from then on.
    Whoever delivers asynchronously writes the letter when the last try has failed.
    """
    newest = group.latest[0]
    sent = seconds(newest.sent)
    if group.kind != "sqs":
        return Window(start=sent - _BEFORE_S, end=min(now, sent + _AFTER_S))
    waits = min(max(retried_s, _BEFORE_S), _WAIT_AT_MOST_S)
    end = min(now, max(sent, seconds(newest.first_received)) + waits + _AFTER_S)
    return Window(start=max(sent - _AFTER_S, end - _WAIT_AT_MOST_S), end=end)


def _named(latest: Sequence[Latest]) -> list[Latest]:
    """The newest letters that name their invocation, as far as they are of about the same time."""
    named = [one for one in latest if one.request]
    if not named:
        return []
    newest = seconds(named[0].sent)
    return [one for one in named if newest - seconds(one.sent) <= _TOGETHER_S][:REQUESTS_AT_MOST]


def _by_requests(consumer: ConsumerFacts, named: Sequence[Latest]) -> Fetching[LogFacts | None]:
    """Find the last try of each invocation, then everything that was said during it; None when none is found."""
    times = [seconds(one.sent) for one in named]
    window = Window(start=min(times) - _BEFORE_S, end=max(times) + _AFTER_S)
    requests = [one.request for one in named]
    got = yield from search(consumer.log_group, any_of(requests), window.start, window.end)
    tries = [one for request in requests for one in _last_try(request, got.lines)]
    if not tries:
        return None if got.refusal is None else _facts(consumer, window, "requests", [], got)
    said = yield from gather(
        [search(consumer.log_group, "", one.start, one.end, stream=one.stream) for one in tries]
    )
    lines = [line for one in said for line in _telling(one.lines)]
    full = any(line.of_mb and line.used_mb >= line.of_mb for one in said for line in one.lines)
    refusal = next((one.refusal for one in said if one.refusal is not None), got.refusal)
    whole = Searched(whole=all(one.whole for one in said), refusal=refusal)
    return _facts(consumer, window, "requests", lines, whole).model_copy(update={"memory_full": full})


class _Try(Value):
    stream: str
    start: float
    end: float


def _last_try(request: str, lines: Sequence[LogLine]) -> list[_Try]:
    """The stream and the time of the last attempt: an environment does one invocation at a time."""
    mine = [one for one in lines if one.request == request or request in one.text]
    if not mine:
        return []
    stream = mine[-1].stream
    own = [one.at for one in mine if one.stream == stream]
    begun = [one.at for one in mine if one.stream == stream and one.text.startswith(("START", "platform.start"))]
    return [_Try(stream=stream, start=begun[-1] if begun else own[0], end=own[-1])]


def _telling(lines: Sequence[LogLine]) -> list[LogLine]:
    """The lines that tell of a failure; where none does, the last that the function itself wrote."""
    bad = once([one for one in lines if one.bad])
    return bad or [one for one in lines if one.said == "other" and one.text][-_SAID_LAST:]


def _facts(consumer: ConsumerFacts, window: Window, by: str, lines: Iterable[LogLine], got: Searched) -> LogFacts:
    unknown: tuple[str, ...] = ()
    if got.refusal is not None and got.refusal.kind is RefusalKind.MISSING:
        missing = "the log group does not exist: the function never ran, or its role may not write logs"
        unknown = (f"what {consumer.log_group} says, because {missing}",)
    elif got.refusal is not None:
        unknown = (f"what {consumer.log_group} says, because {got.refusal}",)
    return LogFacts.model_validate(
        {
            "consumer": consumer.asked,
            "group": consumer.log_group,
            "start": moment(window.start),
            "end": moment(window.end),
            "by": by,
            "lines": tuple(often(lines)[:LINES_AT_MOST]),
            "whole": got.whole,
            "unknown": unknown,
        }
    )


def once(lines: Sequence[LogLine]) -> list[LogLine]:
    """Leave out the reports of what another line of the same invocation tells already."""
    told = {(one.request, one.said) for one in lines if not one.report}
    return [one for one in lines if not one.report or (one.request, one.said) not in told]


def often(lines: Iterable[LogLine]) -> list[SaidOften]:
    """Count lines that are the same but for ids and numbers, most frequent first."""
    found: dict[tuple[str, str], list[LogLine]] = {}
    for one in lines:
        found.setdefault((one.said, same_cause(one.text)), []).append(one)
    made = [
        SaidOften(
            count=len(same),
            kind=same[-1].said,
            text=same[-1].text,
            place=same[-1].place,
            first=moment(same[0].at),
            last=moment(same[-1].at),
        )
        for same in found.values()
    ]
    return sorted(made, key=lambda one: (-one.count, one.first))
