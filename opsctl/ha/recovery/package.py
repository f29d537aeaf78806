"""What is deployed with the recovery handler: its code, its configuration and the least it may do. Pure."""

import base64
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

from pydantic import Field

from opsctl.model.run import Identity
from opsctl.model.value import Json, Value, canonical

RUNTIME = "python3.12"
HANDLER, STANDBY_HANDLER = (f"opsctl.ha.recovery.{each}.lambda_handler" for each in ("handler", "standby"))
FILES = ("account", "data", "evidence", "handler", "messages", "places", "sets", "waiting")
"""The modules of the handler, by subject; a standby's has one more."""
VARIABLE = "OPSCTL_HA"
TRUST_POLICY: Json = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


class RecoveredAddress(Value):
    """An Elastic IP, and the network interface and private address of the instance that it belongs to."""

    allocation_id: str
    device_index: int = Field(default=0, ge=0)
    private_index: int = Field(default=0, ge=0)


class PrivateRecord(Value):
    """The A record that follows the instance's private address."""

    zone_id: str
    name: str
    ttl: int = Field(default=30, ge=0)


class RecoveryConfig(Value):
    """Everything the handler has to know that it cannot read from AWS.

    `allow_data_loss_s` is the age of the oldest set of snapshots that may replace volumes which cannot be had; 0
    is never. `snapshot_every_s` 0 leaves the snapshots to somebody else; `dlm_every_s` is how often a policy of
    Data Lifecycle Manager makes them. Of its own the handler keeps the newest `keep_snapshots` of each volume; it
    deletes no others. `awaited_since`, in seconds since the epoch, is when the first began to be awaited; 0 where
    none is. `subnets`, by zone, are all those in which the group may ever launch.
    """

    group: str = Field(min_length=1)
    region: str
    topic_arn: str
    addresses: tuple[RecoveredAddress, ...] = ()
    devices: tuple[str, ...] = ()
    allow_data_loss_s: int = Field(default=0, ge=0)
    source_dest_check: bool | None = None
    record: PrivateRecord | None = None
    snapshot_every_s: int = Field(default=0, ge=0)
    dlm_every_s: int = Field(default=0, ge=0)
    keep_snapshots: int = Field(ge=1)
    awaited_since: int = Field(default=0, ge=0)
    namespace: str = "opsctl/ha"
    subnets: dict[str, tuple[str, ...]] = {}


def environment(config: RecoveryConfig) -> dict[str, str]:
    """Return the function's environment variables."""
    return {VARIABLE: canonical(config.model_dump(mode="json"))}


def code(*, standby: bool = False) -> str:
    """Return the function's code as a ZIP file in base64: the same on every machine, for it is only stored.

    The files are at the paths by which they import each other; Lambda needs no `__init__.py`.
    """
    names = [f"opsctl/ha/recovery/{each}.py" for each in (*FILES, *(("standby",) if standby else ()))]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in names:
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, Path(__file__).with_name(Path(name).name).read_bytes())
    return base64.b64encode(packed.getvalue()).decode()


def role_policy(
    config: RecoveryConfig, identity: Identity, kms_keys: Iterable[str] = (), topic_key: str = ""
) -> Json:
    """Return the policy of the handler's role; `kms_keys` are the ARNs of the volumes' customer managed keys.

    `topic_key` is the ARN of the one that encrypts the topic's messages.

    An action on several resources needs each of them allowed (Service Authorization Reference, Amazon EC2), so
    those that are told apart by different tags or conditions have a statement each.
    """
    statements = [*_group(config, identity), *_telling(config, identity, topic_key), *_runtime(config, identity)]
    if config.devices:
        statements += _data(config, identity)
        statements += _keys(config, identity, tuple(kms_keys))
    statements += _network(config, identity)
    return {"Version": "2012-10-17", "Statement": statements}


