"""Route 53: pointing one A record at an address, and back."""

from opsctl.model.changes import Check, Instruction
from opsctl.model.reads import Read
from opsctl.model.value import Json


def get_hosted_zone(zone: str) -> Read:
    """Read a hosted zone with its VPCs."""
    return Read(service="route53", operation="GetHostedZone", params={"Id": zone})


def record_at(zone: str, name: str) -> Read:
    """Read the first record set at or after a name; those of one name are listed by type, A first."""
    where = {"HostedZoneId": zone, "StartRecordName": name, "StartRecordType": "A", "MaxItems": "1"}
    return Read(service="route53", operation="ListResourceRecordSets", params=where)


def upsert_record(zone: str, record: Json) -> Instruction:
    """Create a record set, or give it these values."""
    return _change(zone, "UPSERT", record)


def delete_record(zone: str, record: Json) -> Instruction:
    """Delete a record set that has exactly these values; Route 53 refuses when it has others."""
    return _change(zone, "DELETE", record)


def points_at(zone: str, name: str, address: str) -> Check:
    """The A record has this one address."""
    return Check(
        read=record_at(zone, name),
        query=_VALUES.format(name),
        op="equals",
        value=[address],
        says=f"{name} is {address}",
    )


def has_no_address(zone: str, name: str) -> Check:
    """There is no A record of that name."""
    return Check(read=record_at(zone, name), query=_VALUES.format(name), op="empty", says=f"{name} has no address")


_VALUES = "ResourceRecordSets[?Name=='{}' && Type=='A'] | [0].ResourceRecords[].Value"


def _change(zone: str, action: str, record: Json) -> Instruction:
    return Instruction(
        kind="call",
        service="route53",
        operation="ChangeResourceRecordSets",
        params={
            "HostedZoneId": zone,
            "ChangeBatch": {"Changes": [{"Action": action, "ResourceRecordSet": record}]},
        },
    )
