"""Instances that are stopped, changed and started together, and the capacity that is kept for them meanwhile."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from opsctl.model.value import Value
from opsctl.resources.ec2_capacity_calls import CapacityWanted
from opsctl.tune.machine import Machine
from opsctl.tune.wish import TuneWish


class TuneBatch(Value):
    """One turn: which of its instances run, what is reserved for them, and which are changed in which way."""

    number: int
    instances: tuple[str, ...]
    running: tuple[str, ...]
    capacity: tuple[CapacityWanted, ...]
    ena: tuple[str, ...] = ()


def needs_change(machine: Machine, wish: TuneWish) -> bool:
    """Tell whether anything of the wish is not so yet, and needs a stop."""
    return wish.ena and not machine.ena


def batches_of(
    machines: Sequence[Machine], wish: TuneWish, size: int, groups: Mapping[str, str]
) -> tuple[TuneBatch, ...]:
    """Part the instances into turns of at most `size`, 0 for one turn; those that are as wished are in none.

    `groups` are the ARNs of the cluster placement groups, by name.
    """
    left = [one for one in machines if needs_change(one, wish)]
    step = size or len(left) or 1
    parts = [left[start : start + step] for start in range(0, len(left), step)]
    return tuple(_batch(number, part, wish, groups) for number, part in enumerate(parts, start=1))


def _batch(number: int, part: Sequence[Machine], wish: TuneWish, groups: Mapping[str, str]) -> TuneBatch:
    running = [one for one in part if one.runs]
    return TuneBatch(
        number=number,
        instances=tuple(one.id for one in part),
        running=tuple(one.id for one in running),
        capacity=_capacity(number, [one for one in running if not one.targets], groups),
        ena=tuple(one.id for one in part if wish.ena and not one.ena),
    )


def _capacity(number: int, running: Sequence[Machine], groups: Mapping[str, str]) -> tuple[CapacityWanted, ...]:
    """Reserve for each kind of instance; what targets a reservation has its place there."""

    def kind(one: Machine) -> tuple[str, str, str, str, str]:
        return (one.type, one.platform, one.zone, one.tenancy, groups.get(one.placement_group, ""))

    return tuple(
        CapacityWanted(
            name=f"turn-{number}-{index}",
            type=type_,
            platform=platform,
            zone=zone,
            tenancy=tenancy,
            count=len(list(alike)),
            placement_group=group,
        )
        for index, ((type_, platform, zone, tenancy, group), alike) in enumerate(
            groupby(sorted(running, key=kind), key=kind), start=1
        )
    )
