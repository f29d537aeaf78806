"""The rows of `opsctl blocks list`: each block once for each resource that carries it, whoever made it."""

from collections.abc import Iterable, Iterator
from typing import Literal

from opsctl.block.account_ledger import AccountLedger, AclCarrier, GroupCarrier, SetCarrier
from opsctl.block.distribution_ledger import DENYLIST, DistributionCarrier
from opsctl.block.inspection.rule_groups import sid_of
from opsctl.block.records import EXTENDS, BlockRecord, Ledger
from opsctl.block.terms import NEVER, seconds_of
from opsctl.block.topology.nacl import NaclEntry
from opsctl.block.topology.packet import ANY
from opsctl.block.wafv2 import CLOUDFRONT_REGION
from opsctl.model.networks import normal, parse_network, plain_addresses
from opsctl.model.value import Json, Value
from opsctl.resources.owners import owner_of

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}


class BlockNeed(Value):
    """For what else a block is there, beside what its row says: another incident's, or for another target."""

    until: str
    since: str = ""
    by: str = ""
    reason: str = ""
    incident: str = ""
    target: str = ""
    via: str = ""
    run: str = ""


class BlockRow(Value):
    """One address or block at one resource, or a country at a distribution: then there is no address.

    `kind` is `opsctl` for what a run recorded; `unrecorded` for what stands in an IP set of opsctl's without a
    record, put there by hand or by a version that kept none; `foreign` for what others made. `what` says what
    enforces it. `until` is empty where nobody said; `rule` is the number of a network ACL's entry. `via` is the
    header that has the address where it is not the source, `listed` the name of the list that the set is kept
    equal to. What a row says is of the record that ends last; `also` are the other needs that hold the block.
    `read_at` is when it was read in the machine, where it is in no account.
    """

    address: str
    country: str = ""
    kind: Literal["opsctl", "unrecorded", "foreign"]
    layer: Literal["nacl", "waf", "host", "network-firewall", "geo"]
    resource: str
    resource_id: str
    region: str
    what: str
    closes: str
    mode: str = "block"
    until: str = ""
    since: str = ""
    by: str = ""
    reason: str = ""
    incident: str = ""
    target: str = ""
    via: str = ""
    run: str = ""
    rule: int = 0
    listed: str = ""
    read_at: str = ""
    also: tuple[BlockNeed, ...] = ()

    @property
    def subject(self) -> str:
        """What is blocked, in a word or two."""
        return f"country {self.country}" if self.country else plain_addresses(self.address)

    @property
    def needs(self) -> tuple["BlockRow | BlockNeed", ...]:
        """Everything that it is there for."""
        return (self, *self.also)

    @property
    def ours(self) -> bool:
        """Whether opsctl put it there and knows until when."""
        return self.kind == "opsctl"

    def is_due(self, now: float) -> bool:
        """Whether its end has passed."""
        return self.ours and seconds_of(self.until) <= now


def rows_of(account: AccountLedger, region: str, now: float) -> list[BlockRow]:
    """Return every block, those that end first before the others, foreign ones last."""
    rows = [row for one in account.acls for row in _of_acl(one, region, now)]
    rows += [row for one in account.sets for row in _of_set(one, now)]
    rows += [row for one in account.groups for row in _of_group(one, region, now)]
    rows += [row for one in account.distributions for row in _of_distribution(one, now)]
    return by_end(rows)


def by_end(rows: Iterable[BlockRow]) -> list[BlockRow]:
    """Return blocks, those that end first before the others, foreign ones last."""
    return sorted(rows, key=_order)


def _order(row: BlockRow) -> tuple[float, int, int, int, str, str]:
    ends = seconds_of(row.until or NEVER)
    kind = ("opsctl", "unrecorded", "foreign").index(row.kind)
    if row.country:
        return ends, kind, 0, 0, row.country, row.resource
    network = parse_network(row.address)
    return ends, kind, network.version, int(network.network_address), "", row.resource


def _recorded(ledger: Ledger, network: str, now: float) -> dict[str, Json]:
    record = ledger.of(network)
    if record is None:
        return {}
    also: list[BlockRecord] = []
    for one in ledger.every(network)[1:]:
        if seconds_of(one.until) > now and not any(one.is_for(other) for other in (record, *also)):
            also.append(one)
    return _told(record) | {"listed": record.list_name, "also": [_told(one) for one in also]}


