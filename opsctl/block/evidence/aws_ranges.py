"""Whether an address is in AWS's published ranges, and what AWS uses them for."""

from typing import ClassVar

from opsctl.block.evidence.published import current_ranges
from opsctl.block.evidence.range_list import Membership, RangeList
from opsctl.block.evidence.source import AskedAbout, EvidenceSource
from opsctl.model.commands import local_command
from opsctl.model.dossier import Matter, Sighting, SourceReport
from opsctl.model.fetching import Fetching
from opsctl.model.networks import Network, covers, parse_network
from opsctl.model.run import Context

OLD_D = 180
_EDGE = {"CLOUDFRONT", "CLOUDFRONT_ORIGIN_FACING", "ROUTE53_HEALTHCHECKS", "ROUTE53_HEALTHCHECKS_PUBLISHING"}
_SHOWN = 2


class AwsRanges(EvidenceSource):
    """Looks into the copy of ip-ranges.json that came with this version, or a newer one that was fetched."""

    name: ClassVar[str] = "aws-ranges"
    title: ClassVar[str] = "AWS's published ranges"
    matter: ClassVar[Matter] = "whose"

    def look(self, asked: AskedAbout, about: Context) -> Fetching[SourceReport]:
        """Name the ranges; a copy that is old says so."""
        ranges = current_ranges(about.cache)
        found = _sightings(asked.network, ranges.sharing(asked.network), ranges, about)
        report = self.report(asked, *found).model_copy(update={"title": f"{self.title} of {ranges.date}"})
        age = ranges.age_d(about.now)
        if age <= OLD_D:
            return report
        todo = local_command("who", "--refresh-ranges")
        why = f"the copy is {age} days old, and AWS changes some every week"
        return report.model_copy(update={"looked": "partly", "why": why, "todo": f"{todo} fetches them"})
        yield


def _sightings(network: Network, found: list[Membership], ranges: RangeList, about: Context) -> list[Sighting]:
    """Say the narrowest first: they tell most; AMAZON alone says only that it is AWS's."""
    telling = [one for one in found if one.services != ("AMAZON",)] or found
    inside = [one for one in telling if covers(parse_network(one.cidr), network)]
    if inside:
        return [_in(one, ranges, about) for one in inside[:_SHOWN]]
    if not telling:
        return []
    names = sorted({service for one in telling for service in one.services})
    says = f"holds {len(telling)} of AWS's published ranges (of {ranges.date}): {', '.join(names[:6])}"
    return [Sighting(says=says, telling=max(_weight(one) for one in telling))]


def _in(one: Membership, ranges: RangeList, about: Context) -> Sighting:
    services = ", ".join(one.services)
    says = f"in AWS's published range {one.cidr} (of {ranges.date}): {services} in {one.where}{_means(one, about)}"
    return Sighting(says=says, telling=_weight(one))


def _means(one: Membership, about: Context) -> str:
    if _EDGE.intersection(one.services):
        return "; everybody's requests or AWS's health checks come from there"
    if "EC2" in one.services:
        elsewhere = f": --region {one.where} asks there" if one.where not in (about.region, "GLOBAL") else ""
        return f"; anybody can rent such an address, you and your partners too{elsewhere}"
    return ""


def _weight(one: Membership) -> int:
    if _EDGE.intersection(one.services):
        return 85
    return 70 if {"GLOBALACCELERATOR", "EC2_INSTANCE_CONNECT"}.intersection(one.services) else 45
