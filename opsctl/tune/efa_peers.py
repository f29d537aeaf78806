"""Which security group a new EFA belongs into: that of the EFAs that it is to talk with."""

from collections.abc import Sequence

from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, require
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import describe, describe_batches
from opsctl.tune.efa_reads import EfaTarget
from opsctl.tune.fleet import parse_fleet
from opsctl.tune.instance_types import EFA_KINDS

OWN_GROUP = "opsctl-efa"
"""Name of the security group that is made where there is no EFA yet: one a VPC, so that later ones join it."""


class EfaPeers(Value):
    """The security group, by name, whether it has to be made, and how many EFAs there are already.

    `unclear` are the groups between which somebody has to choose.
    """

    group: str = ""
    makes: bool = False
    others: int = 0
    unclear: tuple[str, ...] = ()


def read_peers(targets: Sequence[EfaTarget], asked: str, region: str) -> Fetching[EfaPeers]:
    """Find the EFAs of the VPC and zone of the first target, and the one group that they are in.

    Where there are several, those of the target's cluster or placement group count. `asked` is the name or id of a
    group that somebody has chosen.

    Raises:
        InvalidInput: there is no such group in the VPC.
    """
    vpc, zone = targets[0].vpc, targets[0].instance.zone
    wanted = {"vpc-id": [vpc], "availability-zone": [zone], "interface-type": EFA_KINDS}
    found = (yield from require(describe("DescribeNetworkInterfaces", region, wanted)))["NetworkInterfaces"]
    if asked:
        name = yield from _named(asked, vpc, region)
        return EfaPeers(group=name, others=len(found))
    groups = _groups(found)
    if len(groups) > 1:
        near = yield from _near(found, targets, region)
        groups = _groups(near) or groups
    if len(groups) > 1:
        return EfaPeers(
            others=len(found), unclear=tuple(sorted(f"{name} ({id_})" for id_, name in groups.items()))
        )
    named = next(iter(groups.values()), OWN_GROUP)
    there = yield from require(
        describe("DescribeSecurityGroups", region, {"vpc-id": [vpc], "group-name": [named]})
    )
    return EfaPeers(group=named, makes=not there["SecurityGroups"], others=len(found))


def _groups(interfaces: Sequence[Json]) -> dict[str, str]:
    """Names by id of the groups that every one of the interfaces is in; of all of them where they share none."""
    sets = [{group["GroupId"]: group["GroupName"] for group in one.get("Groups", [])} for one in interfaces]
    shared = set.intersection(*map(set, sets)) if sets else set()
    named = {id_: name for one in sets for id_, name in one.items()}
    return {id_: name for id_, name in named.items() if id_ in shared or not shared}


def _near(found: Sequence[Json], targets: Sequence[EfaTarget], region: str) -> Fetching[list[Json]]:
    """Of some EFAs, those of instances in the cluster or placement group of one of the targets."""
    ids = [one.get("Attachment", {}).get("InstanceId", "") for one in found]
    answers = yield describe_batches("DescribeInstances", region, "instance-id", [one for one in ids if one])
    fleet = parse_fleet([answer.value for answer in answers if answer.refusal is None])
    peers = {one.instance.peers for one in targets if one.instance.peers}
    beside = {one.id for one in fleet if one.peers in peers}
    return [one for one, id_ in zip(found, ids, strict=True) if id_ in beside]


def _named(asked: str, vpc: str, region: str) -> Fetching[str]:
    by = "group-id" if asked.startswith("sg-") else "group-name"
    answer = yield from require(describe("DescribeSecurityGroups", region, {"vpc-id": [vpc], by: [asked]}))
    name = next((str(one["GroupName"]) for one in answer["SecurityGroups"]), "")
    if not name:
        raise InvalidInput.one(f"{vpc} has no security group {asked!r}", source="efa_security_group")
    return name
