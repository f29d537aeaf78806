"""The record of blocks in the account: tags on the resource that carries them.

One run writes one record on each resource: the tag `opsctl:block/RUN`, and `opsctl:block/RUN/2` and so on where
the addresses need more room. A value begins with addresses; words like `until=` follow, and the reason comes last.
More addresses than that stand in an IP set that no rule uses, and the record is a tag of that set.
Nobody else writes these keys, so that runs at the same time never overwrite each other's. An address that several
records name ends when the last of them does, and each of them holds it until it is taken back or has ended.

AWS's limits: 50 tags a resource, 256 characters a value, 128 a key; of characters, letters, digits, spaces and
`_ . : / = + - @` (WAFV2 API reference, Tag; EC2 user guide, Using_Tags).
"""

import hashlib
import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Literal

from pydantic import ConfigDict

from opsctl.block.terms import NEVER, Term, parse_moment, seconds_of
from opsctl.block.topology.finding import target_text
from opsctl.model.countries import countries_led_by
from opsctl.model.errors import InvalidInput
from opsctl.model.networks import covers, led_by, normal, parse_network, plain_addresses
from opsctl.model.value import Value

PREFIX = "opsctl:block/"
TAGS_AT_MOST = 50
VALUE_AT_MOST = 256
PARTS_AT_MOST = 10
"""Tags that one record may take, so that others have room; what needs more stands in a list of its own."""

LIST_PREFIX = "opsctl-list-"
"""How the IP sets are called that only say which addresses a record is about; no rule uses them."""

LIST_KEY = "opsctl:list"
"""The tag of an IP set that is kept equal to a feed: the name of the list, and what else a record says."""

SYNC_PREFIX = "opsctl-sync-"
"""How the IP sets are called that are kept equal to a feed; everything in them is of the list."""

EXTENDS = "+"
"""Behind the id of a run that extends blocks: it may put others at the same place, with their own record."""

_NOT_TAGGED = re.compile(r"[^A-Za-z0-9 _.:/=+\-@]+")
_WORDS = {
    "until": "until",
    "since": "since",
    "by": "by",
    "for": "incident",
    "at": "target",
    "via": "via",
}
_ROOM = {"by": 40, "for": 30}


class BlockRecord(Value):
    """What one run recorded on one resource; `run` is its id. On a distribution the networks are countries.

    `listed_in` is the name of the IP set that has the addresses, and the record, where the tags of what carries
    the block had no room for them. `list_name` is the name of the list that the set is kept equal to: then it is
    about whatever is in the set. `tags` is the record as it stands there. `parts` are networks that are blocked in
    a wider one alone, which was put together of them to make room, each with that one.
    """

    run: str
    networks: tuple[str, ...]
    until: str
    since: str = ""
    by: str = ""
    reason: str = ""
    incident: str = ""
    target: str = ""
    via: str = ""
    listed_in: str = ""
    list_name: str = ""
    tags: dict[str, str] = {}
    parts: dict[str, str] = {}

    def place(self, network: str) -> str:
        """Return what blocks a network of the record: itself, or the wider one that it is a part of."""
        return self.parts.get(network, network)

    @property
    def key(self) -> str:
        """The tag that the record begins in."""
        return f"{PREFIX}{self.run}"

    def is_for(self, other: "BlockRecord | Term") -> bool:
        """Tell whether a record stands for the same need: one incident's at a target, else one person's there.

        Of the records of one need the one that ends last says all; those of different needs hold a block
        until the last of them is taken back.
        """
        if not is_recorded_for(other.target, self.target):
            return False
        if other.incident or self.incident:
            return is_recorded_as(other.incident, self.incident)
        return is_recorded_as(other.by, self.by)


class BlockList(Value):
    """An IP set that no rule uses: it only says which addresses the record among its tags is about."""

    name: str
    arn: str
    version: Literal[4, 6]
    addresses: tuple[str, ...]
    tags: dict[str, str] = {}


