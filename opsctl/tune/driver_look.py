"""Looking for drivers in guests before anything is stopped: what a script asks, and of which instances.

Source: EC2 user guide, enhanced networking (`modinfo ena`, `modinfo ixgbevf`) and change the instance type to a
Nitro one: the NVMe driver has to be there, and /etc/fstab may not name disks as /dev/xvd* or /dev/sd*.
"""

from collections.abc import Collection, Sequence

from opsctl.model.value import Value
from opsctl.tune.hazard import HazardSubject

NOBODY_CAN_TELL = 4
"""How the script ends in a guest that cannot be asked: nothing is known, which is not that a driver is missing."""
_FSTAB = (
    "if grep -Eq '^/dev/(xvd|sd|hd)' /etc/fstab; then echo '/etc/fstab names a disk by its device' >&2; exit 3; fi"
)


class DriverLook(Value):
    """Which guests are looked into, for which modules of the kernel, with which script.

    `unseen` is whether it goes on where nobody can tell, `expected` how the script ends where it does.
    """

    instances: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    unseen: bool = False
    expected: tuple[int, ...] = (0,)


def needed_drivers(about: HazardSubject) -> tuple[str, ...]:
    """The modules of the kernel without which an instance is not reached or does not boot once it is changed."""
    machine, wish = about.machine, about.wish
    found = ["ena"] if wish.ena and not machine.ena else []
    found += ["ixgbevf"] if wish.sriov and not machine.vf else []
    if about.then.nitro and not about.now.nitro:
        found += ["ena", "nvme"]
    return tuple(dict.fromkeys(found))


def doubts_of(about: HazardSubject) -> tuple[str, ...]:
    """The guards by whose names it is accepted that nobody knows of these drivers."""
    machine, wish = about.machine, about.wish
    found = ["ena-driver"] if wish.ena and not machine.ena else []
    found += ["vf-driver"] if wish.sriov and not machine.vf else []
    found += ["nvme-driver"] if about.then.nitro and not about.now.nitro else []
    return tuple(found)


def is_looked_into(about: HazardSubject) -> bool:
    """Tell whether a guest can be asked for its drivers: Linux whose agent is online."""
    return about.machine.agent == "online" and not about.machine.windows


def driver_look(subjects: Sequence[HazardSubject], accepted: Collection[str] = ()) -> DriverLook:
    """Return what is looked for in the guests that need a driver and can be asked.

    A guest without `modinfo` shows only then that it cannot tell; `accepted` are the guards that are accepted.
    """
    asked = [one for one in subjects if is_looked_into(one) and needed_drivers(one)]
    modules = tuple(dict.fromkeys(name for one in asked for name in needed_drivers(one)))
    if not asked:
        return DriverLook()
    doubts = dict.fromkeys(name for one in asked for name in doubts_of(one))
    unseen = all(name in accepted for name in doubts)
    lines = [_askable(tuple(doubts)), *(line for name in modules for line in _there(name))]
    lines += [_FSTAB] if "nvme" in modules else []
    return DriverLook(
        instances=tuple(one.machine.id for one in asked),
        modules=modules,
        commands=tuple(lines),
        unseen=unseen,
        expected=(0, NOBODY_CAN_TELL) if unseen else (0,),
    )


def _askable(doubts: Sequence[str]) -> str:
    """The line that ends the script where nobody can ask, and says by which names that is accepted."""
    names = " ".join(f"--accept {name}" for name in doubts)
    says = f"modinfo is missing, so nobody can tell of drivers: look in the guest, then plan again with {names}"
    return f"command -v modinfo >/dev/null || {{ echo '{says}' >&2; exit {NOBODY_CAN_TELL}; }}"


def _there(module: str) -> tuple[str, ...]:
    """Lines that end the script unless a module is there, by itself or built into the kernel."""
    built_in = f'grep -q "/{module}.ko" /lib/modules/$(uname -r)/modules.builtin 2>/dev/null'
    return (
        f"if modinfo {module} >/dev/null 2>&1 || {built_in}; then echo 'driver {module} is there'",
        f"else echo 'the guest has no driver {module}' >&2; exit 3; fi",
    )
