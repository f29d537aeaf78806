"""What the network of an instance type can do, as DescribeInstanceTypes answers."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from opsctl.model.value import Json, Value

EFA_KINDS = ("efa", "efa-only")

VF_FAMILIES = ("c3", "c4", "d2", "i2", "m4", "r3")
"""Families with the Intel 82599 Virtual Function (EC2 user guide, enhanced networking); m4.16xlarge has ENA."""


class NetworkCard(Value):
    """A network card: how many interfaces it takes, of which kinds, and how many queues each has by itself.

    Bandwidths are in Gbps; 0 and nothing stand where AWS says none.
    """

    index: int
    interfaces: int = 0
    kinds: tuple[str, ...] = ()
    performance: str = ""
    baseline_gbps: float = 0.0
    peak_gbps: float = 0.0
    queues: int = 0

    @property
    def takes_efa(self) -> bool:
        """Whether an Elastic Fabric Adapter goes to it."""
        return bool(set(EFA_KINDS) & set(self.kinds))


class QueueLimit(Value):
    """Most ENA queues of one interface, and of all interfaces of a network card; 0 where AWS names none."""

    interface: int = 0
    card: int = 0


class TypeNetwork(Value):
    """The network of an instance type."""

    name: str
    performance: str = ""
    ena: Literal["unsupported", "supported", "required"] = "unsupported"
    efa: int = 0
    cards: tuple[NetworkCard, ...] = ()
    ena_express: bool = False
    flexible_queues: bool = False
    queue_limits: dict[int, QueueLimit] = {}
    weightings: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()

    def weighs(self, weighting: str) -> bool:
        """Whether its bandwidth can be weighted so; the default is there with every type."""
        return weighting in ("keep", "default", *self.weightings)

    def over_its_queues(self, cards: Sequence[int], queues: int) -> tuple[str, ...]:
        """Say what keeps so many ENA queues from each interface; `cards` are those that interfaces are at."""
        said = []
        for card, interfaces in sorted(Counter(cards).items()):
            limit = self.queue_limits.get(card, QueueLimit())
            if 0 < limit.interface < queues:
                said.append(f"can have {limit.interface} queues on an interface of card {card}, not {queues}")
            elif 0 < limit.card < queues * interfaces:
                said.append(f"can have {limit.card} queues on card {card}, not {interfaces} x {queues}")
        return tuple(said)

    @property
    def legacy_vf(self) -> bool:
        """Whether its enhanced networking is the Intel 82599 VF, which ends at 10 Gbps."""
        return self.ena == "unsupported" and self.name.split(".")[0] in VF_FAMILIES


def parse_types(answer: Json) -> dict[str, TypeNetwork]:
    """Parse DescribeInstanceTypes, by name."""
    return {one["InstanceType"]: _type(one) for one in answer.get("InstanceTypes", [])}


def _type(one: Json) -> TypeNetwork:
    info = one.get("NetworkInfo", {})
    return TypeNetwork(
        name=one["InstanceType"],
        performance=info.get("NetworkPerformance", ""),
        ena=info.get("EnaSupport", "unsupported"),
        efa=info.get("EfaInfo", {}).get("MaximumEfaInterfaces", 0) if info.get("EfaSupported") else 0,
        cards=tuple(_card(card) for card in info.get("NetworkCards", [])),
        ena_express=bool(info.get("EnaSrdSupported")),
        queue_limits={card.get("NetworkCardIndex", 0): _limit(card) for card in info.get("NetworkCards", [])},
        flexible_queues=info.get("FlexibleEnaQueuesSupport") == "supported",
        weightings=tuple(info.get("BandwidthWeightings", [])),
        strategies=tuple(one.get("PlacementGroupInfo", {}).get("SupportedStrategies", [])),
    )


def _limit(card: Json) -> QueueLimit:
    return QueueLimit(
        interface=card.get("MaximumEnaQueueCountPerInterface", 0), card=card.get("MaximumEnaQueueCount", 0)
    )


def _card(one: Json) -> NetworkCard:
    return NetworkCard(
        index=one.get("NetworkCardIndex", 0),
        interfaces=one.get("MaximumNetworkInterfaces", 0),
        kinds=tuple(one.get("InterfaceTypes", [])),
        performance=one.get("NetworkPerformance", ""),
        baseline_gbps=one.get("BaselineBandwidthInGbps", 0.0),
        peak_gbps=one.get("PeakBandwidthInGbps", 0.0),
        queues=one.get("DefaultEnaQueueCountPerInterface", 0),
    )
