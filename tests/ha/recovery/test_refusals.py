"""AWS may refuse any call, for a while or for ever: the handler waits, says so, and never makes it worse."""

from functools import partial

import pytest

from tests.ha.recovery.harness import Simulation
from tests.ha.recovery.scenarios import SCENARIOS
from tests.ha.recovery.test_scenarios import abandoned, finish, played, recovered
from tests.kit.memory_ec2 import refused
from tests.kit.samples import one_in, some_or_all

EVERYTHING = [
    "same_zone",
    "router_with_a_private_name",
    "other_zone_two_volumes_with_a_customer_key",
    "the_zone_is_down_and_an_older_state_is_allowed",
    "the_old_one_was_retained",
]
SHARE = 4
"""Of so many operations the ordinary run takes one."""


def operations(name: str) -> list[str]:
    """The operations that a scenario needs when nothing is refused."""
    return sorted({each.partition(".")[2] for each in played(name).calls})


@pytest.mark.parametrize("share", some_or_all(SHARE))
@pytest.mark.parametrize("name", EVERYTHING)
def test_any_call_may_be_throttled_five_times(name: str, share: int) -> None:
    for throttled in one_in(share, f"throttled {name}", operations(name)):
        simulation = SCENARIOS[name].arrange()
        left = [5]

        def before(_: int, operation: str, throttled: str = throttled, left: list[int] = left) -> Exception | None:
            if operation != throttled or not left[0]:
                return None
            left[0] -= 1
            return refused("RequestLimitExceeded", "Request limit exceeded.")

        simulation.before = before
        finish(simulation, SCENARIOS[name], slack=3)


@pytest.mark.parametrize("share", some_or_all(SHARE))
@pytest.mark.parametrize("name", EVERYTHING)
def test_any_call_may_be_denied_for_five_minutes(name: str, share: int) -> None:
    for denied in one_in(share, f"denied {name}", operations(name)):
        simulation = SCENARIOS[name].arrange()
        until = simulation.world.time.now() + 300
        deny(simulation, denied, until)
        finish(simulation, SCENARIOS[name], slack=3)


@pytest.mark.parametrize("share", some_or_all(SHARE))
@pytest.mark.parametrize("name", EVERYTHING)
def test_a_call_denied_for_ever_is_told_without_a_flood_of_messages(name: str, share: int) -> None:
    for denied in one_in(share, f"denied {name}", operations(name)):
        simulation = SCENARIOS[name].arrange()
        deny(simulation, denied, float("inf"))
        simulation.run(3 * 3600, until=partial(ended, simulation))
        told = [subject for subject, _ in simulation.world.notifications]
        if denied == "publish":
            assert not told
            assert [each for each in simulation.lines if each["what"] == "not told"]
        else:
            assert told, denied
        assert len(told) <= 40, (denied, told)


def ended(simulation: Simulation) -> bool:
    """Whether a scenario has come to one of its ends."""
    return recovered(simulation) or abandoned(simulation)


def deny(simulation: Simulation, denied: str, until: float) -> None:
    """Have one operation denied until some moment."""

    def before(_: int, operation: str) -> Exception | None:
        if operation != denied or simulation.world.time.now() >= until:
            return None
        return refused("UnauthorizedOperation", "You are not authorized to perform this operation.")

    simulation.before = before


def test_a_denied_read_is_told_once_for_each_event_and_fails_the_run_for_the_alarm() -> None:
    simulation = SCENARIOS["same_zone"].arrange()
    deny(simulation, "describe_auto_scaling_groups", float("inf"))
    simulation.run(600)
    assert [subject for subject, _ in simulation.world.notifications] == ["ha-web: the recovery cannot see"] * 2
    assert len(simulation.errors) >= 10
