"""What the network of instances is to be when they are launched, and the interfaces of a template that has it.

Source: EC2 API reference, EnaSrdSpecificationRequest of an interface of a launch template.
"""

from collections.abc import Sequence

from opsctl.model.value import Json, Value
from opsctl.tune.efa_layout import launch_interfaces, named_interfaces
from opsctl.tune.instance_types import TypeNetwork


class LaunchWish(Value):
    """What is wished of the interfaces that an instance is launched with."""

    efa: bool = False
    ena_express: bool = False
    ena_express_udp: bool = False

    @property
    def any(self) -> bool:
        """Whether anything is wished."""
        return self.efa or self.ena_express

    @property
    def parts(self) -> tuple["LaunchWish", ...]:
        """Each thing that is wished by itself."""
        express = LaunchWish(ena_express=True, ena_express_udp=self.ena_express_udp)
        efa = (LaunchWish(efa=True),) if self.efa else ()
        return (*efa, express) if self.ena_express else efa

    def fits(self, of: TypeNetwork) -> bool:
        """Whether a type has all of it."""
        return bool((of.efa or not self.efa) and (of.ena_express or not self.ena_express))

    @property
    def words(self) -> str:
        """What a launch template with it has."""
        express = "ENA Express on, for UDP as well" if self.ena_express_udp else "ENA Express on"
        said = ("every EFA" if self.efa else "", express if self.ena_express else "")
        return " and ".join(one for one in said if one)


def wished_interfaces(
    given: Sequence[Json], wish: LaunchWish, of: TypeNetwork, group: str, shared: Sequence[str]
) -> list[Json]:
    """Return the interfaces of a launch template as they are wished; those that are so already stay as they are.

    `given` are those that it has, `shared` the security groups that it names for the instance as a whole, `group`
    that of the EFAs.
    """
    made = launch_interfaces(given, of, group, shared) if wish.efa else named_interfaces(given, shared)
    return [_with_express(one, wish) for one in made]


def lacks(given: Sequence[Json], wish: LaunchWish, of: TypeNetwork) -> bool:
    """Tell whether a launch template with these interfaces has not all that is wished."""
    return wish.any and wished_interfaces(given, wish, of, "", ()) != list(given)


def _with_express(one: Json, wish: LaunchWish) -> Json:
    """An efa-only interface has no ENA device, so there is nothing to switch on."""
    wanted = (True, wish.ena_express_udp)
    if not wish.ena_express or one.get("InterfaceType") == "efa-only" or _express_of(one) == wanted:
        return one
    udp = {"EnaSrdUdpEnabled": wish.ena_express_udp}
    return {**one, "EnaSrdSpecification": {"EnaSrdEnabled": True, "EnaSrdUdpSpecification": udp}}


def _express_of(one: Json) -> tuple[bool, bool]:
    told = one.get("EnaSrdSpecification") or {}
    udp = (told.get("EnaSrdUdpSpecification") or {}).get("EnaSrdUdpEnabled")
    return bool(told.get("EnaSrdEnabled")), bool(udp)
