"""Reads what a replay would reach, and whether an archive has the events of that time at all."""

from typing import ClassVar

from pydantic import Field

from opsctl.events.archives import DAY_S, BusFound, EventArchive, bus_name, moment, read_bus, seconds_of
from opsctl.events.kms_keys import read_keys, what_key_refuses
from opsctl.events.replay_targets import ReplayedRule, read_rules
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value
from opsctl.resources.event_patterns import Pattern
from opsctl.resources.queue_facts import QueueFacts, find_queue

EVENTS = "events.amazonaws.com"
FRESH_S = 600
STATEMENTS_AT_MOST = 20
"""Of a queue's policy (SQS guide, "Amazon SQS policy quotas")."""


class BusReplay(Value):
    """What a replay of a span of event time reaches.

    `not_archived` says why no archive has all of it, `fresh` that its end may not be in the archive yet. `rules`
    are the ARNs that the replay is limited to, none where it goes to all; `reached` the rules that get the events.
    `useless` are rules that were named and would get nothing. `repeats` is known to be harmful twice, `unsure` is
    not known to be harmless.
    """

    bus: str
    bus_arn: str
    start: str
    end: str
    archive: str = ""
    archive_arn: str = ""
    partial: str = ""
    not_archived: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    reached: tuple[str, ...] = ()
    useless: tuple[str, ...] = ()
    repeats: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    no_dead_letter: tuple[str, ...] = ()
    rows: tuple[dict[str, Json], ...] = ()
    queue: QueueFacts | None = None
    queue_refused: tuple[str, ...] = ()


