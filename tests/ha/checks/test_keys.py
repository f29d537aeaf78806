"""Keys of an instance's disks, and of the disks that its replacements will have."""

import pytest

from opsctl.model.value import Json
from tests.kit.canned import denied
from tests.kit.lone_instance import ids, look, look_read

KEY, OTHER = (f"arn:aws:kms:eu-west-1:123456789012:key/{name}" for name in ("default", "own"))
ROLE = "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
CUSTOMER = {"KeyMetadata": {"KeyManager": "CUSTOMER", "KeyState": "Enabled"}}
AWS_OWN = {"KeyMetadata": {"KeyManager": "AWS", "KeyState": "Enabled"}}


def account(key: str = KEY, about: Json = CUSTOMER, grants: tuple[str, ...] = (), **more: Json) -> dict[str, Json]:
    """An account that encrypts new volumes by default."""
    return {
        "ec2.GetEbsEncryptionByDefault": {"EbsEncryptionByDefault": True},
        "ec2.GetEbsDefaultKmsKeyId": {"KmsKeyId": key},
        "kms.DescribeKey": about,
        "kms.ListGrants": {"Grants": [{"GranteePrincipal": each} for each in grants]},
        **more,
    }


def disks(root: str = "", data: str = "") -> dict[str, Json]:
    """The volumes with their keys."""
    keyed = (("vol-root", root), ("vol-data", data))
    made = [{"VolumeId": each, "Size": 8, **({"KmsKeyId": key} if key else {})} for each, key in keyed]
    return {"ec2.DescribeVolumes": {"Volumes": made}}


def test_a_customer_key_that_new_volumes_get_by_default_is_granted_to_the_group_and_given_to_the_handler() -> None:
    found = look(answers=account())
    assert "default-key" in ids(found, "fix")
    assert [(one.key, one.principal) for one in found.root_keys] == [(KEY, ROLE)]
    assert "default-key-data" in ids(found, "warn")
    assert found.kms_keys == (KEY,), "a copy of a data volume in another zone is encrypted with it"


def test_a_grant_that_is_there_is_not_made_again() -> None:
    found = look(answers=account(grants=(ROLE,)))
    assert ("default-key" in ids(found, "carry"), found.root_keys) == (True, ())


def test_disks_that_have_keys_of_their_own_keep_them() -> None:
    found = look(answers=account() | disks(root=OTHER, data=OTHER))
    assert [one.key for one in found.root_keys] == [OTHER]
    assert found.kms_keys == (OTHER,)
    assert not {"default-key", "default-key-data"} & (ids(found, "fix") | ids(found, "warn"))


def test_a_standby_is_started_by_the_handler_which_has_to_be_let_use_the_key_of_its_root_disk() -> None:
    assert look(answers=account() | disks(data=OTHER), mode="standby").kms_keys == (KEY, OTHER)
    assert "default-key" in ids(look(answers=account(), mode="standby"), "warn")
    assert look(answers=account() | disks(data=OTHER), mode="asg").kms_keys == (OTHER,)


@pytest.mark.parametrize("about", [AWS_OWN, denied("kms.DescribeKey")])
def test_aws_s_own_default_key_needs_nothing(about: Json) -> None:
    found, reader = look_read(answers=account("alias/aws/ebs", about))
    assert (found.root_keys, found.kms_keys) == ((), ())
    assert "kms.ListGrants" not in reader.apis(), "it takes no alias"


def test_where_nothing_is_encrypted_by_default_the_key_does_not_matter() -> None:
    off = {"ec2.GetEbsEncryptionByDefault": {"EbsEncryptionByDefault": False}}
    found, reader = look_read(answers=account() | off)
    assert (found.root_keys, found.kms_keys, "kms.DescribeKey" in reader.apis()) == ((), (), False)


@pytest.mark.parametrize("read", ["ec2.GetEbsEncryptionByDefault", "ec2.GetEbsDefaultKmsKeyId"])
def test_a_default_that_could_not_be_read_is_told(read: str) -> None:
    found = look(answers=account() | {read: denied(read, "UnauthorizedOperation")})
    (row,) = [one for one in found.verdicts if one.kind == "unknown"]
    assert row.why == f"UnauthorizedOperation at {read}"


@pytest.mark.parametrize("mode", ["asg", "standby"])
@pytest.mark.parametrize(
    "answers", [account(about={"KeyMetadata": {"KeyManager": "CUSTOMER", "KeyState": "PendingDeletion"}}),
                disks(data=OTHER) | {"kms.DescribeKey": {"KeyMetadata": {"KeyState": "PendingDeletion"}},
                                     "kms.ListGrants": {"Grants": []}}]
)  # fmt: skip
def test_a_key_that_cannot_be_used_any_more_blocks(answers: dict[str, Json], mode: str) -> None:
    (row,) = [one for one in look(answers=answers, mode=mode).verdicts if one.kind == "block"]
    assert (row.id, "PendingDeletion" in row.what) == ("key-state", True)
