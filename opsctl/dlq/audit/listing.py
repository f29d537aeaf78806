"""The list of a region's dead-letter queues, most urgent first; pure."""

from typing import Literal

from opsctl.dlq.audit.alarms import Alarm, watching
from opsctl.dlq.audit.candidates import idle, serving
from opsctl.dlq.audit.fixes import resume
from opsctl.dlq.audit.metrics import arrivals_per_hour, oldest_s
from opsctl.dlq.audit.region import QueueSeen, Region, Source, SourceKind, function_in, name_in
from opsctl.dlq.names import looks_dead
from opsctl.model.value import Value
from opsctl.resources.resource_policies import sources_named_in

URGENT_S = 86_400
_MANY = {
    "queue": "queues",
    "function": "functions",
    "version": "versions of functions",
    "destination": "on-failure destinations",
    "mapping": "event source mappings",
    "subscription": "subscriptions",
    "target": "rule targets",
    "bus": "event buses",
    "schedule": "schedules",
}
State = Literal["serving", "parked", "serves nothing", "source gone", "does not exist", "elsewhere", "unreadable"]
Alarmed = Literal["none", "ok", "alarm", "no data", "unheard", "unknown", ""]


class RowSource(Value):
    """One source of dead letters as a row shows it."""

    kind: SourceKind
    name: str
    arn: str
    says: str


class DeadLetterRow(Value):
    """A queue or topic that takes dead letters. Times in seconds; None is what could not be told.

    `left_s` is how long the oldest message still has; `left_at_most` marks that it has less by the time it
    spent in its source queue, whose clock a standard queue does not restart.
    """

    name: str
    arn: str
    type: Literal["standard", "fifo", "topic"]
    state: State
    sources: tuple[RowSource, ...] = ()
    depth: int | None = None
    in_flight: int = 0
    oldest_s: int | None = None
    arrivals_per_hour: float | None = None
    retention_s: int | None = None
    left_s: int | None = None
    left_at_most: bool = False
    alarm: Alarmed = ""
    alarms: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def rows_of(region: Region) -> tuple[DeadLetterRow, ...]:
    """Every dead-letter queue: messages about to die first, then by depth; what is broken before what is empty."""
    rows = [_served(arn, region) for arn in serving(region)]
    rows += [_idle(region.queues[arn], region) for arn in idle(region)]
    rows += [
        DeadLetterRow(name=name, arn="", type=_type(name), state="unreadable")
        for name in region.unreadable
        if looks_dead(name) and name not in {row.name for row in rows}
    ]
    return tuple(sorted(rows, key=_urgency))


def _urgency(row: DeadLetterRow) -> tuple[int, int, int, str]:
    if row.depth and row.left_s is not None and row.left_s <= URGENT_S:
        return (0, row.left_s, -row.depth, row.name)
    if row.depth or row.state == "does not exist":
        return (1, 0, -(row.depth or 0), row.name)
    return (2, int(row.state == "serving"), 0, row.name)


def _served(arn: str, region: Region) -> DeadLetterRow:
    sources = region.into(arn)
    shown = tuple(_shown(one) for one in sources)
    if arn.split(":")[2] == "sns":
        return _topic(arn, shown, region)
    if arn in region.queues:
        moved = any(one.kind == "queue" for one in sources)
        return _queue(region.queues[arn], "serving", shown, (), region, moved=moved)
    row = DeadLetterRow(name=name_in(arn), arn=arn, type=_type(arn), state="does not exist", sources=shown)
    if not region.is_home(arn):
        return row.model_copy(update={"state": "elsewhere", "notes": (_where(arn, region),)})
    if name_in(arn) in region.unreadable or ("queue" in region.blind and not region.queues):
        return row.model_copy(update={"state": "unreadable"})
    return row.model_copy(
        update={"notes": ("failures are lost, or retried in the source queue until they expire",)}
    )


def _topic(arn: str, sources: tuple[RowSource, ...], region: Region) -> DeadLetterRow:
    seen = region.topics.get(arn)
    state: State = "serving"
    notes = ["a topic stores nothing: without subscriptions the messages are lost"]
    if not region.is_home(arn):
        state, notes = "elsewhere", [_where(arn, region)]
    elif seen is None or seen.exists is None:
        state = "unreadable"
    elif not seen.exists:
        state = "does not exist"
    else:
        count = seen.subscribers
        notes.append(f"{count} subscription{'s' if count != 1 else ''}" if count else "it has no subscriptions")
    return DeadLetterRow(
        name=name_in(arn), arn=arn, type="topic", state=state, sources=sources, notes=tuple(notes)
    )


