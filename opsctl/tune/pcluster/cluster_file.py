"""What a ParallelCluster 3 file says about its queues: types, EFA, placement groups, subnets, public addresses.

Keys and values are those of `pcluster.schemas.cluster_schema` (aws-parallelcluster 3.16.1). Only what is looked at
here is judged here: the file may have keys that this knows nothing of.
"""

from collections.abc import Iterator, Sequence

from opsctl.model.diagnostics import Diagnostic, Where
from opsctl.model.errors import InvalidInput
from opsctl.model.marked import MarkedNode, Path, dotted
from opsctl.model.value import Json, Value

_TRUE = (True, 1, "1", "true", "True", "TRUE", "t", "T", "on", "On", "ON", "yes", "Yes", "YES", "y", "Y")
_FALSE = (False, 0, "0", "false", "False", "FALSE", "f", "F", "off", "Off", "OFF", "no", "No", "NO", "n", "N")
"""What marshmallow, which ParallelCluster checks its file with, takes for a boolean."""


class Placement(Value):
    """A `PlacementGroup`: absent parts are None."""

    path: Path
    enabled: bool | None = None
    name: str | None = None
    id: str | None = None

    @property
    def on(self) -> bool:
        """Whether nodes are placed in a group."""
        return bool(self.enabled or self.name or self.id)


class Efa(Value):
    """An `Efa`; absent parts are None."""

    path: Path
    enabled: bool | None = None
    gdr: bool | None = None
    keys: tuple[str, ...] = ()


class ComputeResource(Value):
    """A compute resource of a queue."""

    path: Path
    name: str
    types: tuple[str, ...]
    efa: Efa | None
    placement: Placement | None
    has_networking: bool

    @property
    def efa_on(self) -> bool:
        """Whether its nodes get an EFA."""
        return self.efa is not None and bool(self.efa.enabled)


class SlurmQueue(Value):
    """A Slurm queue; `misplaced_efa` stands on the queue, where ParallelCluster knows none."""

    path: Path
    name: str
    capacity_type: str
    subnets: tuple[str, ...]
    placement: Placement | None
    misplaced_efa: Efa | None
    public_ip: bool | None
    security_groups: tuple[str, ...]
    additional_groups: tuple[str, ...]
    resources: tuple[ComputeResource, ...]

    def placement_of(self, resource: ComputeResource) -> Placement | None:
        """Return the setting that counts: a compute resource's own before the queue's."""
        return resource.placement or self.placement


class ClusterFile(Value):
    """A cluster as its file says it; `scheduler` is `slurm`, or another one without these rules."""

    region: str
    os: str
    scheduler: str
    queues: tuple[SlurmQueue, ...]
    update_strategy: str
    one_interface: bool
    """`DevSettings.EfaInterfaceType: efa`: the primary interface is the EFA, as before 3.15."""


def parse_cluster(root: MarkedNode, source: str) -> ClusterFile:
    """Read a cluster.

    Raises:
        InvalidInput: it is no file of a ParallelCluster 3 cluster, or a part that is looked at has another kind of
            value than ParallelCluster takes; all faults at once.
    """
    reader = _Reader(root, source)
    cluster = reader.cluster()
    if reader.faults:
        raise InvalidInput(reader.faults)
    return cluster


