"""tune group and tune batch against every fault: resumed they reach the end, undone the start, as boto3 has it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import QUICK
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client
from tests.kit.ports import MemoryJournal
from tests.kit.survival import through
from tests.kit.timed import MovingClock, move, timed_world
from tests.kit.worker_groups import ENVIRONMENT, WORKERS, make_environment, make_workers

WISHES: dict[str, tuple[str, dict[str, Json]]] = {
    "group": ("tune-group", {"group": WORKERS, "efa": True, "placement_group": "near"}),
    "batch": ("tune-batch", {"environment": ENVIRONMENT, "efa": True, "placement_group": "near"}),
}


def make_both(clients: Callable[[str], Any]) -> None:
    """Both, each in a network of its own; the environment has a placement group, so that all can be undone."""
    make_workers(clients)
    clients("ec2").create_placement_group(GroupName="far", Strategy="cluster")
    make_environment(clients, placementGroup="far")


@pytest.fixture
def world() -> Iterator[World]:
    with timed_world(make_both, durations=QUICK) as (made, about):
        made.clock = MovingClock(about)
        move(about, 60)
        yield made


def look() -> dict[str, Json]:
    """How the group and the environment launch, who is in the group, and what there is to launch with."""
    named = {"AutoScalingGroupNames": [WORKERS]}
    group = client("autoscaling").describe_auto_scaling_groups(**named)["AutoScalingGroups"][0]
    versions = [
        version
        for template in client("ec2").describe_launch_templates()["LaunchTemplates"]
        for version in client("ec2").describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"]
        )["LaunchTemplateVersions"]
    ]
    environments = client("batch").describe_compute_environments()["computeEnvironments"]
    return {
        "launches": (group["LaunchTemplate"], group.get("PlacementGroup"), group["VPCZoneIdentifier"]),
        "environments": [one["computeResources"] for one in environments],
        "members": sorted(one["InstanceId"] for one in group["Instances"]),
        "versions": [(one["VersionNumber"], one["LaunchTemplateData"]) for one in versions],
        "groups": sorted(one["GroupName"] for one in client("ec2").describe_security_groups()["SecurityGroups"]),
    }


def survive(world: World, example: str, rounds: Callable[[int], list[Round]]) -> None:
    playbook, wish = WISHES[example]
    start, plan, journal = look(), world.plan(playbook, wish), MemoryJournal()

    def then(one: Round) -> None:
        assert look()["members"] == start["members"], one
        if one.resumed:
            run(plan, world.aws, world, journal)
            assert world.plan(playbook, wish).changes == (), one
        undo(plan, world, journal)
        assert look() == start, one

    through(world, rounds(len(plan.changes)), lambda aws: run(plan, aws, world, journal), then, journal=journal)


@pytest.mark.parametrize("example", WISHES)
def test_resumed_it_reaches_the_end_and_undone_the_start_after_another_fault_at_each_call(
    world: World, example: str
) -> None:
    survive(world, example, lambda calls: sampled(f"tune-{example}", calls))


@pytest.mark.exhaustive
@pytest.mark.parametrize("example", WISHES)
def test_resumed_it_reaches_the_end_and_undone_the_start_whatever_call_fails(world: World, example: str) -> None:
    survive(world, example, every)
