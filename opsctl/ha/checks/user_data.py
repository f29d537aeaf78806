"""Judges whether user data, which runs again on every replacement, would make the data volumes empty.

Public threads about it: canonical/cloud-init#2766, aws-quickstart/quickstart-mongodb#30 and
zalando-stups/taupage#356.
"""

import re
from collections.abc import Iterator

from opsctl.ha.checks.preflight_finding import PreflightFinding, accept, carry
from opsctl.ha.checks.user_data_devices import may_mean
from opsctl.ha.checks.user_data_formats import makings_in
from opsctl.ha.checks.user_data_parts import parts_of
from opsctl.ha.inventory import Inventory
from opsctl.model.sentences import first_few

_SHOWN = 5
_PLAIN = re.compile(r"/dev/[\w/.:-]{1,60}")
_WHY = (
    "it runs once on every replacement, with the data volumes attached by then or soon after: unless it "
    "first checks for an existing file system, the data is destroyed; its text is not shown here, so "
    "review those lines"
)


def check_user_data(inventory: Inventory) -> Iterator[PreflightFinding]:
    """What becomes of the user data, and which of the group's devices it may format."""
    if "user-data" not in inventory.answers:
        why = "a replacement would be launched without user data, because it is not known whether there is any"
        yield accept("user-data-unread", "user data could not be read", why)
        return
    if not inventory.user_data:
        return
    what = f"user data, SHA-256 {inventory.user_data_digest[:12]}, goes into the launch template"
    yield carry("user-data", what, "it runs once on every replacement, so it must be safe on a cloned disk")
    found = list(_named(inventory))
    if found:
        formatted = first_few(found, _SHOWN, "; ")
        yield accept("user-data-formats", f"user data may format {formatted}", _WHY)


def _named(inventory: Inventory) -> Iterator[str]:
    """Name each thing that may format a data volume, with the devices that come from the group."""
    if not inventory.data_volumes:
        return
    for making in (making for part in parts_of(inventory.user_data_bytes) for making in makings_in(part)):
        meant = {name: may_mean(name, inventory.data_volumes) for name in making.names}
        devices = tuple(dict.fromkeys(device for each in meant.values() for device in each or ()))
        untold = [name for name, each in meant.items() if each is None]
        if devices:
            names = ", ".join(name for name, each in meant.items() if each)
            yield f"{' or '.join(devices)} ({making.by} on {names}, {making.where})"
        elif untold or not meant:
            on = "".join(f" on {name}" for name in untold if _PLAIN.fullmatch(name))
            yield f"a device that is not known ({making.by}{on}, {making.where})"
