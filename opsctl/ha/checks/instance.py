"""Judges the instance itself. Sources: Amazon EC2 Auto Scaling user guide, EC2 user guide and API reference."""

from collections.abc import Iterator

from opsctl.ha.checks.verdict import ALL_MODES, GROUP_ONLY, RECOVER_ONLY, Verdict, accept, block, carry, warn
from opsctl.ha.seen import Seen
from opsctl.model.commands import Commands

TAGS_AT_MOST = 50
_TRANSIENT = {
    "spot": "AWS takes a Spot instance back at any time, and no lifecycle hook holds it",
    "scheduled": "a scheduled instance runs only in its own time window",
    "capacity-block": "capacity of a Capacity Block ends with the block",
    "interruptible-capacity-reservation": "AWS may take the capacity back at any time",
}


def judge_instance(seen: Seen) -> Iterator[Verdict]:
    """Everything about the instance that is neither its place, its network nor its disks."""
    yield from _state(seen)
    yield from _ownership(seen)
    yield from _protection(seen)
    yield from _software(seen)
    yield from _recover_support(seen)


def _state(seen: Seen) -> Iterator[Verdict]:
    if seen.state != "running" and not seen.wanted.fresh:
        yield block(
            "not-running", f"it is {seen.state}", "only a running instance can be attached; --fresh launches one"
        )
    images = seen.answers.get("image")
    if images is not None and not images.get("Images") and not seen.wanted.fresh:
        why = "an instance is attached only while the image it was launched from exists; --fresh launches one"
        yield block("image-gone", f"its image {seen.instance['ImageId']} does not exist any more", why, GROUP_ONLY)
    events = [
        event.get("Code", "")
        for status in (seen.answers.get("status") or {}).get("InstanceStatuses", [])
        for event in status.get("Events") or []
        if not str(event.get("Description", "")).startswith("[Completed]")
    ]
    if events:
        yield warn(
            "scheduled-event",
            f"AWS has scheduled {', '.join(events)}",
            "a group replaces such an instance at once",
        )


def _ownership(seen: Seen) -> Iterator[Verdict]:
    members = (seen.answers.get("membership") or {}).get("AutoScalingInstances", [])
    group = members[0]["AutoScalingGroupName"] if members else seen.tags.get("aws:autoscaling:groupName", "")
    if group:
        why = f"an instance belongs to at most one group; see {seen.commands.opsctl('make-ha', 'status', group)}"
        yield block("in-group", f"it is in Auto Scaling group {group}", why, ALL_MODES)
    if (seen.instance.get("Operator") or {}).get("Managed"):
        who = seen.instance["Operator"].get("Principal", "another service")
        yield block("service-managed", f"{who} manages it", "AWS refuses changes to managed instances", ALL_MODES)
    lifecycle = seen.instance.get("InstanceLifecycle", "")
    if lifecycle:
        why = _TRANSIENT.get(lifecycle, "its capacity is not permanent")
        yield block("not-on-demand", f"it is a {lifecycle} instance", why)


def _protection(seen: Seen) -> Iterator[Verdict]:
    if seen.attribute("termination-protection", "DisableApiTermination"):
        why = "it does not stop Auto Scaling from replacing the instance"
        yield warn("termination-protection", "it is protected from termination", why)
    yield from _stop_protection(seen)
    if (seen.instance.get("HibernationOptions") or {}).get("Configured"):
        yield warn("hibernation", "hibernation is configured", "instances of a group cannot hibernate; left out")


def _stop_protection(seen: Seen) -> Iterator[Verdict]:
    """EC2 user guide: protection holds against StopInstances, by whomever, and not against Auto Scaling."""
    if not seen.attribute("stop-protection", "DisableApiStop"):
        return
    what, off = "it is protected from being stopped", stop_protection_off(seen.id, seen.commands)
    if seen.data_volumes or seen.wanted.fresh:
        why = f"it has to be stopped before its volumes can go to another instance: {off}"
        yield block("stop-protection", what, why, GROUP_ONLY)
    else:
        why = "it does not stop Auto Scaling from replacing the instance; replacements are not protected"
        yield warn("stop-protection", what, why, GROUP_ONLY)


def stop_protection_off(instance: str, commands: Commands) -> str:
    """Say how somebody turns stop protection off."""
    words = ("ec2", "modify-instance-attribute", "--instance-id", instance, "--no-disable-api-stop")
    return f"{commands.aws(*words)} turns that off"


def _software(seen: Seen) -> Iterator[Verdict]:
    if str(seen.instance.get("Platform", "")).lower() == "windows":
        why = "a clone keeps computer name, domain identity and SID unless the image was prepared with Sysprep"
        yield accept("windows", "it runs Windows", why)
    codes = [code.get("ProductCodeId", "") for code in seen.instance.get("ProductCodes") or []]
    if codes:
        why = "every launch needs the account's subscription to the AWS Marketplace product"
        yield warn("marketplace-image", f"its image carries product code {', '.join(codes)}", why)
    tokens = (seen.instance.get("MetadataOptions") or {}).get("HttpTokens")
    if tokens and tokens != "required":
        yield warn("imds-v1", "it answers IMDSv1", "carried over as it is; HttpTokens=required is safer")
    profile = (seen.instance.get("IamInstanceProfile") or {}).get("Arn", "")
    if profile:
        why = "whoever applies needs iam:PassRole for its role"
        yield carry("instance-profile", f"instance profile {profile.rpartition('/')[2]}", why)
    yield from _tags(seen)
    licences = seen.instance.get("Licenses") or []
    if licences:
        yield carry("licences", f"{len(licences)} licence configuration(s)", "each launch consumes a licence")


def _tags(seen: Seen) -> Iterator[Verdict]:
    """AWS: 50 tags a resource. The group's own takes one of the instance's and volumes', the plan's one more."""
    count = len(seen.own_tags)
    if count > TAGS_AT_MOST - 2:
        why = f"AWS takes {TAGS_AT_MOST} on the group, and recovery needs two of them: take some off"
        yield block("tags", f"it has {count} tags", why)


def _recover_support(seen: Seen) -> Iterator[Verdict]:
    if seen.type_info.get("AutoRecoverySupported") is False:
        why = "CloudWatch's recover action is refused for such an instance"
        yield block("recover-unsupported", f"{seen.type} does not support recovery", why, RECOVER_ONLY)
