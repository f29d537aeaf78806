"""How far ENA Express reaches: which other ends have it off, and where AWS does not have it.

Source: EC2 user guide, ENA Express: both ends have it on, or the traffic is plain; it works between the zones of a
Region but in three, and not in Local Zones.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from opsctl.tune.fleet import FleetInstance

_ONE_ZONE = ("sa-east-1", "me-south-1", "me-central-1")
"""Regions in which it works inside one zone only."""


def has_express(instance: FleetInstance) -> bool:
    """Whether an interface of it has ENA Express on."""
    return any(nic.ena_express for nic in instance.interfaces)


def without(instances: Iterable[FleetInstance], ids: Collection[str]) -> list[FleetInstance]:
    """The instances that are none of these."""
    return [one for one in instances if one.id not in ids]


def plain_ends(others: Sequence[FleetInstance]) -> Iterator[str]:
    """Say of each of a placement group that has it off that traffic with it stays plain."""
    for one in others:
        if not has_express(one):
            yield f"{one.title}, which is in placement group {one.placement_group} as well, has it off"


def zones_apart(zones: Collection[str], region: str) -> tuple[str, ...]:
    """Return zones between which it does not work; none where it does."""
    several = tuple(sorted(set(zones)))
    return several if region in _ONE_ZONE and len(several) > 1 else ()


def local_zones(zones: Collection[str], region: str) -> tuple[str, ...]:
    """Return those that are Local or Wavelength Zones, by their names: a zone of the Region ends in one letter.

    Source: EC2 user guide, Regions and Zones: `us-east-1a` is a zone of it, `us-east-1-bos-1a` a Local one.
    """
    return tuple(sorted(zone for zone in set(zones) if len(zone.removeprefix(region)) > 1))
