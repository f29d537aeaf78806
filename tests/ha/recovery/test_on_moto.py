"""The same handler on the sandbox's strict account: what the model says is checked against AWS's rules."""

import base64
import json

import pytest

from opsctl.ha.recovery.handler import lambda_handler
from opsctl.ha.recovery.package import HANDLER, code, environment
from opsctl.sandbox.engine import volume_data
from opsctl.sandbox.engine.lambda_work import Work
from tests.ha.recovery.on_moto import GROUP, Account, account
from tests.ha.recovery.test_scenarios import played
from tests.kit.moto_account import KEY, client, server

RAID = ("/dev/sdf", "/dev/sdg")
A, B = "us-east-1a", "us-east-1b"
HOUR_S = 3600
OURS = {"Name": "tag:opsctl:ha", "Values": [GROUP]}


def fail(account: Account, zone: str) -> None:
    """Have the instance fail, and its replacement launched in a zone."""
    account.about.faults.next_zones = [zone] * 3
    account.fail()


def backend(account: Account, volume: str) -> object:
    """moto's own volume, which knows what was written to it."""
    from moto.ec2.models import ec2_backends

    owner = client("sts").get_caller_identity()["Account"]
    return ec2_backends[owner]["us-east-1"].volumes[volume]


def told(account: Account) -> list[str]:
    """The subjects of the notifications."""
    from moto.sns.models import sns_backends

    owner = client("sts").get_caller_identity()["Account"]
    (topic,) = sns_backends[owner]["us-east-1"].topics.values()
    return [each[2] for each in topic.sent_notifications]


def require_recovered(account: Account, within_s: float = 900) -> str:
    """Run until the replacement is in service, and check that it has everything."""
    assert account.run(within_s, until=account.in_service), account.lines[-5:]
    new = account.replacement()
    assert sorted(account.on(new)) == sorted(account.config.devices)
    assert account.has_address(new)
    assert not account.errors
    return new


def same_calls(account: Account, scenario: str) -> bool:
    """Whether the handler made the same changes here as in the model."""
    model = [each.partition(".")[2] for each in played(scenario).calls]
    leave_out = ("describe_", "put_metric_data", "record_", "create_tags", "publish")
    return [each for each in account.writes() if not each.startswith(leave_out)] == [
        each for each in model if not each.startswith(leave_out)
    ]


def test_in_the_same_zone_the_volume_comes_back() -> None:
    with account() as group:
        fail(group, A)
        new = require_recovered(group)
        assert [each["VolumeId"] for each in group.on(new).values()] == group.volumes
        assert same_calls(group, "same_zone")


def test_to_another_zone_by_slow_snapshots_with_a_customer_key() -> None:
    with account(devices=RAID, key="arn:aws:kms:us-east-1:123456789012:key/1") as group:
        for volume in group.volumes:
            group.about.faults.slow_snapshots[volume] = 400
        fail(group, B)
        new = require_recovered(group, 1500)
        for device, old in zip(RAID, group.volumes, strict=True):
            volume = group.on(new)[device]
            shape = (
                volume["Iops"],
                volume["Throughput"],
                volume["Size"],
                volume["VolumeType"],
                volume["KmsKeyId"],
            )
            assert shape == (5000, 300, 50, "gp3", "arn:aws:kms:us-east-1:123456789012:key/1")
            assert volume_data.origin(backend(group, volume["VolumeId"])) == old
            assert {"Key": "Backup", "Value": "yes"} in volume["Tags"]
            retired = client("ec2").describe_volumes(VolumeIds=[old])["Volumes"][0]["Tags"]
            assert {"Key": "opsctl:ha-role", "Value": "retired"} in retired
        assert same_calls(group, "other_zone_two_volumes_with_a_customer_key")


def test_from_a_dark_zone_an_older_set_is_restored_where_that_is_allowed() -> None:
    with account(devices=RAID, allow_data_loss_s=HOUR_S, snapshot_every_s=1800) as group:
        group.run(600)
        taken = client("ec2").describe_snapshots(OwnerIds=["self"], Filters=[OURS])["Snapshots"]
        group.about.faults.dark_zones.add(A)
        fail(group, B)
        new = require_recovered(group, HOUR_S)
        used = {each["SnapshotId"] for each in group.on(new).values()}
        assert used == {each["SnapshotId"] for each in taken}
        assert f"{GROUP}: restoring an older state of the data" in told(group)


