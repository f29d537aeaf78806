"""Lists the blocks of the account."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from opsctl.block.account_ledger import read_account
from opsctl.block.asked_end import asked_end
from opsctl.block.block_rows import BlockNeed, BlockRow, by_end, rows_of
from opsctl.block.host.host_rows import read_host_rows
from opsctl.block.recording import ending
from opsctl.block.records import is_recorded_as, is_recorded_for
from opsctl.block.terms import lasts_longer
from opsctl.model.countries import country_codes
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.networks import Network, holding, parse_network, plain_addresses
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value


class Ledgered(Value):
    """The blocks that were asked for, those of opsctl apart from the others, and what could not be read.

    `besides` is how many others there are. `longer` are those of opsctl that last longer than the end that was
    asked for.

    `due` are those of opsctl whose end has passed. `ours` and `others` say each block in a line, `wider` those of
    opsctl that were asked for by an address in them, `elsewhere` those of other targets, `listed` those of lists
    that are kept equal to a feed. `shared` are those of opsctl that others need than who was asked for, `several`
    those that several incidents or targets need where nobody was asked for. `again` are commands that block once
    more what firewalls of instances drop for a shorter time than asked, for a rule there keeps its end.
    """

    rows: tuple[BlockRow, ...]
    besides: int = 0
    due: tuple[BlockRow, ...] = ()
    ours: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    wider: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    longer: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    account: str = ""
    region: str = ""
    endpoint: str = ""
    reached_by: tuple[str, ...] = ()
    now: float = 0.0


class BlockLedger(Fact):
    """List the blocks that the account has, by what is recorded on the resources that carry them.

    An address is found as it was blocked, and in every wider block that holds it.
    """

    name: ClassVar[str] = "block.ledger"
    Result: ClassVar[type[Value]] = Ledgered
    services: ClassVar[tuple[str, ...]] = ("ec2", "wafv2", "cloudfront", "resourcegroupstaggingapi")

    addresses: tuple[str, ...] = Field((), description="Only blocks of these, and wider ones that hold them.")
    countries: tuple[str, ...] = Field((), description="Only these countries, at distributions.")
    target: str = Field("", description="Only blocks of this target.")
    incident: str = Field("", description="Only blocks of this incident.")
    by: str = Field("", description="Only blocks of this person.")
    layer: str = Field(
        "",
        description="Only blocks of this layer: nacl, waf, geo, network-firewall; host is read for this alone.",
    )
    hosts: bool = Field(False, description="Also what host firewalls dropped when a command last read them.")
    foreign: bool = Field(True, description="Also what others blocked.")
    exact: bool = Field(False, description="Only what was blocked as these addresses, not as wider blocks.")

    ttl: str = Field("", description="How long, to tell which blocks last longer.")
    until: str = Field("", description="The moment, instead of ttl.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read every carrier of blocks, and keep what was asked for."""
        try:
            asked = [parse_network(one) for one in self.addresses]
            codes = country_codes(self.countries, "countries")
        except ValueError as fault:
            raise InvalidInput.one(str(fault), source="addresses") from None
        until = asked_end(self.ttl, self.until, about)
        if self.layer == "host":
            every, unknown = yield from read_host_rows(about)
        else:
            account = yield from read_account(about)
            every, unknown = rows_of(account, about.region, about.now), account.unknown
            if self.hosts:
                hosts, unread = yield from read_host_rows(about)
                every, unknown = by_end([*every, *hosts]), (*unknown, *unread)
        wanted = [row for row in every if self._wanted(row)]
        held = self._holding(wanted, asked)
        found = [
            row
            for row in wanted
            if not (asked or codes)
            or (row.country in codes if row.country else bool(asked) and parse_network(row.address) in held)
        ]
        rows = [row for row in found if self._is_here(row)]
        away = [row for row in found if row.ours and not self._is_here(row)] if self.target else []
        named = {str(one) for one in asked}
        return Ledgered(
            rows=tuple(rows),
            besides=len(every) - len(rows),
            due=tuple(row for row in rows if row.is_due(about.now)),
            ours=tuple(_line(row) for row in rows if row.ours),
            others=tuple(_line(row) for row in rows if not row.ours),
            wider=tuple(
                _line(row) for row in rows if row.ours and asked and not row.country and row.address not in named
            ),
            elsewhere=tuple(f"{_line(row)}, for {row.target}" for row in away),
            listed=tuple(f"{row.address} by list {row.listed} at {row.resource}" for row in rows if row.listed),
            shared=tuple(_needed(row, left) for row in rows if (left := self._others_of(row))),
            several=tuple(_needed(row, row.needs) for row in rows if row.also and not self._is_narrow),
            longer=tuple(
                _line(row) for row in rows if row.ours and not row.listed and lasts_longer(row.until, until)
            ),
            again=tuple(
                _again(row, until, about) for row in rows if row.layer == "host" and lasts_longer(until, row.until)
            ),
            unknown=unknown,
            account=about.account,
            region=about.region,
            endpoint=about.identity.endpoint,
            reached_by=about.identity.reached_by,
            now=about.now,
        )

    def _holding(self, rows: Sequence[BlockRow], asked: Sequence[Network]) -> set[Network]:
        """The networks of rows that were asked for, or hold what was."""
        networks = {parse_network(row.address) for row in rows if not row.country}
        return networks & set(asked) if self.exact else holding(networks, asked)

    @property
    def _is_narrow(self) -> bool:
        return bool(self.target or self.incident or self.by)

    def _is_here(self, row: BlockRow) -> bool:
        return any(self._is_asked(one) for one in row.needs)

    def _is_asked(self, need: BlockRow | BlockNeed) -> bool:
        here = not self.target or is_recorded_for(self.target, need.target)
        return here and self._is_theirs(need)

    def _is_theirs(self, need: BlockRow | BlockNeed) -> bool:
        asked = {"incident": self.incident, "by": self.by}
        return all(is_recorded_as(wanted, getattr(need, name)) for name, wanted in asked.items() if wanted)

    def _others_of(self, row: BlockRow) -> list[BlockRow | BlockNeed]:
        """Return the needs of a block that were not asked for, where some were."""
        return [one for one in row.needs if row.ours and self._is_narrow and not self._is_asked(one)]

    def _wanted(self, row: BlockRow) -> bool:
        if not self.foreign and row.kind == "foreign":
            return False
        if self.layer and row.layer != self.layer:
            return False
        return any(map(self._is_theirs, row.needs))


def _again(row: BlockRow, until: str, about: Context) -> str:
    """Return the command that has a firewall drop something for longer: by a rule of its own."""
    there = ("--target", row.resource_id, "--layer", "host", "--until", until)
    return about.commands.opsctl("block-ip", plain_addresses(row.address), *there)


def _needed(row: BlockRow, needs: Sequence[BlockRow | BlockNeed]) -> str:
    told = [
        " ".join(
            text
            for text in (
                f"for {one.incident}" if one.incident else "",
                f"at {one.target}" if one.target else "",
                f"by {one.by}" if one.by else "",
                ending(one.until),
            )
            if text
        )
        for one in needs
    ]
    return f"{row.subject} at {row.resource} ({row.what}): {'; '.join(told)}"


def _line(row: BlockRow) -> str:
    until = "" if not row.ours else " without an end" if row.until == "never" else f" until {row.until}"
    return f"{row.subject} at {row.resource} ({row.what}){until}"
