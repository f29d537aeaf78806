"""What an EFA or a weighting is among the changes that need a stop."""

from collections.abc import Iterator

import pytest

from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.hpc import make_fleet
from opsctl.tune.facts.tune_change import ChangeFound, TuneChange
from opsctl.tune.hazard import HazardSubject, hazards_of
from opsctl.tune.machine import Machine
from opsctl.tune.machine_types import MachineType
from opsctl.tune.obstacle import obstacles_of
from opsctl.tune.wish import TuneWish
from tests.kit.ha_account import instance_named
from tests.kit.moto_account import World, fresh_world
from tests.tune.fleets import nic

PLAIN = Machine(
    id="i-a", type="c5n.18xlarge", state="running", ena=True, interfaces=(nic(),), platform="Linux/UNIX"
)


def hazards(wish: TuneWish, of: MachineType, **more: object) -> list[str]:
    machine = PLAIN.model_copy(update=more)
    about = HazardSubject(machine=machine, now=of, then=of, wish=wish)
    return [one.id for one in (*obstacles_of(about), *hazards_of(about))]


def test_with_a_second_interface_the_public_address_is_gone_not_only_another() -> None:
    of = MachineType(name="c5n.18xlarge", ena="required", efa=1)
    assert hazards(TuneWish(efa=("i-a",)), of, public="198.51.100.7") == ["no-public-address"]
    assert hazards(TuneWish(efa=("i-b",)), of, public="198.51.100.7") == ["public-address"]
    assert hazards(TuneWish(efa=("i-a",)), of) == []


@pytest.mark.parametrize(
    ("weighting", "found"), [("vpc-1", []), ("ebs-1", ["weighting-unsupported"]), ("keep", [])]
)
def test_a_weighting_is_one_of_those_of_the_type(weighting: str, found: list[str]) -> None:
    of = MachineType(name="c8a.12xlarge", ena="required", weightings=("default", "vpc-1"))
    assert hazards(TuneWish(weighting=weighting), of) == found


@pytest.fixture
def world() -> Iterator[World]:
    """The six instances in an account of their own."""
    with fresh_world(make_fleet) as made:
        yield made


def change(world: World, **given: object) -> ChangeFound:
    fact = TuneChange.model_validate({"instances": ["hpc-2", "hpc-3"], **given})
    found = run_fetching(fact.read(world.about()), world.reader())
    assert isinstance(found, ChangeFound)
    return found


def test_only_those_that_get_an_efa_are_stopped_for_it_and_an_image_is_made_of_them(world: World) -> None:
    node = instance_named("hpc-3")
    found = change(world, efa=(node,), more=True)
    (turn,) = found.batches
    assert (turn.instances, turn.efa, turn.efa_running, turn.final) == ((node,), (node,), (node,), False)
    assert [one.instance for one in found.images] == [node]
    assert "an EFA on every network card" in found.rows[0].becomes


def test_what_needs_no_stop_stops_nothing(world: World) -> None:
    found = change(world, more=True)
    assert (found.batches, found.images, found.hazards, found.already) == ((), (), (), ())
