"""Where the instances of a fleet stand: by zone, placement group and partition, with what is below its best."""

from itertools import groupby
from typing import Literal

from opsctl.model.value import Value
from opsctl.tune.finding import SEVERITIES, Severity
from opsctl.tune.fleet import FleetInstance
from opsctl.tune.fleet_checked import FleetChecked


class PlacedInstance(Value):
    """An instance as a picture has it; `worst` is the severity of its gravest finding, empty where it has none."""

    title: str
    type: str
    efa: int = 0
    express: bool = False
    worst: Severity | Literal[""] = ""


class FleetPlace(Value):
    """A placement group in a zone, or what is in none there; a partition of one is a place of its own."""

    zone: str
    group: str = ""
    strategy: str = ""
    partition: int = 0
    members: tuple[PlacedInstance, ...] = ()

    @property
    def title(self) -> str:
        """What it is called."""
        if not self.group:
            return "no placement group"
        part = f", partition {self.partition}" if self.partition else ""
        return f"{self.group} ({self.strategy or 'strategy unknown'}{part})"

    @property
    def by_type(self) -> dict[str, tuple[PlacedInstance, ...]]:
        """Its members by their types."""
        types = sorted({one.type for one in self.members})
        return {name: tuple(one for one in self.members if one.type == name) for name in types}


def places_of(found: FleetChecked) -> tuple[FleetPlace, ...]:
    """Return where the instances of a fleet stand, by zone, with what is in no group first."""
    worst = _worst(found)
    placed = sorted((row.instance for row in found.rows), key=_key)
    return tuple(
        FleetPlace(
            zone=zone,
            group=group,
            strategy=strategy,
            partition=partition,
            members=tuple(_placed(one, worst) for one in some),
        )
        for (zone, group, strategy, partition), some in groupby(placed, key=_key)
    )


def summed(members: tuple[PlacedInstance, ...]) -> str:
    """Say of instances of one type how many there are, with what, and how many are below their best."""
    parts = [f"{len(members):,} {members[0].type}"]
    efa, express = sum(bool(one.efa) for one in members), sum(one.express for one in members)
    parts += [f"{efa:,} with EFA"] if efa else []
    parts += [f"{express:,} with ENA Express"] if express else []
    counts = [(sum(one.worst == level for one in members), level) for level in SEVERITIES]
    parts += [f"{count:,} {level}" for count, level in counts if count]
    return ", ".join(parts)


def _key(instance: FleetInstance) -> tuple[str, str, str, int]:
    return instance.zone, instance.placement_group, instance.strategy, instance.partition


def _placed(instance: FleetInstance, worst: dict[str, Severity]) -> PlacedInstance:
    return PlacedInstance(
        title=instance.title,
        type=instance.type,
        efa=len(instance.efa),
        express=any(one.ena_express for one in instance.interfaces),
        worst=worst.get(instance.id, ""),
    )


def _worst(found: FleetChecked) -> dict[str, Severity]:
    """Return the gravest severity by instance: findings come the worst first."""
    worst: dict[str, Severity] = {}
    for one in found.findings:
        worst.setdefault(one.instance, one.severity)
    return worst
