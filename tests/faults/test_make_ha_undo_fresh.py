"""Undo of make-ha --fresh: one of the two serves, with address and data, however far the launch had got."""

from dataclasses import dataclass

import pytest

from opsctl.model.value import Json
from tests.faults.test_make_ha_recovery import members, owner_of_address
from tests.faults.test_make_ha_undo import replace
from tests.kit.ha_account import instance_named, inverse_plan, run, undo
from tests.kit.ha_timeline import (
    break_at,
    describe,
    left_over,
    running,
    state_of,
    stopped_after_launch,
    targets,
    timed_account,
    volumes_on,
)
from tests.kit.moto_account import client
from tests.kit.ports import Faulty, Killed, MemoryJournal, Wrapping
from tests.kit.samples import part_of
from tests.kit.timed import move

FRESH = {"instance": "legacy-web", "fresh": True}
ASSOCIATE, SNAPSHOT = "ec2.AssociateAddress", "ec2.CreateSnapshot"


@dataclass
class KilledAfter(Wrapping):
    """An account in which a run dies once a change has been sent."""

    journal: MemoryJournal
    change: str

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Pass on, and die if this is the change."""
        last = self.journal.last(self.change) == "intent"
        aws = Faulty(self.inner, "killed-after", 1) if last else self.inner
        return aws.write(service, operation, params, region)


def private_zone(instance: str) -> str:
    """A private hosted zone of the instance's VPC."""
    made: str = (
        client("route53")
        .create_hosted_zone(
            Name="corp.internal",
            CallerReference="1",
            VPC={"VPCRegion": "us-east-1", "VPCId": describe(instance)["VpcId"]},
            HostedZoneConfig={"PrivateZone": True},
        )["HostedZone"]["Id"]
        .rpartition("/")[2]
    )
    return made


def test_without_data_volumes_the_new_instance_stays_alone_behind_its_load_balancer() -> None:
    with timed_account() as (world, _):
        old = instance_named("direct-web-1")
        plan, journal = world.plan("make-ha", {"instance": "direct-web-1", "fresh": True}), MemoryJournal()
        (change,) = [one for one in plan.changes if one.operation == "AttachLoadBalancerTargetGroups"]
        name = change.params["TargetGroupARNs"][0].split("/")[1]
        run(plan, world.aws, world, journal)
        undo(plan, world, journal)
        (new,) = running("direct-web-1")
        assert (new != old, state_of(old)) == (True, "stopped")
        assert targets(name)[new] == "healthy"
        assert left_over() == []


@pytest.mark.parametrize(
    ("zone", "broken", "after_s"),
    part_of(
        2,
        "never completes",
        [
            ("us-east-1a", (), 5),
            ("us-east-1b", (), 900),
            ("us-east-1a", (ASSOCIATE,), 900),
            ("us-east-1b", (SNAPSHOT,), 900),
        ],
    ),
    ids=["at once", "handler", "address", "snapshot"],
)
def test_a_launch_that_never_completes_is_given_up_and_the_old_instance_gets_everything_back(
    zone: str, broken: tuple[str, ...], after_s: int
) -> None:
    with timed_account() as (world, about):
        old = instance_named("legacy-web")
        private = private_zone(old)
        plan, had = world.plan("make-ha", FRESH | {"record": f"{private}/web.corp.internal"}), volumes_on(old)
        about.faults.no_capacity = {"us-east-1a", "us-east-1b"} - {zone}
        about.faults.before_call = break_at(*broken)
        journal = stopped_after_launch(world, about, plan, after_s)
        about.faults.no_capacity = set()
        began = about.now()
        undo(plan, world, journal)
        assert running("legacy-web") == [old]
        assert (owner_of_address(), volumes_on(old)) == (old, had)
        assert about.now() - began < 1800
        records = client("route53").list_resource_record_sets(HostedZoneId=private)["ResourceRecordSets"]
        assert [one for one in records if one["Type"] == "A"] == [], "the name does not lead to what was ended"
        assert left_over() == []


