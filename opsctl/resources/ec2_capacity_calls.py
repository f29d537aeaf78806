"""EC2: On-Demand Capacity Reservations.

Source: API model of EC2 (CreateCapacityReservation, CancelCapacityReservation) and EC2 user guide, Capacity
Reservations: an open one is used by every instance of its type, platform, Availability Zone and tenancy by itself,
running ones included. A targeted one would have to be named in the instance, which only a stopped one takes; once
it is cancelled, what names it cannot be started any more. DescribeCapacityReservations has no filter for tags.
"""

from opsctl.model.changes import ANY_REFUSAL, Check, Instruction, Query
from opsctl.model.reads import Read
from opsctl.model.references import reference
from opsctl.model.value import Json, Value
from opsctl.resources.marks import PLAN_TAG, tag_specifications

PLATFORMS = (
    "Linux/UNIX",
    "Red Hat Enterprise Linux",
    "SUSE Linux",
    "Windows",
    "Windows with SQL Server",
    "Windows with SQL Server Enterprise",
    "Windows with SQL Server Standard",
    "Windows with SQL Server Web",
    "Linux with SQL Server Standard",
    "Linux with SQL Server Web",
    "Linux with SQL Server Enterprise",
    "RHEL with SQL Server Standard",
    "RHEL with SQL Server Enterprise",
    "RHEL with SQL Server Web",
    "RHEL with HA",
    "RHEL with HA and SQL Server Standard",
    "RHEL with HA and SQL Server Enterprise",
    "Ubuntu Pro",
)
"""What capacity can be reserved for (API model, CapacityReservationInstancePlatform); instances say the same words
as their PlatformDetails, but for a few, such as those that bring their own licence."""
NAME_TAG = "opsctl:reservation"
NO_CAPACITY = (
    "InsufficientInstanceCapacity",
    "InsufficientCapacity",
    "InsufficientHostCapacity",
    "InsufficientReservedInstanceCapacity",
)
"""EC2 has no room for an instance at the moment (EC2 API reference, error codes)."""
REFUSED_FOR_GOOD = (ANY_REFUSAL,)
"""A machine that is stopped for a change is not left so for a refusal that nobody has foreseen."""
REFUSED_BEFORE_START = (*REFUSED_FOR_GOOD, "UnauthorizedOperation", "OperationNotPermitted")
"""The same for calls made before instances are started: who may not change one may still start it as it was."""


class CapacityWanted(Value):
    """Capacity to reserve for a while: its name in the plan, what it is for, and for how many.

    `others` of them are for instances that run already: an open reservation is used by them as well.
    `placement_group` is the ARN of the cluster placement group in which it has to be; empty: none.
    """

    name: str
    type: str
    platform: str
    zone: str
    tenancy: str = "default"
    count: int
    others: int = 0
    placement_group: str = ""

    @property
    def says(self) -> str:
        """What is reserved, in words."""
        inside = f" in placement group {self.placement_group.rpartition('/')[2]}" if self.placement_group else ""
        running = f", {self.others} of them for instances that run already" if self.others else ""
        return f"{self.count} x {self.type} in {self.zone}{inside}{running}"


def create_reservation(wanted: CapacityWanted, plan_id: str, token: str, end: str = "") -> Instruction:
    """Reserve capacity that every matching instance uses by itself; `end` is when AWS releases it for sure."""
    params: dict[str, Json] = {
        "ClientToken": token,
        "InstanceType": wanted.type,
        "InstancePlatform": wanted.platform,
        "AvailabilityZone": wanted.zone,
        "Tenancy": wanted.tenancy,
        "InstanceCount": wanted.count,
        "InstanceMatchCriteria": "open",
        "EndDateType": "limited" if end else "unlimited",
        "TagSpecifications": tag_specifications(
            {PLAN_TAG: plan_id, NAME_TAG: wanted.name}, "capacity-reservation"
        ),
    }
    if end:
        params["EndDate"] = end
    if wanted.placement_group:
        params["PlacementGroupArn"] = wanted.placement_group
    return Instruction(kind="call", service="ec2", operation="CreateCapacityReservation", params=params)


def cancel_reservation(change_id: str) -> Instruction:
    """Release the reservation that a change puts out as `reservation`."""
    params = {"CapacityReservationId": reference(change_id, "reservation")}
    return Instruction(kind="call", service="ec2", operation="CancelCapacityReservation", params=params)


def reservation_of(wanted: CapacityWanted, plan_id: str) -> Query:
    """Find the id of the reservation that a plan has under this name."""
    return Query(read=_reservations(wanted), query=f"{_ours(wanted, plan_id)} | [0]")


def is_reserved(wanted: CapacityWanted, plan_id: str, *, active: bool) -> Check:
    """The plan's reservation of this name is active, or there is none that is or will be."""
    state = "State=='active' && " if active else ""
    return Check(
        read=_reservations(wanted),
        query=_ours(wanted, plan_id, state),
        op="present" if active else "empty",
        says=f"capacity for {wanted.says} is reserved" if active else f"this plan reserves no {wanted.says}",
    )


def _reservations(wanted: CapacityWanted) -> Read:
    filters = [
        {"Name": "availability-zone", "Values": [wanted.zone]},
        {"Name": "instance-type", "Values": [wanted.type]},
        {"Name": "state", "Values": ["active", "pending"]},
    ]
    return Read(service="ec2", operation="DescribeCapacityReservations", params={"Filters": filters})


def _ours(wanted: CapacityWanted, plan_id: str, state: str = "") -> str:
    marks = f"Tags[?Key=='{PLAN_TAG}' && Value=='{plan_id}'] && Tags[?Key=='{NAME_TAG}' && Value=='{wanted.name}']"
    return f"CapacityReservations[?{state}{marks}].CapacityReservationId"
