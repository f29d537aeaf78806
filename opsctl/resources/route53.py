"""Route 53: reading hosted zones and records, and the one form in which names are compared."""

import re

from opsctl.model.reads import Read
from opsctl.model.value import Json, Value

_ESCAPE = re.compile(r"\\([0-7]{3})")


class Zone(Value):
    """A hosted zone; a private one answers only inside its VPCs."""

    id: str
    name: str
    private: bool


class Record(Value):
    """One resource record set: an alias target, or values. `variant` tells weighted and other sets apart."""

    name: str
    type: str
    values: tuple[str, ...] = ()
    alias: str = ""
    variant: str = ""


def normal_name(text: str) -> str:
    r"""Return a DNS name in lower case, without the trailing dot, with `\052` and its like unescaped."""
    unescaped = _ESCAPE.sub(lambda match: chr(int(match.group(1), 8)), text)
    return unescaped.strip().rstrip(".").lower()


def plain_target(text: str) -> str:
    """Return the name an alias really means: load balancer aliases often carry a `dualstack.` prefix."""
    return normal_name(text).removeprefix("dualstack.")


def list_hosted_zones() -> Read:
    """Read all hosted zones of the account."""
    return Read(service="route53", operation="ListHostedZones")


def list_records(zone: str) -> Read:
    """Read all records of a hosted zone, by its id without the `/hostedzone/` prefix."""
    return Read(service="route53", operation="ListResourceRecordSets", params={"HostedZoneId": zone})


def parse_zones(answer: Json) -> tuple[Zone, ...]:
    """Parse ListHostedZones."""
    return tuple(
        Zone(
            id=str(one["Id"]).rpartition("/")[2],
            name=normal_name(one["Name"]),
            private=bool(one.get("Config", {}).get("PrivateZone", False)),
        )
        for one in answer.get("HostedZones", [])
    )


def parse_records(answer: Json) -> dict[str, tuple[Record, ...]]:
    """Parse ListResourceRecordSets: the records that lead somewhere (A, AAAA, CNAME), by name."""
    found: dict[str, list[Record]] = {}
    for one in answer.get("ResourceRecordSets", []):
        if one["Type"] not in ("A", "AAAA", "CNAME"):
            continue
        record = Record(
            name=normal_name(one["Name"]),
            type=one["Type"],
            values=tuple(str(item["Value"]) for item in one.get("ResourceRecords", [])),
            alias=plain_target(one.get("AliasTarget", {}).get("DNSName", "")),
            variant=_variant(one),
        )
        found.setdefault(record.name, []).append(record)
    return {name: tuple(records) for name, records in found.items()}


def _variant(one: Json) -> str:
    for member in (
        "Weight",
        "Region",
        "Failover",
        "GeoLocation",
        "GeoProximityLocation",
        "CidrRoutingConfig",
    ):
        if member in one:
            return f"{member.lower()} {one[member]}" if not isinstance(one[member], dict) else member.lower()
    return "multivalue" if one.get("MultiValueAnswer") else ""
