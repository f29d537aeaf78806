"""nft in a guest: tables, chains, sets with timeouts and rules, as far as scripts for guests use them.

Sources: nft(8); what it prints, and what it says of mistakes, as nftables 1.0.6 did on a kernel 6.18. Statements
of a file are one transaction: either all of them count, or none. What is not known here is a syntax error.
"""

import ipaddress
import json
import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from opsctl.sandbox.engine.guest_shell import Done, Shell

_NAME = r"([A-Za-z_.][A-Za-z0-9_./-]*)"
_TABLE = rf"(inet) {_NAME}"
_MISSING = "Could not process rule: No such file or directory"
_BUSY = "Could not process rule: Device or resource busy"
_KINDS = {"ipv4_addr": (4, "ip"), "ipv6_addr": (6, "ip6")}


class _Fault(Exception):
    """What nft says of a statement that it does not carry out."""


@dataclass
class NftSet:
    """A set: networks, each with its timeout and when it ends."""

    kind: str
    flags: tuple[str, ...]
    handle: int
    elements: dict[str, tuple[int, float] | None] = field(default_factory=dict)

    def alive(self, now: float) -> dict[str, tuple[int, float] | None]:
        """What is still in it."""
        return {one: timed for one, timed in self.elements.items() if timed is None or timed[1] > now}


@dataclass
class NftChain:
    """A base chain of the prerouting hook, with its rules: the set, the comment and the handle."""

    priority: int
    handle: int
    rules: list[tuple[str, str, str, int]] = field(default_factory=list)


@dataclass
class NftTable:
    """A table of the family inet."""

    handle: int
    sets: dict[str, NftSet] = field(default_factory=dict)
    chains: dict[str, NftChain] = field(default_factory=dict)
    numbered: int = 0

    def number(self) -> int:
        """The next handle."""
        self.numbered += 1
        return self.numbered


def nft(shell: Shell, arguments: Sequence[str], given: str) -> Done:
    """Run nft in a guest."""
    guest: Any = shell.machine
    tables: dict[str, NftTable] = guest.memory.setdefault("nft", {})
    now = guest.now()
    words = [one for one in arguments if one != "-j"]
    try:
        match words:
            case ["-f", "-" | "/dev/stdin"]:
                work = deepcopy(tables)
                for line in filter(None, map(str.strip, given.splitlines())):
                    _statement(work, line, now)
                guest.memory["nft"] = work
                return Done()
            case ["list", *what]:
                return Done(_listed(tables, " ".join(what), now, as_json=len(words) < len(arguments)))
            case _:
                _statement(tables, " ".join(words), now)
                return Done()
    except _Fault as fault:
        return Done(err=f"Error: {fault}\n{' '.join(words)}\n", code=1)


def _statement(tables: dict[str, NftTable], line: str, now: float) -> None:
    for pattern, action in _STATEMENTS:
        if match := re.fullmatch(pattern, line):
            action(tables, match, now)
            return
    raise _Fault("syntax error, unexpected string")


def _table(tables: dict[str, NftTable], name: str) -> NftTable:
    if name not in tables:
        raise _Fault(_MISSING)
    return tables[name]


def _add_table(tables: dict[str, NftTable], match: re.Match[str], _: float) -> None:
    tables.setdefault(match[2], NftTable(len(tables) + 1))


def _delete_table(tables: dict[str, NftTable], match: re.Match[str], _: float) -> None:
    _table(tables, match[2])
    del tables[match[2]]


def _add_set(tables: dict[str, NftTable], match: re.Match[str], _: float) -> None:
    table = _table(tables, match[2])
    if match[3] not in table.sets:
        table.sets[match[3]] = NftSet(match[4], tuple(match[5].split(",")), table.number())


def _set_of(tables: dict[str, NftTable], match: re.Match[str]) -> NftSet:
    found = _table(tables, match[2]).sets.get(match[3])
    if found is None:
        raise _Fault(_MISSING)
    return found


