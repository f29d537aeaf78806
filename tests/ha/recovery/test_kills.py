"""The handler may die at any call: the next minute's run goes on from what is in AWS, and nothing is done twice.

Between two calls that change something, the account is the same wherever the handler dies; so one death before the
first call and one after each such call are all the states that there are.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from tests.ha.recovery.harness import Killed, Simulation
from tests.ha.recovery.scenarios import LONG_S, SCENARIOS
from tests.ha.recovery.test_scenarios import finish
from tests.kit.samples import one_in

LONG_BUT_TRIED = {"the_zone_is_down_and_an_older_state_is_allowed", "a_stop_takes_half_an_hour"}
SHORT = [
    name
    for name, each in SCENARIOS.items()
    if each.ends == "in service" and (each.within_s < LONG_S or name in LONG_BUT_TRIED)
]
MEETING = ["same_zone", "other_zone_two_volumes_with_a_customer_key", "the_old_one_was_retained"]
SAME_CALLS = 12
SHARE = 5
"""Of so many calls the ordinary run takes one."""
CHANGES_NOTHING = ("describe_", "put_metric_data", "record_lifecycle_action_heartbeat")


def deaths(calls: list[str]) -> list[int]:
    """The numbers of the calls after which the account is another than before, without endless repetitions."""
    found: list[int] = []
    seen: Counter[str] = Counter()
    for number, call in enumerate(calls):
        operation = call.partition(".")[2]
        seen[operation] += 1
        if not operation.startswith(CHANGES_NOTHING) and seen[operation] <= SAME_CALLS:
            found.append(number)
    return found


@pytest.mark.parametrize("name", SHORT)
def test_a_handler_that_dies_at_some_calls_leaves_nothing_that_the_next_run_cannot_finish(name: str) -> None:
    dies(name, lambda numbers: one_in(SHARE, name, numbers))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", SHORT)
def test_a_handler_that_dies_at_any_call_leaves_nothing_that_the_next_run_cannot_finish(name: str) -> None:
    dies(name, list)


def dies(name: str, chosen: Callable[[list[int]], list[int]]) -> None:
    """Have the handler of a scenario die after each of the chosen calls, -1 for before the first."""
    scenario = SCENARIOS[name]
    undisturbed = scenario.arrange()
    finish(undisturbed, scenario)
    for number in chosen([-1, *deaths(undisturbed.calls)]):
        finish(dying_after(scenario.arrange(), number), scenario, slack=2)


@pytest.mark.parametrize("name", ["other_zone_two_volumes_with_a_customer_key", "same_zone"])
def test_a_handler_that_dies_after_every_tenth_call_still_gets_there(name: str) -> None:
    scenario = SCENARIOS[name]
    for start in range(10):
        simulation = scenario.arrange()
        simulation.after = partial(every_tenth, start)
        finish(simulation, scenario, slack=10)


def every_tenth(start: int, number: int, _: str) -> BaseException | None:
    """Die after every tenth call."""
    return Killed() if number % 10 == start else None


def dying_after(simulation: Simulation, number: int) -> Simulation:
    """Have Lambda killed once: after the call of that number was carried out, or before the first."""
    planned = simulation.before
    if number < 0:
        simulation.before = lambda at, name: Killed() if at == 0 else planned(at, name)
    else:
        simulation.after = lambda at, _: Killed() if at == number else None
    return simulation


@pytest.mark.parametrize("name", MEETING)
def test_a_second_run_in_the_middle_of_the_first_does_no_harm(name: str) -> None:
    meets(name, lambda numbers: one_in(SHARE, name, numbers))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", MEETING)
def test_a_second_run_anywhere_in_the_first_does_no_harm(name: str) -> None:
    meets(name, list)


def meets(name: str, chosen: Callable[[list[int]], list[int]]) -> None:
    """Have the handler of a scenario meet another run before each of the chosen calls."""
    scenario = SCENARIOS[name]
    undisturbed = scenario.arrange()
    finish(undisturbed, scenario)
    for number in chosen(deaths(undisturbed.calls)):
        finish(meeting_another_run(scenario.arrange(), number), scenario, slack=2)


def meeting_another_run(simulation: Simulation, number: int) -> Simulation:
    """Have a whole other run of the handler pass between the decision for a call and the call."""
    met: list[int] = []

    def before(at: int, _: str) -> BaseException | None:
        if at == number and not met:
            met.append(at)
            simulation.invoke({"detail-type": "Scheduled Event", "detail": {}})
        return None

    simulation.before = before
    return simulation
