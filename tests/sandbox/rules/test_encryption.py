"""An account that encrypts new volumes by default, and a group that may not use the key."""

from collections.abc import Iterator

import pytest

from opsctl.sandbox.engine.conditions import Conditions
from tests.kit.groups import group, make_group, states
from tests.kit.moto_account import client
from tests.kit.timed import move, timed_world

ROLE = "arn:aws:iam::{}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"


@pytest.fixture(autouse=True)
def about() -> Iterator[Conditions]:
    with timed_world() as (_, about):
        yield about


def by_default(key: str = "") -> str:
    """Encrypt by default, with a customer key unless told otherwise; returns its ARN."""
    ec2, kms = client("ec2"), client("kms")
    arn: str = key or kms.create_key(Description="ebs")["KeyMetadata"]["Arn"]
    ec2.enable_ebs_encryption_by_default()
    ec2.modify_ebs_default_kms_key_id(KmsKeyId=arn)
    return arn


def test_the_default_key_is_aws_s_own_until_somebody_chooses_one_and_again_when_it_is_reset() -> None:
    ec2 = client("ec2")
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"
    key = by_default()
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == key
    assert ec2.reset_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"


def test_new_volumes_are_encrypted_with_the_default_key_and_those_with_a_key_of_their_own_keep_it() -> None:
    ec2, where = client("ec2"), {"AvailabilityZone": "us-east-1a", "Size": 1}
    plain = ec2.create_volume(**where)["VolumeId"]
    of_plain = ec2.create_snapshot(VolumeId=plain)["SnapshotId"]
    own = client("kms").create_key()["KeyMetadata"]["Arn"]
    keyed = ec2.create_volume(**where, Encrypted=True, KmsKeyId=own)["VolumeId"]
    of_keyed = ec2.create_snapshot(VolumeId=keyed)["SnapshotId"]
    key = by_default()
    assert ec2.create_volume(**where)["KmsKeyId"] == key
    assert ec2.create_volume(**where, SnapshotId=of_plain)["KmsKeyId"] == key
    assert ec2.create_volume(**where, SnapshotId=of_keyed)["KmsKeyId"] == own
    assert ec2.create_volume(**where, Encrypted=True, KmsKeyId=own)["KmsKeyId"] == own
    assert not ec2.describe_volumes(VolumeIds=[plain])["Volumes"][0]["Encrypted"], "what is there stays as it is"


def test_aws_s_own_key_is_no_customer_s() -> None:
    client("ec2").enable_ebs_encryption_by_default()
    key = client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1)["KmsKeyId"]
    assert client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyManager"] == "AWS"
    make_group()
    assert states() == ["InService"]


def test_a_group_launches_nothing_with_a_customer_key_until_its_role_is_granted_the_key(about: Conditions) -> None:
    key = by_default()
    make_group()
    assert states() == []
    told = client("autoscaling").describe_scaling_activities(AutoScalingGroupName="g")["Activities"]
    assert "Client.InternalError" in told[0]["StatusMessage"]
    account = group()["AutoScalingGroupARN"].split(":")[4]
    client("kms").create_grant(KeyId=key, GranteePrincipal=ROLE.format(account), Operations=["Decrypt"])
    move(about, 120)
    assert states() == ["InService"]


def test_a_disabled_key_launches_nothing_even_with_a_grant() -> None:
    key = by_default()
    client("kms").create_grant(KeyId=key, GranteePrincipal=ROLE.format("123456789012"), Operations=["Decrypt"])
    client("kms").disable_key(KeyId=key.rpartition("/")[2])
    make_group()
    assert states() == []
