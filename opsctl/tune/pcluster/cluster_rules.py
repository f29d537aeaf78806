"""What of a ParallelCluster file is wrong, or below its best: each rule by its stable id.

The rules are those of ParallelCluster's own validators (aws-parallelcluster 3.16.1, `pcluster.validators`), by the
names that the comments say. What only EC2 knows is judged where it was asked, and else named as unknown.
"""

from collections.abc import Iterator
from typing import Literal

from opsctl.model.marked import Path
from opsctl.model.value import Value
from opsctl.tune.pcluster.cluster_file import ClusterFile, ComputeResource, Placement, SlurmQueue
from opsctl.tune.surroundings import Surroundings

Level = Literal["error", "warning", "note", "unknown"]
LEVELS: tuple[Level, ...] = ("error", "warning", "unknown", "note")

OSES = ("alinux2023", "ubuntu2204", "ubuntu2404", "rhel8", "rocky8", "rhel9", "rocky9")
"""Operating systems of aws-parallelcluster 3.16.1."""

BLOCK = "CAPACITY_BLOCK"

LEAVE_ONE_SUBNET = "leave one subnet in SubnetIds, or make another queue for the others"


class ClusterFinding(Value):
    """What is wrong at a part of the file, and what to do; an `error` is what ParallelCluster refuses."""

    id: str
    level: Level
    path: Path
    what: str
    fix: str


def findings_of(cluster: ClusterFile, around: Surroundings | None) -> tuple[ClusterFinding, ...]:
    """Everything found, worst first; `around` is None where EC2 was not asked."""
    found = list(_of_cluster(cluster, around))
    for queue in cluster.queues:
        found += _of_queue(cluster, queue, around)
        for resource in queue.resources:
            found += _of_resource(queue, resource, around)
    return tuple(sorted(found, key=lambda one: LEVELS.index(one.level)))


def _of_cluster(cluster: ClusterFile, around: Surroundings | None) -> Iterator[ClusterFinding]:
    if cluster.os and cluster.os not in OSES:
        what = f"Os {cluster.os} is none of ParallelCluster 3.16: {', '.join(OSES)}"
        yield _finding("os", "warning", ("Image", "Os"), what, "stay with your version, or choose one of these")
    if cluster.scheduler != "slurm":
        what = f"the rules are about Slurm queues, and the scheduler is {cluster.scheduler or 'not named'}"
        fix = "where it is AWS Batch, EFA is a matter of its compute environment"
        yield _finding("scheduler", "note", ("Scheduling", "Scheduler"), what, fix)
    asked = around.types if around else {}
    strange = {
        one for queue in cluster.queues for each in queue.resources for one in each.types if one not in asked
    }
    if strange:
        what = f"whether {', '.join(sorted(strange))} can have an EFA, and how many network cards there are"
        yield _finding("types-unknown", "unknown", ("Scheduling",), what, _ask(around))


def _of_queue(cluster: ClusterFile, queue: SlurmQueue, around: Surroundings | None) -> Iterator[ClusterFinding]:
    with_efa = [one for one in queue.resources if one.efa_on]
    if queue.placement:
        yield from _naming(queue.placement, f"queue {queue.name}")
    if queue.misplaced_efa:
        # Unknown field: `Efa` is the schema of a compute resource.
        what = f"queue {queue.name} has Efa, which belongs to its compute resources"
        yield _finding("efa-on-queue", "error", queue.misplaced_efa.path, what, "move it to ComputeResources")
    if len(queue.subnets) > 1:
        yield from _several_subnets(queue, with_efa)
    if with_efa and queue.security_groups:
        yield from _security_groups(queue, around)
    several = [one for one in queue.resources if _several_interfaces(cluster, one, around)]
    if several:
        yield from _public_addresses(queue, several, around)
    if with_efa and queue.capacity_type == "SPOT":
        what = f"queue {queue.name} has EFA on Spot: an interruption takes a node of a running job, and so the job"
        yield _finding("efa-spot", "note", queue.path, what, "have jobs write checkpoints, or use ONDEMAND")


def _ask(around: Surroundings | None) -> str:
    return "ask EC2: --look-up" if around is None else "look for a name that EC2 does not know in this Region"


def _several_subnets(queue: SlurmQueue, with_efa: list[ComputeResource]) -> Iterator[ClusterFinding]:
    # EfaMultiAzValidator, MultiAzPlacementGroupValidator; a queue has no two subnets of one zone.
    path = (*queue.path, "Networking", "SubnetIds")
    count = len(queue.subnets)
    if with_efa:
        what = f"queue {queue.name} has EFA and {count} subnets, and EFA traffic stays in one zone"
        yield _finding("efa-several-subnets", "error", path, what, LEAVE_ONE_SUBNET)
    placed = [placement for one in queue.resources if (placement := queue.placement_of(one)) and placement.on]
    if placed:
        what = f"queue {queue.name} has a placement group and {count} subnets, and a cluster group is in one zone"
        yield _finding("placement-group-several-subnets", "error", path, what, LEAVE_ONE_SUBNET)


