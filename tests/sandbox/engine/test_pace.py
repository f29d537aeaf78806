"""The sandbox goes on by itself, at the pace that was chosen, and takes no time to be seeded."""

from collections.abc import Iterator

import pytest

from opsctl.model.errors import InvalidInput
from opsctl.sandbox.endpoint import ACCOUNT
from opsctl.sandbox.engine.conditions import AWS, AWS_LIKE, QUICK, Conditions, Durations, conditions, hand_clock
from opsctl.sandbox.engine.lambda_jobs import KEPT, tick
from opsctl.sandbox.engine.serve import pace_of
from opsctl.sandbox.pace import pace_text
from tests.kit.functions import function, rule
from tests.kit.groups import make_group, states
from tests.kit.moto_account import World, client, server
from tests.kit.timed import move, timed_world
from tests.kit.volumes import make_volume, run_instance, snapshot


@pytest.fixture
def told() -> Iterator[tuple[World, Conditions]]:
    with timed_world(durations=QUICK) as both:
        yield both


def test_a_tick_lets_happen_what_is_due_and_runs_what_waits(told: tuple[World, Conditions]) -> None:
    world, about = told
    about.durations = Durations()
    arn = function("def lambda_handler(event, context):\n    print('hello')\n")
    rule("sweep", arn, ScheduleExpression="rate(1 minute)")
    about.durations = QUICK
    instance = run_instance()
    hand_clock(about).move_to(about.now() + 60)
    tick(world.account)
    found = client("ec2").describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert (found["State"]["Name"], len(about.invocations)) == ("running", 1)


def test_what_a_function_prints_is_in_its_log_group(told: tuple[World, Conditions]) -> None:
    _, about = told
    about.durations = Durations()
    function("def lambda_handler(event, context):\n    print('hello')\n")
    client("lambda").invoke(FunctionName="f")
    logged = client("logs").filter_log_events(logGroupName="/aws/lambda/f")["events"]
    assert "hello" in [one["message"] for one in logged]


def test_a_tick_forgets_what_is_long_past(told: tuple[World, Conditions]) -> None:
    world, about = told
    about.events += [{}] * (KEPT + 7)
    tick(world.account)
    assert len(about.events) == KEPT


def test_a_terminated_member_is_replaced_by_nothing_but_ticks(told: tuple[World, Conditions]) -> None:
    world, about = told
    make_group()
    clock = hand_clock(about)

    def ticks(number: int) -> None:
        for _ in range(number):
            clock.move_to(about.now() + 1)
            tick(world.account)

    ticks(10)
    assert states() == ["InService"]
    old = client("autoscaling").describe_auto_scaling_instances()["AutoScalingInstances"][0]["InstanceId"]
    client("ec2").terminate_instances(InstanceIds=[old])
    ticks(40)
    (new,) = client("autoscaling").describe_auto_scaling_instances()["AutoScalingInstances"]
    assert (new["LifecycleState"], new["InstanceId"] != old) == ("InService", True)


def test_nothing_takes_time_while_the_worlds_are_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Durations] = []
    monkeypatch.setattr(
        "opsctl.sandbox.engine.server.seed_all", lambda _: seen.append(conditions(ACCOUNT).durations)
    )
    server().set_pace(AWS_LIKE)
    server().reset()
    assert seen == [Durations()]


def test_single_things_can_be_slower_than_the_pace_or_hang() -> None:
    chosen = pace_of(pace_text("quick", ["stop=30m", "snapshot=hangs"]))
    assert (chosen.instance_stop, chosen.instance_start) == (1800, QUICK.instance_start)
    assert chosen.snapshot > 365 * 86_400
    assert pace_of("aws") == AWS


@pytest.mark.parametrize("slow", ["stop", "stop=", "stop=soon", "coffee=1h", "=1h", "stop=1h,coffee=1h", ""])
def test_what_is_no_thing_or_no_time_is_one_clear_refusal(slow: str) -> None:
    with pytest.raises(InvalidInput, match=r"not an operation that can be slow|is not a duration"):
        pace_text("quick", [slow])


def test_at_aws_s_pace_the_first_snapshot_of_a_volume_takes_longer_the_larger_it_is() -> None:
    with timed_world(durations=AWS) as (_, about):
        small, large = make_volume(), make_volume(Size=500)
        move(about, 10)
        taken = [client("ec2").create_snapshot(VolumeId=each)["SnapshotId"] for each in (small, large)]
        move(about, 600)
        assert [snapshot(each)["State"] for each in taken] == ["completed", "pending"]
        move(about, 3600)
        again = client("ec2").create_snapshot(VolumeId=large)["SnapshotId"]
        move(about, 130)
        assert [snapshot(each)["State"] for each in (taken[1], again)] == ["completed", "completed"]
