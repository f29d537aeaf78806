"""The scripts of tune, run in guests of the sandbox as Systems Manager does."""

from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.guest import guest_of
from opsctl.sandbox.engine.guest_shell import Done, Shell
from opsctl.sandbox.worlds.hpc import make_fleet
from opsctl.tune import efa_driver, mtu
from tests.kit.moto_account import World, client, fresh_world


@pytest.fixture
def world() -> Iterator[World]:
    """The six instances in an account of their own."""
    with fresh_world(make_fleet) as made:
        yield made


def run(world: World, name: str, lines: tuple[str, ...]) -> Done:
    from moto.ec2.models import ec2_backends

    found = client("ec2").describe_instances(Filters=[{"Name": "tag:Name", "Values": [name]}])
    ec2: Any = ec2_backends[world.account]["us-east-1"]
    instance = ec2.get_instance(found["Reservations"][0]["Instances"][0]["InstanceId"])
    return Shell(guest_of(ec2, instance)).run("\n".join(lines))


def test_the_driver_is_installed_once_and_finds_the_efa_that_is_attached(world: World) -> None:
    assert run(world, "hpc-1", efa_driver.proof_script()).code == 1, "there is no module yet"
    done = run(world, "hpc-1", efa_driver.install_script())
    assert (done.code, done.out) == (0, "opsctl: EFA module 2.17.3g\n"), done.err
    assert "there already" in run(world, "hpc-1", efa_driver.install_script()).out
    done = run(world, "hpc-1", efa_driver.proof_script())
    assert (done.code, done.out) == (0, "opsctl: 1 EFA in libfabric\n"), done.err


def test_without_an_efa_libfabric_finds_none_though_the_driver_is_there(world: World) -> None:
    assert run(world, "hpc-2", efa_driver.install_script()).code == 0
    assert run(world, "hpc-2", efa_driver.proof_script()).code == efa_driver.NO_EFA


def test_a_file_that_aws_did_not_sign_is_not_installed(world: World) -> None:
    found = client("ec2").describe_instances(Filters=[{"Name": "tag:Name", "Values": ["hpc-1"]}])
    conditions(world.account).faults.forged_installers.add(found["Reservations"][0]["Instances"][0]["InstanceId"])
    done = run(world, "hpc-1", efa_driver.install_script())
    assert done.code == efa_driver.NOT_SIGNED
    assert run(world, "hpc-1", ("modinfo efa",)).code == 1


def test_an_mtu_that_a_file_keeps_is_there_after_a_start_and_is_taken_back(world: World) -> None:
    assert run(world, "hpc-3", mtu.set_script(8900, "p1")).code == 0
    found = client("ec2").describe_instances(Filters=[{"Name": "tag:Name", "Values": ["hpc-3"]}])
    node = found["Reservations"][0]["Instances"][0]["InstanceId"]
    client("ec2").stop_instances(InstanceIds=[node])
    client("ec2").start_instances(InstanceIds=[node])
    assert run(world, "hpc-3", mtu.proof_script(8900)).code == 0
    assert run(world, "hpc-3", mtu.undo_script("p1")).code == 0
    assert run(world, "hpc-3", mtu.proof_script(9001)).code == 0


def test_a_system_whose_network_nothing_known_sets_up_is_left_alone(world: World) -> None:
    done = run(world, "hpc-1", mtu.set_script(8900, "p1"))
    assert (done.code, "nothing was changed" in done.err) == (mtu.UNKNOWN, True)
    assert run(world, "hpc-1", mtu.proof_script(9001)).code == 0
