"""What an instance said is blocked in it: networks with when each ends, and what of it this says nothing of."""

import ipaddress
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from opsctl.block.host.script import HEADER, TABLE
from opsctl.block.terms import NEVER, parse_moment
from opsctl.model.networks import normal
from opsctl.model.spans import utc
from opsctl.model.value import Json, Value

_HEAD = re.compile(rf"^{HEADER}\n(nft|iptables) (\d+)$", re.MULTILINE)
_RULE = re.compile(r"^-A (opsctl-\S+) -s (\S+) (?:-m time --datestop (\S+) )?.*-j DROP$")
_COMMENT = re.compile(r'--comment "?([^"]*?)"? -j')
_JUMP = re.compile(r"^-A PREROUTING -j (opsctl-\S+)$")


class HostRule(Value):
    """A network that is dropped; `until` in seconds since the epoch, infinite without an end."""

    network: str
    until: float
    note: str = ""


class HostReading(Value):
    """What was read, at a moment by the machine's own clock; `packets` is how many were dropped until then."""

    at: float
    program: str
    rules: tuple[HostRule, ...] = ()
    packets: int = 0

    def dropped(self, now: float) -> tuple[str, ...]:
        """The networks that are dropped at a moment."""
        return tuple(self.ends(now))

    def ends(self, now: float) -> dict[str, str]:
        """Return what is dropped at a moment, each until when: what several runs drop, until the last."""
        ends: dict[str, float] = {}
        for one in self.rules:
            if one.until > now:
                ends[one.network] = max(one.until, ends.get(one.network, 0.0))
        return {one: _moment(until) for one, until in ends.items()}


def _moment(until: float) -> str:
    return NEVER if math.isinf(until) else utc(datetime.fromtimestamp(int(until), UTC))


def parse_reading(said: str) -> HostReading | None:
    """Parse what a script said; nothing where it says nothing of the firewall, or what cannot be understood."""
    heads = list(_HEAD.finditer(said))
    if not heads:
        return None
    head = heads[-1]
    at, rest = float(head[2]), said[head.end() :]
    if head[1] == "iptables":
        return HostReading(at=at, program="iptables", rules=tuple(_of_iptables(rest.splitlines())))
    text = next((line for line in rest.splitlines() if line.startswith("{")), "")
    try:
        told: list[Json] = json.loads(text)["nftables"] if text else []
        return HostReading(at=at, program="nft", rules=tuple(_of_nft(told, at)), packets=_packets(told))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def is_cut(said: str) -> bool:
    """Tell a reading that begins and cannot be parsed to its end: more is dropped than an output has room for."""
    return _HEAD.search(said) is not None and parse_reading(said) is None


def _of_nft(told: Sequence[Json], at: float) -> Iterator[HostRule]:
    """Only a set that a rule of our hook drops by counts."""
    hooked = {one["chain"]["name"] for one in told if one.get("chain", {}).get("hook") == "prerouting"}
    notes = {
        part["match"]["right"].removeprefix("@"): one["rule"].get("comment", "")
        for one in told
        if one.get("rule", {}).get("chain") in hooked and {"drop": None} in one["rule"]["expr"]
        for part in one["rule"]["expr"]
        if "match" in part and part["match"]["left"].get("payload", {}).get("field") == "saddr"
    }
    for one in told:
        if (found := one.get("set")) and found["name"] in notes and found["table"] == TABLE:
            for element in found.get("elem", []):
                timed = element["elem"] if isinstance(element, dict) and "elem" in element else {"val": element}
                until = at + timed["expires"] if "expires" in timed else math.inf
                for network in _networks(timed["val"]):
                    yield HostRule(network=network, until=until, note=notes[found["name"]])


def _networks(value: Json) -> list[str]:
    if isinstance(value, str):
        return [normal(value)]
    if "prefix" in value:
        return [normal(f"{value['prefix']['addr']}/{value['prefix']['len']}")]
    first, last = (ipaddress.ip_address(one) for one in value["range"])
    return [str(one) for one in ipaddress.summarize_address_range(first, last)]


def _packets(told: Iterable[Json]) -> int:
    return sum(
        part["counter"]["packets"]
        for one in told
        for part in one.get("rule", {}).get("expr", [])
        if "counter" in part
    )


def _of_iptables(lines: Sequence[str]) -> Iterator[HostRule]:
    """Only chains count that are led to before any rule of somebody else's."""
    led: set[str] = set()
    first = True
    for line in lines:
        if line in ("iptables", "ip6tables"):
            led, first = set(), True
        elif jump := _JUMP.match(line):
            led |= {jump[1]} if first else set()
        elif line.startswith("-A PREROUTING"):
            first = False
        elif (rule := _RULE.match(line)) and rule[1] in led:
            note = _COMMENT.search(line)
            until = math.inf if not rule[3] else parse_moment(f"{rule[3]}Z").timestamp()
            yield HostRule(network=normal(rule[2]), until=until, note=note[1] if note else "")


def until_of(note: str) -> str:
    """Return the end that a note records, as it was asked for."""
    return next((word.removeprefix("until=") for word in note.split() if word.startswith("until=")), NEVER)
