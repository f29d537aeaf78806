"""Volumes and snapshots by AWS's rules (facts about make-ha, sections 0, 2 and 5)."""

from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.sandbox.engine.conditions import AWS_LIKE, Conditions
from tests.kit.groups import refused, subnets
from tests.kit.moto_account import client
from tests.kit.timed import move, timed_world
from tests.kit.volumes import attach, attachment, make_volume, run_instance, snapshot, volume


@pytest.fixture(autouse=True)
def about() -> Iterator[Conditions]:
    with timed_world(durations=AWS_LIKE) as (_, about):
        yield about


def ready(about: Conditions, zone: str = "us-east-1a") -> tuple[str, str]:
    instance, made = run_instance(), make_volume(zone)
    move(about, 30)
    return instance, made


def test_attaching_takes_a_moment(about: Conditions) -> None:
    instance, made = ready(about)
    assert attach(made, instance) == "attaching"
    assert attachment(made) == "attaching"
    move(about, 3)
    assert (attachment(made), volume(made)["State"]) == ("attached", "in-use")


def test_a_pending_instance_takes_no_volume(about: Conditions) -> None:
    made = make_volume()
    move(about, 5)
    params = {"VolumeId": made, "InstanceId": run_instance(), "Device": "/dev/sdf"}
    refused("IncorrectState", client("ec2").attach_volume, says="is not 'running'", **params)


def test_a_volume_is_attached_in_its_zone_alone(about: Conditions) -> None:
    instance, made = ready(about, "us-east-1b")
    params = {"VolumeId": made, "InstanceId": instance, "Device": "/dev/sdf"}
    refused("InvalidVolume.ZoneMismatch", client("ec2").attach_volume, **params)


def test_a_volume_has_one_instance_and_a_device_one_volume(about: Conditions) -> None:
    instance, made = ready(about)
    other = make_volume()
    params = {"VolumeId": other, "InstanceId": instance, "Device": "/dev/sdf"}
    refused("IncorrectState", client("ec2").attach_volume, says="is not 'available'", **params)
    move(about, 5)
    attach(made, instance)
    refused("VolumeInUse", client("ec2").attach_volume, **(params | {"VolumeId": made, "Device": "/dev/sdg"}))
    refused("InvalidParameterValue", client("ec2").attach_volume, says="already in use", **params)


def test_only_so_many_volumes_go_on_one_instance(about: Conditions) -> None:
    instance = run_instance()
    made = [make_volume() for _ in range(27)]
    move(about, 30)
    for number, one in enumerate(made[:26]):
        attach(one, instance, f"/dev/sd{number}")
    params = {"VolumeId": made[26], "InstanceId": instance, "Device": "/dev/sdzz"}
    refused("AttachmentLimitExceeded", client("ec2").attach_volume, **params)


def test_detaching_takes_a_moment_and_then_there_is_nothing_to_detach(about: Conditions) -> None:
    instance, made = ready(about)
    attach(made, instance)
    move(about, 5)
    assert client("ec2").detach_volume(VolumeId=made)["State"] == "detaching"
    assert client("ec2").detach_volume(VolumeId=made)["State"] == "detaching"
    move(about, 5)
    assert volume(made)["State"] == "available"
    refused("IncorrectState", client("ec2").detach_volume, says="'available'", VolumeId=made)


def test_a_guest_that_holds_a_volume_keeps_it_busy_until_it_stops(about: Conditions) -> None:
    instance, made = ready(about)
    attach(made, instance)
    move(about, 5)
    about.faults.held_volumes.add(made)
    client("ec2").detach_volume(VolumeId=made)
    move(about, 3600)
    assert (attachment(made), volume(made)["State"]) == ("busy", "in-use")
    client("ec2").stop_instances(InstanceIds=[instance])
    move(about, 60)
    assert volume(made)["State"] == "available"


def test_force_takes_a_volume_from_a_guest_that_holds_it(about: Conditions) -> None:
    instance, made = ready(about)
    attach(made, instance)
    move(about, 5)
    about.faults.held_volumes.add(made)
    client("ec2").detach_volume(VolumeId=made)
    move(about, 60)
    client("ec2").detach_volume(VolumeId=made, Force=True)
    move(about, 10)
    assert volume(made)["State"] == "available"


