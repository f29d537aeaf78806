"""Instances and types as EC2 describes them, drawn with what a test is about."""

from opsctl.tune.fleet import FleetInstance, FleetInterface
from opsctl.tune.instance_types import NetworkCard, TypeNetwork

ENA = TypeNetwork(name="m5.large", ena="required", cards=(NetworkCard(index=0, kinds=("interface",)),))
HPC = TypeNetwork(
    name="c5n.18xlarge",
    ena="required",
    efa=1,
    cards=(NetworkCard(index=0, kinds=("interface", "efa", "efa-only")),),
)
TWO_CARDS = TypeNetwork(
    name="c6in.32xlarge",
    performance="200 Gigabit",
    ena="required",
    efa=2,
    ena_express=True,
    cards=tuple(NetworkCard(index=number, performance="Up to 170 Gigabit") for number in (0, 1)),
)
OPTIONAL = TypeNetwork(name="m4.16xlarge", ena="supported")
VF = TypeNetwork(name="c4.8xlarge")
NOTHING = TypeNetwork(name="t2.micro")
TYPES = {one.name: one for one in (ENA, HPC, TWO_CARDS, OPTIONAL, VF, NOTHING)}


def nic(kind: str = "interface", *, card: int = 0, device: int = 0, express: bool = False) -> FleetInterface:
    return FleetInterface(id=f"eni-{card}{device}", kind=kind, card=card, device=device, ena_express=express)


def instance(of: TypeNetwork, name: str = "web", **more: object) -> FleetInstance:
    plain = {"id": f"i-{name}", "name": name, "type": of.name, "zone": "us-east-1a", "ena": True}
    return FleetInstance.model_validate({**plain, "interfaces": (nic(),)} | more)
