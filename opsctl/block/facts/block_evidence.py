"""Finds out who an address is: whose, blocked already, what it did."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import Field

from opsctl.block.evidence import many
from opsctl.block.evidence.inquiry import parts_of
from opsctl.block.evidence.registry import every_source
from opsctl.block.evidence.source import AskedAbout
from opsctl.model.dossier import Dossier, Inquiry, Part, SourceReport
from opsctl.model.durations import parse_duration
from opsctl.model.errors import InvalidInput
from opsctl.model.networks import normal
from opsctl.model.run import Context
from opsctl.model.spans import utc
from opsctl.model.value import Value

AT_MOST = 3
"""So many addresses are asked about at once; of more, the first."""
LONGEST_S = 7 * 86_400


class BlockEvidence(Inquiry):
    """Tell whose addresses are, where they are blocked already, and what they did.

    Each source that could not be looked at says so, and why; none ends the others.
    """

    name: ClassVar[str] = "block.evidence"
    Result: ClassVar[type[Value]] = Dossier
    services: ClassVar[tuple[str, ...]] = ("ec2", "wafv2", "resourcegroupstaggingapi")

    addresses: tuple[str, ...] = Field(
        description="Addresses or CIDR blocks, IPv4 and IPv6; the first few are asked about."
    )
    target: str = Field(
        "", description="What they may have come to: host name, load balancer, instance or address."
    )
    since: str = Field("1h", description="How far back, at most 7d.")
    skip: tuple[str, ...] = Field((), description="Names of sources that are not asked.")
    prices: bool = Field(True, description="Work out what looking costs, of the sources where it costs something.")

    def parts(self, about: Context) -> Mapping[str, Part]:
        """Ask every source about every address."""
        questions = self._questions(about)
        sources = [one for one in every_source() if one.name not in self.skip]
        if not questions:
            return {}
        parts = dict(parts_of(sources, questions, about))
        if len(self._addresses()) > len(questions):
            parts[many.NAME] = many.part_of_all(self._addresses(), about)
        return parts

    def dossier(self, about: Context, reports: tuple[SourceReport, ...]) -> Dossier:
        """Put the reports together, in the order of sources and addresses."""

        def place(one: SourceReport) -> tuple[int, int]:
            return order[one.source], addresses.index(one.address) if one.address else 0

        order = {name: number for number, name in enumerate((many.NAME, *(one.name for one in every_source())))}
        addresses = tuple(one.address for one in self._questions(about))
        left = len(self._addresses()) - len(addresses)
        return Dossier(
            addresses=addresses,
            reports=tuple(sorted(reports, key=place)),
            left_out=f"{left:,} more address{'es' * (left != 1)}" if left else "",
            target=self.target,
            since=utc(datetime.fromtimestamp(int(self._since(about)), UTC)),
            until=utc(datetime.fromtimestamp(int(about.now), UTC)),
            account=about.account,
            region=about.region,
            again=("who", addresses[0].removesuffix("/32").removesuffix("/128"), *self._at_target()),
        )

    def _at_target(self) -> tuple[str, ...]:
        return ("--target", self.target) if self.target else ()

    def _questions(self, about: Context) -> list[AskedAbout]:
        since = self._since(about)
        return [
            AskedAbout(address=one, target=self.target, since=since, until=about.now, priced=self.prices)
            for one in self._addresses()[:AT_MOST]
        ]

    def _addresses(self) -> list[str]:
        try:
            return list(dict.fromkeys(normal(one) for one in self.addresses))
        except ValueError as fault:
            raise InvalidInput.one(str(fault), source="addresses") from None

    def _since(self, about: Context) -> float:
        try:
            return about.now - seconds_back(self.since)
        except ValueError as fault:
            raise InvalidInput.one(str(fault), source="since") from None


def seconds_back(text: str) -> int:
    """Return how far back a span goes; raises ValueError for none, and for one that is too long."""
    back = parse_duration(text)
    if not 0 < back <= LONGEST_S:
        raise ValueError(f"{text!r} is not between 1s and 7d")
    return back
