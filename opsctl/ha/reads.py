"""What is read before an instance is touched: two rounds once the instance is known, three for a topic's key."""

import re
from collections.abc import Mapping

from opsctl.ha.checks.keys import default_key
from opsctl.ha.checks.topic import topic_key
from opsctl.ha.inventory import Inventory
from opsctl.model.reads import Read
from opsctl.model.value import Json


def _read(service: str, operation: str, **params: Json) -> Read:
    return Read(service=service, operation=operation, params=params)


def _filtered(operation: str, name: str, *values: str) -> Read:
    return _read("ec2", operation, Filters=[{"Name": name, "Values": list(values)}])


def _attribute(instance: str, attribute: str) -> Read:
    return _read("ec2", "DescribeInstanceAttribute", InstanceId=instance, Attribute=attribute)


def first_reads(inventory: Inventory) -> dict[str, Read]:
    """Everything that the instance alone leads to, by name."""
    instance, region, partition = inventory.instance, inventory.region, inventory.partition
    id_, vpc, type_ = instance["InstanceId"], instance.get("VpcId", ""), instance.get("InstanceType", "")
    placement = instance.get("Placement") or {}
    profile = (instance.get("IamInstanceProfile") or {}).get("Arn", "")
    reads = {
        "image": _read("ec2", "DescribeImages", ImageIds=[instance["ImageId"]]),
        "volumes": _filtered("DescribeVolumes", "attachment.instance-id", id_),
        "addresses": _filtered("DescribeAddresses", "instance-id", id_),
        "type": _read("ec2", "DescribeInstanceTypes", InstanceTypes=[type_]),
        "offerings": _read(
            "ec2",
            "DescribeInstanceTypeOfferings",
            LocationType="availability-zone",
            Filters=[{"Name": "instance-type", "Values": [type_]}],
        ),
        "subnets": _filtered("DescribeSubnets", "vpc-id", vpc),
        "routes": _filtered("DescribeRouteTables", "vpc-id", vpc),
        "network-acls": _filtered("DescribeNetworkAcls", "vpc-id", vpc),
        "rules": _filtered("DescribeSecurityGroups", "vpc-id", vpc),
        "user-data": _attribute(id_, "userData"),
        "termination-protection": _attribute(id_, "disableApiTermination"),
        "stop-protection": _attribute(id_, "disableApiStop"),
        "status": _read("ec2", "DescribeInstanceStatus", InstanceIds=[id_], IncludeAllInstances=True),
        "membership": _read("autoscaling", "DescribeAutoScalingInstances", InstanceIds=[id_]),
        "target-groups": _read("elbv2", "DescribeTargetGroups"),
        "classic-balancers": _read("elb", "DescribeLoadBalancers"),
        "alarms": _read("cloudwatch", "DescribeAlarms", ActionPrefix=f"arn:{partition}:automate:{region}:ec2:"),
        "old-alarms": _read(
            "cloudwatch",
            "DescribeAlarms",
            ActionPrefix=f"arn:{partition}:swf:{region}:{inventory.account}:action/actions/",
        ),
        "zones": _read("route53", "ListHostedZonesByVPC", VPCId=vpc, VPCRegion=region),
        "functions": _read("lambda", "GetAccountSettings"),
        "ebs-encryption": _read("ec2", "GetEbsEncryptionByDefault"),
        "ebs-default-key": _read("ec2", "GetEbsDefaultKmsKeyId"),
        "scaling-settings": _read("autoscaling", "DescribeAccountSettings", Name="launchBeforeTerminate"),
    }
    if placement.get("GroupName"):
        reads["placement-group"] = _filtered("DescribePlacementGroups", "group-name", placement["GroupName"])
    if profile:
        name = profile.rpartition("/")[2]
        reads["profile"] = _read("iam", "GetInstanceProfile", InstanceProfileName=name)
    if inventory.wanted.topic:
        reads["topic"] = _read("sns", "GetTopicAttributes", TopicArn=inventory.wanted.topic)
    return reads