def test_the_entry_point_runs_with_the_environment_that_is_deployed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Context:
        """What Lambda hands to a function."""

        def get_remaining_time_in_millis(self) -> int:
            """As much as a minute."""
            return 60_000

    with account() as group:
        keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": "sandbox"}
        for name, value in (environment(group.config) | keys | {"AWS_ENDPOINT_URL": server().endpoint}).items():
            monkeypatch.setenv(name, value)
        lambda_handler({"detail-type": "Scheduled Event"}, Context())
    lines = [json.loads(each) for each in capsys.readouterr().out.splitlines()]
    assert [each["what"] for each in lines] == ["run", "put_metric_data"]


def test_the_code_that_is_deployed_recovers_in_the_sandboxs_own_lambda() -> None:
    with account() as group:
        function = f"opsctl-{GROUP}"
        env = environment(group.config) | {"AWS_REGION": "us-east-1", "AWS_LAMBDA_FUNCTION_NAME": function}
        env |= {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": "sandbox"}
        work = Work(
            code=base64.b64decode(code()),
            handler=HANDLER,
            env=env,
            arn=f"arn:aws:lambda:us-east-1:123456789012:function:{function}",
            payload='{"detail-type": "Scheduled"}',
            timeout_s=900,
        )
        fail(group, A)
        logs: list[str] = []
        while not group.in_service() and len(logs) < 1000:
            outcome = server().runner()(work, group.about, lambda _: None)
            assert outcome.error is None
            logs += outcome.logs
            group.sleep(60)
        assert group.has_address(group.replacement())
        assert {"attach_volume", "associate_address"} <= {json.loads(each)["what"] for each in logs}


def test_the_schedule_alone_recovers_when_every_event_is_lost() -> None:
    with account() as group:
        group.lose_events = True
        fail(group, A)
        require_recovered(group)


def test_an_instance_terminated_outside_that_takes_ten_minutes() -> None:
    with account() as group:
        group.about.faults.lingering[group.old] = 600
        group.about.faults.next_zones = [A]
        client("ec2").terminate_instances(InstanceIds=[group.old])
        new = require_recovered(group, 1500)
        assert [each["VolumeId"] for each in group.on(new).values()] == group.volumes


def test_a_retained_instance_lets_go_and_is_finished_off() -> None:
    with account() as group:
        fail(group, A)
        group.sleep(40)
        client("autoscaling").complete_lifecycle_action(
            AutoScalingGroupName=GROUP,
            LifecycleHookName="opsctl-terminate",
            InstanceId=group.old,
            LifecycleActionResult="ABANDON",
        )
        assert group.members()[group.old] == "Terminating:Retained"
        require_recovered(group)
        assert group.run(300, until=lambda: group.old not in group.members())


def test_the_replacement_dies_and_the_next_one_gets_the_data() -> None:
    with account() as group:
        fail(group, A)
        dead: list[str] = []

        def die() -> None:
            dead.extend(key for key in group.members() if key != group.old)
            client("ec2").terminate_instances(InstanceIds=dead)

        group.after["attach_volume"] = die
        new = require_recovered(group, 1500)
        assert new not in dead
        assert [each["VolumeId"] for each in group.on(new).values()] == group.volumes


def test_a_zone_without_capacity_sends_the_launch_and_the_data_to_the_other() -> None:
    with account() as group:
        group.about.faults.no_capacity.add(A)
        fail(group, A)
        new = require_recovered(group)
        assert group.on(new)["/dev/sdf"]["AvailabilityZone"] == B


def test_a_key_that_refuses_is_told() -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    with account(key=key) as group:
        group.about.faults.bad_keys.add(key)
        fail(group, B)
        assert group.run(1200, until=lambda: any("still waits (copy)" in each for each in told(group)))


def test_hooks_that_are_deleted_during_recovery_leave_the_handler_nothing_to_do() -> None:
    with account() as group:
        fail(group, A)
        group.run(20)
        client("autoscaling").suspend_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["Launch"])
        for hook in ("opsctl-launch", "opsctl-terminate"):
            client("autoscaling").delete_lifecycle_hook(AutoScalingGroupName=GROUP, LifecycleHookName=hook)
        before = len(group.writes())
        group.run(300)
        assert len(group.writes()) == before
        assert not group.errors


def test_an_address_that_somebody_takes_meanwhile_is_taken_back() -> None:
    with account() as group:
        (subnet,) = client("ec2").describe_subnets(Filters=[{"Name": "cidr-block", "Values": ["10.9.0.0/24"]}])[
            "Subnets"
        ]
        thief = client("ec2").create_network_interface(SubnetId=subnet["SubnetId"])["NetworkInterface"]
        where = {"NetworkInterfaceId": thief["NetworkInterfaceId"], "AllowReassociation": True}
        address = group.config.addresses[0].allocation_id
        group.after["associate_address"] = lambda: client("ec2").associate_address(AllocationId=address, **where)
        fail(group, A)
        require_recovered(group)
        assert group.calls.count("associate_address") == 2
