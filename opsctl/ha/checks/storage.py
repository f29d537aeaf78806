"""Judges the disks of an instance."""

from collections.abc import Iterator

from opsctl.ha.checks.preflight_finding import RECOVER_ONLY, PreflightFinding, accept, block, carry, fix, warn
from opsctl.ha.inventory import Inventory


def check_storage(inventory: Inventory) -> Iterator[PreflightFinding]:
    """Root disk, data volumes and instance store."""
    yield from _root(inventory)
    yield from _data(inventory)
    yield from _instance_store(inventory)


def _root(inventory: Inventory) -> Iterator[PreflightFinding]:
    if inventory.instance.get("RootDeviceType") != "ebs":
        yield block(
            "root-instance-store",
            "its root device is an instance store",
            "only EBS-backed instances can be imaged",
        )
        return
    what = f"everything written to the root disk {inventory.root_device} after the image is taken"
    yield accept("root-disk", what, "is lost: a replacement boots from the image")


def _data(inventory: Inventory) -> Iterator[PreflightFinding]:
    volumes = inventory.data_volumes
    if not volumes:
        yield warn("no-data-volume", "it has no data volume", "only what is in the image survives a replacement")
        return
    what = ", ".join(f"{one.id} at {one.device} ({one.size_gib} GiB {one.type})".strip() for one in volumes)
    yield carry(
        "data-volumes", what, ("the handler moves it to every replacement, and never creates an empty volume")
    )
    doomed = [one.device for one in volumes if one.delete_on_termination]
    if doomed:
        why = "AWS would delete them with the instance (DeleteOnTermination); the plan turns that off first"
        yield fix("delete-on-termination", f"{', '.join(doomed)} would be deleted", why)
    for one in volumes:
        if one.multi_attach:
            yield block(
                "multi-attach", f"{one.id} is attached to several instances", "it can have more than one writer"
            )
        if one.product_codes:
            why = "AWS attaches such a volume only to a stopped instance, and replacements are running"
            yield block("marketplace-volume", f"{one.id} carries {', '.join(one.product_codes)}", why)
    unread = [one.id for one in volumes if not one.known]
    if unread:
        yield block(
            "volume-unreadable", f"{', '.join(unread)} cannot be described", "its type and key are not known"
        )


def _instance_store(inventory: Inventory) -> Iterator[PreflightFinding]:
    if not inventory.type_info.get("InstanceStorageSupported"):
        return
    size = (inventory.type_info.get("InstanceStorageInfo") or {}).get("TotalSizeInGB", 0)
    what = f"what is on its instance store ({size} GB)" if size else "what is on its instance store"
    yield accept("instance-store", what, "is lost with every replacement")
    yield accept(
        "instance-store-recover", what, "is lost with every recovery, or recovery is refused", RECOVER_ONLY
    )
