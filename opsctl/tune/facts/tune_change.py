"""Reads instances whose network is to be changed: what is missing, what speaks against a stop, and the turns."""

from typing import ClassVar

from pydantic import Field

from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching, require
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import describe_batches
from opsctl.tune.batch import TuneBatch, batches_of, needs_change
from opsctl.tune.hazard import TuneHazard, hazards_of
from opsctl.tune.machine import Machine, parse_machines
from opsctl.tune.machine_types import MachineType, parse_machine_types
from opsctl.tune.selection import Selection
from opsctl.tune.wish import TuneWish


class ImageWanted(Value):
    """An image that is made before an instance is changed."""

    instance: str
    name: str


class TuneRow(Value):
    """An instance with what is changed, for whoever reviews the plan."""

    instance: str
    type: str
    zone: str
    now: str
    becomes: str


class ChangeFound(Value):
    """What of a wish is missing where: the turns, what speaks against them, and what is imaged before."""

    title: str
    confirm: str
    rows: tuple[TuneRow, ...]
    batches: tuple[TuneBatch, ...]
    images: tuple[ImageWanted, ...]
    hazards: tuple[TuneHazard, ...]
    already: tuple[str, ...]


class TuneChange(Fact):
    """Find out what has to be done at instances so that their network is as wished, and what would be lost.

    `batches` are turns: instances that are stopped, changed and started together. `hazards` are what makes a stop
    dangerous, by the ids of the shipped playbook's guards.
    """

    name: ClassVar[str] = "tune.change"
    Result: ClassVar[type[Value]] = ChangeFound

    instances: tuple[str, ...] = Field(description="Ids or Name tags; `*` in a name stands for anything.")
    ena: bool = Field(False, description="Switch the Elastic Network Adapter on.")
    batch: int = Field(0, ge=0, description="How many are stopped at a time; 0: all together.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the instances, then side by side their types, placement groups and stop protection."""
        wish = TuneWish(ena=self.ena)
        wish.refuse_nothing()
        answers = yield Selection(instances=self.instances).reads(about.region)
        machines = parse_machines([_known(one) for one in answers])
        _refuse_unclear(self.instances, machines)
        types: dict[str, MachineType] = {}
        for read in describe_batches(
            "DescribeInstanceTypes", about.region, "instance-type", [one.type for one in machines]
        ):
            types |= parse_machine_types((yield from require(read)))
        groups = yield from _cluster_groups(machines, about.region)
        protected = yield from _stop_protected(machines)
        changed = [one for one in machines if needs_change(one, wish)]
        hazards = [*protected, *(hazard for one in changed for hazard in hazards_of(one, types[one.type], wish))]
        return ChangeFound(
            title=", ".join(one.title for one in machines),
            confirm=" ".join(self.instances),
            rows=tuple(_row(one) for one in changed),
            batches=batches_of(machines, wish, self.batch, groups),
            images=tuple(ImageWanted(instance=one.id, name=f"opsctl {one.id} {about.plan_id}") for one in changed),
            hazards=tuple(hazards),
            already=tuple(one.title for one in machines if one not in changed),
        )


def _known(answer: Answer) -> Json:
    if answer.refusal is not None:
        raise FactUnknown(answer.refusal)
    return answer.value


def _refuse_unclear(asked: tuple[str, ...], machines: tuple[Machine, ...]) -> None:
    """Refuse a name that nothing has, and one that several have: what is stopped has to be meant."""
    for one in asked:
        found = [machine.id for machine in machines if one in (machine.id, machine.name)]
        if len(found) > 1:
            ids = ", ".join(sorted(found))
            summary = f"{len(found)} instances are named {one!r}: {ids}"
            raise InvalidInput.one(summary, source="instances", hint="give the ids")
        if not found and "*" not in one and "?" not in one:
            raise InvalidInput.one(f"no such instance here: {one}", source="instances")
    if not machines:
        raise InvalidInput.one(f"no such instance here: {', '.join(asked)}", source="instances")


def _cluster_groups(machines: tuple[Machine, ...], region: str) -> Fetching[dict[str, str]]:
    """Return the ARNs of the cluster placement groups that instances are in, by name."""
    named = [one.placement_group for one in machines if one.placement_group]
    found: dict[str, str] = {}
    for read in describe_batches("DescribePlacementGroups", region, "group-name", named):
        answer = yield from require(read)
        found |= {
            one["GroupName"]: one["GroupArn"]
            for one in answer.get("PlacementGroups", [])
            if one.get("Strategy") == "cluster"
        }
    return found


def _stop_protected(machines: tuple[Machine, ...]) -> Fetching[list[TuneHazard]]:
    running = [one for one in machines if one.runs]
    reads = [
        Read(
            service="ec2",
            operation="DescribeInstanceAttribute",
            params={"InstanceId": one.id, "Attribute": "disableApiStop"},
        )
        for one in running
    ]
    answers = yield reads
    found = []
    for machine, answer in zip(running, answers, strict=True):
        if answer.refusal is not None and answer.refusal.kind is not RefusalKind.MISSING:
            raise FactUnknown(answer.refusal)
        if (answer.value or {}).get("DisableApiStop", {}).get("Value"):
            what = f"{machine.title} is protected from being stopped"
            found.append(TuneHazard(id="stop-protection", kind="refuse", instance=machine.id, what=what))
    return found


def _row(machine: Machine) -> TuneRow:
    return TuneRow(instance=machine.title, type=machine.type, zone=machine.zone, now="ENA off", becomes="ENA on")
