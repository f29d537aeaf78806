"""What a recovery leaves in the account, what the schedule does besides, and what people read about it."""

import pytest

from opsctl.ha.recovery.account import span
from tests.ha.recovery.harness import KEY, Simulation, make
from tests.ha.recovery.scenarios import HOUR_S, SCENARIOS, at_call, fail, old_of, snapshots
from tests.ha.recovery.test_scenarios import played, recovered, scenarios
from tests.kit.memory_ec2 import Volume, refused


def new_volumes(simulation: Simulation) -> list[Volume]:
    """The volumes of the replacement."""
    return simulation.world.ec2.on(simulation.world.in_service()[0].id)


def message(simulation: Simulation, word: str) -> str:
    """The one notification whose subject has a word."""
    (text,) = [text for subject, text in simulation.world.notifications if word in subject]
    return text


def test_in_the_same_zone_the_same_volume_comes_back_and_nothing_is_made() -> None:
    simulation = played("same_zone")
    assert [each.id for each in new_volumes(simulation)] == list(simulation.world.ec2.volumes)
    assert not simulation.world.ec2.snapshots


def test_a_copy_in_another_zone_keeps_type_speed_size_key_tags_and_device() -> None:
    simulation = played("other_zone_two_volumes_with_a_customer_key")
    old = [each for each in simulation.world.ec2.volumes.values() if not each.snapshot]
    new = new_volumes(simulation)
    assert [each.shape() for each in new] == [each.shape() for each in old]
    assert {each.key for each in new} == {KEY}
    assert [each.tags["Backup"] for each in new] == ["yes", "yes"]
    assert [each.device for each in new] == ["/dev/sdf", "/dev/sdg"]
    assert [each.tags["opsctl:ha-role"] for each in old] == ["retired", "retired"]


def test_a_move_takes_one_snapshot_of_each_volume_as_one_set_and_makes_one_volume_each() -> None:
    simulation = played("other_zone_two_volumes_with_a_customer_key")
    ec2, new = simulation.world.ec2, simulation.world.in_service()[0]
    assert [each.tags["opsctl:ha-set"] for each in ec2.snapshots.values()] == [new.id, new.id]
    assert len(ec2.volumes) == 4


@pytest.mark.parametrize("name", scenarios(but=("two_snapshots_end_in_error", "every_snapshot_ends_in_error")))
def test_no_volume_is_snapshot_twice_for_one_instance(name: str) -> None:
    own = [each for each in played(name).world.ec2.snapshots.values() if "opsctl:ha-instance" not in each.tags]
    taken = [(each.volume, each.tags.get("opsctl:ha-set")) for each in own]
    assert len(taken) == len(set(taken))


def test_a_retained_instance_is_finished_off_once_its_data_is_in_service_elsewhere() -> None:
    simulation = played("the_old_one_was_retained")
    finished = simulation.calls.index("autoscaling.terminate_instance_in_auto_scaling_group")
    assert finished > simulation.calls.index("autoscaling.complete_lifecycle_action")
    assert old_of(simulation).state == "terminated"


def test_a_retained_instance_stays_while_the_group_may_not_terminate() -> None:
    simulation = fail(make())
    member = simulation.world.members[old_of(simulation).id]
    member.active, member.state = False, "Terminating:Retained"
    simulation.world.suspended.add("Terminate")
    simulation.run(900)
    assert recovered(simulation)
    assert old_of(simulation).state == "stopped"


def test_a_volume_stopped_by_a_dead_zone_is_detached_from_the_retained_instance_when_the_zone_is_back() -> None:
    simulation = SCENARIOS["the_zone_is_down_and_an_older_state_is_allowed"].arrange()
    old = old_of(simulation)
    simulation.run(3 * HOUR_S)
    assert simulation.world.state_of(old) == "Terminating:Retained"
    simulation.world.ec2.dead_zones.clear()
    simulation.run(1200)
    assert old.state == "terminated"
    retired = [each for each in simulation.world.ec2.volumes.values() if not each.snapshot]
    assert [(each.state, each.tags["opsctl:ha-role"]) for each in retired] == [("available", "retired")] * 2


