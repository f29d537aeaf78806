"""The fact on the hpc world, whose types are those that AWS describes, and boto3's own view of it."""

from collections.abc import Iterator, Sequence

import pytest

from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.reads import Answer, Read, Refusal, RefusalKind
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.hpc import make_fleet
from opsctl.tune.facts.tune_fleet import TuneFleet
from opsctl.tune.fleet_checked import FleetChecked
from tests.kit.moto_account import World, client, fresh_world


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """The six instances in an account of their own."""
    with fresh_world(make_fleet) as made:
        yield made


def checked(world: World, **given: object) -> FleetChecked:
    found = run_fetching(TuneFleet.model_validate(given).read(world.about()), world.reader())
    assert isinstance(found, FleetChecked)
    return found


def test_each_instance_has_what_is_wrong_with_it_and_nothing_else(world: World) -> None:
    found = checked(world, instances=["hpc-*"])
    assert [(one.title.split()[0], one.id) for one in found.findings] == [
        ("hpc-4", "ena-off"),
        ("hpc-3", "cards-unused"),
        ("hpc-3", "ena-express-off"),
        ("hpc-2", "efa-off"),
        ("hpc-3", "efa-off"),
        ("hpc-5", "vf-type"),
    ]
    assert found.unknown == ()


def test_agents_groups_and_systems_are_read(world: World) -> None:
    rows = {row.instance.name: row.instance for row in checked(world, all=True).rows}
    assert {name: one.agent for name, one in rows.items()} == {
        **dict.fromkeys(("hpc-1", "hpc-2", "hpc-3", "hpc-4", "hpc-6"), "online"),
        "hpc-5": "none",
    }
    assert (rows["hpc-1"].placement_group, rows["hpc-1"].strategy) == ("hpc", "cluster")
    assert [name for name, one in rows.items() if one.windows] == ["hpc-6"]
    described = client("ec2").describe_instances(Filters=[{"Name": "tag:Name", "Values": ["hpc-1"]}])
    kinds = [nic["InterfaceType"] for nic in described["Reservations"][0]["Instances"][0]["NetworkInterfaces"]]
    assert kinds == [one.kind for one in rows["hpc-1"].interfaces] == ["interface", "efa-only"]


def test_two_rounds_are_enough_for_any_number_of_instances(world: World) -> None:
    reader = world.reader()
    run_fetching(TuneFleet(all=True).read(world.about()), reader)
    assert reader.rounds == 2
    assert len(reader.made) == 4


def test_a_name_that_nothing_has_is_refused(world: World) -> None:
    with pytest.raises(InvalidInput, match="no such instance here: hpc-9"):
        checked(world, instances=["hpc-1", "hpc-9"])
    with pytest.raises(InvalidInput, match="nothing in this Region matches"):
        checked(world, cluster="genomics")


class Denying:
    """Answers as the world does, but for some operations."""

    def __init__(self, world: World, *operations: str) -> None:
        self._reader, self._denied = world.reader(), operations

    def read_many(self, reads: Sequence[Read]) -> list[Answer]:
        answers = self._reader.read_many(reads)
        return [
            Answer(refusal=Refusal(kind=RefusalKind.DENIED, code="AccessDenied", message="no", api=read.api))
            if read.operation in self._denied
            else answer
            for read, answer in zip(reads, answers, strict=True)
        ]


def test_what_may_not_be_read_is_unknown_and_never_a_finding(world: World) -> None:
    denying = Denying(world, "DescribeInstanceInformation", "DescribeInstanceTypes")
    found = run_fetching(TuneFleet(all=True).read(world.about()), denying)
    assert isinstance(found, FleetChecked)
    assert {row.instance.agent for row in found.rows} == {"unread"}
    assert found.findings == ()
    assert [line.split(" (")[0] for line in found.unknown] == [
        "access denied at ec2.DescribeInstanceTypes",
        "access denied at ssm.DescribeInstanceInformation",
    ]


def test_without_the_instances_there_is_no_answer(world: World) -> None:
    with pytest.raises(FactUnknown):
        run_fetching(TuneFleet(all=True).read(world.about()), Denying(world, "DescribeInstances"))
