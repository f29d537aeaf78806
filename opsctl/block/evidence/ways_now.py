"""Whether an address gets in to the target now, on each way."""

from typing import ClassVar

from opsctl.block.asked import Asked
from opsctl.block.deciding import judge_ways
from opsctl.block.evidence.source import AskedAbout, EvidenceSource
from opsctl.block.layers.verdict import Home
from opsctl.model.dossier import Matter, Sighting, SourceReport
from opsctl.model.fetching import Fetching
from opsctl.model.run import Context

_SHOWN = 6


class WaysNow(EvidenceSource):
    """Walks every way in with a packet from the address; needs the target."""

    name: ClassVar[str] = "ways-in"
    title: ClassVar[str] = "the ways in to the target"
    matter: ClassVar[Matter] = "ways in"
    needs_target: ClassVar[bool] = True

    def look(self, asked: AskedAbout, about: Context) -> Fetching[SourceReport]:
        """Say of each way whether it is open; what could not be read on one is said."""
        assert asked.ways is not None  # noqa: S101 - the frame asks it with the ways alone
        web = asked.ways.web
        home = Home(account=about.account, region=about.region)
        ways = [one.shown(web) for one in judge_ways(web, Asked(addresses=(asked.address,)), home)]
        found = [
            Sighting(
                says=f"{'dropped' if way.dropped else 'gets in'} by {way.short or way.name}: {way.verdict}",
                telling=58 if way.dropped else 62,
            )
            for way in ways[:_SHOWN]
        ]
        if len(ways) > _SHOWN:
            found.append(Sighting(says=f"{len(ways) - _SHOWN} more ways in", telling=10))
        if not ways:
            found.append(Sighting(says="no way in from the internet to the target was found", telling=62))
        unknown = tuple(dict.fromkeys((*web.unknown, *(text for way in ways for text in way.unknown))))
        if unknown:
            todo = "let the caller read it, and ask again"
            return self.report(asked, *found, looked="partly", why="; ".join(unknown), todo=todo)
        return self.report(asked, *found)
        yield