def _chain_of(tables: dict[str, NftTable], match: re.Match[str]) -> NftChain:
    found = _table(tables, match[2]).chains.get(match[3])
    if found is None:
        raise _Fault(_MISSING)
    return found


def _flush_set(tables: dict[str, NftTable], match: re.Match[str], _: float) -> None:
    _set_of(tables, match).elements.clear()


def _delete_set(tables: dict[str, NftTable], match: re.Match[str], _: float) -> None:
    _set_of(tables, match)
    table = tables[match[2]]
    if any(rule[0] == match[3] for chain in table.chains.values() for rule in chain.rules):
        raise _Fault(_BUSY)
    del table.sets[match[3]]


def _add_elements(tables: dict[str, NftTable], match: re.Match[str], now: float) -> None:
    """Networks of an interval set may not overlap, and one with a timeout needs a set that has them."""
    found = _set_of(tables, match)
    version = _KINDS[found.kind][0]
    for text in match[4].split(","):
        name, _, rest = text.strip().partition(" ")
        timed = re.fullmatch(r"(?:timeout (?:(\d+)d)?(\d+)s)?", rest.strip())
        try:
            network = ipaddress.ip_network(name)
        except ValueError:
            raise _Fault("Could not resolve hostname: Name or service not known") from None
        if timed is None or network.version != version:
            raise _Fault("syntax error, unexpected string")
        if any(len(one or "") > 8 for one in timed.groups()):
            raise _Fault("value too large")
        if timed[2] and "timeout" not in found.flags:
            raise _Fault("Could not process rule: Invalid argument")
        others = [ipaddress.ip_network(one) for one in found.alive(now) if one != str(network)]
        if any(network.overlaps(one) for one in others):
            raise _Fault("Could not process rule: File exists")
        lasts = int(timed[1] or 0) * 86_400 + int(timed[2] or 0)
        found.elements[str(network)] = (lasts, now + lasts) if timed[2] else None


def _add_chain(tables: dict[str, NftTable], match: re.Match[str], _: float) -> None:
    table = _table(tables, match[2])
    if match[3] not in table.chains:
        table.chains[match[3]] = NftChain(int(match[4]), table.number())


def _flush_chain(tables: dict[str, NftTable], match: re.Match[str], _: float) -> None:
    _chain_of(tables, match).rules.clear()


def _delete_chain(tables: dict[str, NftTable], match: re.Match[str], _: float) -> None:
    if _chain_of(tables, match).rules:
        raise _Fault(_BUSY)
    del tables[match[2]].chains[match[3]]


def _add_rule(tables: dict[str, NftTable], match: re.Match[str], _: float) -> None:
    chain, table = _chain_of(tables, match), tables[match[2]]
    if match[5] not in table.sets:
        raise _Fault(_MISSING)
    if len(match[6].encode()) > 127:
        raise _Fault("Comment too long. 128 bytes allowed")
    chain.rules.append((match[5], match[4], match[6], table.number()))


_STATEMENTS = (
    (rf"add table {_TABLE}", _add_table),
    (rf"delete table {_TABLE}", _delete_table),
    (rf"add set {_TABLE} {_NAME} {{ type (ipv4_addr|ipv6_addr); flags ([a-z,]+); }}", _add_set),
    (rf"flush set {_TABLE} {_NAME}", _flush_set),
    (rf"delete set {_TABLE} {_NAME}", _delete_set),
    (rf"add element {_TABLE} {_NAME} {{ (.+) }}", _add_elements),
    (
        rf"add chain {_TABLE} {_NAME} {{ type filter hook prerouting priority (-?\d+); policy accept; }}",
        _add_chain,
    ),
    (rf"flush chain {_TABLE} {_NAME}", _flush_chain),
    (rf"delete chain {_TABLE} {_NAME}", _delete_chain),
    (rf'add rule {_TABLE} {_NAME} (ip6?) saddr @{_NAME} counter drop comment "([^"]*)"', _add_rule),
)