def test_an_instance_in_service_is_never_robbed_for_a_second_one() -> None:
    simulation = played("somebody_wants_two_instances")
    assert old_of(simulation).state == "running"
    assert len(simulation.world.ec2.on(old_of(simulation).id)) == 1
    assert "not ours to take" in message(simulation, "gave up")


def test_an_older_state_is_not_taken_because_aws_throttles_the_making_of_the_copy() -> None:
    simulation = make(allow_data_loss_s=HOUR_S)
    snapshots(simulation, 1000)
    fail(simulation, "b")
    simulation.world.ec2.snapshot_s = 780
    until = simulation.world.time.now() + 1200

    def before(_: int, operation: str) -> BaseException | None:
        throttled = operation == "create_volume" and simulation.world.time.now() < until
        return refused("RequestLimitExceeded") if throttled else None

    simulation.before = before
    simulation.run(1500)
    assert recovered(simulation)
    assert "nothing was lost" in message(simulation, "recovered")


def test_a_hook_that_ends_just_before_it_is_completed_was_completed_by_somebody_else() -> None:
    simulation = fail(make())
    at_call(simulation, "complete_lifecycle_action", simulation.world.delete_hooks)
    simulation.run(60)
    assert not [each for each in simulation.lines if each["what"] == "complete"]
    assert not simulation.world.results


def test_source_destination_check_and_private_name_follow() -> None:
    world = played("router_with_a_private_name").world
    (new,) = world.in_service()
    assert new.source_dest_check is False
    assert list(world.records) == ["db.internal."]
    assert int(new.interfaces[0].removeprefix("eni-"), 16) == int(world.records["db.internal."].rpartition(".")[2])


def test_scheduled_snapshots_are_one_set_an_hour_of_the_data_volumes_alone() -> None:
    simulation = make(devices=("/dev/sdf", "/dev/sdg"), snapshot_every_s=HOUR_S)
    ec2, (old,) = simulation.world.ec2, simulation.world.in_service()
    scratch = ec2.add_volume("a", {"Name": "scratch"})
    ec2.put_on(scratch, old, "/dev/sdz")
    simulation.run(2.5 * HOUR_S)
    sets = {each.tags["opsctl:ha-set"] for each in ec2.snapshots.values()}
    assert len(sets) == 3
    assert len(ec2.snapshots) == 6
    assert scratch.id not in {each.volume for each in ec2.snapshots.values()}
    assert {each.tags["opsctl:ha-kind"] for each in ec2.snapshots.values()} == {"scheduled"}
    assert {each.tags["opsctl:ha-device"] for each in ec2.snapshots.values()} == {"/dev/sdf", "/dev/sdg"}


def test_without_a_schedule_no_snapshot_is_made_and_an_age_is_told_only_when_there_is_one() -> None:
    simulation = make()
    simulation.run(HOUR_S)
    assert not simulation.world.ec2.snapshots
    assert simulation.world.metrics == {"SecondsInWait": 0.0}


def test_until_there_is_a_set_the_age_is_how_long_one_has_been_awaited() -> None:
    simulation = make(snapshot_every_s=HOUR_S, awaited_since=1)
    simulation.world.ec2.snapshot_s = 10**6
    began = simulation.world.time.now()
    simulation.run(1800)
    assert began < simulation.world.metrics["SnapshotAgeSeconds"] < began + 1800
    simulation.world.ec2.snapshot_s = 60
    simulation.run(2 * HOUR_S)
    assert simulation.world.metrics["SnapshotAgeSeconds"] <= HOUR_S


def test_the_metrics_tell_the_age_of_the_newest_set_and_the_longest_wait() -> None:
    simulation = make(snapshot_every_s=HOUR_S)
    simulation.run(1800)
    assert 1600 < simulation.world.metrics["SnapshotAgeSeconds"] < 1800
    simulation.world.ec2.snapshot_s = 10**6
    fail(simulation, "b")
    simulation.run(1800)
    assert 1600 < simulation.world.metrics["SecondsInWait"] < 1800


