"""Whether an address belongs to a proxy or CDN that others use as well: a block there hits all its users."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from opsctl.block.evidence.range_list import load_range_list
from opsctl.block.evidence.source import AskedAbout, EvidenceSource
from opsctl.model.dossier import Matter, Sighting, SourceReport
from opsctl.model.fetching import Fetching
from opsctl.model.networks import Network, parse_network, plain_addresses
from opsctl.model.run import Context
from opsctl.resources.special import shares

_LISTS = Path(__file__).parent / "proxy_ranges.txt"
_MEANS = "all its users come from there, so block the client's address in its header instead"


class KnownProxies(EvidenceSource):
    """Compares with the lists that large proxies publish, and with `proxy_ranges` of the configuration."""

    name: ClassVar[str] = "known-proxies"
    title: ClassVar[str] = "known proxies"
    matter: ClassVar[Matter] = "whose"

    def look(self, asked: AskedAbout, about: Context) -> Fetching[SourceReport]:
        """Name whose it is; asks nothing."""
        return self.report(asked, *_sightings(asked.network, about))
        yield


def _sightings(network: Network, about: Context) -> Iterator[Sighting]:
    named: set[str] = set()
    for one in load_range_list(_LISTS).sharing(network):
        if one.where not in named:
            named.add(one.where)
            says = f"belongs to {one.where}'s published range {one.cidr} (of {', '.join(one.services)}): {_MEANS}"
            yield Sighting(says=says, telling=85)
    for text in about.settings.proxy_ranges:
        if shares(network, parse_network(text)):
            says = f"overlaps {plain_addresses(text)}, a proxy by proxy_ranges of your configuration: {_MEANS}"
            yield Sighting(says=says, telling=90)
