"""Why an instance would not come back from a stop as it was, or not at all: one rule a function."""

from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

from opsctl.model.value import Value
from opsctl.tune.machine import HIBERNATED, Machine
from opsctl.tune.machine_types import MachineType
from opsctl.tune.wish import TuneWish


class TuneHazard(Value):
    """What would happen to an instance: `refuse` for good, or `accept` by name. `id` is the guard's."""

    id: str
    kind: Literal["refuse", "accept"]
    instance: str
    what: str


_Rule: TypeAlias = Callable[[Machine, MachineType, TuneWish], Iterator[TuneHazard]]


def hazards_of(machine: Machine, of: MachineType, wish: TuneWish) -> tuple[TuneHazard, ...]:
    """List what speaks against stopping and changing an instance, what is refused first."""
    found = [one for rule in _RULES for one in rule(machine, of, wish)]
    return tuple(sorted(found, key=lambda one: one.kind != "refuse"))


def _managed(machine: Machine, _: MachineType, __: TuneWish) -> Iterator[TuneHazard]:
    manager = machine.manager or machine.operator
    if manager:
        yield _no("managed", machine, f"is one of {manager}, which replaces what is stopped")


def _state(machine: Machine, _: MachineType, __: TuneWish) -> Iterator[TuneHazard]:
    if machine.state not in ("running", "stopped"):
        yield _no("state", machine, f"is {machine.state}, and has to run or to be stopped")
    if machine.reason == HIBERNATED:
        yield _no("hibernated", machine, "hibernates, and a change would lose what its memory had")


def _lifecycle(machine: Machine, _: MachineType, __: TuneWish) -> Iterator[TuneHazard]:
    if machine.lifecycle == "spot":
        yield _no("spot", machine, "is a Spot Instance: nobody can reserve capacity for its start")
    elif machine.lifecycle:
        yield _no("capacity-block", machine, f"is of a {machine.lifecycle}, whose capacity ends by a date")
    if machine.tenancy == "host":
        yield _no("dedicated-host", machine, "is on a Dedicated Host: no Capacity Reservation is for that")


def _storage(machine: Machine, of: MachineType, _: TuneWish) -> Iterator[TuneHazard]:
    if machine.root_store != "ebs":
        yield _no("root-store", machine, "boots from an instance store, and cannot be stopped")
    elif of.instance_store and machine.runs:
        yield _accept("instance-store", machine, f"{of.name} has an instance store, whose data a stop loses")


def _capacity(machine: Machine, _: MachineType, __: TuneWish) -> Iterator[TuneHazard]:
    if machine.preference == "none" and machine.runs:
        yield _no("uses-no-reservation", machine, "is set to use no Capacity Reservation, so none holds its place")


def _addresses(machine: Machine, _: MachineType, __: TuneWish) -> Iterator[TuneHazard]:
    if not machine.public or not machine.runs:
        return
    if len(machine.interfaces) > 1:
        what = f"loses its public address {machine.public} and gets none, for it has several interfaces"
        yield _accept("no-public-address", machine, what)
    else:
        yield _accept("public-address", machine, f"gets another public address than {machine.public}")


def _adapter(machine: Machine, of: MachineType, wish: TuneWish) -> Iterator[TuneHazard]:
    if not wish.ena or machine.ena:
        return
    if of.ena == "unsupported":
        yield _no("ena-unsupported", machine, f"is a {of.name}, which has no ENA")
    elif machine.virtualization != "hvm":
        yield _no("paravirtual", machine, "is paravirtual, and ENA needs HVM")
    else:
        yield _accept("ena-driver", machine, "nobody has looked whether its guest has the ENA driver")


_RULES: tuple[_Rule, ...] = (_managed, _state, _lifecycle, _storage, _capacity, _addresses, _adapter)


def _no(id_: str, machine: Machine, what: str) -> TuneHazard:
    return TuneHazard(id=id_, kind="refuse", instance=machine.id, what=f"{machine.title} {what}")


def _accept(id_: str, machine: Machine, what: str) -> TuneHazard:
    return TuneHazard(id=id_, kind="accept", instance=machine.id, what=f"{machine.title}: {what}")
