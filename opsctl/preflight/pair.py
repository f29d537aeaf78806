"""A standby: the instance, its twin, and what is left of instances whose twin took over."""

from opsctl.model.value import Json, Value
from opsctl.services.ec2 import parse_tags
from opsctl.services.marks import FAILOVER_TAG, PLAN_TAG, ROLE_TAG

PRIMARY, TWIN, RETIRED = "primary", "twin", "retired"
GONE = ("shutting-down", "terminated")


class Pair(Value):
    """The instances of a standby by their roles, as EC2 describes them; one that is not there is None."""

    group: str
    primary: dict[str, Json] | None = None
    twin: dict[str, Json] | None = None
    primaries: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()

    @property
    def taking_over_since(self) -> str:
        """When the twin was chosen to take over, while that is under way."""
        return tag_of(self.twin, FAILOVER_TAG)

    @property
    def took_over_at(self) -> str:
        """When the present instance was chosen to take over, if it was a twin once and has none itself."""
        return "" if self.twin else tag_of(self.primary, FAILOVER_TAG)

    @property
    def run(self) -> str:
        """The run that launched the twin."""
        return tag_of(self.twin or self.primary, PLAN_TAG)


def pair_of(group: str, answer: Json) -> Pair | None:
    """Return the standby of that name out of the instances that carry its tag; None when none has a role."""
    instances = [one for reservation in answer.get("Reservations", []) for one in reservation["Instances"]]
    roles = {role: _with(role, instances) for role in (PRIMARY, TWIN, RETIRED)}
    if not any(roles.values()):
        return None
    twins = [one for one in roles[TWIN] if one["State"]["Name"] not in GONE]
    primaries = [one for one in roles[PRIMARY] if one["State"]["Name"] not in GONE] or roles[PRIMARY]
    return Pair(
        group=group,
        primary=primaries[0] if primaries else None,
        twin=twins[0] if twins else None,
        primaries=tuple(one["InstanceId"] for one in primaries),
        retired=tuple(one["InstanceId"] for one in roles[RETIRED] if one["State"]["Name"] not in GONE),
    )


def tag_of(instance: Json, key: str) -> str:
    """Return the value of a tag, empty when it is not there."""
    return parse_tags(instance).get(key, "") if instance else ""


def zone_of(instance: Json) -> str:
    """Return the zone of an instance."""
    return str((instance.get("Placement") or {}).get("AvailabilityZone", ""))


def _with(role: str, instances: list[Json]) -> list[Json]:
    return sorted((one for one in instances if tag_of(one, ROLE_TAG) == role), key=lambda one: one["InstanceId"])
