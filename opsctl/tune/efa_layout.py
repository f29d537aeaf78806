"""Where Elastic Fabric Adapters go: which network cards of a type take one, and which device indexes are free.

Sources: EC2 user guide, EFA and accelerated instance types: one EFA a card at most, as many in all as
MaximumEfaInterfaces; the primary interface (card 0, device 0) stays a plain one, the EFA of card 0 is an efa-only
interface at device 1, that of another card one at device 0. AWS ParallelCluster puts the latter at device 1 where
the card takes two interfaces, and makes the primary interface the EFA where card 0 takes one interface alone; it
takes card 0 for one without EFA where there are fewer EFAs than cards.
"""

from collections.abc import Sequence

from opsctl.model.value import Json, Value
from opsctl.tune.fleet import FleetInterface
from opsctl.tune.instance_types import EFA_KINDS, NetworkCard, TypeNetwork

_CHOICES = 2
"""How many device indexes are tried: the one of the user guide, and another where AWS refuses it."""


class EfaSlot(Value):
    """A place for an efa-only interface: a network card, and its free device indexes, the better one first."""

    card: int
    devices: tuple[int, ...]


def efa_cards(of: TypeNetwork) -> tuple[NetworkCard, ...]:
    """Return the network cards of a type that take an EFA each."""
    takes = [card for card in of.cards if not card.kinds or set(EFA_KINDS) & set(card.kinds)]
    if of.efa < len(of.cards):
        takes = [card for card in takes if card.index != 0]
    return tuple(takes[: of.efa])


def primary_is_the_efa(of: TypeNetwork) -> bool:
    """Tell whether the EFA of card 0 can only be the primary interface, which is made at launch and stays."""
    return any(card.index == 0 and card.interfaces == 1 for card in efa_cards(of))


def free_slots(have: Sequence[FleetInterface], of: TypeNetwork) -> tuple[EfaSlot, ...]:
    """Return where an instance with these interfaces takes one more EFA; a card that is full has no place."""
    taken = {one.card for one in have if one.efa}
    cards = [card for card in efa_cards(of) if card.index not in taken]
    slots = [_slot(card, have) for card in cards[: max(0, of.efa - len(taken))]]
    return tuple(one for one in slots if one.devices)


def full_cards(have: Sequence[FleetInterface], of: TypeNetwork) -> tuple[int, ...]:
    """Return the cards that would take an EFA but have no room for one more interface."""
    places = {one.card for one in free_slots(have, of)} | {one.card for one in have if one.efa}
    return tuple(card.index for card in efa_cards(of) if card.index not in places)


def _slot(card: NetworkCard, have: Sequence[FleetInterface]) -> EfaSlot:
    used = {one.device for one in have if one.card == card.index}
    if len(used) >= card.interfaces:
        return EfaSlot(card=card.index, devices=())
    first = 1 if card.index == 0 else 0
    free = [device for device in range(first, first + len(used) + _CHOICES) if device not in used]
    return EfaSlot(card=card.index, devices=tuple(free[:_CHOICES]))


def launch_interfaces(given: Sequence[Json], of: TypeNetwork, group: str, shared: Sequence[str]) -> list[Json]:
    """Return the interfaces of a launch template with an EFA on every card that takes one.

    `given` are those that it has, `shared` the security groups that it names for the instance as a whole: with
    interfaces named, each says its own. `group` is that of the EFAs.
    """
    listed = named_interfaces(given, shared)
    primary = _primary(listed)
    if primary_is_the_efa(of) and primary.get("InterfaceType") != "efa":
        primary["InterfaceType"] = "efa"
        primary["Groups"] = [*primary.get("Groups", []), group]
    for slot in free_slots([_interface(one) for one in listed], of):
        listed.append(
            {
                "NetworkCardIndex": slot.card,
                "DeviceIndex": slot.devices[0],
                "InterfaceType": "efa-only",
                "DeleteOnTermination": True,
                "Groups": [group],
            }
        )
    return listed


def named_interfaces(given: Sequence[Json], shared: Sequence[str]) -> list[Json]:
    """Return the interfaces of a launch template by name: the one that every instance has, where it names none."""
    plain = {"DeviceIndex": 0, "NetworkCardIndex": 0, "DeleteOnTermination": True}
    listed = [dict(one) for one in given]
    if not any(_is_primary(one) for one in listed):
        listed.insert(0, plain)
    primary = _primary(listed)
    if shared and not primary.get("Groups"):
        primary["Groups"] = list(shared)
    return listed


def _primary(listed: Sequence[Json]) -> Json:
    return next(one for one in listed if _is_primary(one))


def _is_primary(one: Json) -> bool:
    return not one.get("NetworkCardIndex") and not one.get("DeviceIndex")


def _interface(one: Json) -> FleetInterface:
    return FleetInterface(
        id=one.get("NetworkInterfaceId", ""),
        kind=one.get("InterfaceType", "interface"),
        card=one.get("NetworkCardIndex", 0),
        device=one.get("DeviceIndex", 0),
    )
