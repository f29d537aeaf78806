"""Volumes, snapshots and addresses for tests, made through AWS's own API."""

from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.worlds.network import IMAGE
from tests.kit.groups import subnets
from tests.kit.moto_account import client


def run_instance(subnet: str | None = None, **more: Any) -> str:
    """Launch an instance."""
    asked = {"ImageId": IMAGE, "InstanceType": "t3.small", "MinCount": 1, "MaxCount": 1} | more
    if "NetworkInterfaces" not in asked:
        asked["SubnetId"] = subnet or subnets()[0]
    made: str = client("ec2").run_instances(**asked)["Instances"][0]["InstanceId"]
    return made


def make_volume(zone: str = "us-east-1a", **more: Any) -> str:
    """Make a volume."""
    asked = {"AvailabilityZone": zone, "VolumeType": "gp3"} | ({} if "SnapshotId" in more else {"Size": 5}) | more
    made: str = client("ec2").create_volume(**asked)["VolumeId"]
    return made


def volume(volume_id: str) -> dict[str, Json]:
    """A volume as AWS shows it."""
    found: dict[str, Json] = client("ec2").describe_volumes(VolumeIds=[volume_id])["Volumes"][0]
    return found


def attachment(volume_id: str) -> str:
    """The state of a volume's attachment."""
    found = volume(volume_id)["Attachments"]
    return str(found[0]["State"]) if found else "none"


def attach(volume_id: str, instance: str, device: str = "/dev/sdf") -> str:
    """Attach a volume; returns the state in the answer."""
    answer = client("ec2").attach_volume(VolumeId=volume_id, InstanceId=instance, Device=device)
    return str(answer["State"])


def snapshot(snapshot_id: str) -> dict[str, Json]:
    """A snapshot as AWS shows it."""
    found: dict[str, Json] = client("ec2").describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"][0]
    return found
