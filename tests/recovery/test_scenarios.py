"""Every scenario ends as it has to, in time, with the invariants of the harness held after every call."""

import pytest

from tests.recovery.harness import Simulation
from tests.recovery.scenarios import SCENARIOS, Scenario

SLOW = {"the_zone_is_down_and_no_loss_is_allowed"}


def story(simulation: Simulation) -> str:
    """What the handler logged last, for a failing test."""
    return "\n".join(str(each) for each in simulation.lines[-12:])


def recovered(simulation: Simulation) -> bool:
    """Whether an instance other than the first is in service with data and address."""
    first = next(iter(simulation.world.ec2.instances))
    return any(each.id != first and simulation.has_data(each) and simulation.has_address(each)
               for each in simulation.world.in_service())  # fmt: skip


def abandoned(simulation: Simulation) -> bool:
    """Whether a launch was given up, by a call or by the hook's own timeout."""
    launches = [each for each in simulation.world.results if each[1:] == ("opsctl-launch", "ABANDON")]
    return bool(launches or simulation.world.timeouts)


def finish(simulation: Simulation, scenario: Scenario, *, slack: float = 1.0) -> None:
    """Run a scenario and check its end."""
    if scenario.ends == "in service":
        simulation.run(scenario.within_s * slack, until=lambda: recovered(simulation))
        assert recovered(simulation), story(simulation)
    elif scenario.ends == "abandoned":
        simulation.run(scenario.within_s * slack, until=lambda: abandoned(simulation))
        assert abandoned(simulation), story(simulation)
        assert not recovered(simulation)
    else:
        simulation.run(scenario.within_s)
        assert not recovered(simulation)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_ends_in_service_or_given_up_with_a_word(name: str) -> None:
    scenario = SCENARIOS[name]
    simulation = scenario.arrange()
    finish(simulation, scenario)
    if scenario.ends == "abandoned":
        assert any("gave up" in subject for subject, _ in simulation.world.notifications)
    if scenario.ends == "in service":
        assert any("recovered on" in subject for subject, _ in simulation.world.notifications)
