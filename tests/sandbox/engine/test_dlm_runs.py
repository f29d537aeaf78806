"""Policies of Data Lifecycle Manager take their snapshots by the clock, and delete their own old ones."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.model.value import Json
from opsctl.resources.dlm_calls import HOURS, cron_of
from opsctl.sandbox.engine.conditions import QUICK, Conditions, Durations
from opsctl.sandbox.engine.dlm_runs import DAY_S, next_run
from tests.kit.lifecycle import TARGET, lifecycle_role, policy
from tests.kit.moto_account import client
from tests.kit.timed import move, timed_world
from tests.kit.volumes import attach, make_volume, run_instance

HOUR_S = 3600
MIDNIGHT = 1_790_035_200.0
"""00:00 UTC."""


@pytest.fixture
def about() -> Iterator[Conditions]:
    with timed_world() as (_, conditions):
        yield conditions


def tags(one: Json) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in one.get("Tags", [])}


def target(*devices: str) -> str:
    """An instance with the policy's tag and data volumes, each with a tag that tells the device."""
    instance = run_instance(TagSpecifications=[{"ResourceType": "instance", "Tags": [TARGET]}])
    for device in devices:
        tag = [{"Key": "device", "Value": device}]
        volume = make_volume(TagSpecifications=[{"ResourceType": "volume", "Tags": tag}])
        attach(volume, instance, device)
    return instance


def start(**more: Any) -> str:
    made: str = client("dlm").create_lifecycle_policy(**policy(lifecycle_role(), **more))["PolicyId"]
    return made


def taken() -> list[Json]:
    """The snapshots by policies, oldest first."""
    filters = [{"Name": "tag-key", "Values": ["aws:dlm:lifecycle-policy-id"]}]
    found = client("ec2").describe_snapshots(OwnerIds=["self"], Filters=filters)["Snapshots"]
    return sorted(found, key=lambda one: (one["StartTime"], one["SnapshotId"]))


def failures(policy_id: str, about: Conditions) -> float:
    found = client("cloudwatch").get_metric_statistics(
        Namespace="AWS/EBS",
        MetricName="SnapshotsCreateFailed",
        Dimensions=[{"Name": "DLMPolicyId", "Value": policy_id}],
        StartTime=about.now() - DAY_S,
        EndTime=about.now() + HOUR_S,
        Period=DAY_S,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(one["Sum"] for one in found))


@pytest.mark.parametrize("hours", HOURS)
def test_the_schedule_of_every_interval_runs_that_often_and_for_the_first_time_within_it(hours: int) -> None:
    rule = {"CronExpression": cron_of(hours)}  # type: ignore[arg-type] # they are the very ones
    moments, now = [], MIDNIGHT + 5000
    for _ in range(4):
        found = next_run(rule, now)
        assert found is not None
        moments.append(found)
        now = found
    assert 0 < moments[0] - (MIDNIGHT + 5000) <= hours * HOUR_S
    assert {later - earlier for earlier, later in itertools.pairwise(moments)} == {hours * HOUR_S}


def test_an_interval_begins_at_its_time_of_day_or_within_a_day_when_it_has_none() -> None:
    rule = {"Interval": 12, "IntervalUnit": "HOURS", "Times": ["00:45"]}
    assert next_run(rule, MIDNIGHT + HOUR_S) == MIDNIGHT + 12.75 * HOUR_S
    assert next_run(rule | {"Times": []}, MIDNIGHT) == MIDNIGHT + DAY_S
    assert next_run({"CronExpression": "cron(0 9 ? * MON-FRI *)"}, MIDNIGHT) is None, (
        "the sandbox does not know it"
    )


def test_a_run_takes_one_set_of_the_data_volumes_with_their_tags_and_its_own(about: Conditions) -> None:
    instance = target("/dev/sdf", "/dev/sdg")
    made = start()
    assert taken() == [], "not before the next hour"
    move(about, HOUR_S)
    snapshots = [tags(one) for one in taken()]
    assert sorted(one["device"] for one in snapshots) == ["/dev/sdf", "/dev/sdg"], "and none of the root volume"
    assert {one["opsctl:ha-instance"] for one in snapshots} == {instance}
    assert len({one["opsctl:ha-set"] for one in snapshots}) == 1, "one run"
    own = {"aws:dlm:lifecycle-policy-id": made, "aws:dlm:lifecycle-schedule-name": "hourly", "dlm:managed": "true"}
    assert all(own.items() <= one.items() and one["opsctl:ha-kind"] == "scheduled" for one in snapshots)
    first, second = (one["StartTime"] for one in taken())
    assert (second - first).total_seconds() == 1, "AWS promises no common start time"
    move(about, HOUR_S)
    assert len({tags(one)["opsctl:ha-set"] for one in taken()}) == 2


def test_only_its_newest_are_kept_and_those_of_others_are_never_deleted(about: Conditions) -> None:
    target("/dev/sdf")
    other = client("ec2").create_snapshot(VolumeId=make_volume())["SnapshotId"]
    start(keep=2)
    move(about, 5 * HOUR_S)
    assert len(taken()) == 2
    assert (about.now() - taken()[0]["StartTime"].timestamp()) < 3 * HOUR_S
    assert client("ec2").describe_snapshots(SnapshotIds=[other])["Snapshots"]


def test_a_deleted_or_disabled_policy_takes_none_and_its_snapshots_stay(about: Conditions) -> None:
    target("/dev/sdf")
    made = start()
    move(about, HOUR_S)
    client("dlm").update_lifecycle_policy(PolicyId=made, State="DISABLED")
    move(about, 3 * HOUR_S)
    client("dlm").update_lifecycle_policy(PolicyId=made, State="ENABLED")
    client("dlm").delete_lifecycle_policy(PolicyId=made)
    move(about, 3 * HOUR_S)
    assert len(taken()) == 1


def test_a_target_without_data_volumes_is_a_failure_that_the_metric_tells(about: Conditions) -> None:
    target()
    made = start()
    move(about, HOUR_S)
    assert (taken(), failures(made, about)) == ([], 1)


def test_a_policy_whose_role_is_gone_is_in_error(about: Conditions) -> None:
    target("/dev/sdf")
    made = start()
    client("iam").delete_role_policy(RoleName="dlm", PolicyName="all")
    client("iam").delete_role(RoleName="dlm")
    move(about, HOUR_S)
    assert taken() == []
    assert client("dlm").get_lifecycle_policy(PolicyId=made)["Policy"]["State"] == "ERROR"


def test_volumes_can_be_targeted_one_by_one(about: Conditions) -> None:
    volume = make_volume(TagSpecifications=[{"ResourceType": "volume", "Tags": [TARGET]}])
    start(details={"ResourceTypes": ["VOLUME"], "Parameters": {}}, schedule={"VariableTags": []})
    move(about, HOUR_S)
    assert [one["VolumeId"] for one in taken()] == [volume]


def test_in_the_sandbox_an_hour_of_a_policy_is_a_minute(about: Conditions) -> None:
    target("/dev/sdf")
    start()
    move(about, 120)
    assert taken() == []
    about.durations = Durations(policy_hour=QUICK.policy_hour)
    client("dlm").create_lifecycle_policy(**policy(lifecycle_role("quick")))
    move(about, 180)
    assert len(taken()) == 3
