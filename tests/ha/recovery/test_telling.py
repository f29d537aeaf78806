"""Telling people stops nothing, whatever goes wrong with it; what could not be told is told by a later run."""

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from opsctl.ha.recovery.handler import Recovery
from tests.ha.recovery.harness import Killed, make
from tests.ha.recovery.scenarios import HOUR_S, SCENARIOS, at_call, fail, old_of, slow
from tests.ha.recovery.test_recovery import message
from tests.ha.recovery.test_scenarios import abandoned, finish, recovered
from tests.kit.memory_ec2 import refused

URL = "https://sns.eu-central-1.amazonaws.com"
SILENCE: list[Exception] = [
    ReadTimeoutError(endpoint_url=URL),
    ConnectTimeoutError(endpoint_url=URL),
    EndpointConnectionError(endpoint_url=URL),
    refused("Throttling"),
    refused("AuthorizationError"),
]
MANY = [
    "same_zone",
    "other_zone",
    "the_zone_is_down_and_an_older_state_is_allowed",
    "the_volumes_are_gone_and_there_is_no_snapshot",
    "snapshot_pending_for_two_hours",
]


@pytest.mark.parametrize("error", SILENCE, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("name", MANY)
def test_a_recovery_ends_as_it_would_when_nobody_can_be_told(name: str, error: Exception) -> None:
    simulation = SCENARIOS[name].arrange()
    simulation.world.tell_fails = error
    finish(simulation, SCENARIOS[name])
    assert not simulation.errors
    assert not simulation.world.notifications
    assert [each for each in simulation.lines if each["what"] == "not told"]


def test_a_recovery_is_told_later_and_once() -> None:
    simulation = fail(make())
    simulation.world.tell_fails = SILENCE[0]
    simulation.run(600)
    assert recovered(simulation)
    simulation.world.tell_fails = None
    simulation.run(600)
    assert [subject for subject, _ in simulation.world.notifications] == ["ha-web: recovered on i-0004"]
    assert "in a went into service with data and address, 1 min after" in message(simulation, "recovered")


def test_a_launch_that_was_given_up_is_told_later() -> None:
    simulation = SCENARIOS["the_volumes_are_gone_and_there_is_no_snapshot"].arrange()
    simulation.world.tell_fails = SILENCE[0]

    def linger() -> None:
        for each in simulation.world.ec2.instances.values():
            each.shutdown_s = 600

    at_call(simulation, "complete_lifecycle_action", linger, times=10)
    simulation.run(2 * HOUR_S, until=lambda: abandoned(simulation))
    simulation.world.tell_fails = None
    simulation.run(300)
    text = message(simulation, "gave up on")
    assert "The reason is in the log group /aws/lambda/opsctl-ha-web" in text
    assert [
        each for each in simulation.lines if each["what"] == "gave up" and "no volume of ha-web" in each["reason"]
    ]


def test_a_restore_of_an_older_state_is_told_later_while_it_goes_on() -> None:
    simulation = SCENARIOS["the_zone_is_down_and_an_older_state_is_allowed"].arrange()
    simulation.world.tell_fails = SILENCE[0]
    simulation.world.ec2.create_s = 600
    simulation.run(2 * HOUR_S, until=lambda: "ec2.create_volume" in simulation.calls)
    simulation.world.tell_fails = None
    simulation.run(300)
    assert "later writes are lost" in message(simulation, "older state").lower()


def test_a_long_wait_is_told_as_soon_as_it_can_be() -> None:
    simulation = slow("b")
    simulation.world.ec2.snapshot_s = 10**9
    simulation.world.tell_fails = SILENCE[0]
    simulation.run(HOUR_S)
    simulation.world.tell_fails = None
    simulation.run(300)
    assert message(simulation, "still waits (snapshot)")


def test_a_handler_that_dies_between_completing_and_telling_tells_in_its_next_run() -> None:
    simulation = fail(make())
    done: list[int] = []

    def after(number: int, operation: str) -> BaseException | None:
        if operation == "complete_lifecycle_action" and recovered(simulation) is False and not done:
            continues = simulation.world.results[-1][1:] == ("opsctl-launch", "CONTINUE")
            done.extend([number] if continues else [])
            return Killed() if continues else None
        return None

    simulation.after = after
    simulation.run(600)
    assert done or recovered(simulation)
    assert [subject for subject, _ in simulation.world.notifications] == ["ha-web: recovered on i-0004"]


def test_the_hook_is_completed_before_anybody_is_told() -> None:
    simulation = fail(make())
    simulation.run(600)
    assert simulation.calls.index("autoscaling.complete_lifecycle_action") < simulation.calls.index("sns.publish")


@pytest.mark.parametrize("operation", ["describe_volumes", "create_snapshot", "attach_volume", "create_tags"])
def test_a_call_that_aws_does_not_answer_costs_only_time(operation: str) -> None:
    simulation = fail(make(), "b")
    until = simulation.world.time.now() + 200

    def before(_: int, name: str) -> BaseException | None:
        return SILENCE[0] if name == operation and simulation.world.time.now() < until else None

    simulation.before = before
    simulation.run(1500, until=lambda: recovered(simulation))
    assert recovered(simulation)


@pytest.mark.parametrize(
    "value", ["snapshot since yesterday", "since", "", " since ", "snapshot since 2026", "é since Z"]
)
def test_a_wait_tag_that_a_person_edited_says_nothing_and_stops_nobody(value: str) -> None:
    simulation = fail(make(), "b")
    simulation.world.ec2.snapshot_s = 300

    def edit() -> None:
        for each in simulation.world.ec2.instances.values():
            each.tags["opsctl:ha-wait"] = value

    for moment in (30, 90, 150):
        simulation.world.time.after(moment, edit)
    simulation.run(1500, until=lambda: recovered(simulation))
    assert recovered(simulation)
    assert not simulation.errors


def test_what_cannot_be_read_of_one_member_holds_up_no_other_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = fail(make())
    new_one = "i-0004"
    plain = Recovery.bring_up

    def spoilt(self: Recovery, new: dict[str, object]) -> None:
        if new["InstanceId"] == new_one:
            raise KeyError("opsctl:ha-device")
        plain(self, new)

    monkeypatch.setattr(Recovery, "bring_up", spoilt)
    simulation.run(2 * HOUR_S, until=lambda: recovered(simulation))
    assert recovered(simulation), "the next launch has another tag"
    assert old_of(simulation).state == "terminated"
    assert "the handler cannot read what it finds" in message(simulation, "gave up on i-0004")
