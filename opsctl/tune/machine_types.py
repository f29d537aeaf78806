"""What an instance type is besides its network: what a stop costs it, and what another type has to share."""

from opsctl.model.value import Json
from opsctl.tune.instance_types import TypeNetwork, parse_types


class MachineType(TypeNetwork):
    """An instance type, with what matters when an instance is stopped or becomes of this type."""

    architectures: tuple[str, ...] = ()
    virtualizations: tuple[str, ...] = ()
    root_stores: tuple[str, ...] = ()
    instance_store: bool = False
    nitro: bool = False
    boot_modes: tuple[str, ...] = ()
    volumes: int = 0
    hibernates: bool = False


def parse_machine_types(answer: Json) -> dict[str, MachineType]:
    """Parse DescribeInstanceTypes, by name."""
    told = {one["InstanceType"]: one for one in answer.get("InstanceTypes", [])}
    return {name: _machine_type(network, told[name]) for name, network in parse_types(answer).items()}


def _machine_type(network: TypeNetwork, one: Json) -> MachineType:
    return MachineType(
        **dict(network),
        architectures=tuple(one.get("ProcessorInfo", {}).get("SupportedArchitectures", [])),
        virtualizations=tuple(one.get("SupportedVirtualizationTypes", [])),
        root_stores=tuple(one.get("SupportedRootDeviceTypes", [])),
        instance_store=bool(one.get("InstanceStorageSupported")),
        nitro=one.get("Hypervisor") == "nitro",
        boot_modes=tuple(one.get("SupportedBootModes", [])),
        volumes=one.get("EbsInfo", {}).get("MaximumEbsAttachments", 0),
        hibernates=bool(one.get("HibernationSupported")),
    )
