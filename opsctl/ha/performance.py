"""What makes an instance's network fast and its launch certain: which of it a launch template can carry."""

from collections.abc import Iterator

from opsctl.ha.checks.preflight_finding import PreflightFinding, carry, warn
from opsctl.ha.inventory import Inventory
from opsctl.model.value import Json


def interface_performance(interface: Json) -> dict[str, Json]:
    """Return what a template's interface carries: ENA Express, and timeouts of connection tracking."""
    found: dict[str, Json] = {}
    express = (interface.get("Attachment") or {}).get("EnaSrdSpecification") or {}
    if express.get("EnaSrdEnabled"):
        udp = bool((express.get("EnaSrdUdpSpecification") or {}).get("EnaSrdUdpEnabled"))
        found["EnaSrdSpecification"] = {
            "EnaSrdEnabled": True,
            "EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": udp},
        }
    timeouts = {k: v for k, v in (interface.get("ConnectionTrackingConfiguration") or {}).items() if v}
    if timeouts:
        found["ConnectionTrackingSpecification"] = timeouts
    return found


def launch_performance(instance: Json) -> dict[str, Json]:
    """Return what a template carries for the instance itself: bandwidth weighting, and use of reservations.

    A single reservation lies in one zone, so a template that names one could launch in no other.
    """
    found: dict[str, Json] = {}
    weighting = _weighting(instance)
    if weighting:
        found["NetworkPerformanceOptions"] = {"BandwidthWeighting": weighting}
    group, preference = _target(instance).get("CapacityReservationResourceGroupArn"), _preference(instance)
    if group:
        found["CapacityReservationSpecification"] = {
            "CapacityReservationTarget": {"CapacityReservationResourceGroupArn": group}
        }
    elif preference:
        found["CapacityReservationSpecification"] = {"CapacityReservationPreference": preference}
    return found


def check_performance(inventory: Inventory) -> Iterator[PreflightFinding]:
    """Tell what of it replacements have as well, and what they lack."""
    extras = interface_performance(inventory.interfaces[0] if inventory.interfaces else {})
    if "EnaSrdSpecification" in extras:
        why = "it works within one zone only, so it has less effect from another zone"
        yield carry("ena-express", "ENA Express is on", why)
    if "ConnectionTrackingSpecification" in extras:
        told = ", ".join(f"{name} {value} s" for name, value in extras["ConnectionTrackingSpecification"].items())
        yield carry("connection-tracking", told, "a shorter connection tracking timeout drops idle connections")
    weighting = _weighting(inventory.instance)
    if weighting:
        why = "an instance type without it fails to launch"
        yield carry("bandwidth-weighting", f"bandwidth weighting {weighting}", why)
    yield from _reservations(inventory.instance)
    options = inventory.instance.get("MaintenanceOptions") or {}
    if options.get("RebootMigration") == "disabled":
        why = "a launch template cannot set this: replacements have it enabled until somebody turns it off"
        yield warn("reboot-migration", "reboot migration is disabled", why)


def _reservations(instance: Json) -> Iterator[PreflightFinding]:
    target, preference = _target(instance), _preference(instance)
    if target.get("CapacityReservationId"):
        why = (
            "it is in one zone, so it is not carried over: replacements use any matching open reservation, or none"
        )
        yield warn("capacity-reservation", f"it is launched into {target['CapacityReservationId']}", why)
    elif target.get("CapacityReservationResourceGroupArn"):
        group = target["CapacityReservationResourceGroupArn"].rpartition("/")[2]
        yield carry(
            "capacity-reservation", f"reservations of group {group}", "have one in every zone of the group"
        )
    elif preference == "capacity-reservations-only":
        why = "carried over: in a zone without a free matching reservation no replacement can start"
        yield warn("capacity-reservation", "it is launched into capacity reservations only", why)
    elif preference:
        yield carry("capacity-reservation", f"capacity reservation preference {preference}", "as it is now")


def _weighting(instance: Json) -> str:
    told = str((instance.get("NetworkPerformanceOptions") or {}).get("BandwidthWeighting") or "default")
    return "" if told == "default" else told


def _target(instance: Json) -> dict[str, Json]:
    target: dict[str, Json] = (instance.get("CapacityReservationSpecification") or {}).get(
        "CapacityReservationTarget"
    ) or {}
    return target


def _preference(instance: Json) -> str:
    """What was chosen; `open` is what AWS does anyhow, and a target excludes a preference."""
    told = (instance.get("CapacityReservationSpecification") or {}).get("CapacityReservationPreference") or "open"
    return "" if told == "open" or _target(instance) else str(told)
