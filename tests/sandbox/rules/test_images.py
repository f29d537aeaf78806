"""Images and launch templates by AWS's rules (facts about make-ha, section 2)."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from opsctl.sandbox.engine.conditions import AWS_LIKE, Conditions
from tests.kit.groups import make_group, only, refused, template
from tests.kit.moto_account import client
from tests.kit.timed import move, timed_world
from tests.kit.volumes import attach, make_volume, run_instance, snapshot


@pytest.fixture(autouse=True)
def about() -> Iterator[Conditions]:
    with timed_world(durations=AWS_LIKE) as (_, about):
        yield about


def with_data(about: Conditions) -> str:
    instance, made = run_instance(), make_volume(Size=7)
    move(about, 30)
    attach(made, instance)
    return instance


def image(image_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client("ec2").describe_images(ImageIds=[image_id])["Images"][0]
    return found


def make_image(instance: str, **more: Any) -> str:
    made: str = client("ec2").create_image(**{"InstanceId": instance, "Name": "mine", "NoReboot": True} | more)[
        "ImageId"
    ]
    return made


def test_an_image_is_pending_first(about: Conditions) -> None:
    made = make_image(with_data(about))
    assert image(made)["State"] == "pending"
    move(about, 180)
    assert image(made)["State"] == "available"


def test_every_volume_is_imaged_unless_it_is_left_out(about: Conditions) -> None:
    instance = with_data(about)
    whole = image(make_image(instance))
    assert [one["DeviceName"] for one in whole["BlockDeviceMappings"]] == ["/dev/sda1", "/dev/sdf"]
    without = image(
        make_image(instance, Name="two", BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "NoDevice": ""}])
    )
    assert [one["DeviceName"] for one in without["BlockDeviceMappings"]] == ["/dev/sda1"]
    assert snapshot(without["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"])["State"] == "pending"


def test_a_group_makes_the_volumes_of_its_image_anew_unless_the_template_leaves_them_out(
    about: Conditions,
) -> None:
    made = make_image(with_data(about))
    move(about, 300)

    def devices(name: str, **more: Any) -> list[str]:
        used = {"LaunchTemplateId": template(name, ImageId=made, **more), "Version": "1"}
        make_group(AutoScalingGroupName=name, LaunchTemplate=used)
        found = client("ec2").describe_instances(InstanceIds=[only(name)])["Reservations"][0]["Instances"][0]
        return [one["DeviceName"] for one in found["BlockDeviceMappings"]]

    assert devices("all") == ["/dev/sda1", "/dev/sdf"]
    assert devices("root", BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "NoDevice": ""}]) == ["/dev/sda1"]


def test_tags_go_to_the_image_and_to_its_snapshots_and_nowhere_else(about: Conditions) -> None:
    instance = with_data(about)
    tags = [{"Key": "k", "Value": "v"}]
    specs = [{"ResourceType": kind, "Tags": tags} for kind in ("image", "snapshot")]
    made = image(make_image(instance, TagSpecifications=specs))
    assert made["Tags"] == tags
    assert snapshot(made["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"])["Tags"] == tags
    params: dict[str, Any] = {
        "InstanceId": instance,
        "Name": "two",
        "TagSpecifications": [{"ResourceType": "volume", "Tags": tags}],
    }
    refused("InvalidParameterValue", client("ec2").create_image, **params)


def test_a_name_is_used_once_and_has_its_form(about: Conditions) -> None:
    instance = with_data(about)
    make_image(instance)
    refused("InvalidAMIName.Duplicate", client("ec2").create_image, InstanceId=instance, Name="mine")
    refused("InvalidAMIName.Malformed", client("ec2").create_image, InstanceId=instance, Name="a:b")


def test_an_image_reboots_its_instance_unless_told_not_to(about: Conditions) -> None:
    instance = with_data(about)
    move(about, 300)

    def status() -> str:
        found = client("ec2").describe_instance_status(InstanceIds=[instance])["InstanceStatuses"][0]
        return str(found["InstanceStatus"]["Status"])

    make_image(instance)
    assert status() == "ok"
    make_image(instance, Name="two", NoReboot=False)
    assert status() == "initializing"


def test_snapshots_of_an_image_outlive_it_unless_their_deletion_is_asked_for(about: Conditions) -> None:
    instance = with_data(about)
    kept, gone = make_image(instance), make_image(instance, Name="two")
    of_kept = image(kept)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    of_gone = image(gone)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    refused("InvalidSnapshot.InUse", client("ec2").delete_snapshot, SnapshotId=of_kept)
    client("ec2").deregister_image(ImageId=kept)
    client("ec2").deregister_image(ImageId=gone, DeleteAssociatedSnapshots=True)
    known = [one["SnapshotId"] for one in client("ec2").describe_snapshots(OwnerIds=["self"])["Snapshots"]]
    assert (of_kept in known, of_gone in known) == (True, False)


def test_the_template_data_of_an_instance_carries_what_no_template_should(about: Conditions) -> None:
    instance = with_data(about)
    data = client("ec2").get_launch_template_data(InstanceId=instance)["LaunchTemplateData"]
    (nic,) = data["NetworkInterfaces"]
    assert {"NetworkInterfaceId", "PrivateIpAddress", "PrivateIpAddresses", "SubnetId"} <= set(nic)
    assert nic["Groups"][0].startswith("sg-")
    assert data["Placement"] == {"AvailabilityZone": "us-east-1a", "GroupName": "", "Tenancy": "default"}
    assert data["MetadataOptions"]["State"] == "applied"
    assert [one["DeviceName"] for one in data["BlockDeviceMappings"]] == ["/dev/sda1", "/dev/sdf"]
    assert "SnapshotId" not in data["BlockDeviceMappings"][1]["Ebs"]
    with pytest.raises(ParamValidationError):  # State is not part of the request's shape
        template("whole", MetadataOptions=data["MetadataOptions"])


def test_a_template_takes_no_tags_of_awss_own_and_no_source_destination_check() -> None:
    tags = [{"Key": "aws:autoscaling:groupName", "Value": "x"}]
    params = {"TagSpecifications": [{"ResourceType": "instance", "Tags": tags}]}
    call = client("ec2").create_launch_template
    refused("InvalidParameterValue", call, LaunchTemplateName="t", LaunchTemplateData=params)
    with pytest.raises(ParamValidationError):
        template("t", NetworkInterfaces=[{"DeviceIndex": 0, "SourceDestCheck": False}])


def test_a_token_makes_one_template_whose_own_tags_are_not_its_instances(about: Conditions) -> None:
    params = {
        "LaunchTemplateName": "t",
        "LaunchTemplateData": {"ImageId": "ami-785db401"},
        "ClientToken": "once",
        "TagSpecifications": [{"ResourceType": "launch-template", "Tags": [{"Key": "k", "Value": "v"}]}],
    }
    first = client("ec2").create_launch_template(**params)["LaunchTemplate"]["LaunchTemplateId"]
    assert client("ec2").create_launch_template(**params)["LaunchTemplate"]["LaunchTemplateId"] == first
    versions = client("ec2").describe_launch_template_versions(LaunchTemplateId=first)["LaunchTemplateVersions"]
    assert versions[0]["LaunchTemplateData"].get("TagSpecifications", []) == []
