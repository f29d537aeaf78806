"""What Auto Scaling refuses. Source: API reference (limits and codes) and answers quoted in public threads."""

from typing import Any

from opsctl.sandbox.engine.scaling import Scaling
from opsctl.sandbox.engine.scaling_model import LAUNCHING, TERMINATING, Group, Hook, Member

PROCESSES = (
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
)
METRICS = tuple(
    f"Group{name}"
    for name in (
        "MinSize",
        "MaxSize",
        "DesiredCapacity",
        "InServiceInstances",
        "PendingInstances",
        "StandbyInstances",
        "TerminatingInstances",
        "TerminatingRetainedInstances",
        "TotalInstances",
        "InServiceCapacity",
        "PendingCapacity",
        "StandbyCapacity",
        "TerminatingCapacity",
        "TerminatingRetainedCapacity",
        "TotalCapacity",
    )
)
_HEALTH_CHECKS = {"EC2", "EBS", "ELB", "VPC_LATTICE"}


def fault(code: str, message: str) -> Exception:
    """An error of Auto Scaling with a code of its own."""
    from moto.autoscaling.exceptions import AutoscalingClientError

    made: Exception = AutoscalingClientError(code, message)
    return made


def invalid(message: str) -> Exception:
    """A ValidationError."""
    return fault("ValidationError", message)


