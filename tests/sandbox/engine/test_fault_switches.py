"""Faults that a person switches: boto3 meets them while they are on, and no more once they are mended."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from opsctl.model.errors import InvalidInput
from opsctl.sandbox.engine.conditions import Faults, conditions
from opsctl.sandbox.engine.fault_switches import switch_faults
from opsctl.sandbox.faults import SWITCHES, FaultsAsked, FaultsFound, refuse_bad_faults
from opsctl.sandbox.worlds.hpc import make_fleet
from tests.kit.ha_account import instance_named
from tests.kit.moto_account import World, client, fresh_world


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(make_fleet) as made:
        yield made


def switch(world: World, *broken: str, mended: tuple[str, ...] = (), mend_all: bool = False) -> FaultsFound:
    asked = FaultsAsked(broken=broken, mended=mended, mend_all=mend_all)
    return switch_faults(conditions(world.account), client, asked)


def test_a_start_and_a_reservation_find_no_room_until_it_is_mended(world: World) -> None:
    ec2, hpc4 = client("ec2"), instance_named("hpc-4")
    ec2.stop_instances(InstanceIds=[hpc4])
    wanted = {"InstanceType": "c5n.18xlarge", "InstancePlatform": "Linux/UNIX", "InstanceCount": 9}
    assert switch(world, "no-room=hpc-4", "no-capacity=us-east-1a").faults == (
        "no-capacity=us-east-1a",
        f"no-room={hpc4}",
    )
    for call, given in (
        (ec2.start_instances, {"InstanceIds": [hpc4]}),
        (ec2.create_capacity_reservation, wanted | {"AvailabilityZone": "us-east-1a"}),
    ):
        with pytest.raises(ClientError, match="InsufficientInstanceCapacity"):
            call(**given)
    assert switch(world, mended=("no-room=hpc-4",)).faults == ("no-capacity=us-east-1a",)
    assert switch(world, mend_all=True).faults == ()
    assert ec2.start_instances(InstanceIds=[hpc4])["StartingInstances"]


def test_a_name_that_nothing_has_switches_nothing(world: World) -> None:
    found = switch(world, "no-room=hpc-4", "no-room=nobody", "dark-zone=mars-1a")
    assert (found.faults, found.unknown) == ((), ("no-room=nobody", "dark-zone=mars-1a"))


@pytest.mark.parametrize("asked", ["nope=hpc-4", "no-room", "no-room="])
def test_what_is_no_fault_is_bad_input(asked: str) -> None:
    with pytest.raises(InvalidInput):
        refuse_bad_faults([asked])


def test_every_switch_is_a_set_of_names_of_the_engine() -> None:
    assert [one.field for one in SWITCHES.values() if getattr(Faults(), one.field) != set()] == []
