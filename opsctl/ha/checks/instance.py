"""Judges the instance itself. Sources: Amazon EC2 Auto Scaling user guide, EC2 user guide and API reference."""

from collections.abc import Iterator

from opsctl.ha.checks.preflight_finding import (
    ALL_MODES,
    GROUP_ONLY,
    RECOVER_ONLY,
    PreflightFinding,
    accept,
    block,
    carry,
    warn,
)
from opsctl.ha.inventory import Inventory
from opsctl.model.commands import Commands

TAGS_AT_MOST = 50
_TRANSIENT = {
    "spot": "AWS can reclaim a Spot instance at any time, and no lifecycle hook delays that",
    "scheduled": "a scheduled instance runs only in its own time window",
    "capacity-block": "capacity of a Capacity Block ends with the block",
    "interruptible-capacity-reservation": "AWS can reclaim the capacity at any time",
}


def check_instance(inventory: Inventory) -> Iterator[PreflightFinding]:
    """Everything about the instance that is neither its place, its network nor its disks."""
    yield from _state(inventory)
    yield from _ownership(inventory)
    yield from _protection(inventory)
    yield from _software(inventory)
    yield from _recover_support(inventory)


def _state(inventory: Inventory) -> Iterator[PreflightFinding]:
    if inventory.state != "running" and not inventory.wanted.fresh:
        yield block(
            "not-running",
            f"it is {inventory.state}",
            "only a running instance can be attached; --fresh launches a new one",
        )
    images = inventory.answers.get("image")
    if images is not None and not images.get("Images") and not inventory.wanted.fresh:
        why = "AWS attaches an instance only while its image exists; --fresh launches a new one"
        yield block("image-gone", f"its image {inventory.instance['ImageId']} no longer exists", why, GROUP_ONLY)
    events = [
        event.get("Code", "")
        for status in (inventory.answers.get("status") or {}).get("InstanceStatuses", [])
        for event in status.get("Events") or []
        if not str(event.get("Description", "")).startswith("[Completed]")
    ]
    if events:
        yield warn(
            "scheduled-event",
            f"AWS has scheduled {', '.join(events)}",
            "an Auto Scaling group replaces such an instance at once",
        )


def _ownership(inventory: Inventory) -> Iterator[PreflightFinding]:
    members = (inventory.answers.get("membership") or {}).get("AutoScalingInstances", [])
    group = members[0]["AutoScalingGroupName"] if members else inventory.tags.get("aws:autoscaling:groupName", "")
    if group:
        status = inventory.commands.opsctl("make-ha", "status", group)
        why = f"an instance belongs to at most one group; see {status}"
        yield block("in-group", f"it is in Auto Scaling group {group}", why, ALL_MODES)
    if (inventory.instance.get("Operator") or {}).get("Managed"):
        who = inventory.instance["Operator"].get("Principal", "another service")
        yield block("service-managed", f"{who} manages it", "AWS refuses changes to managed instances", ALL_MODES)
    lifecycle = inventory.instance.get("InstanceLifecycle", "")
    if lifecycle:
        why = _TRANSIENT.get(lifecycle, "its capacity is not permanent")
        yield block("not-on-demand", f"it is a {lifecycle} instance", why)


def _protection(inventory: Inventory) -> Iterator[PreflightFinding]:
    if inventory.attribute("termination-protection", "DisableApiTermination"):
        why = "it does not stop Auto Scaling from replacing the instance"
        yield warn("termination-protection", "termination protection is on", why)
    yield from _stop_protection(inventory)
    if (inventory.instance.get("HibernationOptions") or {}).get("Configured"):
        yield warn(
            "hibernation", "hibernation is configured", ("instances in a group cannot hibernate; not carried over")
        )


def _stop_protection(inventory: Inventory) -> Iterator[PreflightFinding]:
    """EC2 user guide: protection holds against StopInstances, by whomever, and not against Auto Scaling."""
    if not inventory.attribute("stop-protection", "DisableApiStop"):
        return
    what, off = "stop protection is on", stop_protection_off(inventory.id, inventory.commands)
    if inventory.data_volumes or inventory.wanted.fresh:
        why = f"it has to be stopped before its volumes can move to another instance: {off}"
        yield block("stop-protection", what, why, GROUP_ONLY)
    else:
        why = "it does not stop Auto Scaling from replacing the instance; replacements are not protected"
        yield warn("stop-protection", what, why, GROUP_ONLY)


def stop_protection_off(instance: str, commands: Commands) -> str:
    """Say how somebody turns stop protection off."""
    words = ("ec2", "modify-instance-attribute", "--instance-id", instance, "--no-disable-api-stop")
    return f"{commands.aws(*words)} turns that off"


def _software(inventory: Inventory) -> Iterator[PreflightFinding]:
    if str(inventory.instance.get("Platform", "")).lower() == "windows":
        why = "a clone keeps computer name, domain identity and SID unless the image was prepared with Sysprep"
        yield accept("windows", "it runs Windows", why)
    codes = [code.get("ProductCodeId", "") for code in inventory.instance.get("ProductCodes") or []]
    if codes:
        why = "every launch needs the account's subscription to the AWS Marketplace product"
        yield warn("marketplace-image", f"its image carries product code {', '.join(codes)}", why)
    tokens = (inventory.instance.get("MetadataOptions") or {}).get("HttpTokens")
    if tokens and tokens != "required":
        yield warn("imds-v1", "IMDSv1 is enabled", "carried over as it is; HttpTokens=required is safer")
    profile = (inventory.instance.get("IamInstanceProfile") or {}).get("Arn", "")
    if profile:
        why = "the caller needs iam:PassRole for its role"
        yield carry("instance-profile", f"instance profile {profile.rpartition('/')[2]}", why)
    yield from _tags(inventory)
    licences = inventory.instance.get("Licenses") or []
    if licences:
        yield carry("licences", f"{len(licences)} licence configuration(s)", "each launch consumes a licence")


def _tags(inventory: Inventory) -> Iterator[PreflightFinding]:
    """AWS: 50 tags a resource. The group's own takes one of the instance's and volumes', the plan's one more."""
    count = len(inventory.own_tags)
    if count > TAGS_AT_MOST - 2:
        why = f"AWS allows {TAGS_AT_MOST} tags on a group, and recovery needs two of them: remove some"
        yield block("tags", f"it has {count} tags", why)


def _recover_support(inventory: Inventory) -> Iterator[PreflightFinding]:
    if inventory.type_info.get("AutoRecoverySupported") is False:
        why = "CloudWatch rejects the recover action for such an instance"
        yield block(
            "recover-unsupported", f"{inventory.type} does not support the recover action", why, RECOVER_ONLY
        )
