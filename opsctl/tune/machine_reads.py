"""Reading instances that are to be changed, and all that decides about a stop of theirs."""

from collections.abc import Sequence

from opsctl.model.errors import FactUnknown
from opsctl.model.fetching import Fetching, require, require_all
from opsctl.model.reads import Read, RefusalKind
from opsctl.model.value import Json
from opsctl.resources.ec2 import FILTER_VALUES, describe, describe_batches
from opsctl.resources.ssm_calls import describe_agents, parse_agents
from opsctl.tune.batch import CapacityKind
from opsctl.tune.machine import Machine, parse_machines
from opsctl.tune.machine_types import MachineType, parse_machine_types


def read_machines(ids: Sequence[str], region: str) -> Fetching[tuple[Machine, ...]]:
    """Read instances by their ids; FactUnknown where they may not be read."""
    answers = yield from require_all(describe_batches("DescribeInstances", region, "instance-id", ids))
    return parse_machines(answers)


def read_types(names: Sequence[str], region: str) -> Fetching[dict[str, MachineType]]:
    """Read instance types by their names; one that EC2 does not have is left out."""
    found: dict[str, MachineType] = {}
    reads = describe_batches("DescribeInstanceTypes", region, "instance-type", names)
    for answer in (yield from require_all(reads)):
        found |= parse_machine_types(answer)
    return found


def read_groups(names: Sequence[str], region: str) -> Fetching[dict[str, Json]]:
    """Read placement groups by their names; one that is not there is left out."""
    reads = describe_batches("DescribePlacementGroups", region, "group-name", names)
    answers = yield from require_all(reads)
    return {one["GroupName"]: one for answer in answers for one in answer.get("PlacementGroups", [])}


def read_members(group: str, region: str) -> Fetching[tuple[Machine, ...]]:
    """Read the instances that are in a placement group; no name, no instance."""
    if not group:
        return ()
    answer = yield from require(describe("DescribeInstances", region, {"placement-group-name": [group]}))
    return tuple(one for one in parse_machines([answer]) if one.state not in ("terminated", "shutting-down"))


def read_running(kinds: Sequence[CapacityKind], region: str) -> Fetching[tuple[Machine, ...]]:
    """Read what runs of the types and in the zones of these kinds."""
    types, zones = sorted({one.type for one in kinds}), sorted({one.zone for one in kinds})
    if not types:
        return ()
    filters = {"instance-type": types, "availability-zone": zones, "instance-state-name": ["running"]}
    return parse_machines([(yield from require(describe("DescribeInstances", region, filters)))])


def read_offered(type_: str, zones: Sequence[str], region: str) -> Fetching[tuple[str, ...]]:
    """Read in which of these zones a type is offered; no type, no zone."""
    if not type_:
        return ()
    params: dict[str, Json] = {
        "LocationType": "availability-zone",
        "Filters": [
            {"Name": "instance-type", "Values": [type_]},
            {"Name": "location", "Values": sorted(set(zones))[:FILTER_VALUES]},
        ],
    }
    read = Read(service="ec2", operation="DescribeInstanceTypeOfferings", params=params, region=region)
    answer = yield from require(read)
    return tuple(one["Location"] for one in answer.get("InstanceTypeOfferings", []))


def read_stop_protected(machines: Sequence[Machine]) -> Fetching[tuple[Machine, ...]]:
    """Read which of these instances may not be stopped; there is no call that tells it of several."""
    reads = [
        Read(
            service="ec2",
            operation="DescribeInstanceAttribute",
            params={"InstanceId": one.id, "Attribute": "disableApiStop"},
        )
        for one in machines
    ]
    answers = yield reads
    found = []
    for machine, answer in zip(machines, answers, strict=True):
        if answer.refusal is not None and answer.refusal.kind is not RefusalKind.MISSING:
            raise FactUnknown(answer.refusal)
        if (answer.value or {}).get("DisableApiStop", {}).get("Value"):
            found.append(machine)
    return tuple(found)


def read_online(instances: Sequence[str], region: str) -> Fetching[set[str]]:
    """Read which of these instances have an SSM agent that is online; where that may not be read, none counts."""
    answers = yield describe_agents(instances, region)
    told = [parse_agents(one.value) for one in answers if one.refusal is None]
    return {id_ for agents in told for id_, ping in agents.items() if ping == "Online"}
