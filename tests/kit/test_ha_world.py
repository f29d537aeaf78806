"""The world of legacy-web sees what must never happen, and a handler that does the least brings it back."""

from collections.abc import Iterator

import pytest

from tests.kit.ha_world import GROUP, Broken, HaWorld, ha_world
from tests.kit.moto_account import client
from tests.kit.timed import move

IDLE = "def lambda_handler(event, context):\n    return None\n"
LEAST = """
import boto3, json, os, time

def lambda_handler(event, context):
    config = json.loads(os.environ["OPSCTL_HA"])
    asg, ec2 = boto3.client("autoscaling"), boto3.client("ec2")
    name = config["group"]
    members = asg.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]["Instances"]
    for one in members:
        if one["LifecycleState"] == "Terminating:Wait":
            finish(asg, name, "opsctl-terminate", one["InstanceId"])
        if one["LifecycleState"] == "Pending:Wait":
            recover(asg, ec2, config, one["InstanceId"], one["AvailabilityZone"])

def finish(asg, name, hook, instance):
    asg.complete_lifecycle_action(AutoScalingGroupName=name, LifecycleHookName=hook, InstanceId=instance,
                                  LifecycleActionResult="CONTINUE")

def recover(asg, ec2, config, instance, zone):
    state = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"]
    wanted = {"tag:opsctl:ha": config["group"], "tag:opsctl:ha-role": "data"}
    filters = [{"Name": name, "Values": [value]} for name, value in wanted.items()]
    volumes = ec2.describe_volumes(Filters=filters)["Volumes"]
    if state != "running" or any(one["AvailabilityZone"] != zone for one in volumes):
        return
    for one in volumes:
        if one["State"] != "available" and not any(a["InstanceId"] == instance for a in one["Attachments"]):
            return
    for one in volumes:
        device = next(tag["Value"] for tag in one["Tags"] if tag["Key"] == "opsctl:ha-device")
        if one["State"] == "available":
            ec2.attach_volume(VolumeId=one["VolumeId"], InstanceId=instance, Device=device)
    time.sleep(10)
    for one in config["addresses"]:
        ec2.associate_address(AllocationId=one["allocation_id"], InstanceId=instance, AllowReassociation=True)
    finish(asg, config["group"], "opsctl-launch", instance)
"""


@pytest.fixture
def web() -> Iterator[HaWorld]:
    with ha_world() as made:
        yield made


def test_the_lone_instance_has_its_address_and_its_data_and_two_zones_to_live_in(web: HaWorld) -> None:
    assert web.owner() == web.instance
    assert set(web.data_of(web.instance)) == {"/dev/sdf"}
    assert len(web.subnets) == 2


def test_a_protected_instance_that_dies_comes_back_with_its_data_and_address(web: HaWorld) -> None:
    web.protect(LEAST)
    assert web.serving() == web.instance
    web.about.faults.next_zones = ["us-east-1a"]
    client("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=web.instance, ShouldDecrementDesiredCapacity=False
    )
    web.until(lambda: web.serving() not in (None, web.instance), within_s=900)
    assert web.owner() == web.serving()
    assert web.scaling.completed[-1][1:] == ("opsctl-launch", "CONTINUE")
    assert web.loss_s(str(web.serving())) == 0


def test_several_volumes_come_back_together() -> None:
    with ha_world(more_volumes=2) as web:
        web.protect(LEAST)
        web.about.faults.next_zones = ["us-east-1a"]
        client("ec2").terminate_instances(InstanceIds=[web.instance])
        web.until(lambda: web.serving() not in (None, web.instance), within_s=900)
        assert set(web.data_of(str(web.serving()))) == {"/dev/sdf", "/dev/sdg", "/dev/sdh"}


def waiting(web: HaWorld) -> str:
    """Protect with a handler that does nothing, lose the instance, and give the replacement, which waits."""
    web.protect(IDLE)
    web.about.faults.next_zones = ["us-east-1b"]
    client("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=web.instance, ShouldDecrementDesiredCapacity=False
    )
    web.move(60)
    (new,) = [one.instance_id for one in web.members() if one.state == "Pending:Wait"]
    return new


def go_on(new: str) -> None:
    client("autoscaling").complete_lifecycle_action(
        AutoScalingGroupName=GROUP,
        LifecycleHookName="opsctl-launch",
        InstanceId=new,
        LifecycleActionResult="CONTINUE",
    )


def copy(web: HaWorld) -> str:
    """A copy of the data in the other zone."""
    taken = client("ec2").create_snapshot(VolumeId=web.devices["/dev/sdf"])["SnapshotId"]
    move(web.about, 200)
    made: str = client("ec2").create_volume(AvailabilityZone="us-east-1b", SnapshotId=taken)["VolumeId"]
    move(web.about, 10)
    return made


def test_two_writers_are_seen(web: HaWorld) -> None:
    new = waiting(web)
    client("ec2").attach_volume(VolumeId=copy(web), InstanceId=new, Device="/dev/sdf")
    with pytest.raises(Broken, match="all write the data"):
        web.move(60)


def test_an_empty_volume_is_seen(web: HaWorld) -> None:
    new = waiting(web)
    empty = client("ec2").create_volume(AvailabilityZone="us-east-1b", Size=50)["VolumeId"]
    move(web.about, 10)
    client("ec2").attach_volume(VolumeId=empty, InstanceId=new, Device="/dev/sdf")
    with pytest.raises(Broken, match="is not the data of"):
        web.move(60)


def test_an_address_that_moves_before_the_data_is_seen(web: HaWorld) -> None:
    new = waiting(web)
    client("ec2").associate_address(AllocationId=web.allocation, InstanceId=new, AllowReassociation=True)
    with pytest.raises(Broken, match="has the address and not its data"):
        web.move(1)


def test_a_deleted_snapshot_with_data_is_seen(web: HaWorld) -> None:
    taken = client("ec2").create_snapshot(VolumeId=web.devices["/dev/sdf"])["SnapshotId"]
    web.move(1)
    client("ec2").delete_snapshot(SnapshotId=taken)
    with pytest.raises(Broken, match="were deleted"):
        web.move(1)


def test_an_instance_that_goes_into_service_without_its_data_is_seen(web: HaWorld) -> None:
    go_on(waiting(web))
    with pytest.raises(Broken, match="goes into service with"):
        web.move(1)


@pytest.mark.parametrize("allowed", [True, False])
def test_data_that_is_lost_is_seen_unless_it_is_allowed(allowed: bool, web: HaWorld) -> None:
    new = waiting(web)
    made = copy(web)
    web.allowed_loss_s = 600 if allowed else 0
    client("ec2").stop_instances(InstanceIds=[web.instance])
    web.move(60)
    client("ec2").attach_volume(VolumeId=made, InstanceId=new, Device="/dev/sdf")
    move(web.about, 10)
    client("ec2").associate_address(AllocationId=web.allocation, InstanceId=new, AllowReassociation=True)
    go_on(new)
    if allowed:
        web.move(1)
        assert 200 < web.loss_s(new) < 300
    else:
        with pytest.raises(Broken, match="s behind"):
            web.move(1)