class Ledger(Value):
    """The records on one resource and in the lists of it, by name, and how many tags the resource has in all."""

    model_config = ConfigDict(ignored_types=(cached_property,))

    records: tuple[BlockRecord, ...] = ()
    tags: int = 0
    lists: tuple[str, ...] = ()

    @property
    def keys(self) -> list[str]:
        """The tags of the resource that records are in."""
        return [key for one in self.records if not one.listed_in and not one.list_name for key in one.tags]

    def of(self, network: str) -> BlockRecord | None:
        """The record that counts for an address or block: of those that name it, the one that ends last."""
        return self._that_counts.get(network)

    @property
    def networks(self) -> Collection[str]:
        """All that records name."""
        return self._by_network.keys()

    def every(self, network: str) -> Sequence[BlockRecord]:
        """All records that name an address or block, the one that ends last first."""
        return self._by_network.get(network, ())

    def is_outlasted(self, record: BlockRecord, network: str) -> bool:
        """Tell whether a record says nothing of a network, for another of the same need ends later."""
        longer = itertools.takewhile(lambda one: one != record, self.every(network))
        return any(record.is_for(one) for one in longer)

    @cached_property
    def _that_counts(self) -> dict[str, BlockRecord]:
        return {network: found[0] for network, found in self._by_network.items()}

    @cached_property
    def _by_network(self) -> dict[str, list[BlockRecord]]:
        in_order = sorted(self.records, key=lambda one: (seconds_of(one.until), one.since))[::-1]
        found: dict[str, list[BlockRecord]] = {}
        for one in in_order:
            for network in dict.fromkeys((*one.networks, *one.parts.values())):
                found.setdefault(network, []).append(one)
        return found


def key_of(run: str) -> str:
    """Return the tag that a run's record begins in; the other tags of the record begin with it."""
    return f"{PREFIX}{run}"


def list_prefix(carrier: str) -> str:
    """Return how the lists of an IP set are called; the id of the run follows."""
    return f"{LIST_PREFIX}{hashlib.sha256(carrier.encode()).hexdigest()[:8]}-"


def tags_of(run: str, networks: Sequence[str], term: Term) -> dict[str, str]:
    """Return the tags of a record: the addresses beside the rest where they fit, else in tags of their own.

    Without addresses it is the record of a list, which has them itself.
    """
    named = [plain_addresses(one) for one in networks]
    head = _head(term)
    alone = " ".join([*named, head])
    if len(alone) <= VALUE_AT_MOST:
        return {key_of(run): _with_reason(alone, term.reason)}
    parts = _parts(named)
    more = {f"{key_of(run)}/{number}": part for number, part in enumerate(parts, start=2)}
    return {key_of(run): _with_reason(head, term.reason), **more}


def list_tag(name: str, term: Term) -> dict[str, str]:
    """Return the tag that says which list an IP set is kept equal to, since when, by whom, where and why."""
    return {LIST_KEY: _with_reason(_head(term, f"{name} "), term.reason)}


def parse_ledger(tags: Mapping[str, str], lists: Sequence[BlockList] = (), present: Sequence[str] = ()) -> Ledger:
    """Parse the tags of a resource, and those of the lists of it; `present` is what is in an IP set.

    A tag that looks like a record and is none is somebody else's, and says nothing.
    """
    listed = [
        record.model_copy(update={"networks": tuple(map(normal, one.addresses)), "listed_in": one.name})
        for one in lists
        for record in _records(one.tags)
    ]
    kept = _kept_equal(tags.get(LIST_KEY, ""), present)
    names = tuple(one.name for one in lists)
    return Ledger(records=(*_records(tags), *listed, *kept), tags=len(tags), lists=names)


def with_parts(ledger: Ledger, present: Collection[str]) -> Ledger:
    """Return a ledger that knows which of its networks are blocked in a wider one that is recorded as well."""
    gone = [parse_network(one) for record in ledger.records for one in record.networks if one not in present]
    wider = [parse_network(one) for one in present if one in ledger.networks] if gone else []
    held = {str(one): str(outer) for one in gone for outer in wider if covers(outer, one)}
    if not held:
        return ledger
    records = [
        record.model_copy(update={"parts": {one: held[one] for one in record.networks if one in held}})
        for record in ledger.records
    ]
    return Ledger(records=tuple(records), tags=ledger.tags, lists=ledger.lists)


