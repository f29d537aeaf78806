"""Finds reasons not to block addresses."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from pydantic import Field

from opsctl.block.decision import Hazard, Hazards
from opsctl.block.node_kinds.registry import every_node_kind
from opsctl.block.own_ranges import OwnRange, own_ranges
from opsctl.block.topology.finding import finder
from opsctl.block.topology.survey import Survey
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching
from opsctl.model.networks import Network, overlapping, parse_network
from opsctl.model.run import Context, Fact
from opsctl.model.value import Value
from opsctl.resources.block_risk import how_many
from opsctl.resources.special import (
    BROAD_V4,
    BROAD_V6,
    is_broad,
    is_everything,
    is_wide,
    meets_special,
    shares,
    special,
)

_BECAUSE = {
    "vpc": "health checks and traffic within the VPC would be cut",
    "own-address": "the account would block itself",
    "edge": "traffic of all clients or AWS's health checks come from there",
}
_CONFIGURED = {"never-block": "on the never-block list", "proxy": "a proxy by proxy_ranges"}
_KEYS = {"never-block": "never_block", "proxy": "proxy_ranges"}


class BlockHazards(Fact):
    """Tell which addresses must not be blocked: everything, too wide, private, own, AWS's edge, proxies."""

    name: ClassVar[str] = "block.hazards"
    Result: ClassVar[type[Value]] = Hazards
    services: ClassVar[tuple[str, ...]] = ("ec2", "elbv2")

    addresses: tuple[str, ...] = Field(description="Addresses or CIDR blocks, IPv4 and IPv6.")

    def read(self, about: Context) -> Fetching[Value]:
        """Compare the addresses with arithmetic, the configuration, and what the account owns."""
        try:
            wanted = {text: parse_network(text) for text in self.addresses}
        except ValueError as fault:
            raise InvalidInput.one(str(fault), source="addresses") from None
        odd = {text: one for text, one in wanted.items() if is_wide(one) or meets_special(one)}
        found = [hazard for text, network in odd.items() for hazard in _by_itself(text, network)]
        for kind, what in _CONFIGURED.items():
            configured = getattr(about.settings, _KEYS[kind])
            found += _configured(kind, what, _near(wanted, configured), configured)
        if not wanted:
            return Hazards(found=())
        own = yield from own_ranges(Survey(about, finder(every_node_kind())))
        near = _near(wanted, (one.cidr for one in own.ranges))
        found += [hazard for text, network in near.items() for hazard in _owned(text, network, own.ranges)]
        return Hazards(found=tuple(found), unknown=own.unknown)


def _near(wanted: Mapping[str, Network], ranges: Iterable[str]) -> dict[str, Network]:
    """Keep the blocks that share an address with any range: of thousands few do, and only those are looked at."""
    return {text: wanted[text] for text in overlapping(wanted, ranges)}


def _by_itself(text: str, network: Network) -> list[Hazard]:
    """Judge a block by arithmetic alone."""
    if is_everything(network):
        evidence = f"{network} is every IPv{network.version} address"
        return [Hazard(address=text, kind="everything", evidence=evidence)]
    found = []
    if is_broad(network):
        widest = BROAD_V4 if network.version == 4 else BROAD_V6
        evidence = f"{network} has {how_many(network)} addresses; wider than /{widest} is refused"
        found.append(Hazard(address=text, kind="broad", evidence=evidence))
    if range_ := special(network):
        evidence = f"{network} overlaps {range_}, which no client on the internet has"
        found.append(Hazard(address=text, kind="private", evidence=evidence))
    return found


def _configured(kind: str, what: str, wanted: dict[str, Network], configured: Iterable[str]) -> list[Hazard]:
    ranges = [parse_network(text) for text in configured]
    return [
        Hazard(
            address=text, kind=kind, evidence=f"{network} overlaps {one}, which is {what} of your configuration"
        )
        for text, network in wanted.items()
        for one in ranges
        if shares(network, one)
    ]


def _owned(text: str, network: Network, ranges: Iterable[OwnRange]) -> list[Hazard]:
    """Name, for each owner once, what a block shares addresses with; a whole family is hazard enough."""
    if is_everything(network):
        return []
    found = {
        (one.kind, one.what): Hazard(address=text, kind=one.kind, evidence=_evidence(network, one))
        for one in reversed(tuple(ranges))
        if shares(network, parse_network(one.cidr))
    }
    return list(reversed(found.values()))


def _evidence(network: Network, one: OwnRange) -> str:
    known = parse_network(one.cidr)
    if network == known:
        return f"{network} is {one.what}: {_BECAUSE[one.kind]}"
    relation = "is in" if network.prefixlen > known.prefixlen else "holds"
    return f"{network} {relation} {known}, {one.what}: {_BECAUSE[one.kind]}"