def _idle(seen: QueueSeen, region: Region) -> DeadLetterRow:
    """A queue that nothing sends failures to: what once did, as far as its policies still tell."""
    if seen.parked_by:
        note = (
            f"holds messages of {name_in(seen.parked_of)} that run {seen.parked_by} parked: {resume(seen, region)}"
        )
        return _queue(seen, "parked", (), (note,), region, moved=False)
    gone, notes = [], []
    for arn in seen.allowed:
        if arn in region.queues:
            notes.append(f"its RedriveAllowPolicy names queue {name_in(arn)}, which does not use it")
        elif name_in(arn) not in region.unreadable:
            gone.append(f"queue {name_in(arn)}")
    for arn in sources_named_in(seen.policy):
        kind, name, exists = _named(arn, region)
        if exists is False:
            gone.append(f"{kind} {name}")
        elif kind:
            notes.append(f"its policy lets {kind} {name} send to it")
    if gone:
        notes.insert(0, f"gone: {', '.join(dict.fromkeys(gone))}")
    hidden = [words for kind, words in _MANY.items() if kind in region.blind]
    if hidden:
        notes.append(f"not certain: not all {', '.join(hidden)} were read")
    state: State = "source gone" if gone else "serves nothing"
    return _queue(seen, state, (), tuple(dict.fromkeys(notes)), region, moved=True)


def _named(arn: str, region: Region) -> tuple[str, str, bool | None]:
    """What an ARN in a policy is, and whether it exists; None when that was not read."""
    parts = arn.split(":")
    if len(parts) < 6 or "*" in arn or not region.is_home(arn):
        return "", "", None
    if parts[2] == "events" and parts[5].startswith("rule/"):
        exists = True if arn in region.rules else None if "target" in region.blind else False
        return "rule", parts[5].removeprefix("rule/"), exists
    if function_in(arn):
        exists = True if function_in(arn) in region.functions else None if "function" in region.blind else False
        return "function", function_in(arn), exists
    return ("topic", parts[5], None) if parts[2] == "sns" else ("", "", None)


def _queue(
    seen: QueueSeen,
    state: State,
    sources: tuple[RowSource, ...],
    notes: tuple[str, ...],
    region: Region,
    *,
    moved: bool,
) -> DeadLetterRow:
    facts = seen.facts
    oldest = oldest_s(facts.name, region) if facts.total else 0
    found = watching(region.alarms_about(facts.name), facts.name)
    taking = [f"function {one.function} consumes it" for one in region.consumers_of(facts.arn)]
    onward = [f"has the dead-letter queue {name_in(facts.dead_letter_arn)}"] if facts.dead_letter_arn else []
    return DeadLetterRow(
        name=facts.name,
        arn=facts.arn,
        type=_type(facts.arn),
        state=state,
        sources=sources,
        depth=facts.total,
        in_flight=facts.hidden,
        oldest_s=oldest,
        arrivals_per_hour=arrivals_per_hour(facts.name, facts.total, region),
        retention_s=facts.retention_s,
        left_s=None if oldest is None or not facts.total else max(0, facts.retention_s - oldest),
        left_at_most=moved and not facts.fifo,
        alarm="unknown" if not found and "alarm" in region.blind else _alarmed(found),
        alarms=tuple(one.name for one in found),
        notes=(*notes, *taking, *onward),
    )


def _alarmed(found: list[Alarm]) -> Alarmed:
    """The worst of a queue's alarms; one that nobody hears counts only when there is no other."""
    heard = [one.state for one in found if one.heard]
    if not heard:
        return "unheard" if found else "none"
    return "alarm" if "ALARM" in heard else "ok" if "OK" in heard else "no data"


def _shown(source: Source) -> RowSource:
    return RowSource(kind=source.kind, name=source.name, arn=source.arn, says=source.says())


def _type(name: str) -> Literal["standard", "fifo"]:
    return "fifo" if name.endswith(".fifo") else "standard"


def _where(arn: str, region: Region) -> str:
    parts = arn.split(":")
    if parts[4] != region.account:
        return f"in account {parts[4]}: use credentials of that account"
    return f"in {parts[3]}: look with --region {parts[3]}"
