"""AWS's `ip-ranges.json`: checked, and made into a list of ranges.

Its form is that of the VPC user guide ("AWS IP address ranges", syntax): `syncToken` and `createDate`, and one
entry for each range and service; a range of several services stands there once for each, and for AMAZON as well.
"""

import json
import re
from collections import defaultdict
from pathlib import Path

from opsctl.block.evidence.range_list import RangeList, load_range_list, written
from opsctl.model.networks import Network, parse_network
from opsctl.model.value import Json

URL = "https://ip-ranges.amazonaws.com/ip-ranges.json"
FILE = "aws-ip-ranges.txt"
AT_MOST_BYTES = 32 * 1024 * 1024
_AT_LEAST = 1_000
_PACKAGED = Path(__file__).parent / "aws_ranges.txt"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}-\d{2}-\d{2}-\d{2}")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")


def current_ranges(cache: str) -> RangeList:
    """Return AWS's ranges: those fetched into the directory `cache` where they are newer than the packaged."""
    packaged = load_range_list(_PACKAGED)
    if not cache:
        return packaged
    try:
        fetched = load_range_list(Path(cache) / FILE)
    except (OSError, ValueError):  # none was fetched, or it was cut short: the packaged one is whole
        return packaged
    return max(packaged, fetched, key=lambda one: one.date)


def list_of(published: bytes) -> str:
    """Return the text of the list for what AWS publishes.

    Raises:
        ValueError: it is not what AWS publishes.
    """
    try:
        told = json.loads(published)
        created, token = str(told["createDate"]), str(told["syncToken"])
        entries = [_entry(one) for one in (*told["prefixes"], *told["ipv6_prefixes"])]
    except (KeyError, TypeError, RecursionError, json.JSONDecodeError) as fault:
        raise ValueError(f"it is no ip-ranges.json: {type(fault).__name__}: {fault}") from None
    if not (_DATE.fullmatch(created) and token.isdigit()):
        raise ValueError("it is no ip-ranges.json: it has no date")
    if len(entries) < _AT_LEAST:
        raise ValueError(f"it has {len(entries)} ranges, which cannot be all of them")
    services: dict[tuple[Network, str], set[str]] = defaultdict(set)
    for network, region, service in entries:
        services[network, region].add(service)
    groups: dict[tuple[str, str], list[Network]] = defaultdict(list)
    for (network, region), names in services.items():
        groups[region, ",".join(sorted(names - {"AMAZON"})) or "AMAZON"].append(network)
    every = [(region, names, networks) for (region, names), networks in groups.items()]
    return written("AWS", created[:10], f"{URL}, createDate {created}, syncToken {token}", every)


def _entry(one: Json) -> tuple[Network, str, str]:
    network = parse_network(one["ip_prefix"] if "ip_prefix" in one else one["ipv6_prefix"])
    region, service = one["region"], one["service"]
    if network.prefixlen < (8 if network.version == 4 else 16):
        raise ValueError(f"it is no ip-ranges.json: {network} is wider than any range of AWS's")
    if not (_WORD.fullmatch(region) and _WORD.fullmatch(service)):
        raise ValueError(f"it is no ip-ranges.json: {region!r} and {service!r} are no region and no service")
    return network, region, service
