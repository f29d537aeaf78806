"""A standby on a clock that is moved by hand, with AWS's own durations: built, taken over, and taken back."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from opsctl.model.errors import OpsctlError
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import AWS_LIKE, Conditions
from opsctl.sandbox.worlds.seeding import seed_network
from tests.faults.test_make_ha_recovery import owner_of_address
from tests.kit.ha_account import ha_state, instance_named, run, undo
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import FAULTS, Faulty, Killed, MemoryJournal
from tests.kit.samples import part_of
from tests.kit.timed import MovingClock, move, timed_world

INPUTS = {"instance": "legacy-web", "mode": "standby", "rpo": "1h", "allow_data_loss": "2h"}
MADE = ("templates", "topics", "queues", "roles", "functions", "rules", "alarms", "logs")


def living() -> dict[str, object]:
    """Everything that make-ha makes or changes, without what was terminated."""
    return {key: each for key, each in ha_state().items() if "'terminated'" not in str(each)}


def test_applied_and_undone_leaves_the_lone_instance_as_it_was() -> None:
    with fresh_world(seed_network) as world:
        start, journal = living(), MemoryJournal()
        plan = world.plan("make-ha", INPUTS)
        run(plan, world.aws, world, journal)
        standby = instance(state="stopped")
        assert standby["Placement"]["AvailabilityZone"] == "us-east-1b"
        run(plan, world.aws, world, MemoryJournal())
        assert instance(state="stopped") == standby, "a second run launches no second standby"
        undo(plan, world, journal)
        assert living() == start


@pytest.mark.parametrize("fault", part_of(2, "faults of a standby", FAULTS))
@pytest.mark.parametrize("operation", ["RunInstances", "StopInstances"])
def test_a_standby_whose_call_breaks_is_neither_lost_nor_made_twice(operation: str, fault: str) -> None:
    with fresh_world(seed_network) as world:
        start, journal = living(), MemoryJournal()
        plan = world.plan("make-ha", INPUTS)
        at = [change.operation for change in plan.changes if change.kind != "wait"].index(operation) + 1
        with suppress(OpsctlError, Killed):  # an answer that is lost is found again without either
            run(plan, Faulty(world.aws, fault, at), world, journal)
        undo(plan, world, journal)
        assert living() == start


@contextmanager
def built() -> Iterator[tuple[World, Conditions, Plan, MemoryJournal, str]]:
    """An account with a standby."""
    with timed_world(seed_network, durations=AWS_LIKE) as (world, about):
        world.clock = MovingClock(about)
        old = instance_named("legacy-web")
        plan, journal = world.plan("make-ha", INPUTS), MemoryJournal()
        run(plan, world.aws, world, journal)
        yield world, about, plan, journal, old


def instance(**filters: str) -> Json:
    """The group's one instance in a state or role."""
    names = {"state": "instance-state-name", "role": "tag:opsctl:ha-role"}
    wanted = [{"Name": names[key], "Values": [value]} for key, value in filters.items()]
    wanted.append({"Name": "tag:opsctl:ha", "Values": ["ha-legacy-web"]})
    (reservation,) = client("ec2").describe_instances(Filters=wanted)["Reservations"]
    (one,) = reservation["Instances"]
    return one


def alarm() -> None:
    """Have the alarm on the instance go on at once, not only after three periods."""
    client("cloudwatch").set_alarm_state(
        AlarmName="opsctl-ha-legacy-web-primary", StateValue="ALARM", StateReason="three periods failed"
    )


def alarm_state() -> str:
    """The state of the alarm on the instance."""
    answer = client("cloudwatch").describe_alarms(AlarmNames=["opsctl-ha-legacy-web-primary"])
    return str(answer["MetricAlarms"][0]["StateValue"])


def holders() -> set[str]:
    """Who has the data."""
    wanted = [{"Name": "tag:opsctl:ha-device", "Values": ["/dev/sdf"]}]
    volumes = client("ec2").describe_volumes(Filters=wanted)["Volumes"]
    return {one["InstanceId"] for each in volumes for one in each["Attachments"]}


def test_the_standby_takes_over_by_the_deployed_function_and_undo_keeps_it() -> None:
    with built() as (world, about, plan, journal, old):
        standby = str(instance(role="standby")["InstanceId"])
        assert owner_of_address() == old
        about.faults.impaired.add(old)
        move(about, 1800)
        assert owner_of_address() == standby
        assert holders() == {standby}
        assert instance(role="primary")["InstanceId"] == standby
        assert instance(role="retired", state="stopped")["InstanceId"] == old
        undo(plan, world, journal)
        assert [kind for kind in MADE if ha_state()[kind]] == []
        assert ha_state()[standby][0]["Name"] == "running"
        assert owner_of_address() == standby
        (mapping,) = [one for one in ha_state()[standby][1] if one["DeviceName"] == "/dev/sdf"]
        kept = [ha_state()[standby][2], ha_state()[mapping["Ebs"]["VolumeId"]][2]]
        assert [key for tags in kept for key, _ in tags if key.startswith("opsctl:ha")] == []
        assert instance(role="retired", state="stopped")["InstanceId"] == old


def test_an_undo_in_the_middle_of_a_failover_ends_neither_of_the_two() -> None:
    with built() as (world, about, plan, journal, old):
        about.faults.impaired.add(old)
        alarm()
        move(about, 90)
        standby = str(instance(role="standby")["InstanceId"])
        undo(plan, world, journal)
        states = {key: ha_state()[key][0]["Name"] for key in (old, standby)}
        assert not {"terminated", "shutting-down"} & set(states.values()), states


def test_an_instance_that_a_person_stops_stays_stopped() -> None:
    with built() as (_, about, _, _, old):
        client("ec2").stop_instances(InstanceIds=[old])
        move(about, 1800)
        assert alarm_state() == "ALARM"
        assert owner_of_address() == old
        assert instance(role="standby")["State"] == {"Code": 80, "Name": "stopped"}
