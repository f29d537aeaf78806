"""A fleet that was looked at: each instance with its limits, what is below its best, and what is known inside."""

from collections.abc import Mapping, Sequence

from opsctl.model.commands import Commands
from opsctl.model.value import Value
from opsctl.tune.finding import TuneFinding
from opsctl.tune.findings import findings_of
from opsctl.tune.fleet import FleetInstance
from opsctl.tune.guest_answers import GuestNetwork
from opsctl.tune.instance_types import TypeNetwork
from opsctl.tune.limits import limits_of


class FleetRow(Value):
    """An instance and what limits its network."""

    instance: FleetInstance
    type: TypeNetwork | None
    limits: tuple[str, ...]


class FleetChecked(Value):
    """The instances by name, what is below its best, worst first, and what could not be read.

    `guests` is what was read inside of them, or why not; none where nobody asked for it.
    """

    account: str
    region: str
    rows: tuple[FleetRow, ...]
    findings: tuple[TuneFinding, ...]
    unknown: tuple[str, ...]
    guests: tuple[GuestNetwork, ...] = ()

    @property
    def inside(self) -> dict[str, GuestNetwork]:
        """What was read inside of instances, by their ids."""
        return {one.instance: one for one in self.guests}


def with_guests(
    found: FleetChecked, guests: Sequence[GuestNetwork], commands: Commands, *, now: float
) -> FleetChecked:
    """Judge a fleet again, with what was read inside of its instances; `now` is what ages are counted from."""
    inside = {one.instance: one for one in guests}
    types = {row.type.name: row.type for row in found.rows if row.type}
    return found.model_copy(
        update={
            "rows": tuple(_row(row, inside, now) for row in found.rows),
            "findings": findings_of([row.instance for row in found.rows], types, commands, inside),
            "guests": tuple(guests),
        }
    )


def row_of(instance: FleetInstance, types: Mapping[str, TypeNetwork]) -> FleetRow:
    """Return an instance with its limits, as far as they show from outside."""
    of = types.get(instance.type)
    return FleetRow(instance=instance, type=of, limits=limits_of(instance, of) if of else ())


def _row(row: FleetRow, inside: Mapping[str, GuestNetwork], now: float) -> FleetRow:
    if row.type is None:
        return row
    return row.model_copy(update={"limits": limits_of(row.instance, row.type, inside.get(row.instance.id), now)})
