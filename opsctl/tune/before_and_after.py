"""What is now and what becomes of instances whose network is changed, in a few words each."""

from collections.abc import Iterator, Sequence

from opsctl.model.value import Value
from opsctl.tune.batch import TuneBatch
from opsctl.tune.machine import Machine
from opsctl.tune.wish import TuneWish


class TuneRow(Value):
    """An instance with what is changed, and in which turn of how many, for whoever reviews the plan."""

    instance: str
    turn: str
    type: str
    zone: str
    now: str
    becomes: str


def row_of(machine: Machine, wish: TuneWish, batches: Sequence[TuneBatch]) -> TuneRow:
    """Say what of an instance is changed, and when."""
    pairs = list(_pairs(machine, wish))
    stays = "" if machine.runs else ", stays stopped"
    return TuneRow(
        instance=machine.title,
        turn=next(f"{one.number}/{len(batches)}" for one in batches if machine.id in one.instances),
        type=machine.type,
        zone=machine.zone,
        now=", ".join(now for now, _ in pairs),
        becomes=", ".join(then for _, then in pairs) + stays,
    )


def _pairs(machine: Machine, wish: TuneWish) -> Iterator[tuple[str, str]]:
    if wish.type_of(machine) != machine.type:
        yield machine.type, wish.type_of(machine)
    if wish.ena and not machine.ena:
        yield "ENA off", "ENA on"
    if wish.sriov and not machine.vf:
        yield "VF off", "VF on for good"
    if wish.group_of(machine) != machine.placement_group:
        now = f"group {machine.placement_group}" if machine.placement_group else "no group"
        yield now, f"group {wish.group_of(machine)}"
    if machine.id in wish.efa:
        yield f"{len(machine.efa)} EFA", "an EFA on every network card"
    if wish.needs_weighting(machine):
        yield f"weighting {machine.weighting}", f"weighting {wish.weighting}"
    if wish.needs_queues(machine):
        have = sorted({one.queues for one in machine.interfaces})
        yield f"queues {', '.join(str(one or 'default') for one in have)}", f"{wish.queues} queues"
