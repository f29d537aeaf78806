"""Reads instances whose network is to be changed: what is missing, what speaks against a stop, and the turns."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, both, require_all
from opsctl.model.run import Context, Fact
from opsctl.model.sentences import first_few
from opsctl.model.value import Json, Value
from opsctl.tune.batch import Fleet, TuneBatch, batches_of
from opsctl.tune.before_and_after import TuneRow, row_of
from opsctl.tune.driver_look import DriverLook, driver_look, needed_drivers
from opsctl.tune.hazard import HazardSubject, TuneHazard, hazards_of, refused, sorted_hazards
from opsctl.tune.machine import Machine, parse_machines
from opsctl.tune.machine_reads import (
    read_groups,
    read_members,
    read_offered,
    read_online,
    read_running,
    read_stop_protected,
    read_types,
)
from opsctl.tune.machine_types import MachineType
from opsctl.tune.obstacle import obstacles_of
from opsctl.tune.placing import NewGroup, placing_hazards, wished_group
from opsctl.tune.selection import Selection, is_pattern
from opsctl.tune.wish import Strategy, TuneWish

NAMES_TYPED = 5
"""With more instances than this their number is typed to consent, not their names."""


class ImageWanted(Value):
    """An image that is made before an instance is changed."""

    instance: str
    name: str


class ChangeFound(Value):
    """What of a wish is missing where: the turns, what speaks against them, and what is made before.

    `new_group` is the placement group to make, if it is not there.
    """

    title: str
    confirm: str
    rows: tuple[TuneRow, ...]
    batches: tuple[TuneBatch, ...]
    images: tuple[ImageWanted, ...]
    new_group: NewGroup | None
    look: DriverLook
    hazards: tuple[TuneHazard, ...]
    already: tuple[str, ...]


class TuneChange(Fact):
    """Find out what has to be done at instances so that their network is as wished, and what would be lost.

    `batches` are turns: instances that are stopped, changed and started together. `hazards` are what makes a stop
    dangerous or the wish impossible, by the ids of the shipped playbook's guards.
    """

    name: ClassVar[str] = "tune.change"
    Result: ClassVar[type[Value]] = ChangeFound

    instances: tuple[str, ...] = Field(description="Ids or Name tags; `*` in a name stands for anything.")
    ena: bool = Field(False, description="Switch the Elastic Network Adapter on.")
    sriov: bool = Field(False, description="Switch the Intel 82599 Virtual Function on.")
    queues: int = Field(0, ge=0, description="ENA queues of every interface; 0: as it is.")
    instance_type: str = Field("", description="The type that they become; empty: as it is.")
    placement_group: str = Field("", description="Name of the placement group that they move to; empty: none.")
    create: Strategy = Field("", description="Strategy of that group, if it has to be made.")
    weighting: Literal["keep", "default", "vpc-1", "ebs-1"] = Field(
        "keep", description="Weighting of the bandwidth between network and EBS; keep: as it is."
    )
    efa: tuple[str, ...] = Field((), description="Ids of the instances that get an EFA besides.")
    more: bool = Field(False, description="Whether something is asked for that needs no stop.")
    batch: int = Field(0, ge=0, description="How many are stopped at a time; 0: all together.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the instances, their types and groups, then what runs beside them and what protects them."""
        wish = TuneWish(**{name: getattr(self, name) for name in TuneWish.model_fields})
        wish.refuse_unclear()
        machines = parse_machines(
            (yield from require_all(Selection(instances=self.instances).reads(about.region)))
        )
        _refuse_unclear(self.instances, machines)
        around = yield from _around(machines, wish, about.region)
        _refuse_unknown_types(machines, wish, around.types)
        machines = tuple(_with_strategy(one, around.groups) for one in machines)
        new_group = wished_group(wish, around.groups)
        subjects, fleet = yield from both(
            _subjects(machines, around.types, wish, about.region),
            _fleet(machines, around.types, wish, new_group, around.groups, about),
        )
        hazards = _hazards(subjects, new_group, around)
        changed = [one for one in machines if wish.changes(one)]
        batches = batches_of(fleet, wish, self.batch)
        imaged = [one for one in changed if wish.needs_image(one)]
        return ChangeFound(
            title=first_few([one.title for one in machines], 3),
            confirm=_confirmed(self.instances, changed or machines),
            rows=tuple(row_of(one, wish, batches) for one in changed),
            batches=batches,
            images=tuple(ImageWanted(instance=one.id, name=f"opsctl {one.id} {about.plan_id}") for one in imaged),
            new_group=new_group,
            look=driver_look([one for one in subjects if wish.changes(one.machine)], about.accepted),
            hazards=hazards,
            already=tuple(one.title for one in machines if one not in changed and not self.more),
        )


class _Around(Value):
    """What was read about instances besides themselves; `offered` are zones, `members` of the group moved to."""

    types: dict[str, MachineType]
    groups: dict[str, Json]
    protected: tuple[Machine, ...]
    offered: tuple[str, ...]
    members: tuple[Machine, ...]