@pytest.mark.parametrize(
    "operation", part_of(2, "given up", ["DeleteLifecycleHook", "AttachVolume", "StartInstances"])
)
def test_a_launch_that_is_half_given_up_is_given_up_by_the_next_undo(operation: str) -> None:
    with timed_account() as (world, about):
        old = instance_named("legacy-web")
        plan, had = world.plan("make-ha", FRESH), volumes_on(old)
        about.faults.before_call = break_at(ASSOCIATE)
        journal = stopped_after_launch(world, about, plan, 300)
        inverse = inverse_plan(plan, journal)
        (first, *_) = [one.id for one in inverse.changes if one.operation == operation]
        done = MemoryJournal()
        with pytest.raises(Killed):
            run(inverse, KilledAfter(world.aws, done, first), world, done)
        undo(plan, world, journal)
        assert running("legacy-web") == [old]
        assert (owner_of_address(), volumes_on(old)) == (old, had)
        assert left_over() == []


def test_a_launch_that_finds_no_capacity_is_given_up() -> None:
    with timed_account() as (world, about):
        old = instance_named("legacy-web")
        plan, had = world.plan("make-ha", FRESH), volumes_on(old)
        about.faults.no_capacity = {"us-east-1a", "us-east-1b"}
        journal = stopped_after_launch(world, about, plan, 600)
        about.faults.no_capacity = set()
        undo(plan, world, journal)
        assert running("legacy-web") == [old]
        assert (owner_of_address(), volumes_on(old)) == (old, had)
        assert left_over() == []


def test_volumes_that_died_with_the_old_instance_do_not_stop_the_undo_once_the_new_one_has_them() -> None:
    with timed_account() as (world, _):
        old = instance_named("legacy-web")
        doomed = [{"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": True}}]
        client("ec2").modify_instance_attribute(InstanceId=old, BlockDeviceMappings=doomed)
        plan, journal = world.plan("make-ha", FRESH), MemoryJournal()
        run(plan, world.aws, world, journal)
        undo(plan, world, journal)
        (new,) = running("legacy-web")
        assert (new != old, list(volumes_on(new))) == (True, ["/dev/sdf"])
        assert left_over() == []


def test_a_stopped_instance_is_carried_with_its_target_group() -> None:
    with timed_account() as (world, about):
        old = instance_named("direct-web-1")
        client("ec2").stop_instances(InstanceIds=[old])
        about.timeline.catch_up()
        world.clock.sleep(120)
        plan, journal = world.plan("make-ha", {"instance": old, "fresh": True}), MemoryJournal()
        (change,) = [one for one in plan.changes if one.operation == "AttachLoadBalancerTargetGroups"]
        name = change.params["TargetGroupARNs"][0].split("/")[1]
        run(plan, world.aws, world, journal)
        (new,) = running("direct-web-1")
        assert targets(name)[new] == "healthy"
        undo(plan, world, journal)
        assert running("direct-web-1") == [new]
        assert targets(name)[new] == "healthy"
        assert left_over() == []


def test_a_recovery_of_the_new_instance_is_waited_for_and_the_old_one_is_not_brought_back() -> None:
    with timed_account() as (world, about):
        old = instance_named("legacy-web")
        plan, journal = world.plan("make-ha", FRESH), MemoryJournal()
        run(plan, world.aws, world, journal)
        ((new, _),) = members()
        replace(new)
        move(about, 5)
        undo(plan, world, journal)
        (third,) = running("legacy-web")
        assert third not in (old, new)
        assert (owner_of_address(), list(volumes_on(third))) == (third, ["/dev/sdf"])
        assert (state_of(old), left_over()) == ("stopped", [])


def test_a_launch_is_not_given_up_when_there_is_no_old_instance_any_more() -> None:
    with timed_account() as (world, about):
        old = instance_named("direct-web-1")
        plan = world.plan("make-ha", {"instance": "direct-web-1", "fresh": True})
        about.faults.before_call = break_at()
        journal = stopped_after_launch(world, about, plan, 60)
        client("ec2").terminate_instances(InstanceIds=[old])
        move(about, 300)
        about.faults.before_call = None
        undo(plan, world, journal)
        (new,) = running("direct-web-1")
        assert (new != old, left_over()) == (True, [])
