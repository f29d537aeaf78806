"""Snapshots by Data Lifecycle Manager on a clock moved by hand: taken, restored elsewhere, and left behind."""

from dataclasses import replace

from opsctl.model.value import Json
from opsctl.sandbox.engine.clock import HandClock
from opsctl.sandbox.engine.conditions import AWS_LIKE, Conditions
from opsctl.sandbox.worlds.seeding import seed_network
from tests.faults.test_make_ha_recovery import members, owner_of_address
from tests.kit.ha_account import ha_state, instance_named, run, undo
from tests.kit.moto_account import client
from tests.kit.ports import MemoryJournal
from tests.kit.timed import MovingClock, move, timed_world

HOUR_S = 3600
POLICY_HOUR_S = 120
START = HandClock().now()
PACE = replace(AWS_LIKE, policy_hour=POLICY_HOUR_S, policy_run=20, snapshot=30)
"""The policy's hours are short, or the handler runs, once a minute, a thousand times."""
INPUTS = {"instance": "legacy-web", "rpo": "1h", "snapshots": "dlm", "keep_snapshots": 3, "allow_data_loss": "3h"}
MADE = ("groups", "templates", "topics", "queues", "roles", "functions", "rules", "alarms", "policies", "logs")


def taken() -> list[Json]:
    """The policy's snapshots, oldest first."""
    filters = [{"Name": "tag:dlm:managed", "Values": ["true"]}]
    found = client("ec2").describe_snapshots(OwnerIds=["self"], Filters=filters)["Snapshots"]
    return sorted(found, key=lambda one: str(one["StartTime"]))


def source_of(snapshot: Json) -> str:
    """The instance that a snapshot of the policy was taken of."""
    return {tag["Key"]: str(tag["Value"]) for tag in snapshot["Tags"]}["opsctl:ha-instance"]


def data_of(instance: str) -> Json:
    """The data volume of an instance."""
    wanted = [
        {"Name": "attachment.instance-id", "Values": [instance]},
        {"Name": "tag:opsctl:ha-device", "Values": ["/dev/sdf"]},
    ]
    (volume,) = client("ec2").describe_volumes(Filters=wanted)["Volumes"]
    return volume


def age_published(about: Conditions) -> float | None:
    """The age of the newest set as the handler published it last."""
    (call,) = [params for api, params in about.function_calls if api == "cloudwatch.PutMetricData"][-1:]
    figures = {one["MetricName"]: one["Value"] for one in call["MetricData"]}
    return figures.get("SnapshotAgeSeconds")


def failures() -> float:
    """How often the policy could not take a snapshot so far, as the alarm sees it."""
    (policy,) = client("dlm").get_lifecycle_policies()["Policies"]
    found = client("cloudwatch").get_metric_statistics(
        Namespace="AWS/EBS",
        MetricName="SnapshotsCreateFailed",
        Dimensions=[{"Name": "DLMPolicyId", "Value": policy["PolicyId"]}],
        StartTime=START - HOUR_S,
        EndTime=START + 12 * HOUR_S,
        Period=HOUR_S,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(one["Sum"] for one in found))


def test_a_dark_zones_data_comes_back_from_the_policys_set_and_the_policy_follows_it() -> None:
    with timed_world(seed_network, durations=PACE) as (world, about):
        world.clock = MovingClock(about)
        plan, journal = world.plan("make-ha", INPUTS), MemoryJournal()
        run(plan, world.aws, world, journal)
        ((old, _),) = members()
        move(about, 5 * POLICY_HOUR_S)
        before = taken()
        assert {source_of(one) for one in before} == {old}
        usable = [one["SnapshotId"] for one in before if one["State"] == "completed"]
        assert len(usable) == 3, "it keeps as many as it was told"
        about.faults.dark_zones.add("us-east-1a")
        client("autoscaling").set_instance_health(InstanceId=old, HealthStatus="Unhealthy")
        move(about, 2400)
        serving = [instance for instance, state in members() if state == "InService"]
        assert serving != [old]
        (new,) = serving
        assert owner_of_address() == new
        volume = data_of(new)
        assert volume["AvailabilityZone"] == "us-east-1b"
        assert volume["SnapshotId"] == usable[-1], "the newest complete set"
        move(about, 2 * POLICY_HOUR_S)
        newest = next(one for one in reversed(taken()) if one["State"] == "completed")
        assert (source_of(newest), newest["VolumeId"]) == (new, volume["VolumeId"])
        about.faults.dark_zones.clear()
        move(about, 300)
        undo(plan, world, journal)
        assert [kind for kind in MADE if ha_state()[kind]] == []
        left = [one["SnapshotId"] for one in taken()]
        move(about, 3 * POLICY_HOUR_S)
        assert [one["SnapshotId"] for one in taken()] == left, "none is taken any more, and none is deleted"


def test_the_age_of_the_newest_set_is_published_and_stays_below_the_alarm() -> None:
    with timed_world(seed_network, durations=PACE) as (world, about):
        world.clock = MovingClock(about)
        plan = world.plan("make-ha", INPUTS)
        run(plan, world.aws, world, MemoryJournal())
        move(about, 2 * POLICY_HOUR_S)
        starts = [one["StartTime"].timestamp() for one in taken() if one["State"] == "completed"]
        age, alarm = age_published(about), plan.change("age-alarm/create")
        assert age is not None
        assert any(0 <= about.now() - start - age <= 60 for start in starts), "a set's, of the last minute"
        assert age <= alarm.params["Threshold"]


def test_a_standby_that_took_over_is_what_the_policy_takes_snapshots_of() -> None:
    with timed_world(seed_network, durations=PACE) as (world, about):
        world.clock = MovingClock(about)
        old = instance_named("legacy-web")
        run(world.plan("make-ha", INPUTS | {"mode": "standby"}), world.aws, world, MemoryJournal())
        move(about, 2 * POLICY_HOUR_S)
        assert {source_of(one) for one in taken()} == {old}
        assert failures() == 0, "the standby has no data, and is no target"
        about.faults.impaired.add(old)
        client("cloudwatch").set_alarm_state(
            AlarmName="opsctl-ha-legacy-web-primary", StateValue="ALARM", StateReason="three periods failed"
        )
        move(about, 900)
        standby = owner_of_address()
        assert standby != old
        failed = failures()
        move(about, 2 * POLICY_HOUR_S)
        assert source_of(taken()[-1]) == standby
        assert failures() == failed, "the retired instance has no data, and is no target"