def group(scaling: Scaling, asked: dict[str, Any]) -> Group:
    """The group that was named."""
    name = asked["AutoScalingGroupName"]
    found = scaling.groups.get(name)
    if found is None:
        raise invalid(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    return found


def member(scaling: Scaling, instance_id: str, within: Group | None = None) -> Member:
    """The member that was named."""
    holder = within or scaling.group_of(instance_id)
    found = holder.member(instance_id) if holder else None
    if found is None:
        where = f"group {within.name}" if within else "any group"
        raise invalid(f"Instance Id not found - The instance {instance_id} is not part of {where}.")
    return found


def sizes(known: Group, verb: str, number: int) -> str:
    """The words for too many or too few."""
    return (
        f"AutoScalingGroup {known.name} has min-size={known.min_size}, max-size={known.max_size}, and "
        f"desired-size={known.desired}. To {verb} {number} instance(s), please update the AutoScalingGroup sizes "
        "appropriately."
    )


def template(scaling: Scaling, asked: dict[str, Any] | None) -> dict[str, str]:
    """The launch template of a group; launch configurations are closed to new accounts."""
    if not asked:
        raise invalid("At least one of launch template or mixed instances policy must be specified.")
    ec2 = scaling.ec2
    name, id_ = asked.get("LaunchTemplateName"), asked.get("LaunchTemplateId")
    if bool(name) == bool(id_):
        raise invalid("Valid requests must contain either launchTemplateId or LaunchTemplateName")
    id_ = id_ or ec2.launch_template_name_to_ids.get(name)
    if id_ not in ec2.launch_templates:
        raise invalid(
            "You must use a valid fully-formed launch template. The specified launch template, with "
            f"template ID {id_ or name}, does not exist."
        )
    found = ec2.launch_templates[id_]
    version = str(asked.get("Version") or "$Default")
    if version not in ("$Default", "$Latest") and version not in {str(one.number) for one in found.versions}:
        raise invalid(
            f"You must use a valid fully-formed launch template. Could not find launch template version {version}."
        )
    _usable(found.get_version(version).data)
    return {"LaunchTemplateId": found.id, "LaunchTemplateName": found.name, "Version": version}


def _usable(data: dict[str, Any]) -> None:
    """What a group cannot use of a template (facts, sections 0 and 2)."""
    if not data.get("ImageId"):
        raise invalid(
            "You must use a valid fully-formed launch template. The request must contain the parameter ImageId"
        )
    nics = data.get("NetworkInterfaces") or []
    if nics and data.get("SecurityGroupIds"):
        raise invalid(
            "You must use a valid fully-formed launch template. Network interfaces and an instance-level "
            "security groups may not be specified on the same request"
        )
    for nic in nics:
        for key in ("PrivateIpAddress", "PrivateIpAddresses", "SecondaryPrivateIpAddressCount", "Ipv6Addresses"):
            if nic.get(key):
                raise invalid(f"{key} of a network interface is not supported with Auto Scaling.")
        if nic.get("SubnetId"):
            raise invalid("SubnetId of a network interface must not be given; the group names its subnets.")


def subnets(scaling: Scaling, text: str) -> dict[str, str]:
    """The zones of the subnets of a group."""
    found = {}
    for name in [one.strip() for one in text.split(",") if one.strip()]:
        known = next(
            (one for per_zone in scaling.ec2.subnets.values() for one in per_zone.values() if one.id == name), None
        )
        if known is None:
            raise invalid(f"The subnet ID '{name}' does not exist")
        found[name] = str(known.availability_zone)
    if not found:
        raise invalid("At least one Availability Zone or VPC Subnet is required.")
    return found


def target_groups(scaling: Scaling, arns: list[str]) -> list[str]:
    """Target groups that exist and take instances; type `ip` cannot be used with a group."""
    from moto.elbv2.models import elbv2_backends

    known = elbv2_backends[scaling.account][scaling.region].target_groups
    for arn in arns:
        if arn not in known:
            raise invalid(f"Invalid Target Group ARN(s): {arn}")
        if known[arn].target_type == "ip":
            raise invalid(f"Provided Target Groups may not be valid. The target type of {arn} must be instance.")
    return list(arns)


def settings(known: Group) -> None:
    """The values of the settings that are kept."""
    kinds = set(str(known.settings.get("HealthCheckType") or "EC2").split(","))
    if not kinds <= _HEALTH_CHECKS:
        raise invalid(f"Invalid health check type: {', '.join(sorted(kinds - _HEALTH_CHECKS))}")
    policy = known.settings.get("InstanceMaintenancePolicy")
    if policy:
        low, high = int(policy.get("MinHealthyPercentage", -1)), int(policy.get("MaxHealthyPercentage", -1))
        if not (0 <= low <= 100 <= high <= 200 and high - low <= 100):
            raise invalid(
                "InstanceMaintenancePolicy: MinHealthyPercentage is 0 to 100, MaxHealthyPercentage 100 to "
                "200, and they are at most 100 apart."
            )
    _placement(known)
    protection = known.settings.get("DeletionProtection", "none")
    if protection not in ("none", "prevent-force-deletion", "prevent-all-deletion"):
        raise invalid(f"Invalid deletion protection {protection}")


def _placement(known: Group) -> None:
    """The placement group: an empty name is none; a cluster group is in one zone (UpdateAutoScalingGroup)."""
    from moto.ec2.models import ec2_backends

    from opsctl.sandbox.rules.placement_groups import groups_of

    name = known.settings.get("PlacementGroup")
    if not name:
        known.settings.pop("PlacementGroup", None)
        return
    found = groups_of(ec2_backends[known.account][known.region]).get(name)
    if found is None:
        raise invalid(f"Placement Group {name} does not exist.")
    if found["Strategy"] == "cluster" and len(known.zones) > 1:
        raise invalid("You cannot specify multiple Availability Zones and a cluster placement group.")


def processes(asked: dict[str, Any]) -> list[str]:
    """The processes that were named; all of them when none is."""
    named = asked.get("ScalingProcesses") or list(PROCESSES)
    for name in named:
        if name not in PROCESSES:
            raise invalid(f"{name} is not a valid process type.")
    return list(named)


def hook(asked: dict[str, Any], known: Hook | None = None) -> Hook:
    """A hook as it is put; what is not said of one that exists stays."""
    transition = asked.get("LifecycleTransition") or (known.transition if known else "")
    if transition not in (LAUNCHING, TERMINATING):
        raise invalid(f"Invalid lifecycle transition {transition}")
    heartbeat = int(asked.get("HeartbeatTimeout") or (known.heartbeat if known else 3600))
    if not 30 <= heartbeat <= 7200:
        raise invalid("HeartbeatTimeout must be between 30 and 7200 seconds.")
    result = asked.get("DefaultResult") or (known.result if known else "ABANDON")
    if result not in ("CONTINUE", "ABANDON"):
        raise invalid("DefaultResult must be CONTINUE or ABANDON.")
    metadata = asked.get("NotificationMetadata") or (known.metadata if known else None)
    return Hook(asked["LifecycleHookName"], transition, heartbeat, result, metadata)


def attachable(scaling: Scaling, known: Group, instance_id: str) -> Any:
    """An instance that may be attached (AS/attach-instance-asg)."""
    instance = scaling.ec2.get_instance_by_id(instance_id)
    if instance is None:
        raise invalid(f"Invalid Instance ID(s): [{instance_id}] specified. The instance does not exist.")
    other = scaling.group_of(instance_id)
    if other:
        raise invalid(f"Instance {instance_id} is already part of AutoScalingGroup:{other.name} .")
    if instance.state != "running":
        raise invalid(f"Instance {instance_id} is not in correct state. Instance(s) must be in 'running' state.")
    if instance.placement.zone not in known.zones:
        raise invalid(f"The availability zone {instance.placement.zone} of {instance_id} is not in the group's.")
    vpcs = {scaling.ec2.get_subnet(name).vpc_id for name in known.subnets}
    if instance.vpc_id not in vpcs:
        raise invalid(f"The instance {instance_id} is not in the VPC of the group.")
    if instance.image_id not in scaling.ec2.amis:
        raise invalid(f"The AMI {instance.image_id} used to launch {instance_id} no longer exists.")
    return instance
