"""Whether instances can be moved into a placement group together.

Source: EC2 user guide, placement groups: a cluster group is in one Availability Zone, and takes the types whose
PlacementGroupInfo names its strategy; a spread group has at most seven running instances a zone.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from opsctl.model.errors import InvalidInput
from opsctl.model.value import Json, Value
from opsctl.tune.hazard import HazardSubject, TuneHazard, refused
from opsctl.tune.machine import Machine
from opsctl.tune.wish import Strategy, TuneWish

MOST_OF_A_SPREAD = 7


class NewGroup(Value):
    """A placement group that has to be made."""

    name: str
    strategy: Strategy


def wished_group(wish: TuneWish, groups: dict[str, Json]) -> NewGroup | None:
    """Return the placement group that has to be made for a wish, none where it is there.

    Raises:
        InvalidInput: it is not there and nobody says how to make it, or it is there with another strategy.
    """
    if not wish.placement_group:
        return None
    there = groups.get(wish.placement_group)
    if there is None:
        if not wish.create:
            summary = f"there is no placement group {wish.placement_group!r} here"
            raise InvalidInput.one(summary, source="placement_group", hint="--create cluster makes it")
        return NewGroup(name=wish.placement_group, strategy=wish.create)
    if wish.create and there.get("Strategy") != wish.create:
        summary = f"placement group {wish.placement_group} is there, with strategy {there.get('Strategy')}"
        raise InvalidInput.one(summary, source="create", hint="leave it out, or name another group")
    return None


def placing_hazards(
    subjects: Sequence[HazardSubject], members: Sequence[Machine], strategy: str
) -> Iterator[TuneHazard]:
    """List what keeps instances from being in a group of a strategy with those that are in it."""
    for one in subjects:
        if strategy not in one.then.strategies:
            what = f"is a {one.then.name}, which no {strategy} placement group takes"
            yield refused("group-unfit", one.machine, what)
    moved = {one.machine.id: one.machine for one in subjects}
    together = [*moved.values(), *(one for one in members if one.id not in moved)]
    zones = Counter(one.zone for one in together)
    if strategy == "cluster":
        yield from _apart(together, zones.most_common(1)[0][0])
    crowded = {zone: count for zone, count in zones.items() if count > MOST_OF_A_SPREAD}
    for machine in moved.values() if strategy == "spread" else ():
        if machine.zone in crowded:
            many = f"{crowded[machine.zone]} in {machine.zone}"
            what = f"would be one of {many}, and a spread group has {MOST_OF_A_SPREAD} a zone"
            yield refused("group-unfit", machine, what)


def _apart(together: Sequence[Machine], zone: str) -> Iterator[TuneHazard]:
    for machine in together:
        if machine.zone != zone:
            what = f"is in {machine.zone}, others in {zone}: a cluster placement group is in one zone"
            yield refused("group-unfit", machine, what)
