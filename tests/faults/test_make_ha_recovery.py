"""make-ha on a clock that is moved by hand, with AWS's own durations: built, lost, recovered, and taken back."""

from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import AWS_LIKE
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.ha_account import ha_state, run, undo
from tests.kit.moto_account import client
from tests.kit.ports import MemoryJournal
from tests.kit.timed import MovingClock, move, timed_world


def members() -> list[tuple[str, str]]:
    (group,) = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return [(one["InstanceId"], one["LifecycleState"]) for one in group["Instances"]]


def owner_of_address() -> str:
    (one,) = [one for one in client("ec2").describe_addresses()["Addresses"] if one.get("InstanceId")]
    return str(one["InstanceId"])


def data_volume() -> Json:
    named = [{"Name": "tag:Name", "Values": ["legacy-web data"]}]
    (one,) = client("ec2").describe_volumes(Filters=named)["Volumes"]
    return one


def test_a_lost_instance_comes_back_with_address_and_data_and_undo_keeps_the_one_that_runs() -> None:
    with timed_world(seed_network, durations=AWS_LIKE) as (world, about):
        clock = MovingClock(about)
        world.clock = clock
        plan, journal = world.plan("make-ha", {"instance": "legacy-web"}), MemoryJournal()
        run(plan, world.aws, world, journal)
        ((old, state),) = members()
        assert (state, owner_of_address()) == ("InService", old)
        client("autoscaling").terminate_instance_in_auto_scaling_group(
            InstanceId=old, ShouldDecrementDesiredCapacity=False
        )
        move(about, 900)
        ((new, state),) = members()
        assert (state, new != old) == ("InService", True)
        assert owner_of_address() == new
        assert [one["InstanceId"] for one in data_volume()["Attachments"]] == [new]
        assert about.denied == [], "the role of the handler lacks nothing"
        undo(plan, world, journal)
        left = ha_state()
        for kind in ("groups", "templates", "topics", "queues", "roles", "functions", "rules", "alarms", "logs"):
            assert left[kind] == [], kind
        assert owner_of_address() == new
        assert [one["InstanceId"] for one in data_volume()["Attachments"]] == [new]
        assert left[new][0]["Name"] == "running"
