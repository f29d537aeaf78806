"""Data that exists is given up for an older state only when its zone is shown to be down, never for being slow."""

import pytest

from tests.ha.recovery.harness import Simulation
from tests.ha.recovery.scenarios import HOUR_S, SCENARIOS, old_of, slow
from tests.ha.recovery.test_recovery import message
from tests.ha.recovery.test_refusals import deny
from tests.ha.recovery.test_scenarios import played, recovered, scenarios

SLOW = [
    "a_snapshot_takes_two_hours_and_an_older_state_is_allowed",
    "a_stop_takes_half_an_hour",
    "an_old_one_shuts_down_for_half_an_hour",
    "a_detachment_takes_half_an_hour",
    "new_volumes_take_half_an_hour",
    "an_attachment_takes_half_an_hour",
    "the_address_takes_half_an_hour_to_show",
    "the_new_one_boots_for_half_an_hour",
    "snapshots_are_refused_for_an_hour",
    "one_volume_is_impaired_and_its_snapshot_slow",
    "the_zone_has_no_capacity_and_the_snapshot_is_slow",
    "the_group_alone_is_ill_and_a_neighbour_is_well",
    "the_volumes_lost_their_tags_and_an_older_state_is_allowed",
]


@pytest.mark.parametrize("name", scenarios(but=SCENARIOS.keys() - set(SLOW)))
def test_what_is_slow_is_waited_for_and_told(name: str) -> None:
    simulation = played(name)
    subjects = [subject for subject, _ in simulation.world.notifications]
    assert not [each for each in subjects if "older state" in each]
    assert [each for each in subjects if "still waits" in each]
    assert "lost" not in message(simulation, "recovered on").replace("nothing was lost", "")


def dark(simulation: Simulation) -> Simulation:
    """Have the zone of the data die, and its witnesses with it."""
    simulation.world.ec2.dead_zones.add("a")
    return simulation


def restored(simulation: Simulation) -> bool:
    """Whether an older state was taken."""
    return any("older state" in subject for subject, _ in simulation.world.notifications)


def test_a_person_who_knows_that_the_zone_is_lost_says_so_with_the_tag_that_the_message_names() -> None:
    simulation = slow("b")
    ec2 = simulation.world.ec2
    ec2.snapshot_s = 10**9
    simulation.run(3 * HOUR_S)
    assert not restored(simulation)
    (new,) = [each for each in ec2.instances.values() if each.zone == "b"]
    text = message(simulation, "still waits (snapshot)")
    assert "It is waited for, because a is not shown to be down: AWS calls a available" in text
    command = (
        f"aws ec2 create-tags --resources {new.id} --tags Key=opsctl:ha-zone-down,Value=a --region eu-central-1"
    )
    assert command in text
    new.tags["opsctl:ha-zone-down"] = "a"
    simulation.promised = next(iter(ec2.snapshots.values())).content
    simulation.run(600, until=lambda: recovered(simulation))
    assert recovered(simulation)
    assert "a person has tagged the instance opsctl:ha-zone-down=a" in message(simulation, "older state")


def test_a_tag_about_another_zone_is_no_word_about_this_one() -> None:
    simulation = slow("b")
    simulation.world.ec2.snapshot_s = 10**9
    simulation.run(600)
    (new,) = [each for each in simulation.world.ec2.instances.values() if each.zone == "b"]
    new.tags["opsctl:ha-zone-down"] = "c"
    simulation.run(2 * HOUR_S)
    assert not restored(simulation)


def test_a_person_s_word_does_not_go_beyond_the_loss_that_the_group_allows() -> None:
    simulation = SCENARIOS["snapshot_pending_for_two_hours"].arrange()
    simulation.world.ec2.snapshot_s = 10**9
    simulation.run(300)
    for each in simulation.world.ec2.instances.values():
        each.tags["opsctl:ha-zone-down"] = "a"
    simulation.run(2 * HOUR_S)
    assert not restored(simulation)
    assert not recovered(simulation)


def test_a_wait_of_two_days_is_told_warned_of_and_given_up_before_the_hook_ends_by_itself() -> None:
    simulation = slow("b")
    simulation.world.ec2.snapshot_s = 10**9
    simulation.run(47.5 * HOUR_S)
    subjects = [subject for subject, _ in simulation.world.notifications]
    told = [each.removeprefix("ha-web: ").partition(" ")[2] for each in subjects if "i-0001" not in each]
    assert told[:3] == ["still waits (snapshot)", "will be given up in 3 h 59 min (snapshot)", "up on i-0007"]
    assert not simulation.world.timeouts


def test_witnesses_that_may_not_be_heard_say_nothing_and_hold_nothing_up() -> None:
    simulation = slow("b")
    simulation.world.ec2.snapshot_s = HOUR_S
    deny(simulation, "describe_volume_status", float("inf"))
    simulation.run(2 * HOUR_S, until=lambda: recovered(simulation))
    assert recovered(simulation)
    assert not restored(simulation)


def test_a_stop_is_forced_once_and_only_after_ten_minutes() -> None:
    simulation = played("a_stop_takes_half_an_hour")
    stops = [each for each in simulation.lines if each["what"] == "stop_instances"]
    assert len(stops) == 2
    assert old_of(simulation).state in ("stopped", "terminated", "shutting-down")


def test_volumes_that_only_lost_their_tags_are_named_and_never_replaced() -> None:
    simulation = slow()
    for each in simulation.world.ec2.volumes.values():
        each.tags.clear()
    simulation.run(HOUR_S)
    assert not restored(simulation)
    text = message(simulation, "still waits (find)")
    assert "still exists, without its tags, and may hold the data" in text
