"""Whether an address is the account's own: an interface's, an Elastic IP, or of a VPC or its peer.

NAT gateways, load balancers, endpoints and functions have their addresses by interfaces that AWS manages, whose
descriptions name them (facts of the Regions' describes; block-ip facts, section 6).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from opsctl.block.evidence.source import AskedAbout, EvidenceSource
from opsctl.block.node_kinds.registry import every_node_kind
from opsctl.block.own_ranges import OwnRange, network_ranges
from opsctl.block.topology.finding import finder
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.dossier import Looked, Matter, Sighting, SourceReport
from opsctl.model.fetching import Fetching
from opsctl.model.networks import Network, parse_network, plain_addresses
from opsctl.model.reads import Read, Refusal
from opsctl.model.run import Context
from opsctl.resources import ec2
from opsctl.resources.ec2 import Address, Interface
from opsctl.resources.special import shares

_FILTERED = 64
"""EC2 is asked about at most so many addresses by filter, which takes 200 values; for wider blocks all is read."""
_BALANCER = re.compile(r"^ELB (?:(?:app|net|gwy)/([^/]+)/[^/]+|(\S+))$")
_NAT = re.compile(r"\bnat-[0-9a-f]+\b")
_SHOWN = 3


class OwnAddresses(EvidenceSource):
    """Asks EC2 what has the address, by filters, and reads the VPCs' address blocks."""

    name: ClassVar[str] = "own-addresses"
    title: ClassVar[str] = "interfaces, Elastic IPs and VPCs of the region"
    matter: ClassVar[Matter] = "whose"

    def look(self, asked: AskedAbout, about: Context) -> Fetching[SourceReport]:
        """Read in two rounds: what has the address, then how the instances among it are called."""
        survey, network = Survey(about, finder(every_node_kind())), asked.network
        reads = _interfaces(network, about.region)
        elastic = _elastic(network, about.region)
        networks = network_ranges(survey)
        yield from survey.prefetch([*reads, *elastic])
        own = yield from networks
        listed = yield from survey.ask_each(reads, ec2.parse_interfaces)
        addresses = yield from survey.ask_each(elastic, ec2.parse_addresses)
        having = _having(network, listed)
        names = yield from _names([one.instance for one in having if one.instance], survey)
        found = [
            *(_interface_says(network, one, names) for one in having[:_SHOWN]),
            *_more(len(having)),
            *_elastic_says(network, addresses, having),
            *_vpcs_say(network, own.ranges),
        ]
        unknown = [cannot_tell("what has the address", one) for one in listed if isinstance(one, Refusal)]
        unknown += [
            cannot_tell("which Elastic IPs there are", one) for one in addresses if isinstance(one, Refusal)
        ]
        unknown += own.unknown
        if not unknown:
            return self.report(asked, *found)
        none = len(unknown) == len(reads) + len(elastic) + 2
        why, todo = "; ".join(dict.fromkeys(unknown)), "let the caller describe these in EC2"
        looked: Looked = "no" if none else "partly"
        return self.report(asked, *found, looked=looked, why=why, todo=todo)


def _interfaces(network: Network, region: str) -> list[Read]:
    """Return the reads that find interfaces by an address; EC2 joins filters by "and", so each is a call."""
    values = _values(network)
    if not values:
        return [_with_managed(region, {})]
    names = ["addresses.private-ip-address", "addresses.association.public-ip"]
    if network.version == 6:
        names = ["ipv6-addresses.ipv6-address"]
    return [_with_managed(region, {name: values}) for name in names]


def _with_managed(region: str, filters: Mapping[str, Sequence[str]]) -> Read:
    """Read interfaces, also hidden ones that AWS manages (EC2 API reference, IncludeManagedResources)."""
    read = ec2.describe("DescribeNetworkInterfaces", region, filters)
    return read.model_copy(update={"params": {**read.params, "IncludeManagedResources": True}})


def _elastic(network: Network, region: str) -> list[Read]:
    if network.version == 6:
        return []
    values = _values(network)
    return [ec2.describe("DescribeAddresses", region, {"public-ip": values} if values else None)]


def _values(network: Network) -> list[str]:
    return [str(one) for one in network] if network.num_addresses <= _FILTERED else []


def _having(network: Network, answers: Sequence[tuple[Interface, ...] | Refusal]) -> list[Interface]:
    every = {one.id: one for answer in answers if not isinstance(answer, Refusal) for one in answer}
    return [one for one in every.values() if any(_shared(network, one.addresses))]


def _shared(network: Network, addresses: Sequence[str]) -> Iterator[str]:
    return (one for one in addresses if shares(network, parse_network(one)))


def _names(instances: Sequence[str], survey: Survey) -> Fetching[dict[str, str]]:
    if not instances:
        return {}
    read = ec2.describe("DescribeInstances", survey.about.region, {"instance-id": sorted(set(instances))[:_SHOWN]})
    answer = yield from survey.ask(read, ec2.parse_instances)
    return {} if isinstance(answer, Refusal) else {one.id: one.title for one in answer}


def _interface_says(network: Network, one: Interface, names: dict[str, str]) -> Sighting:
    address = next(_shared(network, one.addresses))
    kind = "a public" if address in one.public else "a private" if address in one.private else "an IPv6"
    which = "" if network.num_addresses == 1 else f" {address}"
    return Sighting(says=f"ours: {kind} address{which} of {_owner(one, names)}", telling=92)


def _owner(one: Interface, names: dict[str, str]) -> str:
    if one.instance:
        return f"instance {names.get(one.instance, one.instance)}"
    if balancer := _BALANCER.match(one.description):
        return f"load balancer {balancer[1] or balancer[2]} ({one.id})"
    if gateway := _NAT.search(one.description):
        return f"NAT gateway {gateway[0]} ({one.id})"
    kind = "network interface" if one.kind == "interface" else one.kind.replace("_", " ")
    return f"{kind} {one.id}" + (f" ({one.description})" if one.description else "")


def _more(count: int) -> Iterator[Sighting]:
    if count > _SHOWN:
        yield Sighting(says=f"ours: addresses of {count - _SHOWN:,} more interfaces", telling=91)


def _elastic_says(
    network: Network, answers: Sequence[tuple[Address, ...] | Refusal], having: Sequence[Interface]
) -> Iterator[Sighting]:
    """Name Elastic IPs; of one whose interface is named already that would be said twice."""
    named = {address for one in having for address in one.public}
    for answer in answers:
        for one in () if isinstance(answer, Refusal) else answer:
            if one.ip in named or not shares(network, parse_network(one.ip)):
                continue
            at = one.instance or one.interface
            says = f"ours: Elastic IP {one.ip}{f' {one.name}' if one.name else ''}"
            yield Sighting(says=f"{says}, {f'of {at}' if at else 'associated with nothing'}", telling=92)


def _vpcs_say(network: Network, ranges: Sequence[OwnRange]) -> Iterator[Sighting]:
    named: set[str] = set()
    for one in ranges:
        if one.what not in named and shares(network, parse_network(one.cidr)):
            named.add(one.what)
            says = f"in {plain_addresses(one.cidr)} of {one.what}"
            yield Sighting(says=says, telling=90)
