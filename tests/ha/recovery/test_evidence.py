"""A zone is down when AWS or a person says so, or when nothing there is well and two kinds of signs agree."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from opsctl.ha.recovery.account import Account
from opsctl.ha.recovery.evidence import Question, Zone, launches_since, look_at, zone_of_activity
from opsctl.model.value import Json
from tests.ha.recovery.harness import Client, Simulation, make
from tests.ha.recovery.test_refusals import deny

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def launch(status: str = "Failed", zone: str = "a", minutes_ago: int = 5) -> Json:
    """One launch, as DescribeScalingActivities shows it."""
    details = json.dumps({"Subnet ID": "subnet-1", "Availability Zone": zone})
    moment = NOW - timedelta(minutes=minutes_ago)
    return {"Description": "Launching a new EC2 instance", "StatusCode": status, "Details": details,
            "StartTime": moment, "StatusMessage": "No capacity."}  # fmt: skip


def looked(
    simulation: Simulation, *, stuck: tuple[str, ...] = (), word: str = "", launches: tuple[Json, ...] = ()
) -> Zone:
    """What is found of zone a."""
    config = json.loads(json.dumps(simulation.config.model_dump(mode="json")))
    clients = cache(lambda service: Client(simulation, service))
    account = Account(config, clients, simulation.world.time, simulation.log)
    volumes = tuple(simulation.world.ec2.volumes)
    return look_at(account, Question("a", volumes, stuck, word, launches))


def ill(*, volumes: bool = False, instances: bool = False) -> Simulation:
    """An account in which AWS has no word for the zone, and volumes or instances there are not well."""
    simulation = make()
    ec2 = simulation.world.ec2
    ec2.dead_zones = {"a"} if instances else set()
    ec2.impaired = set(ec2.volumes) if volumes else set()
    if not instances:
        ec2.instances[next(iter(ec2.instances))].state = "stopped"
    return simulation


@pytest.mark.parametrize(("state", "down"), [("impaired", True), ("unavailable", True), ("constrained", False),
                                             ("information", False), ("available", False)])  # fmt: skip
def test_the_word_of_aws_counts_alone(state: str, down: bool) -> None:
    simulation = make()
    simulation.world.ec2.zone_states["a"] = state
    found = looked(simulation)
    assert found.down is down
    if down:
        assert found.says == f"AWS calls a {state}"


def test_an_instance_that_is_well_outweighs_every_sign() -> None:
    simulation = ill(volumes=True)
    simulation.world.ec2.neighbours["i-well"] = "a"
    found = looked(simulation, stuck=("i-1",), launches=(launch(),))
    assert (found.down, found.says) == (False, "i-well in a passes its system check")


def test_where_it_cannot_be_read_whether_an_instance_is_well_no_zone_is_down() -> None:
    simulation = ill(volumes=True)
    deny(simulation, "describe_instance_status", float("inf"))
    found = looked(simulation, stuck=("i-1",), launches=(launch(),))
    assert not found.down
    assert "cannot be read" in found.says


@pytest.mark.parametrize("volumes", [False, True])
@pytest.mark.parametrize("stuck", [(), ("i-1",)])
@pytest.mark.parametrize("launches", [(), (launch(),)])
def test_two_kinds_of_signs_are_needed_whichever_they_are(
    volumes: bool, stuck: tuple[str, ...], launches: tuple[Json, ...]
) -> None:
    found = looked(ill(volumes=volumes), stuck=stuck, launches=launches)
    assert found.down is ([volumes, bool(stuck), bool(launches)].count(True) >= 2)


def test_instances_of_which_aws_has_no_data_and_one_that_does_not_stop_are_one_kind_of_sign() -> None:
    simulation = ill(instances=True)
    simulation.world.ec2.dead_zones = {"a"}
    simulation.world.ec2.volumes.clear()
    assert not looked(simulation, stuck=("i-1",)).down


def test_one_volume_that_is_well_speaks_for_the_zone() -> None:
    simulation = ill(volumes=True)
    simulation.world.ec2.add_volume("a", {"opsctl:ha": "ha-web"})
    assert not looked(simulation, launches=(launch(),)).down


@pytest.mark.parametrize("newer", ["PreInService", "MidLifecycleAction", "Successful", "InProgress"])
def test_a_launch_after_the_one_that_failed_takes_the_sign_away(newer: str) -> None:
    simulation = ill(volumes=True)
    assert not looked(simulation, launches=(launch(newer, minutes_ago=1), launch())).down


def test_a_launch_that_failed_elsewhere_says_nothing_of_this_zone() -> None:
    assert not looked(ill(volumes=True), launches=(launch(zone="b"),)).down


def test_launches_are_the_recent_ones_newest_first_and_nothing_else() -> None:
    ending = launch() | {"Description": "Terminating EC2 instance: i-1"}
    every = [launch(minutes_ago=50), ending, launch(minutes_ago=70), launch(minutes_ago=10)]
    found = launches_since(every, NOW - timedelta(hours=1))
    assert found == (launch(minutes_ago=10), launch(minutes_ago=50))


@pytest.mark.parametrize("details", ["", "no JSON", "[]", "{}", None])
def test_an_activity_whose_details_cannot_be_read_is_of_no_zone(details: str | None) -> None:
    assert zone_of_activity({"Details": details}) == ""
