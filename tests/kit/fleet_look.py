"""What a change of a fleet has to leave as it was, by describes alone."""

from opsctl.model.value import Json
from tests.kit.moto_account import client

_VOLATILE = ("LaunchTime", "StateReason", "StateTransitionReason", "CapacityReservationId")
_RESERVED = ("InstanceType", "TotalInstanceCount", "AvailableInstanceCount", "PlacementGroupArn")


def fleet() -> Json:
    """Instances as they are described, without when and why they changed, and what is reserved and costs."""
    ec2 = client("ec2")
    found = [one for each in ec2.describe_instances()["Reservations"] for one in each["Instances"]]
    groups = ec2.describe_placement_groups()["PlacementGroups"]
    return [
        reserved(),
        sorted(one["GroupName"] for one in groups),
        [{name: value for name, value in one.items() if name not in _VOLATILE} for one in found],
    ]


def reserved() -> list[Json]:
    """The capacity that is reserved now."""
    filters = [{"Name": "state", "Values": ["active", "pending"]}]
    found = client("ec2").describe_capacity_reservations(Filters=filters)["CapacityReservations"]
    return [{name: one.get(name) for name in _RESERVED} for one in found]


def states() -> dict[str, str]:
    """The state of each instance, by its Name tag."""
    found = client("ec2").describe_instances()["Reservations"]
    return {
        next(tag["Value"] for tag in one["Tags"] if tag["Key"] == "Name"): one["State"]["Name"]
        for each in found
        for one in each["Instances"]
    }
