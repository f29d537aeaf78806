"""Has things go wrong in an account of the sandbox while it runs, as somebody who rehearses asks for it."""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine.conditions import Conditions
from opsctl.sandbox.faults import SWITCHES, FaultsAsked, FaultsFound

_LOOKED_UP = {"INSTANCE": "instance", "VOLUME": "volume"}


def switch_faults(about: Conditions, client: Callable[[str], Any], asked: FaultsAsked) -> FaultsFound:
    """Switch faults on and off; instances and volumes may be given by their Name tags.

    A name that nothing has changes nothing at all.
    """
    ids = {one: _ids_of(client, one) for one in (*asked.broken, *asked.mended)}
    unknown = tuple(one for one, found in ids.items() if not found)
    if unknown:
        return FaultsFound(faults=_told(about), unknown=unknown)
    for switch in SWITCHES.values() if asked.mend_all else ():
        _names(about, switch.field).clear()
    for one in asked.mended:
        _names(about, SWITCHES[one.partition("=")[0]].field).difference_update(ids[one])
    for one in asked.broken:
        _names(about, SWITCHES[one.partition("=")[0]].field).update(ids[one])
    return FaultsFound(faults=_told(about))


def _names(about: Conditions, field: str) -> set[str]:
    found: set[str] = getattr(about.faults, field)
    return found


def _told(about: Conditions) -> tuple[str, ...]:
    return tuple(
        f"{name}={one}" for name, switch in SWITCHES.items() for one in sorted(_names(about, switch.field))
    )


def _ids_of(client: Callable[[str], Any], asked: str) -> list[str]:
    """Return the ids that a name stands for; what is no instance and no volume, and no zone, is taken as it is."""
    fault, _, name = asked.partition("=")
    befalls = SWITCHES[fault].befalls
    if befalls == "ZONE":
        zones = client("ec2").describe_availability_zones()["AvailabilityZones"]
        return [name] if name in {one["ZoneName"] for one in zones} else []
    if befalls not in _LOOKED_UP:
        return [name]
    by = {"Name": f"{_LOOKED_UP[befalls]}-id" if name.startswith(("i-", "vol-")) else "tag:Name", "Values": [name]}
    if befalls == "VOLUME":
        return [one["VolumeId"] for one in client("ec2").describe_volumes(Filters=[by])["Volumes"]]
    found = client("ec2").describe_instances(Filters=[by])["Reservations"]
    return [one["InstanceId"] for group in found for one in group["Instances"]]
