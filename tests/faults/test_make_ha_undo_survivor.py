"""Undo of make-ha after a recovery: what runs then is a lone instance again, and nothing holds the undo up."""

import pytest

from opsctl.model.errors import Unproved
from opsctl.model.plan import Plan
from opsctl.sandbox.engine.conditions import Conditions
from tests.faults.test_make_ha_recovery import members, owner_of_address
from tests.faults.test_make_ha_undo import replace
from tests.kit.ha_account import ha_state, instance_named, run, undo
from tests.kit.ha_timeline import (
    break_at,
    left_over,
    our_tags,
    running,
    state_of,
    stopped_after_launch,
    targets,
    timed_account,
    volumes_on,
)
from tests.kit.moto_account import World, client
from tests.kit.ports import MemoryJournal
from tests.kit.samples import part_of
from tests.kit.timed import move


def built(world: World, name: str) -> tuple[Plan, MemoryJournal, str]:
    plan, journal = world.plan("make-ha", {"instance": name}), MemoryJournal()
    run(plan, world.aws, world, journal)
    return plan, journal, instance_named(name)


def abandon_leaving(about: Conditions, instance: str) -> None:
    """Give the hook of an instance that leaves up, so that the group keeps it."""
    client("autoscaling").complete_lifecycle_action(
        AutoScalingGroupName=members_group(),
        LifecycleHookName="opsctl-terminate",
        InstanceId=instance,
        LifecycleActionResult="ABANDON",
    )
    move(about, 1)


def members_group() -> str:
    (group,) = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return str(group["AutoScalingGroupName"])


@pytest.mark.parametrize("zone", part_of(2, "after a recovery", ["us-east-1a", "us-east-1b"]))
def test_what_runs_after_a_recovery_keeps_no_tag_of_ours_and_can_be_put_under_recovery_again(zone: str) -> None:
    with timed_account() as (world, about):
        plan, journal, old = built(world, "legacy-web")
        (had,) = volumes_on(old).values()
        about.faults.no_capacity = {"us-east-1a", "us-east-1b"} - {zone}
        replace(old)
        move(about, 1500)
        undo(plan, world, journal)
        (new,) = running("legacy-web")
        (has,) = volumes_on(new).values()
        assert (owner_of_address(), has == had) == (new, zone == "us-east-1a")
        assert (our_tags(new), our_tags(has)) == ({}, {})
        if has != had:
            assert our_tags(had)["opsctl:ha-role"] == "retired"
        again, second = world.plan("make-ha", {"instance": "legacy-web"}), MemoryJournal()
        run(again, world.aws, world, second)
        replace(new)
        move(about, 1500)
        ((third, state),) = members()
        assert (state, owner_of_address(), list(volumes_on(third))) == ("InService", third, ["/dev/sdf"])
        undo(again, world, second)
        assert (running("legacy-web"), left_over()) == ([third], [])


def test_when_the_data_has_moved_on_to_copies_undo_says_what_the_new_instance_hangs_on_and_then_keeps_it() -> None:
    with timed_account() as (world, about):
        old = instance_named("legacy-web")
        plan = world.plan("make-ha", {"instance": "legacy-web", "fresh": True})
        about.faults.no_capacity = {"us-east-1a"}
        about.faults.before_call = break_at("ec2.AssociateAddress")
        journal = stopped_after_launch(world, about, plan, 900)
        ((new, _),) = members()
        with pytest.raises(Unproved, match="in service") as told:
            undo(plan, world, journal)
        assert "complete-lifecycle-action" in str(told.value.hint)
        about.faults.before_call = None
        undo(plan, world, journal)
        assert (running("legacy-web"), state_of(old)) == ([new], "stopped")
        assert (owner_of_address(), list(volumes_on(new))) == (new, ["/dev/sdf"])
        assert left_over() == []


def test_an_instance_that_is_kept_with_its_data_is_never_ended_and_undo_says_what_to_do() -> None:
    with timed_account() as (world, about):
        plan, journal, old = built(world, "legacy-web")
        (volume,) = volumes_on(old).values()
        about.faults.before_call = break_at("ec2.StopInstances")
        replace(old)
        move(about, 60)
        abandon_leaving(about, old)
        before = ha_state()["rules"]
        with pytest.raises(Unproved, match=old) as told:
            undo(plan, world, journal)
        assert "stop that instance" in str(told.value.hint)
        assert (state_of(old), ha_state()["rules"]) == ("running", before), "nothing is taken apart before that"
        client("ec2").stop_instances(InstanceIds=[old])
        move(about, 300)
        undo(plan, world, journal)
        (new,) = running("legacy-web")
        assert (state_of(old), owner_of_address(), list(volumes_on(new).values())) == ("terminated", new, [volume])
        assert left_over() == []


def test_an_instance_that_is_kept_without_data_is_ended_and_the_other_stays_behind_the_load_balancer() -> None:
    with timed_account() as (world, about):
        plan, journal, old = built(world, "direct-web-1")
        (change,) = [one for one in plan.changes if one.operation == "AttachLoadBalancerTargetGroups"]
        about.faults.before_call = break_at()
        replace(old)
        move(about, 60)
        abandon_leaving(about, old)
        about.faults.before_call = break_at("autoscaling.TerminateInstanceInAutoScalingGroup")
        move(about, 300)
        undo(plan, world, journal)
        (new,) = running("direct-web-1")
        assert state_of(old) == "terminated"
        assert targets(change.params["TargetGroupARNs"][0].split("/")[1])[new] == "healthy"
        assert left_over() == []
