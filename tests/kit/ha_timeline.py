"""What becomes of a lone instance: who runs, who serves, and who has the data; and runs that stop half-way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from opsctl.execution.executor import Executor
from opsctl.model.errors import Interrupted
from opsctl.model.plan import Plan
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import AWS_LIKE, Conditions
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.ha_account import ha_state
from tests.kit.moto_account import World, client
from tests.kit.ports import MemoryJournal
from tests.kit.timed import MovingClock, timed_world

MADE = ("groups", "templates", "topics", "queues", "roles", "functions", "rules", "alarms", "logs")


@contextmanager
def timed_account() -> Iterator[tuple[World, Conditions]]:
    """The sandbox's network on a clock that waiting moves, with AWS's own durations."""
    with timed_world(seed_network, durations=AWS_LIKE) as (world, about):
        world.clock = MovingClock(about)
        yield world, about


def stopped_after_launch(world: World, about: Conditions, plan: Plan, seconds: float) -> MemoryJournal:
    """Apply a plan with --fresh, and stop so many seconds after the launch was asked for."""
    journal, asked = MemoryJournal(), [0.0]

    def stopping() -> bool:
        if not asked[0] and journal.last("fresh/launch"):
            asked[0] = about.now()
        return bool(asked[0]) and about.now() - asked[0] >= seconds

    with pytest.raises(Interrupted):
        Executor(plan, world.aws, journal, world.clock, lambda _line: None, stopping).apply()
    return journal


def break_at(*operations: str) -> Callable[[str, dict[str, Json]], None]:
    """A handler that dies before these calls, or before any."""

    def before(api: str, _parameters: dict[str, Json]) -> None:
        if not operations or api in operations:
            raise RuntimeError(f"the handler dies at {api}")

    return before


def describe(instance: str) -> Json:
    """An instance as AWS shows it."""
    return client("ec2").describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]


def state_of(instance: str) -> str:
    """Its state."""
    return str(describe(instance)["State"]["Name"])


def running(name: str) -> list[str]:
    """The ids of the running instances of a Name tag."""
    filters = [{"Name": "tag:Name", "Values": [name]}, {"Name": "instance-state-name", "Values": ["running"]}]
    found = client("ec2").describe_instances(Filters=filters)["Reservations"]
    return [one["InstanceId"] for reservation in found for one in reservation["Instances"]]


def volumes_on(instance: str) -> dict[str, str]:
    """Its data volumes, by device."""
    found = describe(instance)
    mappings = [one for one in found["BlockDeviceMappings"] if one["DeviceName"] != found["RootDeviceName"]]
    return {one["DeviceName"]: one["Ebs"]["VolumeId"] for one in mappings}


def our_tags(resource: str) -> dict[str, str]:
    """The tags of ours on a resource."""
    filters = [{"Name": "resource-id", "Values": [resource]}]
    found = client("ec2").describe_tags(Filters=filters)["Tags"]
    return {one["Key"]: one["Value"] for one in found if one["Key"].startswith("opsctl:")}


def targets(name: str) -> dict[str, str]:
    """The targets of a target group, and their health."""
    balancing = client("elbv2")
    arn = balancing.describe_target_groups(Names=[name])["TargetGroups"][0]["TargetGroupArn"]
    health = balancing.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return {one["Target"]["Id"]: one["TargetHealth"]["State"] for one in health}


def left_over() -> list[str]:
    """The kinds of what make-ha makes of which something is there."""
    left = ha_state()
    return [kind for kind in MADE if left[kind]]