def _kept_equal(text: str, present: Sequence[str]) -> list[BlockRecord]:
    name, _, rest = text.partition(" ")
    record = _record(name, {"": rest})
    if record is None:
        return []
    said = {"run": "", "list_name": name, "networks": tuple(map(normal, present)), "tags": {LIST_KEY: text}}
    return [record.model_copy(update=said)]


def _records(tags: Mapping[str, str]) -> list[BlockRecord]:
    runs: dict[str, dict[str, str]] = {}
    for key, value in tags.items():
        if key.startswith(PREFIX):
            run, _, part = key.removeprefix(PREFIX).partition("/")
            runs.setdefault(run, {})[part] = value
    found = (_record(run, parts) for run, parts in sorted(runs.items()))
    return [one for one in found if one is not None]


def tag_text(text: str, at_most: int = VALUE_AT_MOST) -> str:
    """Return a text in the characters that a tag takes everywhere, and no longer than it may be."""
    clean = " ".join(_NOT_TAGGED.sub(" ", text).split())
    return clean if len(clean) <= at_most else clean[: at_most - 3].rstrip() + "..."


def is_recorded_as(text: str, recorded: str) -> bool:
    """Tell whether a record means a text: it has the characters of tags alone, and is cut where it had no room."""
    clean = _word(text, max(len(text), VALUE_AT_MOST))
    return recorded == clean or (recorded.endswith("...") and clean.startswith(recorded.removesuffix("...")))


def is_recorded_for(target: str, recorded: str) -> bool:
    """Tell whether a record is for a target, however either was written: as a URL, with a port or a dot.

    Names of hosts are the same in capitals, and with the dot that ends them (RFC 4343, RFC 1034 section
    3.1). Other names are not.
    """
    return is_recorded_as(target, recorded) or is_recorded_as(_host(target), _host(recorded))


def _host(target: str) -> str:
    """Return a target as its name alone; what is no target stays what it is."""
    try:
        name = target_text(target)
    except InvalidInput:
        return target
    ends = name if name.endswith("...") else name.removesuffix(".")
    return ends.lower() if "." in ends and "/" not in ends else ends


def _head(term: Term, before: str = "") -> str:
    """Return all but the reason; the target has what is left."""
    words = {"until": term.until, "via": term.via, "since": term.since, "by": term.by, "for": term.incident}
    cut = {name: _word(text, _ROOM.get(name, VALUE_AT_MOST)) for name, text in words.items()}
    head = before + " ".join(f"{name}={text}" for name, text in cut.items() if text)
    target = _word(term.target, VALUE_AT_MOST - len(f"{head} at="))
    return f"{head} at={target}" if target else head


def _word(text: str, at_most: int) -> str:
    return tag_text(text, at_most).replace(" ", "-")


def _with_reason(head: str, reason: str) -> str:
    room = VALUE_AT_MOST - len(head) - len(" why=")
    said = tag_text(reason, room) if room > len("...") else ""
    return f"{head} why={said}" if said else head


def _parts(named: Sequence[str]) -> list[str]:
    parts: list[str] = []
    for one in named:
        if parts and len(parts[-1]) + 1 + len(one) <= VALUE_AT_MOST:
            parts[-1] += f" {one}"
        else:
            parts.append(one)
    return parts


def _record(run: str, parts: Mapping[str, str]) -> BlockRecord | None:
    text, _, reason = parts.get("", "").partition(" why=")
    words = dict(word.split("=", 1) for word in text.split() if "=" in word)
    told = {_WORDS[name]: value for name, value in words.items() if name in _WORDS}
    if not run or not _is_end(told.get("until", "")):
        return None
    texts = [text, *(value for part, value in parts.items() if part)]
    networks = led_by(texts) or countries_led_by(texts)
    return BlockRecord(
        run=run,
        networks=tuple(dict.fromkeys(networks)),
        reason=reason.strip(),
        tags={f"{key_of(run)}/{part}" if part else key_of(run): value for part, value in parts.items()},
        **told,
    )


def _is_end(text: str) -> bool:
    if text == NEVER:
        return True
    try:
        parse_moment(text)
    except ValueError:
        return False
    return True