def _told(record: BlockRecord) -> dict[str, Json]:
    told = record.model_dump(include={"until", "since", "by", "reason", "incident", "target", "via"})
    return told | {"run": record.run.partition(EXTENDS)[0]}


def _of_acl(one: AclCarrier, region: str, now: float) -> Iterator[BlockRow]:
    acl = one.acl
    subnets = f"{len(acl.subnets)} subnet{'s' * (len(acl.subnets) != 1)}"
    for entry in acl.inbound():
        if entry.allow:
            continue
        record = one.ledger.of(normal(entry.cidr)) if entry.protocol == ANY else None
        yield BlockRow(
            address=normal(entry.cidr),
            kind="opsctl" if record else "foreign",
            layer="nacl",
            resource=acl.tags.get("Name") or acl.id,
            resource_id=acl.id,
            region=region,
            what=_entry(entry, owner_of(acl.tags) if record is None else ""),
            closes=subnets,
            rule=entry.number,
            **(_recorded(one.ledger, normal(entry.cidr), now) if record else {}),
        )


def _entry(entry: NaclEntry, owner: str) -> str:
    protocol = "" if entry.protocol == ANY else f" of {_PROTOCOLS.get(entry.protocol, entry.protocol)}"
    first, last = entry.ports or (0, 0)
    ports = "" if not entry.ports else f" {first}" if first == last else f" {first}-{last}"
    return f"deny rule {entry.number}{protocol}{ports}" + (f", {owner}" if owner else "")


def _of_set(one: SetCarrier, now: float) -> Iterator[BlockRow]:
    mode = mode_of(one.ip_set.name)
    for address in one.ip_set.addresses:
        record = one.ledger.of(normal(address))
        yield BlockRow(
            address=normal(address),
            kind="opsctl" if record else "unrecorded" if one.own else "foreign",
            layer="waf",
            resource=one.ip_set.name,
            resource_id=one.ip_set.arn,
            region=one.region,
            what=_what(one, record),
            closes=f"ways to {record.target}" if record and record.target else "what its web ACLs protect",
            mode=mode,
            **_recorded(one.ledger, normal(address), now),
        )


def _of_group(one: GroupCarrier, region: str, now: float) -> Iterator[BlockRow]:
    for address, rules in one.drops.items():
        record = one.ledger.of(address)
        more = f" and {len(rules) - 1} more" if len(rules) > 1 else ""
        owner = f", {one.owner}" if one.owner and record is None else ""
        yield BlockRow(
            address=address,
            kind="opsctl" if record else "foreign",
            layer="network-firewall",
            resource=one.name,
            resource_id=one.arn,
            region=region,
            what=f"drop of Network Firewall, sid {sid_of(rules[0])}{more}{owner}",
            closes="what its firewalls inspect",
            **_recorded(one.ledger, address, now),
        )


def _of_distribution(one: DistributionCarrier, now: float) -> Iterator[BlockRow]:
    how = "denylist" if one.restriction == DENYLIST else "not on its allowlist"
    for code in one.refused:
        record = one.ledger.of(code)
        yield BlockRow(
            address="",
            country=code,
            kind="opsctl" if record else "foreign",
            layer="geo",
            resource=one.title,
            resource_id=one.arn,
            region=CLOUDFRONT_REGION,
            what=f"country restriction, {how}" + (f", {one.owner}" if one.owner and record is None else ""),
            closes="the whole distribution",
            **_recorded(one.ledger, code, now),
        )


def _what(one: SetCarrier, record: BlockRecord | None) -> str:
    what = "IP set of AWS WAF" if one.own else "IP set of somebody else"
    return f"{what}, by header {record.via}" if record and record.via else what


def mode_of(ip_set: str) -> str:
    """Return what is done with the addresses of a set: opsctl's own are named by it, others' only block."""
    own, _, rest = ip_set.partition("-")
    mode = rest.partition("-")[0]
    return mode if own == "opsctl" and mode in ("count", "challenge", "captcha") else "block"
