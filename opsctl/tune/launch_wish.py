"""What the network of instances is to be when they are launched, and the interfaces of a template that has it.

Source: EC2 API reference, RequestLaunchTemplateData: EnaSrdSpecification and EnaQueueCount of an interface, and
BandwidthWeighting of NetworkPerformanceOptions.
"""

from collections.abc import Sequence

from opsctl.model.value import Json, Value
from opsctl.tune.efa_layout import launch_interfaces, named_interfaces
from opsctl.tune.instance_types import TypeNetwork


class LaunchWish(Value):
    """What is wished of the network that an instance is launched with; 0 queues and `keep`: as it is."""

    efa: bool = False
    ena_express: bool = False
    ena_express_udp: bool = False
    queues: int = 0
    weighting: str = "keep"

    @property
    def any(self) -> bool:
        """Whether anything is wished."""
        return self.of_interfaces or self.weighting != "keep"

    @property
    def of_interfaces(self) -> bool:
        """Whether anything is wished of the interfaces."""
        return self.efa or self.ena_express or self.queues > 0

    @property
    def parts(self) -> tuple["LaunchWish", ...]:
        """Each thing that is wished by itself."""
        express = LaunchWish(ena_express=self.ena_express, ena_express_udp=self.ena_express_udp)
        queues, weighting = LaunchWish(queues=self.queues), LaunchWish(weighting=self.weighting)
        efa = LaunchWish(efa=self.efa)
        return tuple(one for one in (efa, express, queues, weighting) if one.any)

    def fits(self, of: TypeNetwork) -> bool:
        """Whether a type has all of it."""
        express, queues = of.ena_express or not self.ena_express, of.flexible_queues or not self.queues
        return bool((of.efa or not self.efa) and express and queues and of.weighs(self.weighting))

    @property
    def words(self) -> str:
        """What a launch template with it has."""
        express = "ENA Express on, for UDP as well" if self.ena_express_udp else "ENA Express on"
        said = (
            "every EFA" if self.efa else "",
            express if self.ena_express else "",
            f"{self.queues} ENA queues" if self.queues else "",
            f"bandwidth weighting {self.weighting}" if self.weighting != "keep" else "",
        )
        return " and ".join(one for one in said if one)


def wished_interfaces(
    given: Sequence[Json], wish: LaunchWish, of: TypeNetwork, group: str, shared: Sequence[str]
) -> list[Json]:
    """Return the interfaces of a launch template as they are wished; those that are so already stay as they are.

    `given` are those that it has, `shared` the security groups that it names for the instance as a whole, `group`
    that of the EFAs.
    """
    if not wish.of_interfaces:
        return list(given)
    made = launch_interfaces(given, of, group, shared) if wish.efa else named_interfaces(given, shared)
    return [_with_queues(_with_express(one, wish), wish) for one in made]


def lacks(given: Sequence[Json], wish: LaunchWish, of: TypeNetwork, weighting: str = "default") -> bool:
    """Tell whether a launch template with these interfaces and this weighting has not all that is wished."""
    weighs = wish.weighting in ("keep", weighting)
    return not weighs or wished_interfaces(given, wish, of, "", ()) != list(given)


def weighting_of(data: Json) -> str:
    """Return the weighting that a launch template asks for; the default where it asks for none."""
    return str(data.get("NetworkPerformanceOptions", {}).get("BandwidthWeighting") or "default")


def over_its_queues(given: Sequence[Json], wish: LaunchWish, of: TypeNetwork) -> tuple[str, ...]:
    """Say what keeps the interfaces that are wished from having so many ENA queues."""
    made = wished_interfaces(given, wish, of, "", ())
    cards = [int(one.get("NetworkCardIndex") or 0) for one in made if one.get("InterfaceType") != "efa-only"]
    return of.over_its_queues(cards, wish.queues)


def _with_queues(one: Json, wish: LaunchWish) -> Json:
    """An efa-only interface has no ENA device, and so no queues."""
    if not wish.queues or one.get("InterfaceType") == "efa-only":
        return one
    return {**one, "EnaQueueCount": wish.queues}


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
