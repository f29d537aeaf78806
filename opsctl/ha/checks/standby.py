"""Judges what matters only in mode standby."""

from collections.abc import Iterator

from opsctl.ha.checks.instance import TAGS_AT_MOST, stop_protection_off
from opsctl.ha.checks.preflight_finding import STANDBY_ONLY, PreflightFinding, block, warn
from opsctl.ha.checks.traffic import registrations
from opsctl.ha.inventory import Inventory

OWN_TAGS = 5


def check_standby(inventory: Inventory) -> Iterator[PreflightFinding]:
    """Everything that a standby cannot do, or does otherwise than a group."""
    if inventory.wanted.fresh:
        why = "the instance stays where it is, and a standby is launched beside it"
        yield block("standby-fresh", "--fresh", why, STANDBY_ONLY)
    for one in registrations(inventory):
        why = "only the address moves to the standby; --mode asg registers replacements with the target group"
        yield block("standby-target-group", f"target group {one.name} sends to it", why, STANDBY_ONLY)
    if inventory.attribute("stop-protection", "DisableApiStop"):
        command = stop_protection_off(inventory.id, inventory.commands)
        why = f"it has to be stopped before its standby can take over: {command}"
        yield block("standby-stop-protection", "stop protection is on", why, STANDBY_ONLY)
    count = len(inventory.own_tags)
    if count > TAGS_AT_MOST - OWN_TAGS:
        why = f"AWS allows {TAGS_AT_MOST} tags, and a standby needs {OWN_TAGS} more: remove some"
        yield block("standby-tags", f"it has {count} tags", why, STANDBY_ONLY)
    if not inventory.elastic_ips:
        why = "only an Elastic IP or a --record moves to the standby, so clients may not reach it"
        yield warn("no-address", "it has no Elastic IP", why, STANDBY_ONLY)
    why = "its root disk is as old as this plan, and its start can fail for lack of capacity in that zone"
    yield warn("standby-drifts", "the standby is created once", why, STANDBY_ONLY)
