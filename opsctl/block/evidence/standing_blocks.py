"""Where an address is blocked already, until when, and by whom: as addresses and as wider blocks."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from opsctl.block.account_ledger import read_account
from opsctl.block.block_rows import BlockRow, rows_of
from opsctl.block.evidence.source import AskedAbout, EvidenceSource
from opsctl.block.terms import NEVER
from opsctl.model.dossier import Looked, Matter, Sighting, SourceReport
from opsctl.model.fetching import Fetching
from opsctl.model.networks import Network, covers, parse_network, plain_addresses
from opsctl.model.run import Context
from opsctl.resources.special import is_everything, shares

_SHOWN = 4


class StandingBlocks(EvidenceSource):
    """Reads network ACLs, Network Firewall's rule groups, and the IP sets that opsctl used, as `blocks list` does.

    What IP sets of others hold is known of a target's own ways in.
    """

    name: ClassVar[str] = "standing-blocks"
    title: ClassVar[str] = "network ACLs, IP sets that opsctl used, rule groups of Network Firewall"
    matter: ClassVar[Matter] = "blocked"

    def look(self, asked: AskedAbout, about: Context) -> Fetching[SourceReport]:
        """Name what holds the address, those that hold all of it before those that hold a part."""
        account = yield from read_account(about, countries=False)
        found = blocks_of(rows_of(account, about.region, about.now), asked.network, about.now)
        if not account.unknown:
            return self.report(asked, *found)
        looked: Looked = "partly" if account.acls or account.sets or account.groups else "no"
        why, todo = "; ".join(account.unknown), "let the caller read network ACLs, IP sets and their tags"
        return self.report(asked, *(found if looked == "partly" else ()), looked=looked, why=why, todo=todo)


def blocks_of(rows: Iterable[BlockRow], network: Network, now: float) -> list[Sighting]:
    """Say of blocks which hold a network, those that hold all of it before those that hold a part."""
    near = [one for one in rows if _is_about(one, network)]
    whole = [one for one in near if covers(parse_network(one.address), network)]
    found = [Sighting(says=_says(one, network, now), telling=80) for one in whole[:_SHOWN]]
    return [*found, *_rest(len(whole) - _SHOWN, len(near) - len(whole))]


def _is_about(row: BlockRow, network: Network) -> bool:
    """Whether a block is about these addresses; one of everybody says nothing about anybody."""
    blocked = parse_network(row.address)
    return shares(blocked, network) and not is_everything(blocked)


def _says(row: BlockRow, network: Network, now: float) -> str:
    wider = "" if parse_network(row.address) == network else f", within {plain_addresses(row.address)}"
    if not row.ours:
        owner = "nobody recorded until when" if row.kind == "unrecorded" else "not by opsctl"
        return f"{_what(row)}{wider} at {row.resource}: {row.what}, {owner}"
    until = "without an end" if row.until == NEVER else f"until {row.until}"
    due = ", which has passed" if row.is_due(now) else ""
    by = f" by {row.by}" if row.by else ""
    incidents = dict.fromkeys(one.incident for one in row.needs if one.incident)
    incident = f", {', '.join(incidents)}" if incidents else ""
    reason = f", {row.reason}" if row.reason else ""
    via = f", by the address in {row.via}" if row.via else ""
    return f"{_what(row)}{wider} {until}{due}{by} at {row.resource}{via}{incident}{reason}"


def _what(row: BlockRow) -> str:
    return "blocked" if row.mode == "block" else f"met by {row.mode} only"


def _rest(more: int, parts: int) -> Iterator[Sighting]:
    if more > 0:
        yield Sighting(says=f"blocked at {more:,} more places", telling=79)
    if parts > 0:
        yield Sighting(says=f"{parts:,} block{'s' * (parts != 1)} of a part of it", telling=60)
