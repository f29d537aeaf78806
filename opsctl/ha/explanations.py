"""What the findings before make-ha and of its status mean."""

from collections.abc import Iterator

from opsctl.model.explanation import Explanation

_KEPT = "Nothing: the plan carries it over to every replacement."
_MENDED = "Nothing: a step of the plan sets it right."
_KNOWN = "Nothing, unless it matters to you after a replacement."
_OTHER_MODE = "Choose another --mode; the matrix of the plan shows which one works."
PREFLIGHT: dict[str, tuple[str, str]] = {
    "acting-alarms": ("alarms of your own act on the instance", "Remove their actions, or accept that both act."),
    "bandwidth-weighting": ("its bandwidth weighting is carried over", _KEPT),
    "capacity-reservation": ("it uses, or may lack, reserved capacity", "Check that the reservation has room."),
    "cluster-placement": ("a cluster placement group is in one zone", _OTHER_MODE),
    "connection-tracking": ("its connection tracking is carried over", _KEPT),
    "data-key": ("a data volume has a key that the group's role has to be let use", "Check the key's policy."),
    "data-volumes": ("its data volumes are attached to a replacement", _KEPT),
    "dedicated-host": ("it runs on a dedicated host", _OTHER_MODE),
    "default-key": ("the account encrypts new volumes with a key of its own", _MENDED),
    "default-key-data": (
        "new data volumes get the account's default key",
        "Check that its policy lets the role.",
    ),
    "delete-on-termination": ("a data volume would be deleted with the instance", _MENDED),
    "address": ("an address goes to a replacement, or cannot", _KNOWN),
    "classic-balancer": (
        "a Classic Load Balancer sends to it",
        "Register replacements yourself, or use a target group.",
    ),
    "dedicated-host-recover": ("it runs on a dedicated host", _OTHER_MODE),
    "dlm": ("Data Lifecycle Manager takes the snapshots", _KNOWN),
    "efa-recover": ("it has an Elastic Fabric Adapter", _OTHER_MODE),
    "image-gone": ("its image does not exist any more", "Make an image of it first."),
    "multi-attach": ("a volume is attached to several instances", _OTHER_MODE),
    "not-running": ("it does not run", "Start it first, or launch a new one with --fresh."),
    "placement-group": ("it is in a placement group", _KEPT),
    "public-address": ("its public address changes", "Allocate an Elastic IP to keep one."),
    "record": ("a DNS record follows the instance", _KEPT),
    "root-instance-store": ("its root is an instance store", _OTHER_MODE),
    "scheduled-event": (
        "AWS has scheduled maintenance for it",
        "See the event in the console; move it before then.",
    ),
    "volume-unreadable": ("a volume could not be read", "Let the caller read it, and plan again."),
    "dlm-few": ("the policy keeps few snapshots", "Keep more with --keep-snapshots."),
    "dlm-no-data": ("there is no data volume that a policy could take snapshots of", _OTHER_MODE),
    "dlm-recover": ("mode recover needs no snapshots of its own", "Leave --snapshots out."),
    "dlm-tags": ("the policy's tag would reach other volumes", "Use --snapshots handler."),
    "dlm-volume-tags": (
        "volumes carry the tag of another policy",
        "Use --snapshots handler, or untag them.",
    ),
    "dlm-window": (
        "Data Lifecycle Manager begins within an hour of its time",
        "Plan with that hour on top of the RPO.",
    ),
    "efa": ("it has an Elastic Fabric Adapter", "Accept that replacements have none."),
    "elastic-ip": ("its Elastic IP goes to a replacement", _KEPT),
    "ena-express": ("ENA Express is carried over", _KEPT),
    "hibernation": ("it may hibernate", _KNOWN),
    "imds-v1": ("it answers metadata requests without a token", "Require tokens once nothing needs version 1."),
    "in-group": ("it is in an Auto Scaling group already", "Change that group instead."),
    "instance-profile": ("its role is carried over", _KEPT),
    "instance-store": ("it has an instance store", "Accept that what is there is lost."),
    "instance-store-recover": ("it has an instance store", "Accept that what is there is lost with a recovery."),
    "ipv6": ("it has IPv6 addresses", "Accept that replacements get others."),
    "key-state": ("a key that is needed is not enabled", "Enable the key, or encrypt with another."),
    "launch-before-terminate": ("two instances run side by side for a while", _KNOWN),
    "licences": ("its licence configuration is carried over", _KEPT),
    "managed-address": ("its address belongs to a service", _OTHER_MODE),
    "managed-interface": ("an interface belongs to a service", _OTHER_MODE),
    "marketplace-image": (
        "its image is of the Marketplace",
        "Check that the subscription covers several.",
    ),
    "marketplace-volume": ("a volume with a Marketplace code attaches to a stopped instance only", _OTHER_MODE),
    "no-address": ("it has no address that stays", _KNOWN),
    "no-data-volume": ("it has no data volume", _KNOWN),
    "not-on-demand": ("it is a Spot or scheduled instance", _OTHER_MODE),
    "outpost": ("it runs on an Outpost", _OTHER_MODE),
    "overlapping-runs": ("snapshots may take longer than the time between them", "Take them less often."),
    "prefixes": ("it has delegated prefixes", "Accept that replacements get none."),
    "private-address": ("something names its private address", "Let that use a name, or accept another address."),
    "reboot-migration": ("AWS may move it to other hardware by a reboot", _KNOWN),
    "recover-unsupported": ("AWS recovers no instance of this kind", _OTHER_MODE),
    "root-disk": (
        "a replacement boots from the image",
        "Keep data on a data volume, or accept the loss.",
    ),
    "root-key": ("the root volume's key is carried over, or made usable", _KEPT),
    "secondary-addresses": ("it has secondary addresses", "Accept that replacements have none."),
    "service-managed": ("another service manages the instance", "Use that service's own way."),
    "several-interfaces": ("it has several interfaces", "Accept that replacements have one."),
    "source-dest-check": ("it routes packets of others", "Accept that such routes lead nowhere afterwards."),
    "standby-drifts": (
        "a standby keeps what it was when it was made",
        "Make it anew after changes to the instance.",
    ),
    "standby-fresh": ("a standby is a copy, and --fresh makes none", "Leave --fresh out, or use mode asg."),
    "standby-stop-protection": (
        "a standby has to be stopped, and is protected",
        "Turn stop protection off first.",
    ),
    "standby-tags": (
        "the standby's tags stand on something else already",
        "Take them off, or name another --group.",
    ),
    "standby-target-group": ("a target group of addresses cannot follow a standby", _OTHER_MODE),
    "stop-protection": ("it is protected from being stopped", "Turn that off with the command in the finding."),
    "subnet-difference": ("subnets differ in what they route or map", "Compare their route tables."),
    "subnets": ("replacements start in these subnets", _KEPT),
    "tags": ("its tags do not fit a launch template", "Shorten them, or remove some."),
    "target-group": ("it is registered with a target group", _KEPT),
    "target-port": ("it is registered with several ports of one group", _OTHER_MODE),
    "termination-protection": ("it is protected from termination", _KNOWN),
    "topic": ("the topic cannot be used", "Give a standard topic of this region with --topic."),
    "topic-key": ("the topic's key has to let alarms and rules use it", _MENDED),
    "topic-policy": ("the topic's policy may not let alarms and rules publish", "Allow both in its policy."),
    "unhealthy-now": ("it fails a health check now", "Mend that first, or accept a replacement within minutes."),
    "user-data": ("its user data is carried over", _KEPT),
    "user-data-formats": ("user data may format a volume", "Remove that from user data, or accept the loss."),
    "user-data-unread": ("user data could not be read", "Let the caller read it, or accept its loss."),
    "windows": ("it runs Windows", "Prepare an image with Sysprep, or accept clones."),
}
STATUS: dict[str, tuple[str, str]] = {
    "alarm": ("the alarm that starts a recovery", "Make or enable it as the finding says."),
    "alarms": ("the alarms that tell somebody", "Make or enable them as the finding says."),
    "dead letters": ("events that the handler could not deal with", "Inspect them, then redrive or purge them."),
    "handler": ("the function that recovers", "Do what the finding says: it has to run at once."),
    "health": ("what AWS's health checks say now", "Look at the instance itself."),
    "hook": ("the lifecycle hook that holds an instance for its data", "Build the group again."),
    "image": ("the image that replacements boot from", "Make another, or build the group again."),
    "instance": ("the instance that works", "Look at the instance itself."),
    "instance type": ("whether this type can be launched", "Choose a type that the zones offer."),
    "kept instances": ("instances that a failed recovery left", "Look at their data, then undo or terminate."),
    "launch template": ("the template that replacements start from", "Build the group again."),
    "likeness": ("whether the standby is like the instance", "Build the standby again."),
    "permissions": ("what the handler's role may do", "Build the group again to renew its role."),
    "processes": ("processes of the group that are suspended", "Resume them with the command in the finding."),
    "rebalancing": ("whether the group rebalances zones by itself", "Suspend that, for a volume is in one zone."),
    "sizes": ("whether the group keeps exactly one", "Set its sizes to 1."),
    "role": ("the handler's role", "Build the group again."),
    "root disk": ("what is on the root disk", "Keep data on a data volume."),
    "rule": ("the rule that calls the handler", "Enable it as the finding says."),
    "snapshot policy": ("the policy that takes snapshots", "Enable it as the finding says."),
    "snapshots": ("how old the newest snapshots are", "See why none is taken: handler, permissions, policy."),
    "standby": ("the standby", "Build the standby again."),
    "stop protection": ("whether the instance can be stopped", "Turn it off."),
    "topic": ("whom recovery tells", "Subscribe somebody with the command in the finding."),
    "volume": ("a data volume", "Attach it, or see why its tags are gone."),
    "zones": ("the zones in which a replacement can start", "Give a subnet in another zone."),
}