def second_reads(inventory: Inventory) -> dict[str, Read]:
    """What the first answers lead to: who is registered where, whose keys these are, what the names say."""
    reads: dict[str, Read] = {}
    groups = (inventory.answers.get("target-groups") or {}).get("TargetGroups", [])
    for group in groups:
        if group.get("VpcId") == inventory.instance.get("VpcId") and group.get("TargetType") in ("instance", "ip"):
            arn = group["TargetGroupArn"]
            reads[f"health {arn}"] = _read("elbv2", "DescribeTargetHealth", TargetGroupArn=arn)
    keys = {volume.kms_key for volume in inventory.data_volumes} | {
        str(inventory.root_volume.get("KmsKeyId") or "")
    }
    keys.add(default_key(inventory))
    for key in sorted(keys - {""}):
        reads[f"key {key}"] = _read("kms", "DescribeKey", KeyId=key)
        if key.startswith("arn:") and ":alias/" not in key:  # nobody has chosen a key where EBS answers an alias
            reads[f"grants {key}"] = _read("kms", "ListGrants", KeyId=key)
    key_of_topic = ((inventory.answers.get("topic") or {}).get("Attributes") or {}).get("KmsMasterKeyId")
    if key_of_topic:
        reads["topic-key"] = _read("kms", "DescribeKey", KeyId=key_of_topic)
    if _bursts(inventory):
        reads["credits"] = _read("ec2", "DescribeInstanceCreditSpecifications", InstanceIds=[inventory.id])
    for zone in (inventory.answers.get("zones") or {}).get("HostedZoneSummaries", []):
        reads[f"records {zone['HostedZoneId']}"] = _read(
            "route53", "ListResourceRecordSets", HostedZoneId=zone["HostedZoneId"]
        )
    return reads


def _bursts(inventory: Inventory) -> bool:
    """Whether its type earns CPU credits, as AWS says; by the family's name only where that could not be read.

    Trainium's `trn` and the like begin with a `t` as well, and AWS refuses the question for them.
    """
    told = inventory.type_info.get("BurstablePerformanceSupported")
    return bool(told) if told is not None else re.match(r"t\d", inventory.type) is not None


def third_reads(inventory: Inventory) -> dict[str, Read]:
    """What the second answers lead to: whom the key of the topic lets use it."""
    key = topic_key(inventory)
    return {"topic-key-policy": _read("kms", "GetKeyPolicy", KeyId=key, PolicyName="default")} if key else {}


UNREAD: Mapping[str, str] = {
    "image": "whether the image it was launched from still exists",
    "type": "what its instance type can do",
    "routes": "how its subnets are routed",
    "network-acls": "which network ACLs its subnets have",
    "rules": "which security group rules name its address",
    "user-data": "whether it has user data",
    "termination-protection": "whether termination protection is on",
    "stop-protection": "whether stop protection is on",
    "status": "whether AWS has events scheduled for it",
    "membership": "whether an Auto Scaling group has it",
    "target-groups": "which target groups it is registered with",
    "classic-balancers": "which Classic Load Balancers it is registered with",
    "alarms": "whether alarms act on it",
    "old-alarms": "whether alarms of the older kind act on it",
    "zones": "which private DNS zones its VPC uses",
    "ebs-encryption": "whether the account encrypts new volumes by default",
    "ebs-default-key": "with which key the account encrypts new volumes by default",
    "functions": "how much Lambda concurrency is free",
    "scaling-settings": "whether the account's groups launch a replacement before they terminate",
    "placement-group": "what its placement group demands",
    "credits": "its CPU credit setting",
    "profile": "which role its instance profile carries",
    "topic": "whether the topic exists and whom it lets publish",
    "topic-key": "whose key encrypts the topic's messages, so that the handler is not let use it",
    "topic-key-policy": "whom the key of the topic lets use it",
    "health": "whether it is registered with target group {}",
    "key": "whose KMS key encrypts a volume: {}",
    "grants": "who may use the KMS key of a volume: {}",
    "records": "whether a private DNS record of zone {} names its address",
}
"""What stays unknown when a read is refused, by its name or its first word; what the rest names is put in."""


def unread(name: str) -> str:
    """Say what stays unknown when the read of that name is refused."""
    kind, _, which = name.partition(" ")
    return UNREAD[kind].format(which.split("/")[1] if kind == "health" else which)


NEEDED = ("volumes", "addresses", "offerings", "subnets")
"""Without these no plan can be made."""
