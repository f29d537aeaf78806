"""make-ha --fresh on AWS's own durations: a new instance takes address and data over, and there is a way back."""

from dataclasses import dataclass

import pytest

from opsctl.model.errors import OpsctlError
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import AWS_LIKE, Conditions
from opsctl.sandbox.worlds.seeding import seed_network
from tests.faults.test_make_ha_recovery import data_volume, members, owner_of_address
from tests.kit.ha_account import ha_state, run, undo
from tests.kit.ha_timeline import targets
from tests.kit.moto_account import World, client
from tests.kit.ports import Faulty, MemoryJournal, Wrapping
from tests.kit.timed import MovingClock, move, timed_world

MADE = ("groups", "templates", "topics", "queues", "roles", "functions", "rules", "alarms", "logs")


@dataclass
class NoLaunch(Wrapping):
    """An account in which nothing may be launched."""

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Deny the launch, pass everything else on."""
        denied = params.get("DesiredCapacity") == 1
        aws = Faulty(self.inner, "denied", 1) if denied else self.inner
        return aws.write(service, operation, params, region)


def launched(world: World, about: Conditions) -> tuple[Plan, MemoryJournal, str, str]:
    world.clock = MovingClock(about)
    old = owner_of_address()
    plan, journal = world.plan("make-ha", {"instance": "legacy-web", "fresh": True}), MemoryJournal()
    run(plan, world.aws, world, journal)
    ((new, state),) = members()
    assert state == "InService"
    return plan, journal, old, new


def attached_to() -> list[str]:
    return [one["InstanceId"] for one in data_volume()["Attachments"]]


def state_of(instance: str) -> str:
    return str(ha_state()[instance][0]["Name"])


def test_a_fresh_instance_gets_address_and_data_and_the_old_one_is_stopped_and_stays() -> None:
    with timed_world(seed_network, durations=AWS_LIKE) as (world, about):
        _, _, old, new = launched(world, about)
        assert new != old
        assert (owner_of_address(), attached_to()) == (new, [new])
        assert (state_of(new), state_of(old)) == ("running", "stopped")
        client("autoscaling").terminate_instance_in_auto_scaling_group(
            InstanceId=new, ShouldDecrementDesiredCapacity=False
        )
        move(about, 900)
        ((third, state),) = members()
        assert (state, third in (old, new)) == ("InService", False)
        assert (owner_of_address(), attached_to()) == (third, [third])
        assert state_of(old) == "stopped"


def test_undo_leaves_the_new_instance_with_address_and_data_and_the_old_one_stopped() -> None:
    with timed_world(seed_network, durations=AWS_LIKE) as (world, about):
        plan, journal, old, new = launched(world, about)
        undo(plan, world, journal)
        left = ha_state()
        assert [kind for kind in MADE if left[kind]] == []
        assert (owner_of_address(), attached_to()) == (new, [new])
        assert (state_of(new), state_of(old)) == ("running", "stopped")


def test_when_the_launch_fails_undo_gives_the_old_instance_its_data_back_and_starts_it() -> None:
    with timed_world(seed_network, durations=AWS_LIKE) as (world, about):
        world.clock = MovingClock(about)
        start, old = ha_state(), owner_of_address()
        plan, journal = world.plan("make-ha", {"instance": "legacy-web", "fresh": True}), MemoryJournal()
        with pytest.raises(OpsctlError):
            run(plan, NoLaunch(world.aws), world, journal)
        assert (state_of(old), attached_to()) == ("stopped", [old])
        undo(plan, world, journal)
        assert (state_of(old), attached_to(), owner_of_address()) == ("running", [old], old)
        left = ha_state()
        assert [kind for kind in MADE if left[kind]] == []
        assert set(left) == set(start)


def test_a_fresh_instance_is_registered_with_the_load_balancer() -> None:
    with timed_world(seed_network, durations=AWS_LIKE) as (world, about):
        world.clock = MovingClock(about)
        plan, journal = world.plan("make-ha", {"instance": "direct-web-1", "fresh": True}), MemoryJournal()
        (change,) = [one for one in plan.changes if one.operation == "AttachLoadBalancerTargetGroups"]
        name = change.params["TargetGroupARNs"][0].split("/")[1]
        run(plan, world.aws, world, journal)
        ((new, _),) = members()
        assert new in targets(name)
