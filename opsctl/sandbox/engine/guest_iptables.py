"""iptables and ip6tables in a guest: chains and rules of the table raw, as far as scripts for guests use them.

Sources: iptables(8) and iptables-extensions(8) (time, comment); what they print, and their exit codes, as iptables
1.8.9 did. Which systems have nft and which iptables is not documented by AWS: the newest here has nft alone.
"""

import ipaddress
import shlex
from collections.abc import Sequence
from typing import Any

from opsctl.sandbox.engine.guest_nft import nft
from opsctl.sandbox.engine.guest_shell import Done, Program, Shell

_BAD = "iptables: Bad rule (does a matching rule exist in that chain?).\n"
_NONE = "iptables: No chain/target/match by that name.\n"
_BUILT_IN = ("PREROUTING", "OUTPUT")
_NFT_ALONE = ("2023",)
"""Versions of Amazon Linux with nft and without iptables."""


def firewall_of(guest: Any, name: str) -> Program | None:
    """The firewall's program of a guest by its name, where its system has it."""
    if name == "nft":
        return nft if guest.system.version in _NFT_ALONE else None
    if name in ("iptables", "ip6tables") and guest.system.version not in _NFT_ALONE:
        return _iptables if name == "iptables" else _ip6tables
    return None


def _iptables(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    return _raw(shell, arguments, 4)


def _ip6tables(shell: Shell, arguments: Sequence[str], _: str) -> Done:
    return _raw(shell, arguments, 6)


def _raw(shell: Shell, arguments: Sequence[str], version: int) -> Done:
    guest: Any = shell.machine
    empty: dict[str, list[str]] = {name: [] for name in _BUILT_IN}
    chains: dict[str, list[str]] = guest.memory.setdefault(("raw", version), empty)
    match [one for one in arguments if one != "-w"]:
        case ["-t", "raw", "-S"]:
            return Done(_shown(chains, list(chains)))
        case ["-t", "raw", operation, chain, *rest]:
            return _carry_out(chains, operation, chain, rest, version)
    return Done(err="iptables: unknown arguments\n", code=2)


def _carry_out(
    chains: dict[str, list[str]], operation: str, chain: str, rest: Sequence[str], version: int
) -> Done:
    if operation == "-N":
        if chain in chains or len(chain) > 28:
            return Done(err="iptables: Chain already exists.\n", code=1)
        chains[chain] = []
        return Done()
    if chain not in chains:
        return Done(err=_NONE, code=1)
    if operation == "-S":
        return Done(_shown(chains, [chain]))
    if operation == "-F":
        chains[chain].clear()
        return Done()
    if operation == "-X":
        led = any(f"-j {chain}" in rule for rules in chains.values() for rule in rules)
        if chains[chain] or led or chain in _BUILT_IN:
            return Done(err="iptables: Directory not empty.\n" if chains[chain] else "Too many links.\n", code=1)
        del chains[chain]
        return Done()
    return _rule(chains, operation, chain, rest, version)


def _rule(chains: dict[str, list[str]], operation: str, chain: str, rest: Sequence[str], version: int) -> Done:
    place = int(rest[0]) if operation == "-I" and rest[0].isdigit() else 0
    rule = _written(rest[1:] if place else rest, version)
    target = rest[-1]
    if rule is None or (target not in chains and target not in ("DROP", "ACCEPT")):
        return Done(err=_NONE if rule else "iptables: host/network not found\n", code=2)
    rules = chains[chain]
    if operation == "-A":
        rules.append(rule)
    elif operation == "-I":
        rules.insert(max(place - 1, 0), rule)
    elif rule not in rules:
        return Done(err=_BAD, code=1)
    elif operation == "-D":
        rules.remove(rule)
    return Done()


def _written(words: Sequence[str], version: int) -> str | None:
    """A rule as it is printed: a source has its length, and what has blanks stands in quotes."""
    written = []
    for before, word in zip(["", *words], words, strict=False):
        if before == "-s":
            try:
                network = ipaddress.ip_network(word)
            except ValueError:
                return None
            if network.version != version:
                return None
            written.append(str(network))
        else:
            written.append(f'"{word}"' if " " in word else shlex.quote(word))
    return " ".join(written)


def _shown(chains: dict[str, list[str]], names: Sequence[str]) -> str:
    heads = [f"-P {name} ACCEPT" if name in _BUILT_IN else f"-N {name}" for name in names]
    return "".join(
        f"{line}\n" for line in [*heads, *(f"-A {name} {one}" for name in names for one in chains[name])]
    )