def test_a_long_wait_is_told_once_and_ends_with_a_word() -> None:
    simulation = played("snapshot_pending_for_two_hours")
    waits = [subject for subject, _ in simulation.world.notifications if "waits" in subject]
    assert waits == ["ha-web: i-0005 still waits (snapshot)"]
    assert "every minute, for 47 h 0 min at most." in message(simulation, "still waits")
    assert "nothing was lost" in message(simulation, "recovered")


def test_an_older_state_is_announced_before_it_is_restored_with_what_is_lost_and_where_it_still_is() -> None:
    simulation = played("the_zone_is_down_after_a_set_by_data_lifecycle_manager")
    text = message(simulation, "older state")
    assert text == (
        "What happened\ni-0001 has not let go of vol-0003. a is down: AWS calls a available; "
        "i-0001 does not stop there, even by force; vol-0003 is insufficient-data.\n\n"
        "Now\ni-0005 gets the data as it was 17 min before its launch (snapshot set 2026-09-21T14:56:40Z). "
        "Later writes are lost.\n\n"
        "What to do\nNothing for the service. The old volumes are kept, tagged opsctl:ha-role=retired: "
        "lost writes are there. See also: opsctl make-ha status ha-web\n"
    )
    assert "restored from snapshot set" in message(simulation, "recovered")


def test_a_launch_that_is_given_up_says_why_what_happens_next_and_what_to_do() -> None:
    text = message(played("the_volumes_are_gone_and_there_is_no_snapshot"), "gave up")
    assert text == (
        "What happened\nAfter 1 h 1 min: no volume of ha-web is tagged opsctl:ha-device=/dev/sdf and /dev/sdg. "
        "No set of snapshots may replace it: the group accepts no loss of data.\n\n"
        "Now\nThe launch of i-0005 is abandoned: the group terminates it and launches another. "
        "No data is lost.\n\n"
        "What to do\nRemove the reason above; the next launch recovers. "
        "See also: opsctl make-ha status ha-web\n"
    )


def test_people_are_told_within_minutes_even_when_the_handler_may_not_write_that_it_told_them() -> None:
    subjects = [each for each, _ in played("the_instances_lack_the_groups_tag").world.notifications]
    assert 1 <= len([each for each in subjects if "i-0004 still waits (attach)" in each]) <= 2
    assert "ha-web: gave up on i-0004" in subjects


def test_what_a_person_can_repair_is_told_within_minutes_and_then_goes_on_without_another_launch() -> None:
    simulation = fail(make())
    (volume,) = simulation.world.ec2.volumes.values()
    tags = dict(volume.tags)
    volume.tags.clear()
    simulation.run(300)
    assert "no volume of ha-web is tagged" in message(simulation, "still waits (find)")
    volume.tags.update(tags)
    simulation.run(300)
    assert recovered(simulation)
    assert len(simulation.world.ec2.instances) == 2


@pytest.mark.parametrize("name", scenarios())
def test_every_subject_is_one_that_sns_takes(name: str) -> None:
    for subject, _ in played(name).world.notifications:
        assert len(subject) <= 100
        assert subject.isascii()
        assert subject.isprintable()


@pytest.mark.parametrize("name", scenarios())
def test_no_log_line_carries_a_tag_or_the_text_of_a_message(name: str) -> None:
    for line in played(name).lines:
        assert not {"Tags", "TagSpecifications", "Message"} & line.keys()
        assert line["level"] in ("info", "warning", "error")


@pytest.mark.parametrize(
    ("seconds", "said"), [(29, "0 min"), (90, "2 min"), (3600, "1 h 0 min"), (7500, "2 h 5 min")]
)
def test_a_time_is_said_in_hours_and_minutes(seconds: float, said: str) -> None:
    assert span(seconds) == said
