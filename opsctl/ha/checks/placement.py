"""Judges where the instance is and where a replacement could go."""

from collections.abc import Iterator

from opsctl.ha.checks.preflight_finding import RECOVER_ONLY, REPLACING, PreflightFinding, block, carry, warn
from opsctl.ha.inventory import Inventory
from opsctl.ha.subnet_choice import SubnetChoice


def check_placement(inventory: Inventory, choice: SubnetChoice) -> Iterator[PreflightFinding]:
    """Placement, tenancy, zones and subnets."""
    yield from _placement(inventory)
    yield from _account(inventory)
    yield from _zones(choice)


def _placement(inventory: Inventory) -> Iterator[PreflightFinding]:
    placement = inventory.instance.get("Placement") or {}
    groups = (inventory.answers.get("placement-group") or {}).get("PlacementGroups", [])
    if groups:
        strategy, name = groups[0].get("Strategy", ""), groups[0].get("GroupName", "")
        if strategy == "cluster":
            why = "a cluster placement group is confined to one zone, so a group over several zones cannot use it"
            yield block("cluster-placement", f"it is in cluster placement group {name}", why)
        else:
            yield carry(
                "placement-group", f"{strategy} placement group {name}", "launches may fail when it is full"
            )
    if placement.get("Tenancy") == "host" or placement.get("HostId") or placement.get("HostResourceGroupArn"):
        why = "a replacement would need a Dedicated Host of this account in every zone"
        yield block("dedicated-host", "it runs on a Dedicated Host", why)
        yield block(
            "dedicated-host-recover",
            "it runs on a Dedicated Host",
            "the recover action does not work there",
            RECOVER_ONLY,
        )
    if inventory.instance.get("OutpostArn"):
        yield block("outpost", "it runs on an Outpost", "addresses and subnets cannot leave it")
    if inventory.instance.get("CapacityReservationId"):
        why = "a capacity reservation covers one zone only; in another zone a launch depends on free capacity"
        yield warn("capacity-reservation", f"it runs in {inventory.instance['CapacityReservationId']}", why)


def _account(inventory: Inventory) -> Iterator[PreflightFinding]:
    """Tell of a replacement order that would give one volume two writers; the group's own policy overrides it."""
    settings = (inventory.answers.get("scaling-settings") or {}).get("Settings", [])
    values = {str(one.get("Value", "")).lower() for one in settings if one.get("Name") == "launchBeforeTerminate"}
    if values & {"true", "enabled"}:
        why = "a volume cannot have two writers, so this group gets its own instance maintenance policy: keep it"
        yield warn(
            "launch-before-terminate",
            ("by account default, groups launch a replacement before they terminate"),
            why,
        )


def _zones(choice: SubnetChoice) -> Iterator[PreflightFinding]:
    if choice.wrong:
        yield block(
            "subnets", "; ".join(choice.wrong), "a group needs subnets of one VPC, one of them in the current zone"
        )
    elif len(choice.zones) < 2:
        yield block(
            "one-zone",
            choice.shortage,
            "with one zone it does not survive a zone failure; add a subnet, or use --mode recover",
        )
    else:
        listed = ", ".join(f"{one.id} in {one.zone}" for one in choice.subnets)
        why = (
            f"a replacement starts where its data is, in {choice.zones[0]}, and elsewhere only if it cannot "
            "start there"
        )
        yield carry("subnets", listed, why, REPLACING)
    for text in choice.differences:
        yield warn("subnet-difference", text, "connectivity of a replacement may differ there")
