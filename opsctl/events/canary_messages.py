"""The messages by which a fan-out is tried: marked, and such that every filter or pattern takes one; pure.

What is made is judged by the evaluators of filters and patterns: what no simple value passes is not tried.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from opsctl.model.value import Json, Value
from opsctl.resources.event_patterns import Pattern, parsed
from opsctl.resources.sns_filters import ATTRIBUTES, BODY, FilterPolicy

MARK_NAME = "opsctl-canary"
SOURCE, DETAIL_TYPE = "opsctl.canary", "opsctl canary"
ENTRIES_AT_MOST = 10


class CanarySend(Value):
    """One call that sends a canary, without what only the run knows."""

    operation: str
    params: dict[str, Json]


class CanaryPlan(Value):
    """What is sent, and the queues that no simple message reaches, each with its filter.

    `copies` says of which queues more than one of the messages are chosen for, and how many.
    """

    sends: tuple[CanarySend, ...]
    untried: tuple[str, ...] = ()
    copies: dict[str, int] = {}


def topic_canary(topic: str, mark: str, filters: Mapping[str, str], scope: str) -> CanaryPlan:
    """One message to a topic that as many filters as possible take; `filters` by queue."""
    wanted: dict[str, Json] = {}
    for policy in filters.values():
        wanted |= {name: value for name, value in _sampled(json.loads(policy)).items() if name not in wanted}
    attributes: dict[str, Json] = {MARK_NAME: {"DataType": "String", "StringValue": mark}}
    body: dict[str, Json] = {MARK_NAME: mark}
    if scope == BODY:
        body |= wanted
    else:
        attributes |= {name: _attribute(value) for name, value in wanted.items()}
    text = json.dumps(body, sort_keys=True)
    untried = [
        f"{queue}: no simple message passes its filter {policy}"
        for queue, policy in filters.items()
        if not FilterPolicy(policy, scope=scope or ATTRIBUTES).takes(text, attributes)
    ]
    params: dict[str, Json] = {"TopicArn": topic, "Message": text, "MessageAttributes": attributes}
    if topic.endswith(".fifo"):
        params |= {"MessageGroupId": MARK_NAME, "MessageDeduplicationId": mark}
    return CanaryPlan(sends=(CanarySend(operation="Publish", params=params),), untried=tuple(untried))


def bus_canary(bus: str, mark: str, patterns: Mapping[str, Json], about: Mapping[str, str]) -> CanaryPlan:
    """One event for each pattern; `about` is what every event here has: its account and Region."""
    entries: list[dict[str, Json]] = []
    untried = []
    for queue, pattern in patterns.items():
        entry = _entry(bus, mark, pattern)
        asked = Pattern(json.dumps(pattern))
        if entry is None or not asked.matches(_arrived(entry, about)):
            untried.append(f"{queue}: no simple event is chosen by its pattern")
        elif not any(asked.matches(_arrived(one, about)) for one in entries):
            entries.append(entry)
    events = [_arrived(one, about) for one in entries]
    counts = {queue: sum(map(Pattern(json.dumps(pattern)).matches, events)) for queue, pattern in patterns.items()}
    batches = [entries[start : start + ENTRIES_AT_MOST] for start in range(0, len(entries), ENTRIES_AT_MOST)]
    sends = [CanarySend(operation="PutEvents", params={"Entries": list(one)}) for one in batches]
    copies = {queue: count for queue, count in counts.items() if count > 1}
    return CanaryPlan(sends=tuple(sends), untried=tuple(untried), copies=copies)


def _entry(bus: str, mark: str, pattern: Json) -> dict[str, Json] | None:
    sample = _sampled(pattern)
    source, detail = str(sample.get("source", SOURCE)), sample.get("detail") or {}
    if source.startswith("aws.") or not isinstance(detail, dict):
        return None
    return {
        "EventBusName": bus,
        "Source": source or SOURCE,
        "DetailType": str(sample.get("detail-type", DETAIL_TYPE)),
        "Detail": json.dumps({**detail, MARK_NAME: mark}, sort_keys=True),
    }


def _arrived(entry: Mapping[str, Json], about: Mapping[str, str]) -> Json:
    """The event that a rule sees of an entry; what AWS adds and nobody knows before is left out."""
    told = {
        "source": entry["Source"],
        "detail-type": entry["DetailType"],
        "detail": json.loads(str(entry["Detail"])),
    }
    return parsed(json.dumps({"version": "0", "resources": [], **about, **told}))


def _sampled(pattern: Mapping[str, Json]) -> dict[str, Json]:
    """A value for each name that a pattern asks for, where one is simple to say."""
    found: dict[str, Json] = {}
    for name, asked in pattern.items():
        if isinstance(asked, dict):
            found[name] = _sampled(asked)
        elif isinstance(asked, list):
            value = next(_values(asked), None)
            found |= {} if value is None else {name: value}
    return found


def _values(asked: Sequence[Json]) -> Iterator[Json]:
    for one in asked:
        if isinstance(one, (str, int, float)) and not isinstance(one, bool):
            yield one
        elif isinstance(one, dict):
            if isinstance(one.get("prefix"), str):
                yield one["prefix"] or SOURCE
            elif isinstance(one.get("suffix"), str):
                yield one["suffix"]
            elif one.get("exists") is True:
                yield "canary"
            elif isinstance(one.get("numeric"), list) and one["numeric"][:1] in (["="], [">="], ["<="]):
                yield one["numeric"][1]
            elif "anything-but" in one:
                yield MARK_NAME


def _attribute(value: Json) -> dict[str, Json]:
    is_number = isinstance(value, (int, float))
    return {"DataType": "Number" if is_number else "String", "StringValue": str(value)}