_ATTACH = "Amazon EC2 Auto Scaling user guide, attach-instance-asg"
_HEALTH = "Amazon EC2 Auto Scaling user guide, ec2-auto-scaling-health-checks"
_TEMPLATE = "Amazon EC2 Auto Scaling user guide, create-launch-template"
_KEYS = "Amazon EC2 Auto Scaling user guide, key-policy-requirements-EBS-encryption"
_ENDING = "Amazon EC2 user guide, terminating-instances"
SOURCES = {
    "address": _HEALTH,
    "cluster-placement": "Amazon EC2 Auto Scaling API reference, CreateAutoScalingGroup (PlacementGroup)",
    "data-key": _KEYS,
    "data-volumes": _HEALTH,
    "default-key-data": _KEYS,
    "delete-on-termination": _HEALTH,
    "elastic-ip": _HEALTH,
    "hook": "Amazon EC2 Auto Scaling user guide, lifecycle-hooks",
    "image-gone": _ATTACH,
    "in-group": _ATTACH,
    "launch-before-terminate": "Amazon EC2 Auto Scaling user guide, ec2-auto-scaling-account-settings",
    "marketplace-volume": "Amazon EC2 API reference, AttachVolume",
    "not-running": _ATTACH,
    "rebalancing": "Amazon EC2 Auto Scaling user guide, as-suspend-resume-processes",
    "root-instance-store": "Amazon EC2 API reference, CreateImage",
    "root-key": _KEYS,
    "scheduled-event": _HEALTH,
    "secondary-addresses": _TEMPLATE,
    "service-managed": "Amazon EC2 API reference, DetachVolume",
    "several-interfaces": _TEMPLATE,
    "source-dest-check": ("Amazon EC2 API reference, LaunchTemplateInstanceNetworkInterfaceSpecificationRequest"),
    "stop-protection": _ENDING,
    "termination-protection": _ENDING,
    "topic-policy": "Amazon EventBridge user guide, eb-use-resource-based",
    "unhealthy-now": _HEALTH,
}
"""Where AWS says what a finding rests on."""


def explanations() -> Iterator[Explanation]:
    """Yield each finding of the preflight, and each check of the status."""
    for id_, (means, todo) in PREFLIGHT.items():
        yield _explanation(id_, "finding", "make-ha", means, _LOOK, todo)
    for id_, (means, todo) in STATUS.items():
        yield _explanation(id_, "check", "make-ha status", means, _NEEDED, todo)


def _explanation(id_: str, kind: str, of: str, means: str, why: str, todo: str) -> Explanation:
    source = SOURCES.get(id_, "")
    return Explanation(id=id_, kind=kind, of=of, means=means, why=why, todo=todo, source=source)


_LOOK = "A replacement starts from a template: what it lacks or gets twice is found before, not in an outage."
_NEEDED = "A recovery relies on it, and happens when nobody is there to mend it."
