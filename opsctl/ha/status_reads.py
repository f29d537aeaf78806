"""What `make-ha status` reads of a group or a standby, each answer under a name of its own."""

from collections.abc import Sequence

from opsctl.ha.ha_pair import Pair, zone_of
from opsctl.ha.health import configured
from opsctl.ha.health_handler import GROUP_RULES, PAIR_RULES
from opsctl.ha.tags import GROUP_TAG, SNAPSHOTS_TAG
from opsctl.model.reads import Read
from opsctl.model.value import Json
from opsctl.resources.dlm_calls import policies_of
from opsctl.resources.ec2_launch_template_calls import templates_named
from opsctl.resources.route53_record_calls import record_at

POLICY = "opsctl"
"""What the handler's role calls its one policy (iam.role)."""


def group_reads(name: str, group: Json, known: dict[str, Json]) -> dict[str, Read]:
    """Return the first round for a group; with the answers to that, the second."""
    if known:
        versions = (known.get("version") or {}).get("LaunchTemplateVersions", [])
        image = versions[0].get("LaunchTemplateData", {}).get("ImageId") if versions else ""
        reads = {"image": _read("ec2", "DescribeImages", ImageIds=[image])} if image else {}
        instances = [one["InstanceId"] for one in group.get("Instances", [])]
        if instances:
            filters = [{"Name": "instance-id", "Values": instances}]
            reads["instance"] = _read("ec2", "DescribeInstances", Filters=filters)
            if configured(known.get("function")).devices:
                reads |= {f"stop protection {each}": _stop_protection(each) for each in instances}
        return reads | _later(name, known)
    version = str((group.get("LaunchTemplate") or {}).get("Version", "1"))
    return {
        "hooks": _read("autoscaling", "DescribeLifecycleHooks", AutoScalingGroupName=name),
        "template": templates_named(name),
        "version": _version(name, version),
        **_common(name, GROUP_RULES),
    }


def pair_reads(pair: Pair, known: dict[str, Json]) -> dict[str, Read]:
    """Return the first round for a standby; with the answers to that, the second."""
    if known:
        return _later(pair.group, known)
    reads = {
        "template": templates_named(pair.group),
        "version": _version(pair.group, "1"),
        **_common(pair.group, PAIR_RULES),
    }
    if pair.primary:
        which = pair.primary["InstanceId"]
        reads["checks"] = _read("ec2", "DescribeInstanceStatus", InstanceIds=[which], IncludeAllInstances=True)
        reads[f"stop protection {which}"] = _stop_protection(which)
    if pair.standby:
        filters = [
            {"Name": "location", "Values": [zone_of(pair.standby)]},
            {"Name": "instance-type", "Values": [pair.standby["InstanceType"]]},
        ]
        reads["offerings"] = _read(
            "ec2", "DescribeInstanceTypeOfferings", LocationType="availability-zone", Filters=filters
        )
    return reads


def _common(name: str, rules: Sequence[str]) -> dict[str, Read]:
    stem = f"opsctl-{name}"
    tagged = [{"Name": f"tag:{GROUP_TAG}", "Values": [name]}]
    reads = {
        "function": _read("lambda", "GetFunction", FunctionName=stem),
        "role": _read("iam", "GetRolePolicy", RoleName=stem, PolicyName=POLICY),
        "permissions": _read("lambda", "GetPolicy", FunctionName=stem),
        "queue-url": _read("sqs", "GetQueueUrl", QueueName=f"{stem}-dlq"),
        "addresses": _read("ec2", "DescribeAddresses", Filters=tagged),
        "volumes": _read("ec2", "DescribeVolumes", Filters=tagged),
        "snapshots": _read("ec2", "DescribeSnapshots", OwnerIds=["self"], Filters=tagged),
        "alarms": _read("cloudwatch", "DescribeAlarms", AlarmNamePrefix=f"{stem}-"),
    }
    for rule in rules:
        reads[f"{rule}-rule"] = _read("events", "DescribeRule", Name=f"{stem}-{rule}")
        reads[f"{rule}-targets"] = _read("events", "ListTargetsByRule", Rule=f"{stem}-{rule}")
    return reads


def _later(name: str, known: dict[str, Json]) -> dict[str, Read]:
    """What can be read only once the queue's address and the handler's configuration are known."""
    reads = {}
    url = (known.get("queue-url") or {}).get("QueueUrl")
    if url:
        names = ["ApproximateNumberOfMessages"]
        reads["queue"] = _read("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=names)
    config = configured(known.get("function"))
    if config.topic_arn:
        reads["topic"] = _read("sns", "GetTopicAttributes", TopicArn=config.topic_arn)
    if config.record:
        reads["record"] = record_at(config.record_zone, config.record)
    if config.dlm_every_s:
        reads["policies"] = policies_of(SNAPSHOTS_TAG, name)
    return reads


def _stop_protection(instance: str) -> Read:
    return _read("ec2", "DescribeInstanceAttribute", InstanceId=instance, Attribute="disableApiStop")


def _version(template: str, version: str) -> Read:
    return _read("ec2", "DescribeLaunchTemplateVersions", LaunchTemplateName=template, Versions=[version])


def _read(service: str, operation: str, **params: Json) -> Read:
    return Read(service=service, operation=operation, params=params)