def _around(machines: tuple[Machine, ...], wish: TuneWish, region: str) -> Fetching[_Around]:
    """Read in one round all that nothing but the instances and the wish decides about."""
    types = [one for machine in machines for one in (machine.type, wish.type_of(machine))]
    names = [one for machine in machines for one in (machine.placement_group, wish.group_of(machine)) if one]
    stopped = [one for one in machines if one.runs and wish.changes(one)]
    zones = [one.zone for one in machines]
    (found, groups), (protected, (offered, members)) = yield from both(
        both(read_types(types, region), read_groups(names, region)),
        both(
            read_stop_protected(stopped),
            both(read_offered(wish.instance_type, zones, region), read_members(wish.placement_group, region)),
        ),
    )
    return _Around(types=found, groups=groups, protected=protected, offered=offered, members=members)


def _subjects(
    machines: tuple[Machine, ...], types: dict[str, MachineType], wish: TuneWish, region: str
) -> Fetching[list[HazardSubject]]:
    """Put together what is known of each; agents are asked for only where a driver has to be there."""
    subjects = [
        HazardSubject(machine=one, now=types[one.type], then=types[wish.type_of(one)], wish=wish)
        for one in machines
    ]
    asked = [one.machine.id for one in subjects if needed_drivers(one)]
    online = yield from read_online(asked, region)
    return [
        one.model_copy(update={"machine": one.machine.model_copy(update={"agent": "online"})})
        if one.machine.id in online
        else one
        for one in subjects
    ]


def _hazards(subjects: list[HazardSubject], new_group: NewGroup | None, around: _Around) -> tuple[TuneHazard, ...]:
    wish = subjects[0].wish
    machines = [one.machine for one in subjects]
    found = [hazard for one in subjects for hazard in obstacles_of(one)]
    changed = [one for one in subjects if wish.changes(one.machine)]
    found += [hazard for one in changed for hazard in hazards_of(one)]
    found += [refused("stop-protection", one, "is protected from being stopped") for one in around.protected]
    if wish.instance_type:
        away = [one for one in machines if one.zone not in around.offered]
        found += [
            refused("type-unfit", one, f"is in {one.zone}, which has no {wish.instance_type}") for one in away
        ]
    if wish.placement_group:
        named = around.groups.get(wish.placement_group, {})
        strategy = new_group.strategy if new_group else str(named.get("Strategy", ""))
        found += placing_hazards(subjects, around.members, strategy)
    return sorted_hazards(iter(found))


def _fleet(
    machines: tuple[Machine, ...],
    types: dict[str, MachineType],
    wish: TuneWish,
    new_group: NewGroup | None,
    groups: dict[str, Json],
    about: Context,
) -> Fetching[Fleet]:
    arns = {name: one["GroupArn"] for name, one in groups.items() if one.get("Strategy") == "cluster"}
    if new_group and new_group.strategy == "cluster":
        place = f"{about.region}:{about.account}"
        arns[new_group.name] = f"arn:{about.identity.partition}:ec2:{place}:placement-group/{new_group.name}"
    weighted = [
        one.id
        for one in machines
        if one.weighting not in ("default", *types[wish.type_of(one)].weightings) and wish.changes(one)
    ]
    name = new_group.name if new_group else ""
    fleet = Fleet(machines=machines, groups=arns, weighted=tuple(weighted), new_group=name)
    runs = [one for one in machines if one.runs and wish.changes(one)]
    kinds = [kind for one in runs for kind in (fleet.kind_now(one), fleet.kind_then(one, wish))]
    ids = {one.id for one in machines}
    others = yield from read_running(kinds, about.region)
    return fleet.model_copy(update={"others": tuple(one for one in others if one.id not in ids)})


def _confirmed(asked: Sequence[str], machines: Sequence[Machine]) -> str:
    """Return what is typed to consent: the names as they were given, or those that a pattern stands for."""
    if not any(is_pattern(one) for one in asked):
        return " ".join(asked)
    names = [one.name or one.id for one in machines]
    return " ".join(names) if len(names) <= NAMES_TYPED else f"{len(names)} instances"


def _refuse_unclear(asked: tuple[str, ...], machines: tuple[Machine, ...]) -> None:
    """Refuse a name that nothing has, and one that several have: what is stopped has to be meant."""
    for one in asked:
        found = [machine.id for machine in machines if one in (machine.id, machine.name)]
        if len(found) > 1:
            ids = ", ".join(sorted(found))
            summary = f"{len(found)} instances are named {one!r}: {ids}"
            raise InvalidInput.one(summary, source="instances", hint="give the ids")
        if not found and not is_pattern(one):
            raise InvalidInput.one(f"no such instance here: {one}", source="instances")
    if not machines:
        raise InvalidInput.one(f"no such instance here: {', '.join(asked)}", source="instances")


def _refuse_unknown_types(machines: tuple[Machine, ...], wish: TuneWish, types: dict[str, MachineType]) -> None:
    if wish.instance_type and wish.instance_type not in types:
        summary = f"EC2 does not know type {wish.instance_type!r} in this Region"
        raise InvalidInput.one(summary, source="instance_type")
    strange = sorted({one.type for one in machines if one.type not in types})
    if strange:
        raise InvalidInput.one(f"EC2 does not describe type {', '.join(strange)} here", source="instances")


def _with_strategy(machine: Machine, groups: dict[str, Json]) -> Machine:
    strategy = groups.get(machine.placement_group, {}).get("Strategy", "")
    return machine.model_copy(update={"strategy": strategy})