def _listed(tables: dict[str, NftTable], what: str, now: float, *, as_json: bool) -> str:
    if what == "tables":
        return "".join(f"table inet {name}\n" for name in tables)
    match = re.fullmatch(rf"(table|chain|set) {_TABLE}(?: {_NAME})?", what)
    table = tables.get(match[3]) if match else None
    if match is None or table is None:
        raise _Fault("No such file or directory")
    sets, chains = dict(table.sets), dict(table.chains)
    if match[1] != "table":
        kept = sets if match[1] == "set" else chains
        if match[4] not in kept:
            raise _Fault("No such file or directory")
        sets = {match[4]: sets[match[4]]} if match[1] == "set" else {}
        chains = {match[4]: chains[match[4]]} if match[1] == "chain" else {}
    if as_json:
        return _json(match[3], table, now)
    parts = [_set_text(name, one, now) for name, one in sets.items()]
    parts += [_chain_text(name, one) for name, one in chains.items()]
    return f"table inet {match[3]} {{\n" + "\n".join(parts) + "}\n"


def _set_text(name: str, one: NftSet, now: float) -> str:
    lines = [f"\tset {name} {{", f"\t\ttype {one.kind}", f"\t\tflags {','.join(one.flags)}"]
    shown = [
        _alone(text) + (f" timeout {timed[0]}s expires {int(timed[1] - now)}s" if timed else "")
        for text, timed in one.alive(now).items()
    ]
    lines += [f"\t\telements = {{ {', '.join(shown)} }}"] if shown else []
    return "\n".join([*lines, "\t}", ""])


def _chain_text(name: str, one: NftChain) -> str:
    lines = [f"\tchain {name} {{"]
    lines.append(f"\t\ttype filter hook prerouting priority {one.priority}; policy accept;")
    lines += [
        f'\t\t{field_} saddr @{of} counter packets 0 bytes 0 drop comment "{comment}"'
        for of, field_, comment, _ in one.rules
    ]
    return "\n".join([*lines, "\t}", ""])


def _alone(text: str) -> str:
    network = ipaddress.ip_network(text)
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else text


def _json(name: str, table: NftTable, now: float) -> str:
    told: list[dict[str, Any]] = [
        {"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}},
        {"table": {"family": "inet", "name": name, "handle": table.handle}},
    ]
    for title, one in table.sets.items():
        shown = {"family": "inet", "name": title, "table": name, "type": one.kind, "handle": one.handle}
        shown["flags"] = list(one.flags)
        elements = [_element(text, timed, now) for text, timed in one.alive(now).items()]
        told.append({"set": shown | ({"elem": elements} if elements else {})})
    for title, chain in table.chains.items():
        shown = {"family": "inet", "table": name, "name": title, "handle": chain.handle, "type": "filter"}
        told.append({"chain": shown | {"hook": "prerouting", "prio": chain.priority, "policy": "accept"}})
    told += [{"rule": _rule(name, title, *rule)} for title, chain in table.chains.items() for rule in chain.rules]
    return json.dumps({"nftables": told}) + "\n"


def _element(text: str, timed: tuple[int, float] | None, now: float) -> Any:
    network = ipaddress.ip_network(text)
    whole = network.prefixlen == network.max_prefixlen
    prefix = {"addr": str(network.network_address), "len": network.prefixlen}
    value: Any = str(network.network_address) if whole else {"prefix": prefix}
    return {"elem": {"val": value, "timeout": timed[0], "expires": int(timed[1] - now)}} if timed else value


def _rule(table: str, chain: str, of: str, field_: str, comment: str, handle: int) -> dict[str, Any]:
    source = {"payload": {"protocol": field_, "field": "saddr"}}
    return {
        "family": "inet",
        "table": table,
        "chain": chain,
        "handle": handle,
        "comment": comment,
        "expr": [
            {"match": {"op": "==", "left": source, "right": f"@{of}"}},
            {"counter": {"packets": 0, "bytes": 0}},
            {"drop": None},
        ],
    }
