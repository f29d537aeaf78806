"""make-ha where every new volume is encrypted with a customer key: built, recovered elsewhere, taken back."""

from opsctl.sandbox.worlds.seeding import seed_network
from tests.faults.test_make_ha_recovery import members
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import client
from tests.kit.ports import MemoryJournal
from tests.kit.timed import MovingClock, move, timed_world


def test_replacements_whose_disks_are_encrypted_by_default_come_up_and_the_grant_goes_with_the_undo() -> None:
    with timed_world(seed_network) as (world, about):
        world.clock = MovingClock(about)
        ec2, kms, scaling = client("ec2"), client("kms"), client("autoscaling")
        key = kms.create_key(Description="every disk")["KeyMetadata"]["Arn"]
        ec2.enable_ebs_encryption_by_default()
        ec2.modify_ebs_default_kms_key_id(KmsKeyId=key)
        plan, journal = world.plan("make-ha", {"instance": "legacy-web"}), MemoryJournal()
        run(plan, world.aws, world, journal)
        ((old, _),) = members()
        about.faults.no_capacity = {"us-east-1a"}
        scaling.terminate_instance_in_auto_scaling_group(InstanceId=old, ShouldDecrementDesiredCapacity=False)
        move(about, 1500)
        ((new, state),) = members()
        assert (new != old, state) == (True, "InService")
        attached = [{"Name": "attachment.instance-id", "Values": [new]}]
        disks = ec2.describe_volumes(Filters=attached)["Volumes"]
        assert {each["Attachments"][0]["Device"]: each.get("KmsKeyId") for each in disks}["/dev/sdf"] == key
        undo(plan, world, journal)
        assert kms.list_grants(KeyId=key)["Grants"] == []
