"""A dated list of published ranges, as a small text that people can read and compare.

The first line begins with `#` and gives name, date and origin. Then each group stands in a line of its own: where,
and for what; its ranges follow in indented lines.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import collapse_addresses
from pathlib import Path

from opsctl.model.networks import Network, parse_network
from opsctl.resources.special import shares

_HEAD = re.compile(r"# (?P<name>[^;\n]+); (?P<date>\d{4}-\d{2}-\d{2}); (?P<origin>[^\n]+)")
_GROUP = re.compile(r"(?P<where>\S+) (?P<services>\S+)")
_WIDE = {4: 8, 6: 16}
"""What is at least as narrow shares its first number with each range of a list that holds it."""
_LINE = 100


@dataclass(frozen=True, kw_only=True)
class Membership:
    """A range of a list that shares addresses with what was asked about."""

    cidr: str
    where: str
    services: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RangeList:
    """Ranges of one publisher, or of several, in the state of a day."""

    name: str
    date: str
    origin: str
    groups: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]

    @property
    def published_at(self) -> float:
        """The day, in seconds of UTC."""
        return datetime.fromisoformat(self.date).replace(tzinfo=UTC).timestamp()

    def age_d(self, now: float) -> int:
        """How many days old it is."""
        return max(0, int((now - self.published_at) // 86_400))

    def sharing(self, network: Network) -> list[Membership]:
        """Return the ranges that share an address with a network, the narrowest first."""
        start = _start_of(network)
        found = [
            (parse_network(cidr), Membership(cidr=cidr, where=where, services=services))
            for where, services, ranges in self.groups
            for cidr in ranges
            if cidr.startswith(start) and shares(network, parse_network(cidr))
        ]
        return [one for _, one in sorted(found, key=lambda item: -item[0].prefixlen)]


def _start_of(network: Network) -> str:
    """Return the text that any range sharing an address begins with; parsing all of a long list takes a while."""
    if network.prefixlen < _WIDE[network.version]:
        return ""
    mark = "." if network.version == 4 else ":"
    first = str(network.network_address).partition(mark)[0]
    # Zeros at the front are written in more ways than one: `::/16` holds `0:0:0:1::/64`.
    return "" if first in ("", "0") else first + mark


def load_range_list(path: Path) -> RangeList:
    """Load a list.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no such list.
    """
    return parse_range_list(path.read_text(encoding="ascii"))


def parse_range_list(text: str) -> RangeList:
    """Parse a list; raises ValueError where anything in it is no range, or stands in no group."""
    head, _, rest = text.partition("\n")
    said = _HEAD.fullmatch(head)
    if said is None:
        raise ValueError("its first line gives no name and date")
    groups: list[tuple[str, tuple[str, ...], list[str]]] = []
    for line in rest.splitlines():
        if line.startswith(" "):
            groups[-1][2].extend(line.split())
        elif line and not line.startswith("#"):
            group = _GROUP.fullmatch(line)
            if group is None:
                raise ValueError(f"{line[:40]!r} is no group")
            groups.append((group["where"], tuple(group["services"].split(",")), []))
    return RangeList(
        name=said["name"],
        date=said["date"],
        origin=said["origin"],
        groups=tuple((where, services, tuple(ranges)) for where, services, ranges in groups),
    )


def written(name: str, date: str, origin: str, groups: Iterable[tuple[str, str, Iterable[Network]]]) -> str:
    """Return a list as text: groups in order, neighbouring ranges of a group put together."""
    lines = [f"# {name}; {date}; {origin}"]
    for where, services, networks in sorted(groups, key=lambda one: one[:2]):
        lines += [f"{where} {services}", *_wrapped(_collapsed(networks))]
    return "\n".join(lines) + "\n"


def _collapsed(networks: Iterable[Network]) -> Iterator[str]:
    every = list(networks)
    yield from map(str, collapse_addresses(one for one in every if one.version == 4))
    yield from map(str, collapse_addresses(one for one in every if one.version == 6))


def _wrapped(words: Iterable[str]) -> Iterator[str]:
    line = ""
    for word in words:
        if line and len(line) + 1 + len(word) > _LINE:
            yield line
            line = ""
        line += f" {word}"
    if line:
        yield line
