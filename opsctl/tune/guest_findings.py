"""What shows in the guest only: drivers, MTU, queues, throttling, and EFAs that no library finds."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from opsctl.model.commands import Commands
from opsctl.tune.finding import NO_STOP, Mend, Severity, TuneFinding, finding, mended_by
from opsctl.tune.fleet import FleetInstance
from opsctl.tune.guest_answers import GuestDevice, GuestNetwork, numbers
from opsctl.tune.guest_mends import (
    EXPRESS_MTU,
    INTERRUPTS,
    REBOOT,
    built,
    relieved,
    set_up_express,
    updated,
    use_queues,
)
from opsctl.tune.guest_script import COUNTED_S
from opsctl.tune.instance_types import TypeNetwork

IN_GUEST = {
    "throttled": (
        "Packets were queued or dropped because the instance sent, received or tracked more than its type allows "
        "(EC2 user guide, network performance metrics)."
    ),
    "ena-module-missing": (
        "An instance whose ENA is switched on needs the module at its next start, else nothing reaches it (EC2 "
        "user guide, enhanced networking)."
    ),
    "driver-other": "ENA is on, and the guest uses another driver, so the device is not used as it could be.",
    "efa-driver-missing": "Without the module efa an Elastic Fabric Adapter is there and cannot be used.",
    "ena-driver-old": (
        "An ENAv3 device works at less than its speed with a driver before 2.2.9, and does not attach with one "
        "before 1.2 (ENA Linux best practices)."
    ),
    "express-driver-old": "ENA Express reaches its full speed with driver 2.2.9 and later (EC2 user guide).",
    "express-idle": (
        "ENA Express is on and its mode is 0: nothing is sent by it, for the other end, a middlebox or the MTU "
        "does not allow it (EC2 user guide, ENA Express)."
    ),
    "efa-fabric-missing": "libfabric finds no EFA, so MPI and NCCL fall back to TCP (EC2 user guide, EFA).",
    "throttled-before": (
        "Packets were queued or dropped since the instance was started, and not while it was looked at (EC2 user "
        "guide, network performance metrics)."
    ),
    "counters-missing": (
        "Drivers from 2.2.10 on count what the type's allowance held back; without that nobody sees that an "
        "instance is throttled (EC2 user guide, network performance metrics)."
    ),
    "mtu-express": "ENA Express takes packets of up to 8900 bytes; larger ones go as plain ENA (EC2 user guide).",
    "mtu-low": (
        "Inside a VPC packets may have 9001 bytes, which takes a sixth of the packets; through an internet "
        "gateway 1500 is the most (EC2 user guide, MTU)."
    ),
    "queues-unused": (
        "Each queue is served by a vCPU of its own; fewer queues mean fewer packets a second (ENA Linux best "
        "practices)."
    ),
}
THIRD_GENERATION = (2, 2, 9)
"""The first driver with ENAv3, and the first with which ENA Express has its full speed."""
ATTACHES = (1, 2)
"""The first driver that an ENAv3 interface attaches with."""
KERNELS = {
    "amzn": (4, 14, 186),
    "rhel": (4, 18, 0, 240, 1, 1),
    "centos": (4, 18, 0, 240, 1, 1),
    "rocky": (4, 18, 0, 240, 1, 1),
    "ubuntu": (5, 4, 0, 1025),
}
"""The first kernels whose own driver has ENAv3, by `ID` of os-release (ENA Linux best practices)."""
JUMBO = 9001
_ABOUT = {
    "bw_in": "bandwidth in",
    "bw_out": "bandwidth out",
    "pps": "packets a second",
    "conntrack": "tracked connections",
    "linklocal": "packets a second to DNS, metadata and time services",
}

_Rule: TypeAlias = Callable[[FleetInstance, TypeNetwork, GuestNetwork, Commands], Iterator[TuneFinding]]


def guest_findings(
    instance: FleetInstance, of: TypeNetwork, guest: GuestNetwork, commands: Commands
) -> list[TuneFinding]:
    """List what is below its best inside an instance; what was not read is no finding."""
    return [one for rule in _RULES for one in rule(instance, of, guest, commands)]


def has_third_generation(guest: GuestNetwork) -> bool | None:
    """Tell whether the driver in use has ENAv3; nothing where nobody can tell.

    A kernel's own driver tells an old version or none, whatever it can do: there the kernel's release counts.
    """
    version = guest.modules.get("ena", "")
    if version and not version.endswith("K"):
        return numbers(version) >= THIRD_GENERATION
    since = KERNELS.get(guest.release.split(" ")[0])
    if since is not None and guest.kernel:
        return numbers(guest.kernel)[: len(since)] >= since
    return None


def _drivers(
    instance: FleetInstance, of: TypeNetwork, guest: GuestNetwork, commands: Commands
) -> Iterator[TuneFinding]:
    if guest.system != "linux" or of.ena == "unsupported":
        return
    if not instance.ena and _lacks(guest, "ena"):
        what = f"the guest ({guest.release}) has no module ena, and ENA of {of.name} is off"
        mend = built(instance, guest, commands)
        mend = mend._replace(cost=f"{mend.cost}; before ENA is switched on")
        yield _found(commands, "ena-module-missing", "high", instance, what, mend)
    others = sorted({one.driver for one in guest.devices if one.driver and one.driver != "ena"})
    if instance.ena and others:
        what = f"{', '.join(others)} drives {_names([one for one in guest.devices if one.driver != 'ena'])}"
        yield _found(commands, "driver-other", "high", instance, what, built(instance, guest, commands))
    third = [one for one in guest.devices if one.driver == "ena" and one.third]
    if third and has_third_generation(guest) is False:
        version = guest.modules.get("ena") or f"of kernel {guest.kernel}"
        fails = numbers(version) < ATTACHES
        what = f"{_names(third)} is an ENAv3 device, and the driver is {version}"
        what += ", with which no further interface attaches" if fails else ""
        mend = updated(instance, guest, commands)
        yield _found(commands, "ena-driver-old", "high" if fails else "medium", instance, what, mend)

    if instance.ena and [one for one in guest.devices if one.driver == "ena" and not one.counted]:
        version = guest.modules.get("ena") or f"of kernel {guest.kernel}"
        what = f"the driver {version} tells no allowance counters"
        yield _found(commands, "counters-missing", "low", instance, what, updated(instance, guest, commands))


def _express(
    instance: FleetInstance, _: TypeNetwork, guest: GuestNetwork, commands: Commands
) -> Iterator[TuneFinding]:
    on = {one.mac for one in instance.interfaces if one.ena_express and one.mac}
    devices = [one for one in guest.devices if one.mac in on]
    if devices and has_third_generation(guest) is False:
        what = f"ENA Express is on at {_names(devices)}, and the driver is {guest.modules.get('ena') or 'older'}"
        yield _found(commands, "express-driver-old", "medium", instance, what, updated(instance, guest, commands))
    idle = [one for one in devices if one.srd_mode == 0]
    if idle:
        what = f"ENA Express is on at {_names(idle)}, and its mode is 0"
        mend = set_up_express(instance, [one.name for one in idle], commands)
        yield _found(commands, "express-idle", "medium", instance, what, mend)
    for one in devices:
        if one.mtu > EXPRESS_MTU:
            what = f"{one.name} has ENA Express and MTU {one.mtu}"
            fix = commands.opsctl("tune", "apply", instance.id, "--mtu", str(EXPRESS_MTU))
            yield _found(commands, "mtu-express", "low", instance, what, Mend(fix, INTERRUPTS))


def _mtu(
    instance: FleetInstance, _: TypeNetwork, guest: GuestNetwork, commands: Commands
) -> Iterator[TuneFinding]:
    express = {one.mac for one in instance.interfaces if one.ena_express}
    for one in guest.devices:
        enhanced = one.driver in ("ena", "ixgbevf") and one.mac not in express
        if enhanced and 0 < one.mtu < JUMBO:
            what = f"{one.name} has MTU {one.mtu}"
            fix = commands.opsctl("tune", "apply", instance.id, "--mtu", str(JUMBO))
            yield _found(commands, "mtu-low", "low", instance, what, Mend(fix, INTERRUPTS))


def _queues(
    instance: FleetInstance, _: TypeNetwork, guest: GuestNetwork, commands: Commands
) -> Iterator[TuneFinding]:
    for one in guest.devices:
        used, most = one.queues
        if 0 < used < most:
            mend = use_queues(instance, one.name, most, commands)
            what = f"{one.name} uses {used} of {most} queues"
            yield _found(commands, "queues-unused", "low", instance, what, mend)


def _throttling(
    instance: FleetInstance, of: TypeNetwork, guest: GuestNetwork, commands: Commands
) -> Iterator[TuneFinding]:
    rose = _summed([one.rose for one in guest.devices])
    if rose:
        most = ", ".join(f"{_ABOUT[name]} by {count:,}" for name, count in rose.items())
        mend = relieved(instance, of, guest, set(rose), commands)
        what = f"packets over its allowance rose in {COUNTED_S} s: {most}"
        yield _by_its_group(_found(commands, "throttled", "high", instance, what, mend), instance, mend, commands)
        return
    counted = {name: count for name, count in _summed([one.counted for one in guest.devices]).items() if count}
    if counted:
        most = ", ".join(f"{_ABOUT[name]} {count:,}" for name, count in counted.items())
        mend = relieved(instance, of, guest, set(counted), commands)
        what = f"packets over its allowance since it was started, none in {COUNTED_S} s: {most}"
        found = _found(commands, "throttled-before", "low", instance, what, mend)
        yield _by_its_group(found, instance, mend, commands)


def _by_its_group(found: TuneFinding, instance: FleetInstance, mend: Mend, commands: Commands) -> TuneFinding:
    """A member's weighting is its launch template's, which `tune group` changes."""
    weighting = "--bandwidth-weighting"
    if not instance.auto_scaling_group or weighting not in mend.fix:
        return found
    return mended_by(found, commands.opsctl("tune", "group", instance.auto_scaling_group, weighting, "vpc-1"))


def _summed(counters: list[dict[str, int]]) -> dict[str, int]:
    return {name: total for name in _ABOUT if (total := sum(one.get(name, 0) for one in counters))}


def _efa(
    instance: FleetInstance, _: TypeNetwork, guest: GuestNetwork, commands: Commands
) -> Iterator[TuneFinding]:
    if not instance.efa or guest.system != "linux":
        return
    install = commands.opsctl("tune", "apply", instance.id, "--efa", "--efa-driver", "everywhere")
    if _lacks(guest, "efa"):
        what = f"{len(instance.efa)} EFA, and the guest has no module efa"
        yield _found(commands, "efa-driver-missing", "high", instance, what, Mend(install, NO_STOP))
    elif "efa" in guest.modules and not guest.fabrics:
        what = f"{len(instance.efa)} EFA, and libfabric finds none"
        yield _found(commands, "efa-fabric-missing", "medium", instance, what, Mend(install, REBOOT))


_RULES: tuple[_Rule, ...] = (_drivers, _express, _mtu, _queues, _throttling, _efa)


def _lacks(guest: GuestNetwork, module: str) -> bool:
    """Tell whether there is no such module; where nobody can ask for modules, it may be there."""
    return module not in guest.modules and "modinfo" not in guest.missing


def _names(devices: list[GuestDevice]) -> str:
    return ", ".join(one.name for one in devices)


def _found(
    commands: Commands, id_: str, severity: Severity, instance: FleetInstance, what: str, mend: Mend
) -> TuneFinding:
    return finding(id_, severity, instance, what, why=IN_GUEST[id_], mend=mend, commands=commands)
