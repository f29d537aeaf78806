"""The group launches in the zone of its data, and elsewhere only while that one cannot launch."""

from tests.ha.recovery.harness import Simulation
from tests.ha.recovery.scenarios import HOUR_S, fail, placed
from tests.ha.recovery.test_recovery import message
from tests.ha.recovery.test_refusals import deny
from tests.ha.recovery.test_scenarios import played, recovered
from tests.kit.memory_ec2 import Instance


def serving(simulation: Simulation) -> Instance:
    """The instance in service."""
    (one,) = simulation.world.in_service()
    return one


def moves(simulation: Simulation) -> list[str]:
    """The lists of subnets that the handler has set."""
    return [each["VPCZoneIdentifier"] for each in simulation.lines if each["what"] == "update_auto_scaling_group"]


def test_a_replacement_comes_where_the_data_is_though_aws_would_have_chosen_another_zone() -> None:
    simulation = played("the_replacement_comes_where_the_data_is")
    assert serving(simulation).zone == "a"
    assert not simulation.world.ec2.snapshots
    assert not moves(simulation)


def test_without_capacity_the_group_is_widened_and_afterwards_launches_where_the_data_has_gone() -> None:
    simulation = played("the_zone_of_the_data_has_no_capacity")
    assert serving(simulation).zone == "b"
    assert moves(simulation) == ["subnet-a,subnet-b,subnet-c", "subnet-b"]
    text = message(simulation, "launches in other zones as well")
    assert "A launch in a failed: No capacity" in text
    assert "It may launch in a and b and c now" in text


def test_a_launch_that_fails_in_a_dead_zone_is_itself_a_sign_that_the_zone_is_down() -> None:
    simulation = played("the_zone_of_the_data_is_down_and_others_are_known")
    assert serving(simulation).zone == "b"
    text = message(simulation, "older state")
    assert "launches fail there (No capacity.)" in text
    assert simulation.world.subnets == ["subnet-b"]


def test_an_instance_that_does_not_start_in_a_dead_zone_is_given_up_and_the_next_starts_elsewhere() -> None:
    simulation = placed()
    ec2 = simulation.world.ec2
    ec2.boot_s = 10**9
    fail(simulation)
    ec2.zone_states["a"] = "unavailable"
    simulation.run(600)
    assert moves(simulation) == []
    ec2.boot_s = 20
    simulation.run(600)
    assert moves(simulation) == ["subnet-b,subnet-c", "subnet-b"]
    assert "does not start, and a is down: AWS calls a unavailable" in message(simulation, "gave up on")
    assert [each.zone for each in ec2.instances.values()][-1] == "b"


def test_after_a_launch_away_from_the_data_is_given_up_the_next_one_is_tried_where_the_data_is() -> None:
    simulation = fail(placed())
    world = simulation.world
    world.full_zones = {"a"}
    world.ec2.snapshot_s = 10**9
    simulation.run(600)
    world.full_zones = set()
    assert [each.zone for each in world.ec2.instances.values()][-1] == "b"
    simulation.run(48 * HOUR_S, until=lambda: recovered(simulation))
    assert serving(simulation).zone == "a"
    assert not world.timeouts


def test_subnets_that_a_person_has_added_are_left_alone() -> None:
    simulation = placed()
    simulation.world.subnets = ["subnet-a", "subnet-z"]
    simulation.run(300)
    fail(simulation)
    simulation.world.full_zones = {"a", "z"}
    simulation.run(300)
    assert not moves(simulation)


def test_a_drill_that_lets_the_group_leave_its_zone_is_not_undone_by_the_handler() -> None:
    simulation = placed()
    simulation.world.subnets = ["subnet-b", "subnet-c"]
    simulation.run(600)
    assert not moves(simulation)
    fail(simulation, "b")
    simulation.run(900, until=lambda: recovered(simulation))
    simulation.run(120)
    assert (serving(simulation).zone, simulation.world.subnets) == ("b", ["subnet-b"])


def test_a_refusal_to_move_fails_the_run_for_the_alarm_and_is_tried_again() -> None:
    simulation = fail(placed())
    simulation.world.full_zones = {"a"}
    deny(simulation, "update_auto_scaling_group", simulation.world.time.now() + 300)
    simulation.run(1800, until=lambda: recovered(simulation))
    assert recovered(simulation)
    assert any("AWS refused update_auto_scaling_group" in each for each in simulation.errors)
