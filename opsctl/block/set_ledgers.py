"""Reading what is recorded of IP sets: by their tags, and by the lists that belong to them."""

from collections.abc import Iterable, Sequence

from opsctl.block import wafv2
from opsctl.block.records import BlockList, Ledger, list_prefix, parse_ledger
from opsctl.block.topology.webacl import IpSet, parse_ip_set
from opsctl.block.waf_objects import IP_SET, list_objects
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer


def ledgers_of(sets: Sequence[IpSet]) -> Fetching[dict[str, Ledger]]:
    """Read the records on IP sets, by ARN; a set whose tags may not be read is left out."""
    if not sets:
        return {}
    places = dict.fromkeys((wafv2.scope_of(one.arn), wafv2.region_of(one.arn)) for one in sets)
    listings = [list_objects(IP_SET, scope, region) for scope, region in places]
    answers = yield [*listings, *(wafv2.list_tags(one.arn) for one in sets)]
    listed, tagged = answers[: len(listings)], answers[len(listings) :]
    lists = yield from _lists(sets, listed)
    return {
        one.arn: parse_ledger(wafv2.parse_tags(answer.value), of_carrier(lists, one.name, one.arn), one.addresses)
        for one, answer in zip(sets, tagged, strict=True)
        if answer.refusal is None
    }


def of_carrier(lists: Iterable[BlockList], name: str, arn: str) -> list[BlockList]:
    """Return the lists that belong to a set: by their names, in its own scope."""
    scope = wafv2.scope_of(arn)
    return [one for one in lists if one.name.startswith(list_prefix(name)) and wafv2.scope_of(one.arn) == scope]


def parse_list(got: Answer, tagged: Answer) -> BlockList:
    """Parse a list from the answers of GetIPSet and ListTagsForResource."""
    found = parse_ip_set(got.value["IPSet"])
    return BlockList(
        name=found.name,
        arn=found.arn,
        version=found.version,
        addresses=found.addresses,
        tags=wafv2.parse_tags(tagged.value),
    )


def _lists(sets: Sequence[IpSet], listed: Sequence[Answer]) -> Fetching[list[BlockList]]:
    prefixes = tuple(list_prefix(one.name) for one in sets)
    arns = [
        item["ARN"]
        for answer in listed
        if answer.refusal is None
        for item in answer.value.get("IPSets") or []
        if item["Name"].startswith(prefixes)
    ]
    if not arns:
        return []
    answers = yield [read for arn in arns for read in (wafv2.get_ip_set(arn), wafv2.list_tags(arn))]
    pairs = zip(answers[::2], answers[1::2], strict=True)
    return [parse_list(got, tagged) for got, tagged in pairs if got.refusal is None and tagged.refusal is None]
