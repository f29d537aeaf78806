"""Of many addresses, those in ranges that many clients share: who blocks a list blocks those with the rest."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from opsctl.block.evidence.published import current_ranges
from opsctl.block.evidence.range_list import RangeList, load_range_list
from opsctl.model.dossier import Part, PartResult, Sighting, SourceReport
from opsctl.model.fetching import Fetching
from opsctl.model.networks import overlapping, plain_addresses
from opsctl.model.run import Context
from opsctl.model.sentences import first_few

NAME = "shared-ranges"
_LISTS = Path(__file__).parent / "proxy_ranges.txt"
_EDGE = {"CLOUDFRONT", "CLOUDFRONT_ORIGIN_FACING", "ROUTE53_HEALTHCHECKS", "ROUTE53_HEALTHCHECKS_PUBLISHING"}
_NAMED = 3


def part_of_all(addresses: Sequence[str], about: Context) -> Part:
    """Return the part that looks at all addresses, where only the first few are asked about one by one."""
    report = SourceReport(source=NAME, title="proxies and AWS's edge, for every address", matter="whose")
    silent = report.model_copy(update={"looked": "no", "why": "nobody looked"})
    return Part(fetching=_looked(report, addresses, about), silent=(silent,))


def _looked(report: SourceReport, addresses: Sequence[str], about: Context) -> Fetching[PartResult]:
    return (report.model_copy(update={"found": tuple(_sightings(addresses, about))}),)
    yield


def _sightings(addresses: Sequence[str], about: Context) -> Iterator[Sighting]:
    for whose, ranges in _shared(load_range_list(_LISTS), current_ranges(about.cache), about):
        inside = overlapping(addresses, ranges)
        if inside:
            named = first_few(map(plain_addresses, inside), _NAMED)
            says = (
                f"{len(inside):,} of {len(addresses):,} addresses are {whose}, which many clients share: {named}"
            )
            yield Sighting(says=says, telling=89)


def _shared(proxies: RangeList, aws: RangeList, about: Context) -> Iterator[tuple[str, Sequence[str]]]:
    for where, days, ranges in proxies.groups:
        yield f"{where}'s (list of {', '.join(days)})", ranges
    edge = [cidr for _, services, ranges in aws.groups if _EDGE.intersection(services) for cidr in ranges]
    yield f"AWS's edge (list of {aws.date})", edge
    if about.settings.proxy_ranges:
        yield "in proxy_ranges of your configuration", about.settings.proxy_ranges
