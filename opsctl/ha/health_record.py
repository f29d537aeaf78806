"""Judges whether the private name that follows an instance leads to it now."""

from collections.abc import Iterator

from opsctl.ha.health_finding import HealthFinding, judged
from opsctl.model.value import Json


def check_record(name: str, instance: Json, answer: Json) -> Iterator[HealthFinding]:
    """The A record has the private address of the instance in service; without one there is nothing to compare."""
    address = instance.get("PrivateIpAddress")
    if not address:
        return
    found = [
        value["Value"]
        for each in answer.get("ResourceRecordSets", [])
        if each["Name"] == name and each["Type"] == "A"
        for value in each.get("ResourceRecords", [])
    ]
    words = f"is {', '.join(found)}" if found else "has no address"
    yield judged(
        f"record {name.rstrip('.')}",
        found == [address],
        f"resolves to {address}",
        f"{words}, not {address}: clients of this name do not reach the instance",
    )
