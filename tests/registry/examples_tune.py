"""Examples of what is done to instances that are stopped for a change of their network."""

import os

from opsctl.model.value import Json
from opsctl.sandbox.worlds.hpc import make_fleet
from tests.kit.fleet_look import fleet
from tests.kit.ha_account import instance_named
from tests.kit.moto_account import client
from tests.registry.example import Example, Stage

_EARLIER = "20251231-235959-test"
_CAPACITY: dict[str, Json] = {
    "name": "turn-1",
    "type": "c5n.18xlarge",
    "platform": "Linux/UNIX",
    "zone": "us-east-1a",
    "count": 2,
}


def stopped(name: str) -> str:
    """Stop an instance of the fleet; nothing takes time yet."""
    instance = instance_named(name)
    client("ec2").stop_instances(InstanceIds=[instance])
    return instance


def _reserve(_: Stage) -> dict[str, Json]:
    (group,) = client("ec2").describe_placement_groups(GroupNames=["hpc"])["PlacementGroups"]
    inside = _CAPACITY | {"name": "turn-2", "placement_group": group["GroupArn"]}
    return {"capacity": [_CAPACITY, inside], "why": "they have to come back"}


def _release(stage: Stage) -> dict[str, Json]:
    """Another plan has reserved it."""
    tags = {"opsctl:plan": _EARLIER, "opsctl:reservation": "turn-1"}
    client("ec2").create_capacity_reservation(
        InstanceType="c5n.18xlarge",
        InstancePlatform="Linux/UNIX",
        AvailabilityZone="us-east-1a",
        InstanceCount=2,
        TagSpecifications=[
            {
                "ResourceType": "capacity-reservation",
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
        ],
    )
    return {"capacity": [_CAPACITY], "of": _EARLIER}


def _stop(_: Stage) -> dict[str, Json]:
    return {"instances": [instance_named("hpc-1"), instance_named("hpc-2")], "why": "a change needs it"}


def _start(_: Stage) -> dict[str, Json]:
    return {"instances": [stopped("hpc-1"), stopped("hpc-2")], "why": "they ran before"}


def _healthy(_: Stage) -> dict[str, Json]:
    return {"instances": [instance_named("hpc-1")], "why": "the next one is stopped only then"}


def _sriov(_: Stage) -> dict[str, Json]:
    return {"instances": [_without_vf("hpc-5")]}


def _without_vf(name: str) -> str:
    """Stop an instance and let it be as one whose image has the VF off; no call does that."""
    from moto.ec2.models import ec2_backends

    instance = stopped(name)
    ec2_backends[os.environ["MOTO_ACCOUNT_ID"]]["us-east-1"].get_instance(instance).sriov_net_support = ""
    return instance


def _instance_type(_: Stage) -> dict[str, Json]:
    return {"instances": [stopped("hpc-3")], "type": "c6i.32xlarge"}


def _placement(_: Stage) -> dict[str, Json]:
    return {"instances": [stopped("hpc-3")], "group": "hpc"}


def _placement_group(_: Stage) -> dict[str, Json]:
    return {"group": "close", "strategy": "cluster", "why": "they talk a lot"}


def _queues(_: Stage) -> dict[str, Json]:
    filters = [{"Name": "attachment.instance-id", "Values": [stopped("hpc-3")]}]
    found = client("ec2").describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    return {"interfaces": [one["NetworkInterfaceId"] for one in found], "queues": 16}


def _ena(_: Stage) -> dict[str, Json]:
    return {"instances": [stopped("hpc-4")]}


_FLEET = (make_fleet,)
_LATER = (
    "an instance says when, and why, it changed its state last, and a cancelled reservation is told for a while"
)
EXAMPLES: dict[str, Example] = {
    "ec2.healthy": Example(given=_healthy, seeds=_FLEET),
    "ec2.release": Example(given=_release, seeds=_FLEET, look=fleet, kept=_LATER),
    "ec2.reserve": Example(given=_reserve, seeds=_FLEET, look=fleet, kept=_LATER),
    "ec2.start": Example(given=_start, seeds=_FLEET, look=fleet, kept=_LATER),
    "ec2.stop": Example(given=_stop, seeds=_FLEET, look=fleet, kept=_LATER),
    "tune.instance_type": Example(given=_instance_type, seeds=_FLEET, look=fleet, kept=_LATER),
    "tune.placement": Example(given=_placement, seeds=_FLEET, look=fleet, kept=_LATER),
    "tune.placement_group": Example(given=_placement_group, seeds=_FLEET, look=fleet, kept=_LATER),
    "tune.queues": Example(given=_queues, seeds=_FLEET, look=fleet, kept=_LATER),
    "tune.sriov": Example(given=_sriov, seeds=_FLEET, look=fleet, kept=_LATER),
    "tune.ena": Example(given=_ena, seeds=_FLEET, look=fleet, kept=_LATER),
}
