"""Undoing make-ha at the worst moments: while a replacement is on its way, and when it is undone already."""

import pytest

from opsctl.model.plan import Plan
from opsctl.sandbox.engine.conditions import AWS_LIKE, Conditions
from opsctl.sandbox.worlds.seeding import seed_network
from tests.faults.test_make_ha_recovery import data_volume, members, owner_of_address
from tests.kit.ha_account import ha_state, instance_named, run, undo
from tests.kit.moto_account import World, client
from tests.kit.ports import Faulty, Killed, MemoryJournal
from tests.kit.samples import part_of
from tests.kit.timed import MovingClock, move, timed_world

MADE = ("groups", "templates", "topics", "queues", "roles", "functions", "rules", "alarms", "logs")


def built(world: World, about: Conditions) -> tuple[Plan, MemoryJournal, str]:
    world.clock = MovingClock(about)
    plan, journal = world.plan("make-ha", {"instance": "legacy-web"}), MemoryJournal()
    run(plan, world.aws, world, journal)
    ((old, _),) = members()
    return plan, journal, old


def replace(instance: str) -> None:
    asg = client("autoscaling")
    asg.terminate_instance_in_auto_scaling_group(InstanceId=instance, ShouldDecrementDesiredCapacity=False)


def in_place(instance: str) -> bool:
    attached = [one["InstanceId"] for one in data_volume()["Attachments"]]
    return (owner_of_address(), attached, ha_state()[instance][0]["Name"]) == (instance, [instance], "running")


@pytest.mark.parametrize("after_s", part_of(2, "on its way", [1, 30, 60, 120, 200]))
def test_an_undo_while_a_replacement_is_on_its_way_waits_for_it_and_keeps_it(after_s: int) -> None:
    with timed_world(seed_network, durations=AWS_LIKE) as (world, about):
        plan, journal, old = built(world, about)
        replace(old)
        move(about, after_s)
        undo(plan, world, journal)
        left = ha_state()
        assert [kind for kind in MADE if left[kind]] == []
        assert in_place(owner_of_address())
        assert owner_of_address() != old


def test_a_fresh_launch_takes_volume_and_address_from_the_old_instance_and_keeps_both_instances() -> None:
    with timed_world(seed_network, durations=AWS_LIKE) as (world, about):
        world.clock = MovingClock(about)
        old = instance_named("legacy-web")
        plan, journal = world.plan("make-ha", {"instance": "legacy-web", "fresh": True}), MemoryJournal()
        run(plan, world.aws, world, journal)
        ((new, state),) = members()
        assert (state, new != old, in_place(new)) == ("InService", True, True)
        undo(plan, world, journal)
        left = ha_state()
        assert [kind for kind in MADE if left[kind]] == []
        assert in_place(new)
        assert left[old][0]["Name"] == "stopped", "it has no data any more, so it is not started beside the other"


def test_a_fresh_launch_that_broke_after_the_stop_is_undone_by_starting_the_old_instance_again() -> None:
    with timed_world(seed_network, durations=AWS_LIKE) as (world, about):
        world.clock = MovingClock(about)
        old = instance_named("legacy-web")
        plan, journal = world.plan("make-ha", {"instance": "legacy-web", "fresh": True}), MemoryJournal()
        calls = [change.id for change in plan.changes if change.kind == "call"]
        broken = Faulty(world.aws, "killed-after", calls.index("retire/stop") + 1)
        with pytest.raises(Killed):
            run(plan, broken, world, journal)
        undo(plan, world, journal)
        assert in_place(old)
        assert [kind for kind in MADE if ha_state()[kind]] == []


def test_undoing_twice_changes_nothing_more() -> None:
    with timed_world(seed_network, durations=AWS_LIKE) as (world, about):
        plan, journal, old = built(world, about)
        undo(plan, world, journal)
        once = ha_state()
        undo(plan, world, journal)
        assert ha_state() == once
        assert in_place(old)
