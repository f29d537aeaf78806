"""Instances that are stopped, changed and started together, and the capacity that is kept for them meanwhile."""

from collections.abc import Callable, Sequence
from itertools import groupby

from opsctl.model.value import Value
from opsctl.resources.ec2_capacity_calls import CapacityWanted
from opsctl.tune.machine import Machine
from opsctl.tune.wish import TuneWish


class CapacityKind(Value):
    """What has to be the same for instances to share a Capacity Reservation; `group` is a cluster group's ARN."""

    type: str
    platform: str
    zone: str
    tenancy: str
    group: str = ""


class TuneBatch(Value):
    """One turn: which of its instances run and since when, what is reserved for them, and what is changed how.

    `final` tells that nothing which is done in it can be taken back. `queues` are interfaces. `new_group` is the
    placement group that is made first, in the first turn.
    """

    number: int
    instances: tuple[str, ...]
    running: tuple[str, ...]
    launched: tuple[str, ...] = ()
    capacity: tuple[CapacityWanted, ...] = ()
    ena: tuple[str, ...] = ()
    sriov: tuple[str, ...] = ()
    weighting: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    move: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    weight: tuple[str, ...] = ()
    efa: tuple[str, ...] = ()
    efa_running: tuple[str, ...] = ()
    new_group: str = ""
    final: bool = False


class Fleet(Value):
    """What batches are made of: instances to change, the running rest of their kinds, and cluster groups' ARNs."""

    machines: tuple[Machine, ...]
    others: tuple[Machine, ...] = ()
    groups: dict[str, str] = {}
    weighted: tuple[str, ...] = ()
    new_group: str = ""

    def kind_now(self, machine: Machine) -> CapacityKind:
        """The kind of an instance as it is."""
        return self._kind(machine, machine.type, machine.placement_group)

    def kind_then(self, machine: Machine, wish: TuneWish) -> CapacityKind:
        """The kind of an instance once it is changed."""
        return self._kind(machine, wish.type_of(machine), wish.group_of(machine))

    def _kind(self, machine: Machine, type_: str, group: str) -> CapacityKind:
        return CapacityKind(
            type=type_,
            platform=machine.platform,
            zone=machine.zone,
            tenancy=machine.tenancy,
            group=self.groups.get(group, ""),
        )

    def kinds_beside(
        self, turn: Sequence[Machine], wish: TuneWish, *, before: Sequence[Machine]
    ) -> list[CapacityKind]:
        """The kinds of all others that run during a turn, and would use an open reservation by themselves.

        Instances of a turn `before` are changed by then, those of a later one are not.
        """
        later = [one for one in self.machines if one not in turn and one not in before]
        running = [one for one in (*later, *self.others) if one.uses_open_reservations]
        changed = [self.kind_then(one, wish) for one in before if one.runs]
        return [*changed, *(self.kind_now(one) for one in running)]


def batches_of(fleet: Fleet, wish: TuneWish, size: int) -> tuple[TuneBatch, ...]:
    """Part the instances into turns of at most `size`, 0 for one turn; those that are as wished are in none."""
    left = [one for one in fleet.machines if wish.changes(one)]
    step = size or len(left) or 1
    parts = [left[start : start + step] for start in range(0, len(left), step)]
    made = []
    for number, part in enumerate(parts, start=1):
        before = [one for earlier in parts[: number - 1] for one in earlier]
        beside = fleet.kinds_beside(part, wish, before=before)
        capacity = _capacity(number, [one for one in part if one.runs and not one.targets], fleet, wish, beside)
        made.append(_batch(number, part, fleet, wish).model_copy(update={"capacity": capacity}))
    return tuple(made)


def _batch(number: int, part: Sequence[Machine], fleet: Fleet, wish: TuneWish) -> TuneBatch:
    def those(test: Callable[[Machine], object]) -> tuple[str, ...]:
        return tuple(one.id for one in part if test(one))

    made = TuneBatch(
        number=number,
        instances=tuple(one.id for one in part),
        running=those(lambda one: one.runs),
        launched=tuple(one.launched for one in part if one.runs),
        ena=those(lambda one: wish.ena and not one.ena),
        sriov=those(lambda one: wish.sriov and not one.vf),
        weighting=those(lambda one: one.id in fleet.weighted),
        type=those(lambda one: wish.type_of(one) != one.type),
        move=those(lambda one: wish.group_of(one) != one.placement_group),
        queues=tuple(nic for one in part for nic in wish.needs_queues(one)),
        weight=those(wish.needs_weighting),
        efa=those(lambda one: one.id in wish.efa),
        efa_running=those(lambda one: one.id in wish.efa and one.runs),
        new_group=fleet.new_group if number == 1 else "",
    )
    reversible = (made.ena, made.weighting, made.type, made.move, made.queues, made.weight, made.efa)
    return made.model_copy(update={"final": not any(reversible)})


def _capacity(
    number: int, running: Sequence[Machine], fleet: Fleet, wish: TuneWish, beside: Sequence[CapacityKind]
) -> tuple[CapacityWanted, ...]:
    """Reserve for each kind that instances become, and for each that they go back to when that fails.

    The way back comes first: running instances use such a reservation by themselves, so their places stay theirs.
    """
    pairs = [(one, fleet.kind_now(one), fleet.kind_then(one, wish)) for one in running]
    # Whose reservation nobody else would use finds its place in it again.
    held = [one.id for one, now, _ in pairs if one.reservation and now not in beside]
    back = [now for one, now, then in pairs if now != then and one.id not in held]
    there = [then for one, now, then in pairs if now != then or one.id not in held]
    named = (("back", back), ("there", there))
    return tuple(
        _wanted(f"turn-{number}-{name}-{index}", kind, count, beside.count(kind))
        for name, kinds in named
        for index, (kind, count) in enumerate(_counted(kinds), start=1)
    )


def _counted(kinds: Sequence[CapacityKind]) -> list[tuple[CapacityKind, int]]:
    ordered = sorted(kinds, key=lambda one: tuple(one.model_dump().values()))
    return [(kind, len(list(alike))) for kind, alike in groupby(ordered)]


def _wanted(name: str, kind: CapacityKind, count: int, others: int) -> CapacityWanted:
    return CapacityWanted(
        name=name,
        type=kind.type,
        platform=kind.platform,
        zone=kind.zone,
        tenancy=kind.tenancy,
        count=count + others,
        others=others,
        placement_group=kind.group,
    )
