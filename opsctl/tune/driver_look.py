"""Looking for drivers in guests before anything is stopped: what a script asks, and of which instances.

Source: EC2 user guide, enhanced networking (`modinfo ena`, `modinfo ixgbevf`) and change the instance type to a
Nitro one: the NVMe driver has to be there, and /etc/fstab may not name disks as /dev/xvd* or /dev/sd*.
"""

from collections.abc import Sequence

from opsctl.model.value import Value
from opsctl.tune.hazard import HazardSubject

_ASKABLE = (
    "command -v modinfo >/dev/null || { echo 'nobody can ask for drivers: modinfo is missing' >&2; exit 4; }"
)
_FSTAB = (
    "if grep -Eq '^/dev/(xvd|sd|hd)' /etc/fstab; then echo '/etc/fstab names a disk by its device' >&2; exit 3; fi"
)


class DriverLook(Value):
    """Which guests are looked into, for which modules of the kernel, with which script."""

    instances: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


def needed_drivers(about: HazardSubject) -> tuple[str, ...]:
    """The modules of the kernel without which an instance is not reached or does not boot once it is changed."""
    machine, wish = about.machine, about.wish
    found = ["ena"] if wish.ena and not machine.ena else []
    found += ["ixgbevf"] if wish.sriov and not machine.vf else []
    if about.then.nitro and not about.now.nitro:
        found += ["ena", "nvme"]
    return tuple(dict.fromkeys(found))


def is_looked_into(about: HazardSubject) -> bool:
    """Tell whether a guest can be asked for its drivers: Linux whose agent is online."""
    return about.machine.agent == "online" and not about.machine.windows


def driver_look(subjects: Sequence[HazardSubject]) -> DriverLook:
    """Return what is looked for in the guests that need a driver and can be asked."""
    asked = [one for one in subjects if is_looked_into(one) and needed_drivers(one)]
    modules = tuple(dict.fromkeys(name for one in asked for name in needed_drivers(one)))
    if not asked:
        return DriverLook()
    lines = [_ASKABLE, *(line for name in modules for line in _there(name))]
    lines += [_FSTAB] if "nvme" in modules else []
    return DriverLook(instances=tuple(one.machine.id for one in asked), modules=modules, commands=tuple(lines))


def _there(module: str) -> tuple[str, ...]:
    """Lines that end the script unless a module is there, by itself or built into the kernel."""
    built_in = f'grep -q "/{module}.ko" /lib/modules/$(uname -r)/modules.builtin 2>/dev/null'
    return (
        f"if modinfo {module} >/dev/null 2>&1 || {built_in}; then echo 'driver {module} is there'",
        f"else echo 'the guest has no driver {module}' >&2; exit 3; fi",
    )
