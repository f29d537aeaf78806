"""Which members are unhealthy, and how they are replaced. Source: Auto Scaling user guide (facts 2, 3 and 8)."""

from typing import TYPE_CHECKING

from opsctl.sandbox.engine.scaling_model import Group, Member

if TYPE_CHECKING:
    from opsctl.sandbox.engine.scaling import Scaling

IMPAIRED_FOR_S = 120
_GONE = ("stopping", "stopped", "shutting-down", "terminated")


def mark(scaling: "Scaling", group: Group) -> None:
    """Mark the members that a health check finds unhealthy."""
    if not group.runs("HealthCheck"):
        return
    for member in group.members:
        if member.state == "InService" and _is_unhealthy(scaling, group, member):
            member.health = "Unhealthy"


def _is_unhealthy(scaling: "Scaling", group: Group, member: Member) -> bool:
    """Not running counts at once, impaired after minutes and the grace period, unknown never (fact 8)."""
    instance = scaling.ec2.get_instance_by_id(member.instance_id)
    if instance is None or instance.state in _GONE:
        return True
    faults = scaling.about.faults
    if member.zone in faults.dark_zones or member.instance_id not in faults.impaired:
        member.impaired_since = None
        return False
    now = scaling.about.now()
    member.impaired_since = member.impaired_since or now
    grace = float(group.settings.get("HealthCheckGracePeriod") or 0)
    return now - member.impaired_since >= IMPAIRED_FOR_S and now >= member.in_service_at + grace


def replace(scaling: "Scaling", group: Group) -> None:
    """Replace what is unhealthy: terminate and launch together, or launch first where the policy says so."""
    if not group.runs("ReplaceUnhealthy") or not group.runs("Terminate"):
        return
    for member in [one for one in group.members if one.state == "InService" and one.health == "Unhealthy"]:
        state = scaling.ec2.get_instance_by_id(member.instance_id).state
        cause = (
            f"At {scaling.about.moment():%Y-%m-%dT%H:%M:%SZ} an instance was taken out of service in response to "
            f"an EC2 health check: the instance {member.instance_id} is {state}."
        )
        if not (_launches_first(scaling, group) and group.runs("Launch")):
            scaling.terminate(group, member, cause)
        elif not member.replacing:
            member.replacing = True
            scaling.balance(group, cause)


def _launches_first(scaling: "Scaling", group: Group) -> bool:
    policy = group.settings.get("InstanceMaintenancePolicy")
    if not policy:
        return scaling.about.faults.launch_before_terminate
    return int(policy["MinHealthyPercentage"]) >= 100
