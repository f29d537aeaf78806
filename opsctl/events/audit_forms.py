"""Steps over which a message comes in another form than the next step looks for; pure.

Sources: SNS guide, "Raw message delivery" and "Message attributes" (raw delivery of more than ten attributes is
discarded); S3, EventBridge and CloudWatch publish to a topic without attributes, so that a filter on attributes
that have to be there takes nothing of theirs; Lambda guide, "Event filtering" (what a filter does not match is
deleted).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from opsctl.events.hops import Hop
from opsctl.events.selections import FilterSelection, MappingSelection
from opsctl.events.walking import Way
from opsctl.model.value import Json
from opsctl.resources.event_patterns import Pattern
from opsctl.resources.sns_filters import ATTRIBUTES

_ENVELOPE: dict[str, Json] = {"Type": "Notification"}
_MEMBERS = frozenset(
    ("Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "MessageAttributes", "SequenceNumber")
)
_WITHOUT_ATTRIBUTES = ("bucket", "rule", "alarm")
_FORMS = {"notification": "in the envelope of SNS", "records": "as S3's records", "same": "raw"}


class FormTrouble(NamedTuple):
    """A finding, the way it is on, and what is wrong there; `subscription` would fit were its delivery `raw`."""

    id: str
    way: Way
    what: str
    subscription: Way | None = None
    raw: bool = True


def troubles_of_forms(ways: Sequence[Way], kinds: Mapping[str, str]) -> Iterator[FormTrouble]:
    """Go through what cannot fit; `kinds` are those of the resources by their ARNs."""
    into: dict[str, list[Way]] = {}
    for way in ways:
        if not way.edge.failure and way.edge.verdict != "blocked":
            into.setdefault(way.edge.target, []).append(way)
    for way in ways:
        if way.edge.failure:
            continue
        senders = into.get(way.edge.source, [])
        yield from _filters(way, senders, kinds)
        if kinds.get(way.edge.source) == "queue" and isinstance(way.hop.takes, MappingSelection):
            yield from _mapping(way, way.hop.takes, senders)
    for arn, senders in into.items():
        if kinds.get(arn) == "queue":
            yield from _mixed(senders)


def _filters(way: Way, senders: Sequence[Way], kinds: Mapping[str, str]) -> Iterator[FormTrouble]:
    """A subscription's filter on attributes, behind senders that have none."""
    takes = way.hop.takes
    if not isinstance(takes, FilterSelection) or takes.scope != ATTRIBUTES or way.edge.verdict != "filtered":
        return
    plain = [one for one in senders if kinds.get(one.edge.source) in _WITHOUT_ATTRIBUTES]
    if not plain or _takes_nothing_told(takes):
        return
    names = ", ".join(dict.fromkeys(_short(one.edge.source) for one in plain))
    yield FormTrouble("filter-never", way, f"its filter asks for message attributes, and {names} sends none")


def _takes_nothing_told(takes: FilterSelection) -> bool:
    try:
        return Pattern(takes.policy).matches({})
    except ValueError:
        return True


def _mapping(way: Way, takes: MappingSelection, senders: Sequence[Way]) -> Iterator[FormTrouble]:
    """A mapping's filter on the body, where all that comes is in an envelope, or all raw."""
    wrapped = [one for one in senders if one.hop.makes == "notification"]
    if wrapped and len(wrapped) == len(senders) and not any(_may_match(one, _ENVELOPE) for one in takes.patterns):
        what = "its filter asks for members of the message, which SNS puts as text into Message: all is deleted"
        yield FormTrouble("envelope-unexpected", way, what, wrapped[0])
    asked = {name.split(".")[1] for text in takes.patterns for name in _asks(text) if name.startswith("body.")}
    raw = [one for one in senders if one.hop.makes == "same" and isinstance(one.hop.takes, FilterSelection)]
    if raw and len(raw) == len(senders) and asked & {"TopicArn", "MessageId", "Message"}:
        what = "its filter asks for members of the envelope of SNS, and raw delivery sends none: all is deleted"
        yield FormTrouble("envelope-unexpected", way, what, raw[0], raw=False)


def _may_match(pattern: str, envelope: dict[str, Json]) -> bool:
    """Whether a filter can take what comes in an envelope: it asks for nothing but what is in one."""
    try:
        asked = {name.split(".")[1] for name in Pattern(pattern).asks if name.startswith("body.")}
        return asked <= _MEMBERS or Pattern(pattern).matches({"body": envelope})
    except ValueError:
        return True


def _asks(pattern: str) -> frozenset[str]:
    try:
        return Pattern(pattern).asks
    except ValueError:
        return frozenset()


def _mixed(senders: Sequence[Way]) -> Iterator[FormTrouble]:
    """A queue that gets the same kind of thing in several forms, of which a consumer has to know all."""
    forms = {one.hop.makes: one for one in senders if one.hop.makes in _FORMS and _publishes(one.hop)}
    if len(forms) > 1:
        told = " and ".join(
            f"{_FORMS[made]} from {_short(one.edge.source)}" for made, one in sorted(forms.items())
        )
        wrapped = forms.get("notification")
        yield FormTrouble("envelope-unexpected", forms[min(forms)], f"messages come {told}", wrapped)


def _publishes(hop: Hop) -> bool:
    """Whether a hop is one of a topic or a bucket, and not a mapping or a dead-letter queue."""
    return isinstance(hop.takes, FilterSelection) or hop.makes == "records"


def _short(arn: str) -> str:
    return arn.rpartition(":")[2].rpartition("/")[2]


def raw_of(ways: Sequence[Way]) -> dict[str, list[Way]]:
    """The steps with raw delivery by the ARN of the topic, where nothing stops any step of it."""
    found: dict[str, list[Way]] = {}
    stopped = {one.edge.source for one in ways if one.edge.verdict in ("blocked", "unknown")}
    for way in ways:
        raw = way.hop.makes == "same" and isinstance(way.hop.takes, FilterSelection) and not way.edge.failure
        if raw and way.edge.source not in stopped:
            found.setdefault(way.edge.source, []).append(way)
    return found