class EventsReplayFact(Fact):
    """Read a bus, its archives and rules, and which of them a replay would reach."""

    name: ClassVar[str] = "events.replay"
    Result: ClassVar[type[Value]] = BusReplay
    services: ClassVar[tuple[str, ...]] = ("events",)

    bus: str = Field(description="Name or ARN of the event bus.")
    start: str = Field(description="First moment, with time and zone.")
    end: str = Field(description="Last moment, with time and zone.")
    rules: tuple[str, ...] = Field((), description="Names of the rules that get the events.")
    everything: bool = Field(False, description="All rules of the bus get them.")
    into: str = Field("", description="Name, URL or ARN of the one queue that gets them.")
    pattern: str = Field("", description="Event pattern in JSON of what goes into that queue.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the bus with its archives, then its rules, then the queue."""
        self._check_how()
        start, end = seconds_of(self.start, "start"), seconds_of(self.end, "end")
        if start >= end:
            raise InvalidInput.one(
                f"the time ends at {moment(end)} and begins at {moment(start)}",
                source="end",
                hint="AWS takes a beginning that is before the end, and not the same",
            )
        bus = yield from read_bus(bus_name(self.bus, about))
        archive = _covering(bus, start, about.now)
        found = BusReplay(
            bus=bus.name,
            bus_arn=bus.arn,
            start=moment(start),
            end=moment(end),
            archive=archive.says if archive else "",
            archive_arn=archive.arn if archive else "",
            partial=archive.pattern if archive else "",
            not_archived=() if archive else _why_not(bus, start, about.now),
            fresh=(f"{moment(end)} is after {moment(about.now - FRESH_S)}",) if end > about.now - FRESH_S else (),
        )
        rules = yield from read_rules(bus.name, about)
        if self.into:
            return (yield from self._into(found, rules, about))
        return self._to(found, rules)

    def _check_how(self) -> None:
        given = [bool(self.rules), self.everything, bool(self.into)]
        if sum(given) != 1:
            raise InvalidInput.one(
                "say who gets the events: --rule, --into or --all-rules, one of them",
                source="rules",
                hint="--into QUEUE reaches no other consumer",
            )
        if self.pattern and not self.into:
            raise InvalidInput.one(
                "a pattern is for --into; a rule has its own", source="pattern", hint="leave --pattern out"
            )
        if self.pattern:
            try:
                told = Pattern(self.pattern)
            except ValueError as fault:
                raise InvalidInput.one(f"EventBridge refuses the pattern: {fault}", source="pattern") from None
            if "replay-name" in told.names:
                raise InvalidInput.one("replay-name is set to this replay's own", source="pattern")

    def _to(self, found: BusReplay, rules: list[ReplayedRule]) -> BusReplay:
        known = {one.name: one for one in rules}
        strangers = [one for one in self.rules if one not in known]
        if strangers:
            raise InvalidInput.one(
                f"bus {found.bus} has no rule {', '.join(strangers)} with a pattern",
                source="rules",
                hint=f"it has {', '.join(known) or 'none'}",
            )
        asked = [known[name] for name in self.rules] if self.rules else rules
        got = [one for one in asked if one.takes_part]
        useless = [f"rule {one.name}: {_state(one)}" for one in asked if not one.takes_part] if self.rules else []
        if self.everything and not got:
            useless = [f"bus {found.bus}: no rule is enabled and takes replays"]
        return found.model_copy(
            update={
                "rules": tuple(one.arn for one in asked) if self.rules else (),
                "reached": tuple(one.name for one in got),
                "useless": tuple(useless),
                "repeats": tuple(f"rule {one.name}: {text}" for one in got for text in one.repeats),
                "unsure": tuple(f"rule {one.name}: {text}" for one in got for text in one.unknown),
                "no_dead_letter": tuple(f"rule {one.name}: {what}" for one in got for what in one.no_dead_letter),
                "rows": _rows(rules, got),
            }
        )

    def _into(self, found: BusReplay, rules: list[ReplayedRule], about: Context) -> Fetching[BusReplay]:
        queue = yield from find_queue(self.into, about, source="into")
        refused = []
        if queue.fifo:
            refused.append(f"{queue.name} is a FIFO queue, and a replay has no order: take a standard one")
        if queue.statements >= STATEMENTS_AT_MOST:
            refused.append(f"{queue.name}: its policy has {queue.statements} statements, and SQS takes no more")
        if queue.key:
            keys = yield from read_keys([queue.key])
            why, _ = what_key_refuses(
                keys[queue.key], service=EVENTS, on_behalf_of=found.bus_arn, account=about.account
            )
            refused += [f"{queue.name}: {why}"] if why else []
        return found.model_copy(update={"queue": queue, "queue_refused": tuple(refused), "rows": _rows(rules, [])})


def _covering(bus: BusFound, start: float, now: float) -> EventArchive | None:
    """The archive that has events from that moment on; one that keeps everything before one that keeps a part."""
    usable = [one for one in bus.archives if one.created <= start and _kept_from(one, now) <= start]
    return min(usable, key=lambda one: (bool(one.pattern), one.created), default=None)


def _kept_from(archive: EventArchive, now: float) -> float:
    return now - archive.days * DAY_S if archive.days else 0.0


def _why_not(bus: BusFound, start: float, now: float) -> tuple[str, ...]:
    if not bus.archives:
        return (f"bus {bus.name} has no archive: what came at {moment(start)} was not kept",)
    return tuple(
        f"archive {one.name} was made at {moment(one.created)}, after {moment(start)}"
        if one.created > start
        else f"archive {one.name} keeps {one.days} days: from {moment(_kept_from(one, now))}, not {moment(start)}"
        for one in bus.archives
    )


def _state(rule: ReplayedRule) -> str:
    if not rule.enabled:
        return "it is disabled"
    return "its pattern keeps replays out" if rule.keeps_out else "it takes replays"


def _rows(rules: list[ReplayedRule], got: list[ReplayedRule]) -> tuple[dict[str, Json], ...]:
    return tuple(
        {
            "rule": one.name,
            "gets": "yes" if one in got else f"no{'' if one.takes_part else f', {_state(one)}'}",
            "targets": ", ".join(one.targets) or "none",
        }
        for one in rules
    )
