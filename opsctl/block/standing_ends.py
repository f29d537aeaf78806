"""When what stands on the ways in ends already, compared with the end that is asked for."""

from collections.abc import Sequence

from opsctl.block.asked import Asked
from opsctl.block.block_rows import mode_of
from opsctl.block.lifting import is_deny_of_all
from opsctl.block.recording import ending
from opsctl.block.records import BlockRecord, Ledger, parse_ledger
from opsctl.block.set_ledgers import ledgers_of
from opsctl.block.terms import lasts_longer
from opsctl.block.topology.graph import Web
from opsctl.block.topology.waf_statements import sets_of
from opsctl.model.fetching import Fetching
from opsctl.model.networks import (
    collapsed,
    holding,
    normal,
    not_covered,
    overlapping,
    parse_network,
    plain_addresses,
)
from opsctl.model.value import Value


class Standing(Value):
    """What a resource on a way in blocks, with what is recorded of it; `id` is a network ACL's, or an ARN."""

    id: str
    where: str
    networks: frozenset[str]
    ledger: Ledger


class StandingEnds(Value):
    """What is blocked: `held` as it was asked for, `longer` for longer, `shorter` only in a wider block.

    `held_at` are the resources on the ways in that hold any of it. `listed` is blocked by lists that follow a
    feed, for as long as the feed has it.
    """

    held: tuple[str, ...] = ()
    held_at: tuple[str, ...] = ()
    longer: tuple[str, ...] = ()
    shorter: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()


def standing_ends(web: Web, asked: Asked, until: str) -> Fetching[StandingEnds]:
    """Find which of the addresses are blocked already, and until when; tags of IP sets are read only then."""
    wanted = {normal(one) for one in asked.addresses}
    acls = {acl.id: acl for node in web.nodes if node.nacl for acl in node.nacl.acls}
    webs = [node.waf.web_acl for node in web.nodes if node.waf and node.waf.web_acl]
    looked_up = {arn for acl in webs for rule in acl.rules for arn in sets_of(rule.statement, asked.forwarded)}
    sets = {
        arn: one
        for acl in webs
        for arn, one in acl.ip_sets.items()
        if mode_of(one.name) == asked.mode and arn in looked_up
    }
    holding = {
        arn: frozenset(map(normal, overlapping(one.addresses, asked.addresses))) for arn, one in sets.items()
    }
    ledgers = yield from ledgers_of([sets[arn] for arn, found in holding.items() if found])
    standing = [
        Standing(
            id=acl.id,
            where=f"network ACL {acl.id}",
            networks=frozenset(normal(one.cidr) for one in acl.inbound() if is_deny_of_all(one)),
            ledger=parse_ledger(acl.tags),
        )
        for acl in (acls.values() if asked.forwarded is None else ())
    ]
    standing += [
        Standing(id=arn, where=f"IP set {sets[arn].name}", networks=holding[arn], ledger=ledger)
        for arn, ledger in ledgers.items()
    ]
    held = _held(standing, wanted)
    return StandingEnds(
        held=tuple(sorted(held)),
        held_at=tuple(one.id for one in standing if held & one.networks),
        longer=tuple(_line(text, one, record) for text, one, record in _longer(standing, asked, until)),
        shorter=tuple(_line(text, one, record) for text, one, record in _shorter(standing, asked, until)),
        listed=tuple(_listed(standing, asked)),
    )


def _held(standing: Sequence[Standing], wanted: set[str]) -> set[str]:
    """Return what is blocked as it was asked for, or put together from nothing but what was asked for."""
    there = {text for one in standing for text in one.networks}
    if not there:
        return set()
    others = [parse_network(text) for text in there - wanted]
    asked = [parse_network(text) for text in wanted]
    wider = not_covered(others, asked) if len(wanted) > 1 else []
    beyond = set(not_covered(wider, collapsed(asked))) if wider else set()
    return (there & wanted) | {str(one) for one in wider if one not in beyond}


def _longer(standing: Sequence[Standing], asked: Asked, until: str) -> list[tuple[str, Standing, BlockRecord]]:
    found = [
        (text, one, one.ledger.of(text)) for one in standing for text in asked.addresses if text in one.networks
    ]
    return [
        (text, one, record)
        for text, one, record in found
        if record is not None and not record.list_name
        if record.until != until and lasts_longer(record.until, until)
    ]


def _shorter(standing: Sequence[Standing], asked: Asked, until: str) -> list[tuple[str, Standing, BlockRecord]]:
    wanted = _held(standing, {normal(text) for text in asked.addresses})
    wanted |= {normal(text) for text in asked.addresses}
    found: list[tuple[str, Standing, BlockRecord]] = []
    for one in standing:
        if one.networks <= wanted:
            continue
        inner = [parse_network(text) for text in asked.addresses if text not in one.networks]
        wider = {str(outer) for outer in holding(map(parse_network, one.networks - wanted), inner)}
        records = [(outer, one.ledger.of(outer)) for outer in sorted(wider)]
        found += [
            (outer, one, record)
            for outer, record in records
            if record is not None and lasts_longer(until, record.until)
        ]
    return found


def _listed(standing: Sequence[Standing], asked: Asked) -> list[str]:
    """Say what only a list blocks, or a wider network of one: what is recorded as a block as well is left out."""
    wanted = [parse_network(text) for text in asked.addresses]
    records = [(one, one.ledger.of(text), text) for one in standing for text in sorted(one.networks)]
    blocked = [parse_network(text) for _, record, text in records if record is not None and not record.list_name]
    inner = not_covered(wanted, blocked) if any(record and record.list_name for _, record, _ in records) else []
    outer = (
        {str(one) for one in holding((parse_network(text) for _, _, text in records), inner)} if inner else set()
    )
    return [
        f"{plain_addresses(text)} by list {record.list_name} at {one.where}"
        for one, record, text in records
        if record is not None and record.list_name and text in outer
    ]


def _line(network: str, one: Standing, record: BlockRecord) -> str:
    return f"{plain_addresses(network)} at {one.where} {ending(record.until)}"
