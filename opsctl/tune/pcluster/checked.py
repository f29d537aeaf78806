"""Checks a ParallelCluster file, mends what has one answer, and says what is left then."""

import difflib
from collections.abc import Callable, Sequence

from opsctl.model.diagnostics import Diagnostic
from opsctl.model.marked import MarkedNode, dotted
from opsctl.model.value import Value
from opsctl.tune.pcluster.cluster_file import ClusterFile, parse_cluster
from opsctl.tune.pcluster.cluster_rules import ClusterFinding, Level, findings_of
from opsctl.tune.pcluster.repairs import Repair, mended, refuse_impossible
from opsctl.tune.surroundings import Surroundings


class Noticed(Value):
    """A finding with its place; `mended` says that the file as it is mended no longer has it."""

    id: str
    level: Level
    line: int
    part: str
    what: str
    fix: str
    mended: bool


class ClusterChecked(Value):
    """A file, what was found in it, the edits that mend it, and the difference that they make.

    `refused` is what ParallelCluster's own schema says, of the version that is installed. `written`
    says that the file has the edits now, and `backup` where it is as it was.
    """

    file: str
    scheduler: str
    queues: tuple[str, ...]
    findings: tuple[Noticed, ...]
    repairs: tuple[Repair, ...]
    diff: str
    unknown: tuple[str, ...] = ()
    schema_version: str = ""
    refused: tuple[Diagnostic, ...] = ()
    written: bool = False
    backup: str = ""
    undo: str = ""

    @property
    def errors(self) -> tuple[Noticed, ...]:
        """What ParallelCluster would refuse of the file as it is on the disk."""
        return tuple(one for one in self.findings if one.level == "error" and not (one.mended and self.written))

    @property
    def below_best(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.errors or self.refused) or any(
            one.level == "warning" and not (one.mended and self.written) for one in self.findings
        )


def named_there(cluster: ClusterFile) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the types, subnets and security groups that the queues name."""
    queues = cluster.queues
    types = {name for queue in queues for one in queue.resources for name in one.types}
    groups = {group for queue in queues for group in (*queue.security_groups, *queue.additional_groups)}
    subnets = {one for queue in queues for one in queue.subnets}
    return tuple(sorted(types)), tuple(sorted(subnets)), tuple(sorted(groups))


def check_cluster(
    text: str, source: str, read: Callable[[str], MarkedNode], wanted: Sequence[str], around: Surroundings | None
) -> tuple[ClusterChecked, str]:
    """Return what was found and done, and the text as it is mended; the text itself where there is nothing to do.

    Raises:
        InvalidInput: it is no file of a cluster, or EFA is wanted where it cannot be.
    """
    root = read(text)
    cluster = parse_cluster(root, source)
    refuse_impossible(cluster, wanted, around)
    before = findings_of(cluster, around)
    new, repairs = mended(text, source, read, _takers(cluster, wanted, around))
    after = read(new)
    left = findings_of(parse_cluster(after, source), around)
    noticed = [_noticed(one, root, mended=not any(_same(one, other) for other in left)) for one in before]
    noticed += [
        _noticed(one, after, mended=False) for one in left if not any(_same(one, other) for other in before)
    ]
    checked = ClusterChecked(
        file=source,
        scheduler=cluster.scheduler,
        queues=tuple(queue.name for queue in cluster.queues),
        findings=tuple(noticed),
        repairs=repairs,
        diff=difference(text, new, source),
        unknown=around.unknown if around else (),
    )
    return checked, new


def _takers(cluster: ClusterFile, wanted: Sequence[str], around: Surroundings | None) -> list[str]:
    """Where EFA is wanted and can be: of `all`, what has only types that take one."""
    types = around.types if around else {}
    return [
        f"{queue.name}/{one.name}"
        for queue in cluster.queues
        for one in queue.resources
        if any(name in ("all", queue.name, f"{queue.name}/{one.name}") for name in wanted)
        and one.types
        and all(name in types and types[name].efa for name in one.types)
    ]


def difference(old: str, new: str, source: str) -> str:
    """Return the unified difference of two texts; line ends are not shown, and are those of the file."""
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), fromfile=source, tofile=f"{source} (mended)", lineterm="", n=2
    )
    return "\n".join(lines)


def _same(one: ClusterFinding, other: ClusterFinding) -> bool:
    return (one.id, one.what) == (other.id, other.what)


def _noticed(one: ClusterFinding, root: MarkedNode, *, mended: bool) -> Noticed:
    return Noticed(
        id=one.id,
        level=one.level,
        line=root.nearest(one.path).line,
        part=dotted(one.path),
        what=one.what,
        fix=one.fix,
        mended=mended,
    )
