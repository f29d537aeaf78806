"""A pair of primary and standby, and what is left of primaries whose standby took over."""

from opsctl.ha.tags import FAILOVER_TAG, GROUP_TAG, ROLE_TAG
from opsctl.model.changes import Check
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import parse_tags
from opsctl.resources.ec2_instance_calls import instances_tagged
from opsctl.resources.marks import PLAN_TAG

PRIMARY, STANDBY, RETIRED = "primary", "standby", "retired"
FORMERLY = {STANDBY: ("twin",)}
"""Values of the tag by which earlier versions, and the handlers that they deployed, know the same role."""
GONE = ("shutting-down", "terminated")


class Pair(Value):
    """The instances of mode standby by their roles, as EC2 describes them; one that is not there is None."""

    group: str
    primary: dict[str, Json] | None = None
    standby: dict[str, Json] | None = None
    primaries: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()

    @property
    def taking_over_since(self) -> str:
        """When the standby was chosen to take over, while that is under way."""
        return tag_of(self.standby, FAILOVER_TAG)

    def took_over_at(self, built_by: str) -> str:
        """When the primary took over as the standby of that run, if it did, and has no standby itself."""
        ours = not built_by or tag_of(self.primary, PLAN_TAG) == built_by
        return tag_of(self.primary, FAILOVER_TAG) if ours and not self.standby else ""

    @property
    def run(self) -> str:
        """The run that launched the standby, or the primary when that was one."""
        return tag_of(self.standby or self.primary, PLAN_TAG)


def pair_of(group: str, answer: Json) -> Pair | None:
    """Return the pair of that name out of the instances that carry its tag; None when none has a role."""
    instances = [one for reservation in answer.get("Reservations", []) for one in reservation["Instances"]]
    roles = {role: _with(role, instances) for role in (PRIMARY, STANDBY, RETIRED)}
    if not any(roles.values()):
        return None
    standbys = [one for one in roles[STANDBY] if one["State"]["Name"] not in GONE]
    primaries = [one for one in roles[PRIMARY] if one["State"]["Name"] not in GONE] or roles[PRIMARY]
    return Pair(
        group=group,
        primary=primaries[0] if primaries else None,
        standby=standbys[0] if standbys else None,
        primaries=tuple(one["InstanceId"] for one in primaries),
        retired=tuple(one["InstanceId"] for one in roles[RETIRED] if one["State"]["Name"] not in GONE),
    )


def tag_of(instance: Json, key: str) -> str:
    """Return the value of a tag, empty when it is not there."""
    return parse_tags(instance).get(key, "") if instance else ""


def zone_of(instance: Json) -> str:
    """Return the zone of an instance."""
    return str((instance.get("Placement") or {}).get("AvailabilityZone", ""))


def is_instance_of(group: str, instance: str) -> Check:
    """The instance is the primary."""
    return _has_role(group, instance, PRIMARY, "", f"{instance} is the primary of {group}")


def stands_by(group: str, standby: str) -> Check:
    """The standby is there, and was not chosen to take over."""
    chosen = f" && !(Tags[?Key=='{FAILOVER_TAG}'])"
    return _has_role(group, standby, STANDBY, chosen, f"{standby} stands by for {group}")


def _has_role(group: str, instance: str, role: str, also: str, says: str) -> Check:
    named = " || ".join(f"Value=='{one}'" for one in (role, *FORMERLY.get(role, ())))
    tagged = f"Tags[?Key=='{ROLE_TAG}' && ({named})]"
    return Check(
        read=instances_tagged(GROUP_TAG, group),
        query=f"Reservations[].Instances[] | [?InstanceId=='{instance}' && {tagged}{also}].InstanceId",
        op="present",
        context=True,
        says=says,
    )


def _with(role: str, instances: list[Json]) -> list[Json]:
    named = (role, *FORMERLY.get(role, ()))
    return sorted((one for one in instances if tag_of(one, ROLE_TAG) in named), key=lambda one: one["InstanceId"])
