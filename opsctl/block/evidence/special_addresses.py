"""Whether an address is one that nobody on the internet has, by IANA's registries, or is never to be blocked."""

from typing import ClassVar

from opsctl.block.evidence.source import AskedAbout, EvidenceSource
from opsctl.model.dossier import Matter, Sighting, SourceReport
from opsctl.model.fetching import Fetching
from opsctl.model.networks import parse_network, plain_addresses
from opsctl.model.run import Context
from opsctl.resources.special import shares, special


class SpecialAddresses(EvidenceSource):
    """Compares with the special-purpose registries and with `never_block` of the configuration; asks nothing."""

    name: ClassVar[str] = "special-addresses"
    title: ClassVar[str] = "special-purpose registries, never-block list"
    matter: ClassVar[Matter] = "whose"

    def look(self, asked: AskedAbout, about: Context) -> Fetching[SourceReport]:
        """Name what it overlaps."""
        network = asked.network
        found = []
        if range_ := special(network):
            says = f"overlaps {range_}, which no client on the internet has"
            found.append(Sighting(says=says, telling=90))
        for text in about.settings.never_block:
            if shares(network, parse_network(text)):
                files = ", ".join(about.settings.sources) or "the configuration"
                says = f"overlaps {plain_addresses(text)}, which is on the never-block list of {files}"
                found.append(Sighting(says=says, telling=95))
        return self.report(asked, *found)
        yield
