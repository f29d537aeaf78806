"""An instance that is about to be changed, with everything that decides whether it comes back from a stop."""

from collections.abc import Sequence

from opsctl.model.value import Json
from opsctl.resources.ec2 import parse_tags
from opsctl.tune.fleet import FleetInstance, parse_fleet

HIBERNATED = "Client.UserInitiatedHibernate"
_ACQUIRED = "amazon"
"""Who owns a public address that EC2 assigned by itself (API model of EC2, IpOwnerId)."""


_OPERATORS = {
    "aws:elasticmapreduce:job-flow-id": "EMR cluster",
    "aws:pcs:compute-node-group-id": "AWS PCS compute node group",
    "karpenter.sh/nodepool": "Karpenter node pool",
    "karpenter.sh/provisioner-name": "Karpenter provisioner",
}
"""What replaces an instance that is stopped, by the tag that it puts on its own (EMR, PCS, Karpenter)."""


class Machine(FleetInstance):
    """An instance, and what a stop or another type would take from it.

    `reservation` is the Capacity Reservation that it runs in, `targets` whether it names one as its own.
    `public` is an address that a stop takes away. `operator` is the AWS service
    that manages it.
    """

    image: str = ""
    architecture: str = ""
    virtualization: str = "hvm"
    root_store: str = "ebs"
    platform: str = ""
    tenancy: str = "default"
    group_id: str = ""
    launched: str = ""
    reason: str = ""
    hibernates: bool = False
    lifecycle: str = ""
    reservation: str = ""
    preference: str = "open"
    targets: bool = False
    public: str = ""
    operator: str = ""
    outpost: str = ""

    boot_mode: str = ""
    volumes: int = 0

    @property
    def uses_open_reservations(self) -> bool:
        """Whether it runs, and an open reservation of its kind would be used by it without being asked."""
        return self.runs and not self.lifecycle and self.preference == "open" and not self.reservation

    @property
    def runs(self) -> bool:
        """Whether it runs, and so has to be stopped first and started again."""
        return self.state == "running"


def parse_machines(answers: Sequence[Json]) -> tuple[Machine, ...]:
    """Parse answers of DescribeInstances; each instance once, by name."""
    told = {
        one["InstanceId"]: one
        for answer in answers
        for reservation in answer.get("Reservations", [])
        for one in reservation.get("Instances", [])
    }
    return tuple(_machine(one, told[one.id]) for one in parse_fleet(answers))


def _machine(instance: FleetInstance, one: Json) -> Machine:
    placement, specification = one.get("Placement", {}), one.get("CapacityReservationSpecification", {})
    return Machine(
        **dict(instance),
        image=one.get("ImageId", ""),
        architecture=one.get("Architecture", ""),
        virtualization=one.get("VirtualizationType", "hvm"),
        root_store=one.get("RootDeviceType", "ebs"),
        platform=one.get("PlatformDetails", ""),
        tenancy=placement.get("Tenancy", "default"),
        group_id=placement.get("GroupId", ""),
        launched=one.get("LaunchTime", ""),
        reason=one.get("StateReason", {}).get("Code", ""),
        hibernates=bool(one.get("HibernationOptions", {}).get("Configured")),
        lifecycle=one.get("InstanceLifecycle", ""),
        reservation=one.get("CapacityReservationId", ""),
        preference=specification.get("CapacityReservationPreference", "open"),
        targets=bool(specification.get("CapacityReservationTarget")),
        public=_acquired_address(one),
        outpost=one.get("OutpostArn", ""),
        boot_mode=one.get("CurrentInstanceBootMode", ""),
        volumes=len(one.get("BlockDeviceMappings", [])),
        operator=_operator(one),
    )


def _acquired_address(one: Json) -> str:
    found = [nic.get("Association", {}) for nic in one.get("NetworkInterfaces", [])]
    return next((str(each["PublicIp"]) for each in found if each.get("IpOwnerId") == _ACQUIRED), "")


def _operator(one: Json) -> str:
    """Return the AWS service that manages an instance, or what else replaces it; empty where nobody does."""
    operator, tags = one.get("Operator", {}), parse_tags(one)
    if operator.get("Managed"):
        return str(operator.get("Principal", "an AWS service"))
    return next((f"{what} {tags[key]}" for key, what in _OPERATORS.items() if key in tags), "")
