"""The scripts that block addresses in an instance, show what is blocked there, and take a block back.

Each run has a chain of its own and, with nftables, a set for each IP version: undoing one never touches another,
and what two runs block stays until the later of the two ends. Nothing but parsed networks, numbers and text
without a character of the shell goes into a script.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from opsctl.block.records import tag_text
from opsctl.block.terms import NEVER, Term, seconds_of
from opsctl.model.networks import covers, normal, parse_network
from opsctl.model.value import Value

MARK = "host"
"""What the comments of commands that change or read the firewall begin with, after `opsctl`."""
TABLE = "opsctl"
PRIORITY = -310
"""Before the raw chains of iptables (-300) and before connections are tracked (-200)."""
HEADER = "opsctl host firewall"
"""The first line of what is read back; after it comes `nft` or `iptables` with the machine's time."""
COMMENT_AT_MOST = 120
"""nft takes comments of 128 bytes, with their end."""
_LATEST = 2_147_400_000
"""iptables knows no date after 2038-01-19."""
_PLAIN = re.compile(r"[^A-Za-z0-9 _.:/=+@-]")

PREPARED = ("export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin",)
_HAS_NFT = "command -v nft >/dev/null && nft list tables >/dev/null 2>&1"
_NEITHER = 'echo "neither nft nor iptables is there"; exit 4'


class HostBlock(Value):
    """What one run blocks in instances: `ends` in seconds since the epoch, 0 for a block without an end."""

    run: str
    networks: tuple[str, ...]
    ends: int
    note: str

    @classmethod
    def of(cls, run: str, networks: Sequence[str], term: Term | None) -> "HostBlock":
        """Put together what is blocked: a network inside another one is left out, sets take no overlaps."""
        parsed = [parse_network(normal(one)) for one in dict.fromkeys(networks)]
        alone = [one for one in parsed if not any(one != other and covers(other, one) for other in parsed)]
        until = term.until if term else NEVER
        return cls(
            run=_PLAIN.sub("-", run).replace(" ", "-"),
            networks=tuple(dict.fromkeys(map(str, alone))),
            ends=0 if until == NEVER else int(seconds_of(until)),
            note=note_of_run(run, term),
        )

    def of_version(self, version: int) -> list[str]:
        """The networks of an IP version."""
        return [one for one in self.networks if parse_network(one).version == version]

    @property
    def chain(self) -> str:
        """Its chain of nftables; the sets have its name with the IP version."""
        return f"run-{self.run}"

    @property
    def old_chain(self) -> str:
        """Its chain of iptables, whose names have 28 characters at most: the end, and a digest of the run."""
        digest = hashlib.sha256(self.run.encode()).hexdigest()[:8]
        return f"{TABLE}-{self.ends}-{digest}"


def block_script(block: HostBlock) -> tuple[str, ...]:
    """Write the script that drops what comes from the networks; run again, it comes to the same."""
    return (
        "# Drop what comes from some addresses, in a table that is opsctl's own.",
        *PREPARED,
        *_time_left(block),
        f"if {_HAS_NFT}; then",
        *_nft_block(block),
        "elif command -v iptables >/dev/null; then",
        *_iptables_block(block),
        f"else {_NEITHER}; fi",
        *_sweep(),
    )


def read_script() -> tuple[str, ...]:
    """Write the lines that show what is blocked; they change nothing."""
    return (
        *PREPARED,
        f'echo "{HEADER}"',
        f"if {_HAS_NFT}; then",
        '  echo "nft $(date +%s)"',
        f"  nft -j list table inet {TABLE} 2>/dev/null",
        "elif command -v iptables >/dev/null; then",
        '  echo "iptables $(date +%s)"',
        "  for p in iptables ip6tables; do",
        '    echo "$p"',
        "    $p -w -t raw -S 2>/dev/null | grep -E '^-A (PREROUTING|opsctl-)'",
        "  done",
        "fi",
    )


def proof_script(block: HostBlock) -> tuple[str, ...]:
    """Write the script that shows what is blocked, and exits with 0 where the chain of this run is in place."""
    return (*read_script(), *_there(block, "exit 1"), "exit 0")


def undo_script(block: HostBlock) -> tuple[str, ...]:
    """Write the script that takes away what this run put there, and the table once nothing is in it."""
    return (
        "# Take away what one run of opsctl drops here.",
        *PREPARED,
        f"if {_HAS_NFT}; then",
        f"  if nft list chain inet {TABLE} {block.chain} >/dev/null 2>&1; then",
        f"    {_removal(block.chain)} || exit 6",
        "  fi",
        "elif command -v iptables >/dev/null; then",
        *_iptables_removal(block.old_chain, "  "),
        "fi",
        *_sweep(),
        *read_script(),
        *_there(block, "true", then="exit 1"),
        "exit 0",
    )


def _time_left(block: HostBlock) -> list[str]:
    """Work out how long it is to the end, by the machine's clock; nft takes at most eight digits of seconds."""
    if not block.ends:
        return []
    return [
        f"left=$(expr {block.ends} - $(date +%s))",
        'if test "$left" -le 0; then echo "by the clock of this machine the block has ended"; exit 5; fi',
        "days=$(expr $left / 86400); rest=$(expr $left % 86400)",
    ]


