"""Which edits mend a ParallelCluster file: what it refuses and has one answer, and the EFA that is asked for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from opsctl.model.errors import InvalidInput
from opsctl.model.marked import MarkedNode, Path
from opsctl.model.value import Json, Value, canonical
from opsctl.tune.pcluster.cluster_file import ClusterFile, ComputeResource, Efa, SlurmQueue, parse_cluster
from opsctl.tune.pcluster.cluster_rules import BLOCK
from opsctl.tune.pcluster.yaml_edits import Edit, NotEditable, changed, edited, plain
from opsctl.tune.surroundings import Surroundings

ALL = "all"

Read = Callable[[str], MarkedNode]


class Repair(Value):
    """What was done to a file, at which lines of it then; `left` says why it could not be done."""

    id: str
    says: str
    lines: tuple[int, ...] = ()
    left: str = ""


@dataclass(frozen=True, kw_only=True)
class _Step:
    """Something to mend, and the ways to do that, the better first."""

    id: str
    says: str
    ways: tuple[tuple[Edit, ...], ...]


def mended(text: str, source: str, read: Read, wanted: Sequence[str]) -> tuple[str, tuple[Repair, ...]]:
    """Return the text with everything mended that has one answer, and what was done.

    `wanted` are the queues and compute resources where EFA is to be on. The text is read again after each edit,
    and has to say what the edit says and else what it said before.
    """
    made: list[Repair] = []
    for rule in (_misplaced, _wanted(wanted), _useless_gdr, _unsaid_placement):
        root = read(text)
        steps = list(rule(parse_cluster(root, source)))
        # Together first: what an anchor shares can only be edited for all places at once.
        try:
            text, lines = _tried(text, root, read, [edit for step in steps for edit in step.ways[0]])
            made += [Repair(id=step.id, says=step.says, lines=lines) for step in steps]
        except NotEditable:
            for step in steps:
                text, repair = _one(text, read, step)
                made.append(repair)
    return text, tuple(made)


def refuse_impossible(cluster: ClusterFile, wanted: Sequence[str], around: Surroundings | None) -> None:
    """Refuse an EFA where there is no such queue, or where it cannot be; EC2 has to have been asked for the types.

    Raises:
        InvalidInput: with all that is wrong in what was wanted.
    """
    faults = []
    for name in wanted:
        places = [(queue, one) for queue, one in _places(cluster) if _named(name, queue, one)]
        if not places:
            known = ", ".join([ALL, *(queue.name for queue in cluster.queues)])
            there = f"there is {known}" if cluster.queues else "the cluster has no Slurm queues"
            faults.append(f"no queue or compute resource is called {name!r}; {there}")
        faults += [fault for queue, one in places for fault in _obstacles(queue, one, around, by_name=name != ALL)]
    if faults:
        raise InvalidInput.one("; ".join(faults), source="--efa")


def _obstacles(
    queue: SlurmQueue, one: ComputeResource, around: Surroundings | None, *, by_name: bool
) -> Iterator[str]:
    where = f"{queue.name}/{one.name}"
    types = around.types if around else {}
    unread = [name for name in one.types if name not in types]
    if around is None:
        yield f"{where}: EC2 knows whether {', '.join(one.types) or 'its type'} takes an EFA: add --look-up"
    elif unread or not one.types:
        yield f"{where}: EC2 did not say whether {', '.join(unread) or 'its type'} takes an EFA"
    without = [name for name in one.types if name in types and not types[name].efa]
    if without and by_name:
        yield f"{where}: {', '.join(without)} takes no EFA"
    if not by_name and without:
        return
    if len(queue.subnets) > 1:
        yield f"{where}: the queue has {len(queue.subnets)} subnets, and EFA traffic stays in one zone; leave one"
    if queue.public_ip:
        yield f"{where}: with EFA a node gets no public address; set AssignPublicIp to false first"


def _places(cluster: ClusterFile) -> Iterator[tuple[SlurmQueue, ComputeResource]]:
    for queue in cluster.queues:
        for one in queue.resources:
            yield queue, one


def _named(name: str, queue: SlurmQueue, one: ComputeResource) -> bool:
    return name in (ALL, queue.name, f"{queue.name}/{one.name}")


def _misplaced(cluster: ClusterFile) -> Iterator[_Step]:
    for queue in cluster.queues:
        if queue.misplaced_efa is None:
            continue
        moved = tuple(_efa_of(one, _settings(queue.misplaced_efa)) for one in queue.resources if one.efa is None)
        edits = (Edit(do="remove", path=queue.misplaced_efa.path), *moved)
        says = f"moved Efa of queue {queue.name} to its compute resources"
        yield _Step(id="efa-on-queue", says=says, ways=(edits,))


def _settings(efa: Efa) -> dict[str, Json]:
    said = {"Enabled": efa.enabled, "GdrSupport": efa.gdr}
    return {key: value for key, value in said.items() if value is not None}


def _wanted(names: Sequence[str]) -> Callable[[ClusterFile], Iterator[_Step]]:
    def steps(cluster: ClusterFile) -> Iterator[_Step]:
        for queue, one in _places(cluster):
            if one.efa_on or not any(_named(name, queue, one) for name in names):
                continue
            if one.efa is None:
                edit = _efa_of(one, {"Enabled": True})
            else:
                edit = Edit(do="set", path=(*one.efa.path, "Enabled"), value=True)
            yield _Step(id="efa-off", says=f"EFA on for {queue.name}/{one.name}", ways=((edit,),))

    return steps


def _efa_of(one: ComputeResource, settings: dict[str, Json]) -> Edit:
    return Edit(do="set", path=(*one.path, "Efa"), value=settings, after="InstanceType")


def _useless_gdr(cluster: ClusterFile) -> Iterator[_Step]:
    for queue, one in _places(cluster):
        if one.efa and one.efa.gdr and not one.efa.enabled:
            path: Path = one.efa.path if len(one.efa.keys) == 1 else (*one.efa.path, "GdrSupport")
            says = f"took GdrSupport out of {queue.name}/{one.name}: it does nothing without EFA"
            yield _Step(id="gdr-without-efa", says=says, ways=((Edit(do="remove", path=path),),))


def _unsaid_placement(cluster: ClusterFile) -> Iterator[_Step]:
    for queue in cluster.queues:
        if queue.capacity_type == BLOCK or len(queue.subnets) > 1:
            continue
        unsaid = [one for one in queue.resources if one.efa_on and _unsaid(queue, one)]
        own = tuple(edit for one in unsaid for edit in _own_group(queue, one))
        if not unsaid:
            continue
        ways: tuple[tuple[Edit, ...], ...] = (own,)
        if queue.placement is None and all(one in unsaid for one in queue.resources):
            above = (*queue.path, "Networking", "PlacementGroup")
            ways = ((Edit(do="set", path=above, value={"Enabled": True}, after="SubnetIds"),), own)
        named = ", ".join(f"{queue.name}/{one.name}" for one in unsaid)
        says = f"said that the nodes of {named} are in a placement group"
        yield _Step(id="placement-group-implicit", says=says, ways=ways)


def _unsaid(queue: SlurmQueue, one: ComputeResource) -> bool:
    group = queue.placement_of(one)
    return group is None or not (group.on or group.enabled is False)


def _own_group(queue: SlurmQueue, one: ComputeResource) -> Iterator[Edit]:
    group = queue.placement_of(one)
    if group is not None:
        yield Edit(do="set", path=(*group.path, "Enabled"), value=True)
        return
    networking = (*one.path, "Networking")
    enabled = {"Enabled": True}
    if one.has_networking:
        yield Edit(do="set", path=(*networking, "PlacementGroup"), value=enabled)
    else:
        yield Edit(do="set", path=networking, value={"PlacementGroup": enabled}, after="Efa")


def _one(text: str, read: Read, step: _Step) -> tuple[str, Repair]:
    root, left = read(text), ""
    for way in step.ways:
        try:
            text, lines = _tried(text, root, read, way)
            return text, Repair(id=step.id, says=step.says, lines=lines)
        except NotEditable as fault:
            left = left or str(fault)
    return text, Repair(id=step.id, says=f"not done: {step.says}", left=left)


def _tried(text: str, root: MarkedNode, read: Read, edits: Sequence[Edit]) -> tuple[str, tuple[int, ...]]:
    """Make edits, and read what came of it: it has to say what they say, and nothing else has to have changed."""
    if not edits:
        return text, ()
    new, lines = edited(text, root, edits)
    try:
        said = read(new).value
    except InvalidInput as fault:
        raise NotEditable(f"it would no longer be YAML: {fault.summary}") from None
    if canonical(plain(said)) != canonical(changed(root.value, edits)):
        raise NotEditable("something else would change as well")
    return new, tuple(lines)
