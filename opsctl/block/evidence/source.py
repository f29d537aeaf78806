"""What a source of evidence is asked, and what it promises."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from opsctl.block.topology.graph import Node, Web
from opsctl.block.topology.survey import Survey
from opsctl.model.dossier import Looked, Matter, Price, Sighting, SourceReport
from opsctl.model.fetching import Fetching
from opsctl.model.networks import Network, parse_network
from opsctl.model.reads import Read
from opsctl.model.run import Context


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The ways in to the target, with everything that was read to find them."""

    web: Web
    survey: Survey


@dataclass(frozen=True, kw_only=True)
class AskedAbout:
    """One address or block, in canonical form, and the span of time that is of interest, in seconds of UTC.

    `ways` is None where no target was named. Where it is not `priced` nobody is going to pay: what looking would
    cost need not be worked out.
    """

    address: str
    since: float
    until: float
    target: str = ""
    ways: Ways | None = None
    priced: bool = True

    @property
    def network(self) -> Network:
        """The address as a network."""
        return parse_network(self.address)


class EvidenceSource(ABC):
    """One place to look.

    `needs_target` sources are asked only when a target was named and its ways in are known; `wants_ways` sources
    are asked with the ways in where a target was named, and without any else. `costs` sources tell a price first,
    and are asked when somebody agreed to it. `reads_ahead` sources know some reads before the ways in are known.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    matter: ClassVar[Matter]
    needs_target: ClassVar[bool] = False
    wants_ways: ClassVar[bool] = False
    costs: ClassVar[bool] = False
    reads_ahead: ClassVar[bool] = False

    @abstractmethod
    def look(self, asked: AskedAbout, about: Context) -> Fetching[SourceReport]:
        """Yield reads and return what there is."""

    def price(self, asked: AskedAbout, about: Context) -> Fetching[Price | SourceReport]:
        """Return what looking costs, or the report where there is nothing to look at; only if it `costs`."""
        raise NotImplementedError(f"{self.name} costs nothing")
        yield

    def ahead(self, asked: AskedAbout, about: Context) -> Fetching[None]:
        """Make reads that are going to be asked for, to save rounds; only if it `reads_ahead`."""
        raise NotImplementedError(f"{self.name} reads nothing ahead")
        yield

    def reads_about(self, node: Node) -> Sequence[Read]:
        """Return the reads that are going to be asked for when a node is on the ways in."""
        return ()

    def report(
        self,
        asked: AskedAbout,
        *found: Sighting,
        looked: Looked = "yes",
        why: str = "",
        todo: str = "",
        count: int | None = None,
        first: str = "",
        last: str = "",
        cost: str = "",
    ) -> SourceReport:
        """Make its report."""
        return SourceReport(
            source=self.name,
            title=self.title,
            matter=self.matter,
            address=asked.address,
            found=found,
            looked=looked,
            why=why,
            todo=todo,
            count=count,
            first=first,
            last=last,
            cost=cost,
        )