def _nft_block(block: HostBlock) -> list[str]:
    """One transaction: either all of it is there, or nothing."""
    lines = [f"add table inet {TABLE}"]
    rules = []
    for version, kind, field in ((4, "ipv4_addr", "ip"), (6, "ipv6_addr", "ip6")):
        name = f"{block.chain}-{version}"
        lines.append(f"add set inet {TABLE} {name} {{ type {kind}; flags interval,timeout; }}")
        lines.append(f"flush set inet {TABLE} {name}")
        timeout = " timeout ${days}d${rest}s" if block.ends else ""
        if networks := block.of_version(version):
            elements = ", ".join(f"{one}{timeout}" for one in networks)
            lines.append(f"add element inet {TABLE} {name} {{ {elements} }}")
            comment = f'comment \\"{block.note}\\"'
            rules.append(f"add rule inet {TABLE} {block.chain} {field} saddr @{name} counter drop {comment}")
    hook = f"type filter hook prerouting priority {PRIORITY}; policy accept;"
    lines.append(f"add chain inet {TABLE} {block.chain} {{ {hook} }}")
    lines.append(f"flush chain inet {TABLE} {block.chain}")
    return ["  printf '%s\\n' \\", *(f'    "{one}" \\' for one in [*lines, *rules]), "    | nft -f - || exit 6"]


def _iptables_block(block: HostBlock) -> list[str]:
    """The chain is filled before anything leads to it; a rule with an end matches until then, a date in UTC."""
    chain, found = block.old_chain, []
    for version, program in ((4, "iptables"), (6, "ip6tables")):
        networks = block.of_version(version)
        if not networks:
            continue
        end = datetime.fromtimestamp(min(block.ends, _LATEST), UTC).strftime("%Y-%m-%dT%H:%M:%S")
        date = f"-m time --datestop {end} " if block.ends else ""
        rule = f'-A {chain} -s "$a" {date}-m comment --comment "{block.note}" -j DROP'
        found += [
            f"  {program} -w -t raw -N {chain} 2>/dev/null || {program} -w -t raw -F {chain} || exit 6",
            f"  for a in {' '.join(networks)}; do",
            f"    {program} -w -t raw {rule} || exit 6",
            "  done",
            f"  {program} -w -t raw -C PREROUTING -j {chain} 2>/dev/null \\",
            f"    || {program} -w -t raw -I PREROUTING 1 -j {chain} || exit 6",
        ]
    return found


def _sweep() -> list[str]:
    """Take away chains whose blocks have ended, and the table once it is empty; others' things are left."""
    removal = _removal("$c")
    return [
        f"if {_HAS_NFT}; then",
        f"  for c in $(nft list table inet {TABLE} 2>/dev/null | grep -o 'chain run-[^ ]*' | cut -d ' ' -f 2); do",
        f"    nft list set inet {TABLE} $c-4 2>/dev/null | grep -q elements \\",
        f"      || nft list set inet {TABLE} $c-6 2>/dev/null | grep -q elements || {removal}",
        "  done",
        f"  if nft list table inet {TABLE} >/dev/null 2>&1 \\",
        f'    && test "$(nft list table inet {TABLE} | wc -l)" -le 2; then nft delete table inet {TABLE}; fi',
        "elif command -v iptables >/dev/null; then",
        "  for c in $(iptables -w -t raw -S | grep -o '^-N opsctl-[0-9]*-[0-9a-f]*' | cut -d ' ' -f 2) \\",
        "    $(ip6tables -w -t raw -S 2>/dev/null | grep -o '^-N opsctl-[0-9]*-[0-9a-f]*' | cut -d ' ' -f 2); do",
        "    e=$(echo $c | cut -d - -f 2)",
        '    if test "$e" -gt 0 && test "$e" -le "$(date +%s)"; then',
        *_iptables_removal("$c", "      "),
        "    fi",
        "  done",
        "fi",
    ]


def _removal(chain: str) -> str:
    """One transaction: the rules first, for they hold the sets."""
    lines = [f"flush chain inet {TABLE} {chain}", f"delete chain inet {TABLE} {chain}"]
    lines += [f"delete set inet {TABLE} {chain}-{version}" for version in (4, 6)]
    quoted = " ".join(f'"{one}"' for one in lines)
    return f"printf '%s\\n' {quoted} | nft -f -"


def _iptables_removal(chain: str, indent: str) -> list[str]:
    return [
        f"{indent}for p in iptables ip6tables; do",
        f"{indent}  if $p -w -t raw -S {chain} >/dev/null 2>&1; then",
        f"{indent}    $p -w -t raw -D PREROUTING -j {chain} 2>/dev/null",
        f"{indent}    $p -w -t raw -F {chain} && $p -w -t raw -X {chain} || exit 6",
        f"{indent}  fi",
        f"{indent}done",
    ]


def _there(block: HostBlock, otherwise: str, then: str = "true") -> list[str]:
    """Write what happens where the chain of a block is in place, and where it is not."""
    branches = f"then {then}; else {otherwise}; fi"
    programs = [name for version, name in ((4, "iptables"), (6, "ip6tables")) if block.of_version(version)]
    return [
        f"if {_HAS_NFT}; then",
        f"  if nft list chain inet {TABLE} {block.chain} 2>/dev/null | grep -q drop; {branches}",
        "else",
        *(f"  if {one} -w -t raw -C PREROUTING -j {block.old_chain} 2>/dev/null; {branches}" for one in programs),
        "fi",
    ]


def note_of_run(run: str, term: Term | None) -> str:
    """Return what is recorded beside a block where there is room for a line alone."""
    words = {"until": term.until, "by": term.by, "for": term.incident, "since": term.since} if term else {}
    text = " ".join([run, *(f"{name}={_word(value)}" for name, value in words.items() if value)])
    return tag_text(_PLAIN.sub(" ", text), COMMENT_AT_MOST)


def _word(text: str) -> str:
    return _PLAIN.sub("-", text).replace(" ", "-")