def test_the_root_volume_of_a_running_instance_stays(about: Conditions) -> None:
    instance, _ = ready(about)
    root = client("ec2").describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    root_id = root["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    refused("OperationNotPermitted", client("ec2").detach_volume, VolumeId=root_id)


def test_detaching_from_another_instance_finds_no_attachment(about: Conditions) -> None:
    instance, made = ready(about)
    attach(made, instance)
    params = {"VolumeId": made, "InstanceId": "i-0123456789abcdef0"}
    refused("InvalidAttachment.NotFound", client("ec2").detach_volume, **params)


def test_no_volume_comes_of_a_snapshot_that_is_pending(about: Conditions) -> None:
    made = make_volume()
    about.faults.slow_snapshots[made] = 7200
    taken = client("ec2").create_snapshot(VolumeId=made)["SnapshotId"]
    params = {"SnapshotId": taken, "AvailabilityZone": "us-east-1b"}
    move(about, 7199)
    assert (snapshot(taken)["State"], snapshot(taken)["Progress"]) == ("pending", "99%")
    says = "Snapshot is in invalid state - pending"
    refused("IncorrectState", client("ec2").create_volume, says=says, **params)
    move(about, 1)
    assert (snapshot(taken)["State"], snapshot(taken)["Progress"]) == ("completed", "100%")
    assert volume(make_volume("us-east-1b", SnapshotId=taken))["Size"] == 5


def test_a_volume_is_not_smaller_than_its_snapshot(about: Conditions) -> None:
    taken = client("ec2").create_snapshot(VolumeId=make_volume())["SnapshotId"]
    move(about, 300)
    params: dict[str, Any] = {"SnapshotId": taken, "AvailabilityZone": "us-east-1b", "Size": 4}
    refused("InvalidParameterValue", client("ec2").create_volume, **params)


def test_a_volume_with_a_key_nobody_may_use_vanishes_after_success(about: Conditions) -> None:
    about.faults.bad_keys.add("bad")
    made = make_volume(Encrypted=True, KmsKeyId="bad")
    move(about, 5)
    refused("InvalidVolume.NotFound", client("ec2").describe_volumes, VolumeIds=[made])


def test_a_token_makes_one_volume_and_only_for_the_same_request(about: Conditions) -> None:
    assert make_volume(ClientToken="t") == make_volume(ClientToken="t")
    params: dict[str, Any] = {"AvailabilityZone": "us-east-1b", "Size": 5, "ClientToken": "t"}
    refused("IdempotentParameterMismatch", client("ec2").create_volume, **params)


@pytest.mark.parametrize(("kind", "most"), [("gp3", 5), ("st1", 1)])
def test_only_so_many_snapshots_of_a_volume_are_pending(kind: str, most: int) -> None:
    made = make_volume(VolumeType=kind, Size=500)
    for _ in range(most):
        client("ec2").create_snapshot(VolumeId=made)
    refused("ConcurrentSnapshotLimitExceeded", client("ec2").create_snapshot, VolumeId=made)


def test_a_set_of_snapshots_is_of_the_volumes_not_excluded_with_their_tags(about: Conditions) -> None:
    instance, first = ready(about)
    second = make_volume(TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "k", "Value": "v"}]}])
    move(about, 10)
    attach(first, instance)
    attach(second, instance, "/dev/sdg")
    made = client("ec2").create_snapshots(
        InstanceSpecification={"InstanceId": instance, "ExcludeBootVolume": True, "ExcludeDataVolumeIds": [first]},
        CopyTagsFromSource="volume",
    )["Snapshots"]
    assert [(one["VolumeId"], one["State"], one["Tags"]) for one in made] == [
        (second, "pending", [{"Key": "k", "Value": "v"}])
    ]


def test_nothing_completes_in_a_dark_zone(about: Conditions) -> None:
    instance, made = ready(about)
    attach(made, instance)
    move(about, 5)
    about.faults.dark_zones.add("us-east-1a")
    taken = client("ec2").create_snapshot(VolumeId=made)["SnapshotId"]
    client("ec2").detach_volume(VolumeId=made)
    fresh = make_volume()
    move(about, 7200)
    assert (snapshot(taken)["State"], attachment(made)) == ("pending", "detaching")
    assert volume(fresh)["State"] == "creating"
    about.faults.dark_zones.clear()
    move(about, 60)
    assert (snapshot(taken)["State"], volume(made)["State"]) == ("completed", "available")


def test_both_zones_offer_the_instance_type(about: Conditions) -> None:
    offered = client("ec2").describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": ["t3.small"]}]
    )["InstanceTypeOfferings"]
    assert {"us-east-1a", "us-east-1b"} <= {one["Location"] for one in offered}
    assert len(subnets()) == 2
