"""What is found of instances whose network is to be changed: what is missing, and what speaks against a stop."""

from collections.abc import Iterator

import pytest

from opsctl.model.errors import InvalidInput, RefusedByGuard
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.hpc import make_fleet
from opsctl.tune.facts.tune_change import ChangeFound, TuneChange
from opsctl.tune.hazard import hazards_of
from opsctl.tune.machine import HIBERNATED, Machine
from opsctl.tune.machine_types import MachineType
from opsctl.tune.wish import TuneWish
from tests.kit.ha_account import instance_named
from tests.kit.moto_account import World, client, fresh_world
from tests.tune.fleets import nic

OLD = MachineType(name="m4.16xlarge", ena="supported")
PLAIN = Machine(id="i-a", name="a", type=OLD.name, state="running", zone="us-east-1a", interfaces=(nic(),))
ENA = TuneWish(ena=True)


def found(more: dict[str, object], of: MachineType = OLD) -> list[tuple[str, str]]:
    machine = Machine.model_validate(dict(PLAIN) | more)
    return [(one.kind, one.id) for one in hazards_of(machine, of, ENA)]


def test_a_plain_instance_has_only_its_driver_to_be_looked_at() -> None:
    assert found({}) == [("accept", "ena-driver")]


@pytest.mark.parametrize(
    ("hazard", "more"),
    [
        ("managed", {"auto_scaling_group": "web"}),
        ("managed", {"cluster": "genomics"}),
        ("managed", {"batch": True}),
        ("managed", {"operator": "eks.amazonaws.com"}),
        ("state", {"state": "stopping"}),
        ("hibernated", {"state": "stopped", "reason": HIBERNATED}),
        ("spot", {"lifecycle": "spot"}),
        ("capacity-block", {"lifecycle": "capacity-block"}),
        ("dedicated-host", {"tenancy": "host"}),
        ("root-store", {"root_store": "instance-store"}),
        ("uses-no-reservation", {"preference": "none"}),
        ("paravirtual", {"virtualization": "paravirtual"}),
    ],
)
def test_what_may_not_come_back_is_refused(hazard: str, more: dict[str, object]) -> None:
    assert ("refuse", hazard) in found(more)


def test_a_type_without_ena_is_refused() -> None:
    assert ("refuse", "ena-unsupported") in found({}, MachineType(name="c4.8xlarge"))


@pytest.mark.parametrize(
    ("hazard", "more"),
    [
        ("public-address", {"public": "203.0.113.9"}),
        ("no-public-address", {"public": "203.0.113.9", "interfaces": (nic(), nic(device=1))}),
    ],
)
def test_what_a_stop_loses_is_to_be_accepted_by_name(hazard: str, more: dict[str, object]) -> None:
    assert ("accept", hazard) in found(more)
    assert ("accept", hazard) not in found(more | {"state": "stopped"})


def test_an_instance_store_is_lost_by_a_stop_alone() -> None:
    disks = OLD.model_copy(update={"instance_store": True})
    assert ("accept", "instance-store") in found({}, disks)
    assert ("accept", "instance-store") not in found({"state": "stopped"}, disks)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(make_fleet) as made:
        yield made


def change(world: World, **given: object) -> ChangeFound:
    told = run_fetching(TuneChange.model_validate(given).read(world.about()), world.reader())
    assert isinstance(told, ChangeFound)
    return told


def test_only_what_is_not_so_yet_is_in_a_turn(world: World) -> None:
    told = change(world, instances=["hpc-1", "hpc-4"], ena=True)
    old = instance_named("hpc-4")
    assert [(one.instances, one.running, one.ena) for one in told.batches] == [((old,), (old,), (old,))]
    assert [(one.type, one.zone, one.count) for one in told.batches[0].capacity] == [
        ("m4.16xlarge", "us-east-1a", 1)
    ]
    assert [one.split()[0] for one in told.already] == ["hpc-1"]


def test_stop_protection_is_refused(world: World) -> None:
    old = instance_named("hpc-4")
    client("ec2").modify_instance_attribute(InstanceId=old, DisableApiStop={"Value": True})
    try:
        with pytest.raises(RefusedByGuard, match="stop-protection"):
            world.plan("tune-apply", {"instances": ["hpc-4"], "ena": True})
    finally:
        client("ec2").modify_instance_attribute(InstanceId=old, DisableApiStop={"Value": False})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"instances": ["hpc-4"]}, "nothing to change is named"),
        ({"instances": ["hpc-9"], "ena": True}, "no such instance here: hpc-9"),
        ({"instances": ["nobody-*"], "ena": True}, "no such instance here"),
    ],
)
def test_a_wish_for_nothing_or_nobody_is_bad_input(world: World, given: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        change(world, **given)


def test_a_name_that_several_have_is_bad_input(world: World) -> None:
    other = instance_named("hpc-6")
    client("ec2").create_tags(Resources=[other], Tags=[{"Key": "Name", "Value": "hpc-4"}])
    try:
        with pytest.raises(InvalidInput, match="2 instances are named 'hpc-4'"):
            change(world, instances=["hpc-4"], ena=True)
    finally:
        client("ec2").create_tags(Resources=[other], Tags=[{"Key": "Name", "Value": "hpc-6"}])