class _Reader:
    def __init__(self, root: MarkedNode, source: str) -> None:
        self._root, self._source = root, source
        self.faults: list[Diagnostic] = []

    def cluster(self) -> ClusterFile:
        top = self._root.value
        scheduling = top.get("Scheduling") if isinstance(top, dict) else None
        if not isinstance(top, dict) or not isinstance(scheduling, dict) or "HeadNode" not in top:
            hint = "a cluster's file has HeadNode, Image and Scheduling"
            if isinstance(top, dict) and "Build" in top:
                hint = "it describes an image to build, which has no queues"
            self.faults = [self._diagnostic((), "not the file of a ParallelCluster 3 cluster", hint)]
            return ClusterFile(region="", os="", scheduler="", queues=(), update_strategy="", one_interface=False)
        image, settings = top.get("Image"), scheduling.get("SlurmSettings")
        developer = top.get("DevSettings")
        return ClusterFile(
            region=str(top.get("Region") or ""),
            os=str(image.get("Os") or "") if isinstance(image, dict) else "",
            scheduler=str(scheduling.get("Scheduler") or ""),
            queues=tuple(self._queues(scheduling)),
            update_strategy=str(settings.get("QueueUpdateStrategy") or "") if isinstance(settings, dict) else "",
            one_interface=isinstance(developer, dict) and developer.get("EfaInterfaceType") == "efa",
        )

    def _queues(self, scheduling: dict[str, Json]) -> Iterator[SlurmQueue]:
        above: Path = ("Scheduling", "SlurmQueues")
        if scheduling.get("Scheduler") == "slurm" and not scheduling.get("SlurmQueues"):
            self.faults.append(self._diagnostic(("Scheduling",), "there are no SlurmQueues"))
        for number, queue in enumerate(self._list(scheduling, above)):
            path = (*above, number)
            if not self._is(queue, dict, path):
                continue
            networking = queue.get("Networking")
            there = (*path, "Networking")
            if not self._is(networking, dict, there):
                continue
            yield SlurmQueue(
                path=path,
                name=str(queue.get("Name") or number),
                capacity_type=str(queue.get("CapacityType") or "ONDEMAND"),
                subnets=self._strings(networking, (*there, "SubnetIds")),
                placement=self._placement(networking, there),
                misplaced_efa=self._efa(queue, path),
                public_ip=self._bool(networking, (*there, "AssignPublicIp")),
                security_groups=self._strings(networking, (*there, "SecurityGroups")),
                additional_groups=self._strings(networking, (*there, "AdditionalSecurityGroups")),
                resources=tuple(self._resources(queue, (*path, "ComputeResources"))),
            )

    def _resources(self, queue: dict[str, Json], above: Path) -> Iterator[ComputeResource]:
        for number, one in enumerate(self._list(queue, above)):
            path = (*above, number)
            if not self._is(one, dict, path):
                continue
            networking = one.get("Networking", {})
            kind = self._is(networking, dict, (*path, "Networking"))
            instances = self._list(one, (*path, "Instances"))
            types = [each.get("InstanceType") for each in instances if isinstance(each, dict)]
            yield ComputeResource(
                path=path,
                name=str(one.get("Name") or number),
                types=tuple(str(each) for each in (one.get("InstanceType"), *types) if each),
                efa=self._efa(one, path),
                placement=self._placement(networking, (*path, "Networking")) if kind else None,
                has_networking="Networking" in one,
            )

    def _efa(self, of: dict[str, Json], above: Path) -> Efa | None:
        path = (*above, "Efa")
        if "Efa" not in of or not self._is(of["Efa"], dict, path):
            return None
        efa = of["Efa"]
        self._known(efa, ("Enabled", "GdrSupport"), path)
        enabled, gdr = (self._bool(efa, (*path, key)) for key in ("Enabled", "GdrSupport"))
        return Efa(path=path, enabled=enabled, gdr=gdr, keys=tuple(map(str, efa)))

    def _placement(self, of: dict[str, Json], above: Path) -> Placement | None:
        path = (*above, "PlacementGroup")
        if "PlacementGroup" not in of or not self._is(of["PlacementGroup"], dict, path):
            return None
        group = of["PlacementGroup"]
        self._known(group, ("Enabled", "Name", "Id"), path)
        names = {key: str(group[key]) if group.get(key) else None for key in ("Name", "Id")}
        enabled = self._bool(group, (*path, "Enabled"))
        return Placement(path=path, enabled=enabled, name=names["Name"], id=names["Id"])

    def _known(self, of: dict[str, Json], keys: Sequence[str], path: Path) -> None:
        for key in of:
            if key not in keys:
                summary = f"{dotted(path)} has no key {key!r}"
                self.faults.append(self._diagnostic((*path, key), summary, f"it takes {', '.join(keys)}"))

    def _list(self, of: dict[str, Json], path: Path) -> list[Json]:
        value = of.get(str(path[-1]))
        return value if value is not None and self._is(value, list, path) else []

    def _strings(self, of: dict[str, Json], path: Path) -> tuple[str, ...]:
        return tuple(str(one) for one in self._list(of, path))

    def _bool(self, of: dict[str, Json], path: Path) -> bool | None:
        if path[-1] not in of:
            return None
        value = of[path[-1]]
        if isinstance(value, bool | int | str) and value in (*_TRUE, *_FALSE):
            return value in _TRUE
        self.faults.append(self._diagnostic(path, f"{dotted(path)} has to be true or false, not {value!r}"))
        return None

    def _is(self, value: Json, kind: type, path: Path) -> bool:
        if isinstance(value, kind):
            return True
        name = "a list" if kind is list else "keys and values"
        found = "missing or empty" if value is None else "something else"
        self.faults.append(self._diagnostic(path, f"{dotted(path)} has to be {name}, and is {found}"))
        return False

    def _diagnostic(self, path: Path, summary: str, hint: str = "") -> Diagnostic:
        node = self._root.nearest(path)
        where = Where(source=self._source, line=node.line, column=node.column)
        return Diagnostic(code="pcluster", summary=summary, hint=hint, where=where)
