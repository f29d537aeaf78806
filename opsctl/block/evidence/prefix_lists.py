"""Whether an address is in a list of AWS's own that the account can read now."""

from typing import ClassVar

from opsctl.block.evidence.source import AskedAbout, EvidenceSource
from opsctl.block.node_kinds.registry import every_node_kind
from opsctl.block.own_ranges import edge_ranges
from opsctl.block.topology.finding import finder
from opsctl.block.topology.survey import Survey
from opsctl.model.dossier import Looked, Matter, Sighting, SourceReport
from opsctl.model.fetching import Fetching
from opsctl.model.networks import parse_network
from opsctl.model.run import Context
from opsctl.resources.special import shares


class PrefixLists(EvidenceSource):
    """Reads the managed prefix lists of CloudFront, Route 53's health checkers and EC2 Instance Connect."""

    name: ClassVar[str] = "prefix-lists"
    title: ClassVar[str] = "AWS's managed prefix lists"
    matter: ClassVar[Matter] = "whose"

    def look(self, asked: AskedAbout, about: Context) -> Fetching[SourceReport]:
        """Read their names, then what those of AWS's edge hold."""
        edge = yield from edge_ranges(Survey(about, finder(every_node_kind())), about.region)
        found = [
            Sighting(says=f"in {one.cidr} of {one.what}, as it is now", telling=88)
            for one in edge.ranges
            if shares(asked.network, parse_network(one.cidr))
        ]
        if edge.unknown:
            todo = "let the caller call ec2:DescribeManagedPrefixLists and ec2:GetManagedPrefixListEntries"
            looked: Looked = "partly" if edge.ranges else "no"
            return self.report(asked, *found, looked=looked, why="; ".join(edge.unknown), todo=todo)
        return self.report(asked, *found)
