"""Blocks that hold at CloudFront alone: what becomes of them while everybody may reach the origin."""

from collections.abc import Sequence
from typing import TypeAlias

from opsctl.block.account_ledger import read_account
from opsctl.block.block_rows import BlockRow, rows_of
from opsctl.block.origins import fronted
from opsctl.block.recording import ending
from opsctl.block.target_paths import paths_to
from opsctl.block.topology.gates import GroupGate
from opsctl.block.topology.packet import Service
from opsctl.block.topology.traffic_paths import OF_CLOUDFRONT, Stop, TrafficPath, ways_in
from opsctl.block.topology.walk import walk_all
from opsctl.model.fetching import Fetching
from opsctl.model.networks import plain_addresses
from opsctl.model.run import Context

WEB = (Service(port=80), Service(port=443))
"""What is asked about where security groups that are shut now leave nothing to ask about."""

Found: TypeAlias = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def edge_only(target: str, about: Context) -> Fetching[Found]:
    """Return the addresses, a line for each block, and what could not be told."""
    web, _ = yield from paths_to(target, about)
    ways = ways_in(web)
    origins = fronted(ways)
    around = [_let_in(way) for way in ways if way.entrance.place in origins]
    sets = _sets_at_the_edge(ways)
    if not around or not sets:
        return (), (), web.unknown
    account = yield from read_account(about)
    rows = [row for row in rows_of(account, about.region, about.now) if _holds(row, sets)]
    getting_in = _getting_in(around, [row.address for row in rows])
    found = [row for row in rows if row.address in getting_in]
    lines = dict.fromkeys(map(_line, found))
    return tuple(dict.fromkeys(row.address for row in found)), tuple(lines), (*web.unknown, *account.unknown)


def _sets_at_the_edge(ways: Sequence[TrafficPath]) -> set[str]:
    """Return the IP sets, by ARN, that web ACLs of the distributions look up."""
    gates = [way.entrance.waf for way in ways if way.entrance.place.kind in OF_CLOUDFRONT]
    return {arn for gate in gates if gate and gate.web_acl for arn in gate.web_acl.ip_sets}


def _holds(row: BlockRow, sets: set[str]) -> bool:
    return row.ours and row.mode == "block" and not row.via and row.resource_id in sets


def _let_in(way: TrafficPath) -> TrafficPath:
    """The way as it is while the entrance's security groups let everybody in."""
    node = way.entrance
    gates = tuple(gate for gate in node.gates if not isinstance(gate, GroupGate))
    entrance = node.model_copy(update={"gates": gates, "services": node.services or WEB})
    return way.model_copy(update={"stops": (Stop(node=entrance), *way.stops[1:])})


def _getting_in(ways: Sequence[TrafficPath], addresses: Sequence[str]) -> set[str]:
    every = list(dict.fromkeys(addresses))
    return {text for way in ways for text, one in walk_all(way, every).items() if not one.dropped}


def _line(row: BlockRow) -> str:
    why = f" for {row.incident}" if row.incident else ""
    return f"{plain_addresses(row.address)}, blocked {ending(row.until)} by {row.by}{why}"