def _security_groups(queue: SlurmQueue, around: Surroundings | None) -> Iterator[ClusterFinding]:
    # EfaSecurityGroupValidator: one of them is enough.
    path = (*queue.path, "Networking", "SecurityGroups")
    named = (*queue.security_groups, *queue.additional_groups)
    ruled = around.self_ruled if around else {}
    if any(ruled.get(group) for group in named):
        return
    if all(group in ruled for group in named):
        what = f"no security group of queue {queue.name} lets all traffic of itself in and out, which EFA needs"
        fix = "add the two rules to one of them, or leave SecurityGroups out: ParallelCluster then makes a group"
        yield _finding("efa-security-group", "error", path, what, fix)
        return
    what = f"whether a security group of queue {queue.name} lets all traffic of itself in and out, which EFA needs"
    yield _finding("security-group-unknown", "unknown", path, what, _ask(around))


def _several_interfaces(cluster: ClusterFile, one: ComputeResource, around: Surroundings | None) -> bool:
    """Whether a node has several interfaces (MultiNetworkInterfacesInstancesValidator).

    With EFA it has two on a type of one card as well, since 3.15; except where its card takes only one.
    """
    known = [around.types[name] for name in one.types if name in around.types] if around else []
    if any(len(of.cards) > 1 for of in known):
        return True
    if not one.efa_on or cluster.one_interface:
        return False
    return not known or any(of.efa == len(of.cards) and of.cards[0].interfaces >= 2 for of in known)


def _public_addresses(
    queue: SlurmQueue, several: list[ComputeResource], around: Surroundings | None
) -> Iterator[ClusterFinding]:
    named = ", ".join(one.name for one in several)
    because = f"nodes of {named} have several network interfaces, and then EC2 assigns no public address"
    fix = "use a private subnet with a NAT gateway; for the queue of a cluster that runs, make a new queue"
    if queue.public_ip:
        path = (*queue.path, "Networking", "AssignPublicIp")
        yield _finding("efa-public-ip", "error", path, f"AssignPublicIp of queue {queue.name}: {because}", fix)
    public = [one for one in queue.subnets if around and one in around.subnets and around.subnets[one].public]
    if public:
        path = (*queue.path, "Networking", "SubnetIds")
        what = f"{', '.join(public)} of queue {queue.name} assigns public addresses: {because}"
        yield _finding("efa-public-ip", "error", path, what, fix)


def _of_resource(queue: SlurmQueue, one: ComputeResource, around: Surroundings | None) -> Iterator[ClusterFinding]:
    of = f"{one.name} of queue {queue.name}"
    types = around.types if around else {}
    known = {name: types[name].efa > 0 for name in one.types if name in types}
    without = sorted(name for name, takes in known.items() if not takes)
    path = one.efa.path if one.efa else one.path
    if one.efa_on and without:
        # EfaValidator; InstancesEFAValidator of several types.
        what = f"{of}: {', '.join(without)} takes no EFA"
        yield _finding("efa-type", "error", path, what, "choose another type, or set Efa.Enabled to false")
    if one.efa and one.efa.gdr and not one.efa.enabled:
        what = f"{of}: GdrSupport without EFA; since 3.0.2 it does nothing by itself"
        yield _finding("gdr-without-efa", "error", path, what, "leave GdrSupport out, or set Efa.Enabled to true")
    if one.efa_on and one.efa and one.efa.gdr:
        what = f"{of}: GdrSupport has had no effect since 3.0.2, GPUDirect is on where the type has it"
        yield _finding("gdr-no-effect", "note", path, what, "leave it, or take it out")
    if known and not without and not one.efa_on and len(queue.subnets) < 2:
        what = f"{of}: {', '.join(one.types)} takes an EFA, which has no price of its own, and has none"
        yield _finding("efa-off", "warning", path, what, f"--efa {queue.name}/{one.name}")
    if one.placement:
        yield from _naming(one.placement, of)
    yield from _placement(queue, one, of)


def _naming(group: Placement, of: str) -> Iterator[ClusterFinding]:
    # PlacementGroupNamingValidator
    if group.name and group.id:
        what = f"{of}: PlacementGroup has Name and Id"
        yield _finding("placement-group-name-and-id", "error", group.path, what, "leave one of them")
    if (group.name or group.id) and group.enabled is False:
        what = f"{of}: PlacementGroup has Enabled: false, and names a group"
        yield _finding("placement-group-named-off", "error", group.path, what, "take Enabled out, or the group")


def _placement(queue: SlurmQueue, one: ComputeResource, of: str) -> Iterator[ClusterFinding]:
    group = queue.placement_of(one)
    path = group.path if group else one.path
    if queue.capacity_type == BLOCK:
        if group and group.on:
            # PlacementGroupCapacityTypeValidator
            what = f"{of}: a placement group on top of a capacity block can end in insufficient capacity"
            yield _finding("capacity-block-group", "warning", path, what, "take PlacementGroup out")
        return
    if not one.efa_on or len(queue.subnets) > 1:
        return
    if group is None or not (group.on or group.enabled is False):
        # EfaPlacementGroupValidator
        what = f"{of}: with EFA the placement group has to be said, Enabled: true or false"
        yield _finding("placement-group-implicit", "error", path, what, "PlacementGroup: {Enabled: true}")
    elif not group.on:
        what = f"{of}: EFA outside a placement group: a single flow has 5 Gbps instead of 10"
        fix = "PlacementGroup: {Enabled: true}, but where a capacity reservation has a group of its own"
        yield _finding("placement-group-off", "warning", path, what, fix)


def _finding(id_: str, level: Level, path: Path, what: str, fix: str) -> ClusterFinding:
    return ClusterFinding(id=id_, level=level, path=path, what=what, fix=fix)
