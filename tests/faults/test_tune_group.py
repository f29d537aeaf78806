"""tune group against every fault: resumed it reaches the end, undone the start, as boto3 describes them."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from opsctl.model.errors import OpsctlError
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import QUICK
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client
from tests.kit.ports import Faulty, Killed, MemoryJournal
from tests.kit.timed import MovingClock, move, timed_world
from tests.kit.worker_groups import WORKERS, make_workers

WISH = {"group": WORKERS, "efa": True, "placement_group": "near"}


@pytest.fixture
def world() -> Iterator[World]:
    with timed_world(make_workers, durations=QUICK) as (made, about):
        made.clock = MovingClock(about)
        move(about, 60)
        yield made


def look() -> dict[str, Json]:
    """How the group launches, who is in it, and what there is to launch with."""
    named = {"AutoScalingGroupNames": [WORKERS]}
    group = client("autoscaling").describe_auto_scaling_groups(**named)["AutoScalingGroups"][0]
    template = {"LaunchTemplateId": group["LaunchTemplate"]["LaunchTemplateId"]}
    versions = client("ec2").describe_launch_template_versions(**template)["LaunchTemplateVersions"]
    return {
        "launches": (group["LaunchTemplate"], group.get("PlacementGroup"), group["VPCZoneIdentifier"]),
        "members": sorted(one["InstanceId"] for one in group["Instances"]),
        "versions": [(one["VersionNumber"], one["LaunchTemplateData"]) for one in versions],
        "groups": sorted(one["GroupName"] for one in client("ec2").describe_security_groups()["SecurityGroups"]),
    }


def survive(world: World, rounds: Callable[[int], list[Round]]) -> None:
    start = look()
    for one in rounds(len(world.plan("tune-group", WISH).changes)):
        plan, journal = world.plan("tune-group", WISH), MemoryJournal()
        with suppress(OpsctlError, Killed):
            run(plan, Faulty(world.aws, one.fault, one.at), world, journal)
        assert look()["members"] == start["members"], one
        if one.resumed:
            run(plan, world.aws, world, journal)
            assert world.plan("tune-group", WISH).changes == (), one
        undo(plan, world, journal)
        assert look() == start, one


def test_resumed_it_reaches_the_end_and_undone_the_start_after_another_fault_at_each_call(world: World) -> None:
    survive(world, lambda calls: sampled("tune-group", calls))


@pytest.mark.exhaustive
def test_resumed_it_reaches_the_end_and_undone_the_start_whatever_call_fails(world: World) -> None:
    survive(world, every)