def standby_policy(
    config: RecoveryConfig, identity: Identity, kms_keys: Iterable[str] = (), topic_key: str = ""
) -> Json:
    """Return the policy of a standby's role: it stops and starts the two instances, and ends none.

    `kms_keys` are those of the data volumes and of the standby's root volume: StartInstances needs a grant for it.
    """
    instance, namespace = _ec2(config, identity, "instance"), {"cloudwatch:namespace": config.namespace}
    witnesses = [f"ec2:Describe{each}" for each in ("AvailabilityZones", "InstanceStatus", "VolumeStatus")]
    reads = {"cloudwatch:DescribeAlarms", *witnesses, *_reads(config)}
    keys = ["opsctl:ha-failover", "opsctl:ha-role", "opsctl:ha-wait"]
    keys += ["opsctl:ha-snapshots"] if config.dlm_every_s else []
    statements = [
        _allow(sorted(reads), ["*"]),
        _allow(["ec2:StartInstances", "ec2:StopInstances"], [instance], _tagged(config)),
        _allow(["ec2:CreateTags"], [instance], _sets(config, *keys)),
        _allow(["cloudwatch:PutMetricData"], ["*"], {"StringEquals": namespace}),
        *_telling(config, identity, topic_key),
        *_runtime(config, identity),
        *(_data(config, identity) if config.devices else ()),
        *_network(config, identity),
        *_keys(config, identity, tuple(kms_keys)),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def dlm_trust(identity: Identity) -> Json:
    """Return who may assume the role of a snapshot policy: Data Lifecycle Manager, for this account alone."""
    only = {"StringEquals": {"aws:SourceAccount": identity.account}}
    trusted = {"Effect": "Allow", "Principal": {"Service": "dlm.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [{**trusted, "Condition": only}]}


def dlm_policy(config: RecoveryConfig, identity: Identity, kms_keys: Iterable[str] = ()) -> Json:
    """Return the policy of that role: of AWS's AWSDataLifecycleManagerServiceRole what sets of snapshots need.

    They are taken of the instance with the data, of whatever volumes it has: one that is attached later must not
    spoil the set. Deleted are those of this group's policy only, which its snapshots carry as a tag; and since it
    tags nothing but what it is making, that tag cannot be put on anybody else's snapshot.
    """
    instance, volume, snapshot = (_ec2(config, identity, each) for each in ("instance", "volume", "snapshot"))
    ours = {"StringEquals": {"aws:ResourceTag/opsctl:ha-snapshots": config.group}}
    reads = ("AvailabilityZones", "Instances", "Snapshots", "Volumes")
    statements = [
        _allow([f"ec2:Describe{each}" for each in reads], ["*"]),
        _allow(["ec2:CreateSnapshots"], [instance], ours),
        _allow(["ec2:CreateSnapshot", "ec2:CreateSnapshots"], [snapshot, volume]),
        _allow(["ec2:CreateTags"], [snapshot], _making("CreateSnapshot", "CreateSnapshots")),
        _allow(["ec2:DeleteSnapshot"], [snapshot], ours),
        *_keys(config, identity, tuple(kms_keys)),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _reads(config: RecoveryConfig) -> list[str]:
    reads = ["ec2:DescribeInstances", "ec2:DescribeVolumes"]
    of_data = ("AvailabilityZones", "Snapshots", "VolumeStatus")
    reads += [f"ec2:Describe{each}" for each in of_data] if config.devices else []
    return reads + (["ec2:DescribeAddresses"] if config.addresses else [])


def _group(config: RecoveryConfig, identity: Identity) -> list[Json]:
    reads = ["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeScalingActivities", *_reads(config)]
    reads += ["ec2:DescribeInstanceStatus"]
    hooks = ["CompleteLifecycleAction", "RecordLifecycleActionHeartbeat", "TerminateInstanceInAutoScalingGroup"]
    group = (
        f"arn:{identity.partition}:autoscaling:{config.region}:{identity.account}:autoScalingGroup:*"
        f":autoScalingGroupName/{config.group}"
    )
    namespace = {"StringEquals": {"cloudwatch:namespace": config.namespace}}
    return [
        _allow(sorted(reads), ["*"]),
        _allow([f"autoscaling:{each}" for each in hooks], [group]),
        *_places(config, group),
        _allow(["ec2:CreateTags"], [_ec2(config, identity, "instance")], _sets(config, "opsctl:ha-wait")),
        _allow(["cloudwatch:PutMetricData"], ["*"], namespace),
    ]


def _places(config: RecoveryConfig, group: str) -> list[Json]:
    """Of the group's settings the handler may change its subnets alone, and among the plan's alone."""
    if not config.subnets:
        return []
    known = [each for zone in sorted(config.subnets) for each in sorted(config.subnets[zone])]
    only = {
        "ForAllValues:StringEquals": {"autoscaling:VPCZoneIdentifiers": known},
        "Null": {
            "autoscaling:VPCZoneIdentifiers": "false",
            **{f"autoscaling:{each}": "true" for each in ("LaunchTemplateVersionSpecified", "MaxSize", "MinSize")},
        },
    }
    return [_allow(["autoscaling:UpdateAutoScalingGroup"], [group], only)]


def _telling(config: RecoveryConfig, identity: Identity, key: str) -> list[Json]:
    """Whoever publishes to an encrypted topic uses its key, by way of SNS (SNS guide, key management)."""
    through = {"StringEquals": {"kms:ViaService": f"sns.{config.region}.{_suffix(identity)}"}}
    uses = [_allow(["kms:Decrypt", "kms:GenerateDataKey*"], [key], through)] if key else []
    return [_allow(["sns:Publish"], [config.topic_arn]), *uses]


def _runtime(config: RecoveryConfig, identity: Identity) -> list[Json]:
    """What Lambda itself does with the role: it writes the log and keeps an event that failed every time."""
    where = f"{config.region}:{identity.account}"
    log = f"arn:{identity.partition}:logs:{where}:log-group:/aws/lambda/opsctl-{config.group}"
    return [
        _allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log}:*"]),
        _allow(["sqs:SendMessage"], [f"arn:{identity.partition}:sqs:{where}:opsctl-{config.group}-dlq"]),
    ]


def _data(config: RecoveryConfig, identity: Identity) -> list[Json]:
    instance, volume, snapshot = (_ec2(config, identity, each) for each in ("instance", "volume", "snapshot"))
    ours, made = _tagged(config), {"StringEquals": {"aws:RequestTag/opsctl:ha": config.group}}
    scheduled = {"StringEquals": {"aws:RequestTag/opsctl:ha-kind": "scheduled"}}
    making = ["CreateSnapshot", "CreateVolume"]
    statements = [
        _allow(["ec2:StopInstances"], [instance], ours),
        _allow(["ec2:AttachVolume", "ec2:DetachVolume"], [instance, volume], ours),
        _allow(["ec2:CreateTags"], [volume], _sets(config, "opsctl:ha-role")),
        _allow(["ec2:CreateSnapshot"], [volume], ours),
        _allow(["ec2:CreateSnapshot"], [snapshot], made),
        _allow(["ec2:CreateVolume"], [snapshot], ours),
        _allow(["ec2:CreateVolume"], [volume], made),
    ]
    if config.snapshot_every_s:
        making.insert(1, "CreateSnapshots")
        statements += [
            _allow(["ec2:CreateSnapshots"], [instance, volume], ours),
            _allow(["ec2:CreateSnapshots"], [snapshot], scheduled),
            _allow(["ec2:DeleteSnapshot"], [snapshot], _scheduled(config)),
        ]
    return [*statements, _allow(["ec2:CreateTags"], [snapshot, volume], _making(*making))]


def _network(config: RecoveryConfig, identity: Identity) -> list[Json]:
    statements = []
    interface = _ec2(config, identity, "network-interface")
    if config.addresses:
        addresses = [_ec2(config, identity, "elastic-ip", each.allocation_id) for each in config.addresses]
        # Interfaces need not be told apart here: no address but ours can be moved.
        statements.append(_allow(["ec2:AssociateAddress"], [*addresses, interface]))
        statements.append(_allow(["ec2:AssociateAddress"], [_ec2(config, identity, "instance")], _tagged(config)))
    if config.source_dest_check is not None:
        # The launch template tags its interfaces for this; IAM asks about the instance that has the interface too,
        # but only of the interface which attribute is set, and to what.
        one = {"ec2:Attribute/SourceDestCheck": str(config.source_dest_check).lower()}
        only = {"StringEquals": {**_tagged(config)["StringEquals"], **one}}
        instance, modify = _ec2(config, identity, "instance"), ["ec2:ModifyNetworkInterfaceAttribute"]
        statements += [_allow(modify, [interface], only), _allow(modify, [instance], _tagged(config))]
    if config.record:
        zone = f"arn:{identity.partition}:route53:::hostedzone/{config.record.zone_id}"
        only = {
            "ForAllValues:StringEquals": {
                "route53:ChangeResourceRecordSetsActions": ["UPSERT"],
                "route53:ChangeResourceRecordSetsNormalizedRecordNames": [config.record.name.rstrip(".").lower()],
                "route53:ChangeResourceRecordSetsRecordTypes": ["A"],
            }
        }
        statements.append(_allow(["route53:ChangeResourceRecordSets"], [zone], only))
    return statements


def _keys(config: RecoveryConfig, identity: Identity, keys: tuple[str, ...]) -> list[Json]:
    """EC2 uses a customer key in the handler's name for snapshots, copies and attachments (EC2/EBSEncryption).

    By way of EC2 alone, its grants too: with the role's credentials nobody can use the key or give it away.
    """
    if not keys:
        return []
    through = {"StringEquals": {"kms:ViaService": f"ec2.{config.region}.{_suffix(identity)}"}}
    uses = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    grant = {"Bool": {"kms:GrantIsForAWSResource": "true"}, **through}
    return [_allow(uses, list(keys), through), _allow(["kms:CreateGrant"], list(keys), grant)]


def _suffix(identity: Identity) -> str:
    return "amazonaws.com.cn" if identity.partition == "aws-cn" else "amazonaws.com"


def _allow(actions: list[str], resources: list[str], condition: Json = None) -> Json:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return {**statement, "Condition": condition} if condition else statement


def _ec2(config: RecoveryConfig, identity: Identity, kind: str, name: str = "*") -> str:
    account = "*" if kind == "snapshot" else identity.account  # a snapshot's ARN names no account
    return f"arn:{identity.partition}:ec2:{config.region}:{account}:{kind}/{name}"


def _making(*actions: str) -> Json:
    """Tags on what one of these actions makes at this moment, and on nothing that is there already."""
    return {"StringEquals": {"ec2:CreateAction": list(actions)}}


def _tagged(config: RecoveryConfig) -> Json:
    return {"StringEquals": {"aws:ResourceTag/opsctl:ha": config.group}}


def _scheduled(config: RecoveryConfig) -> Json:
    """The snapshots that the handler itself has taken on its schedule; it can give the tag to no others."""
    return {"StringEquals": {**_tagged(config)["StringEquals"], "aws:ResourceTag/opsctl:ha-kind": "scheduled"}}


def _sets(config: RecoveryConfig, *keys: str) -> Json:
    return {**_tagged(config), "ForAllValues:StringEquals": {"aws:TagKeys": list(keys)}}
