"""Every scenario ends as it has to, in time, with the invariants of the harness held after every call."""

from collections.abc import Iterable
from functools import cache

import pytest
from _pytest.mark import ParameterSet

from tests.ha.recovery.harness import Simulation
from tests.ha.recovery.scenarios import SCENARIOS, Scenario
from tests.kit.samples import one_in, part_of


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


def scenarios(*, but: Iterable[str] = ()) -> list[ParameterSet]:
    """The names of all scenarios but some, of which the ordinary run takes one in two, whichever test asks."""
    every = part_of(2, "scenarios", SCENARIOS)
    return [one for name, one in zip(SCENARIOS, every, strict=True) if name not in but]


def some_scenarios(share: int) -> list[str]:
    """The names of one scenario in so many; of the same as `scenarios`."""
    return one_in(share, "scenarios", list(SCENARIOS))


@cache
def played(name: str) -> Simulation:
    """A scenario that was run to its end and two minutes on, once for all tests that look at it."""
    simulation = SCENARIOS[name].arrange()
    finish(simulation, SCENARIOS[name])
    simulation.run(130)
    return simulation


@pytest.mark.parametrize("name", scenarios())
def test_every_scenario_ends_in_service_or_given_up_with_a_word(name: str) -> None:
    subjects = [subject for subject, _ in played(name).world.notifications]
    word = {"abandoned": "gave up on", "in service": "recovered on", "undone": ""}[SCENARIOS[name].ends]
    assert not word or any(word in each for each in subjects), subjects
