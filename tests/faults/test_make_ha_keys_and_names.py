"""make-ha with customer keys and a private DNS name: built, recovered in another zone, taken back."""

from collections.abc import Callable
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.worlds.network import make_network
from tests.faults.test_make_ha_recovery import members
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import client
from tests.kit.ports import MemoryJournal
from tests.kit.timed import MovingClock, move, timed_world

NAME = "db.corp.internal."


def seed(clients: Callable[[str], Any]) -> None:
    """A lone instance whose root and data volumes are encrypted with customer keys, and a private zone."""
    net = make_network(clients)
    ec2, kms = clients("ec2"), clients("kms")
    root, data = (kms.create_key(Description=each)["KeyMetadata"]["Arn"] for each in ("root", "data"))
    root_disk = {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 8, "Encrypted": True, "KmsKeyId": root}}
    instance = ec2.run_instances(
        ImageId=net.image,
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.small",
        SubnetId=net.subnets["legacy"],
        BlockDeviceMappings=[root_disk],
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "ledger-db"}]}],
    )["Instances"][0]["InstanceId"]
    disk = {"Size": 50, "VolumeType": "gp3", "Encrypted": True, "KmsKeyId": data}
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", **disk)["VolumeId"]
    ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    vpc = {"VPCRegion": "us-east-1", "VPCId": net.vpc}
    clients("route53").create_hosted_zone(
        Name="corp.internal", CallerReference="1", VPC=vpc, HostedZoneConfig={"PrivateZone": True}
    )


def keys() -> dict[str, str]:
    """The keys by what they are for."""
    kms = client("kms")
    told = [kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"] for each in kms.list_keys()["Keys"]]
    return {each["Description"]: each["Arn"] for each in told}


def grants(key: str) -> list[str]:
    return [each["GranteePrincipal"] for each in client("kms").list_grants(KeyId=key)["Grants"]]


def zone() -> str:
    found: str = client("route53").list_hosted_zones()["HostedZones"][0]["Id"].rpartition("/")[2]
    return found


def addresses_of_name() -> list[str]:
    records = client("route53").list_resource_record_sets(HostedZoneId=zone())["ResourceRecordSets"]
    return [value["Value"] for each in records if each["Name"] == NAME for value in each["ResourceRecords"]]


def described(instance: str) -> Json:
    return client("ec2").describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]


def test_a_recovery_in_another_zone_keeps_the_keys_and_moves_the_private_name() -> None:
    with timed_world(seed) as (world, about):
        world.clock = MovingClock(about)
        asked = {"instance": "ledger-db", "record": f"{zone()}/{NAME}"}
        plan, journal = world.plan("make-ha", asked), MemoryJournal()
        run(plan, world.aws, world, journal)
        assert [each.rpartition("/")[2] for each in grants(keys()["root"])] == ["AWSServiceRoleForAutoScaling"]
        ((old, _),) = members()
        assert addresses_of_name() == [described(old)["PrivateIpAddress"]]
        scaling = client("autoscaling")
        about.faults.no_capacity = {"us-east-1a"}
        scaling.terminate_instance_in_auto_scaling_group(InstanceId=old, ShouldDecrementDesiredCapacity=False)
        move(about, 1500)
        ((new, state),) = members()
        assert (new != old, state) == (True, "InService")
        assert addresses_of_name() == [described(new)["PrivateIpAddress"]]
        attached = [{"Name": "attachment.instance-id", "Values": [new]}]
        disks = client("ec2").describe_volumes(Filters=attached)["Volumes"]
        encrypted = {each["Attachments"][0]["Device"]: each.get("KmsKeyId") for each in disks}
        assert encrypted["/dev/sdf"] == keys()["data"]
        undo(plan, world, journal)
        assert grants(keys()["root"]) == []
        assert addresses_of_name() == [described(new)["PrivateIpAddress"]]
