"""Finds a cache, what stands behind it, and what emptying it would do to that."""

from typing import ClassVar

from pydantic import Field

from opsctl.caches.cache_names import CacheName, parse_cache
from opsctl.caches.gateway_stages import find_stage
from opsctl.caches.invalidation_paths import is_everything, why_no_path
from opsctl.caches.not_flushed import why_not
from opsctl.caches.origin_load import (
    OriginLoad,
    load_from_counts,
    load_from_rate,
    node_counts,
    rate_metric,
    stage_counts,
)
from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching, fetch, require
from opsctl.model.reads import Read
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value

RISKY_TIMES = 4
LISTED = "opsctl cache list names those that there are"


class CacheFound(Value):
    """A cache: its kind and name, its nodes, its origins, and the load that they get when it is empty.

    `impossible` says why it cannot be emptied from here; `risky` that everything at once is more than the origin
    is used to; `serves` are the names that a distribution answers to; `unread` is what could not be looked at.
    """

    kind: str
    id: str
    name: str
    nodes: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    load: OriginLoad = OriginLoad()
    says: str = ""
    everything: bool = False
    impossible: tuple[str, ...] = ()
    risky: tuple[str, ...] = ()
    in_progress: int = 0
    unread: tuple[str, ...] = ()


class CacheTarget(Fact):
    """Read a cache and its hit rate, and judge the paths that are to be invalidated."""

    name: ClassVar[str] = "cache.target"
    Result: ClassVar[type[Value]] = CacheFound

    target: str = Field(description="Id or host name of a distribution, or KIND:NAME.")
    paths: tuple[str, ...] = Field((), description="Paths of a distribution, such as /img/*.")

    def read(self, about: Context) -> Fetching[Value]:
        """Find it, then its metrics."""
        cache = parse_cache(self.target, "target")
        self._refuse_paths(cache)
        if why := why_not(cache):
            yield from ()
            return CacheFound(kind=cache.kind, id=cache.name, name=cache.name, impossible=(why,))
        if cache.kind == "stage":
            return (yield from _stage(cache, about))
        if cache.kind == "memcached":
            return (yield from _memcached(cache, about))
        return (yield from _distribution(cache, self.paths, about))

    def _refuse_paths(self, cache: CacheName) -> None:
        faults = [why for one in self.paths if (why := why_no_path(one))]
        if faults:
            raise InvalidInput.one("; ".join(faults[:3]), source="paths")
        if self.paths and cache.kind != "distribution":
            raise InvalidInput.one(f"a {cache.kind} is emptied whole: it has no paths", source="paths")
        if not self.paths and cache.kind == "distribution":
            raise InvalidInput.one(
                "no path was given", source="paths", hint="such as /img/*, or /* for everything"
            )


def _judged(found: CacheFound, load: OriginLoad, *, everything: bool) -> CacheFound:
    much = load.times >= RISKY_TIMES or bool(load.unknown)
    return found.model_copy(
        update={
            "load": load,
            "says": load.says,
            "everything": everything,
            "risky": (load.says,) if everything and much else (),
        }
    )


def _distribution(cache: CacheName, paths: tuple[str, ...], about: Context) -> Fetching[CacheFound]:
    listed = yield from require(Read(service="cloudfront", operation="ListDistributions", params={}))
    for one in (listed.get("DistributionList") or {}).get("Items") or []:
        names = [str(one["DomainName"]), *((one.get("Aliases") or {}).get("Items") or [])]
        if cache.name in (one["Id"], *names):
            break
    else:
        raise InvalidInput.one(
            f"no distribution of account {about.account} is or answers to {cache.name!r}",
            source="target",
            hint=LISTED,
        )
    params = {"DistributionId": one["Id"]}
    going = Read(service="cloudfront", operation="ListInvalidations", params=params)
    rate, running = yield [rate_metric(str(one["Id"]), "CacheHitRate", about.now), going]
    items = ((running.value or {}).get("InvalidationList") or {}).get("Items") or []
    found = CacheFound(
        kind="distribution",
        id=str(one["Id"]),
        name=names[min(1, len(names) - 1)],
        origins=tuple(str(each["DomainName"]) for each in (one.get("Origins") or {}).get("Items") or []),
        serves=tuple(names),
        paths=paths,
        in_progress=sum(1 for each in items if each.get("Status") == "InProgress"),
        unread=(f"invalidations in progress: {running.refusal}",) if running.refusal is not None else (),
    )
    return _judged(found, load_from_rate(rate), everything=is_everything(paths))


def _stage(cache: CacheName, about: Context) -> Fetching[CacheFound]:
    api, title, told = yield from find_stage(cache.name)
    stage = str(told["stageName"])
    counts = yield from fetch(stage_counts(title, stage, about.now))
    enabled = bool(told.get("cacheClusterEnabled"))
    found = CacheFound(
        kind="stage",
        id=f"{api}/{stage}",
        name=f"{title}/{stage}",
        impossible=() if enabled else (f"stage {stage} of API {title} has no cache",),
    )
    return _judged(found, load_from_counts(counts), everything=True)


def _memcached(cache: CacheName, about: Context) -> Fetching[CacheFound]:
    told = yield from _there(describe_cluster(cache.name), cache)
    (one,) = told["CacheClusters"]
    if one.get("Engine") != "memcached":
        raise InvalidInput.one(
            f"cache cluster {cache.name} is {one.get('Engine')}, not Memcached", source="target"
        )
    counts = yield from fetch(node_counts(cache.name, about.now))
    nodes = tuple(str(node["CacheNodeId"]) for node in one.get("CacheNodes") or [])
    found = CacheFound(kind="memcached", id=cache.name, name=cache.name, nodes=nodes)
    return _judged(found, load_from_counts(counts), everything=True)


def describe_cluster(name: str) -> Read:
    """Read a cache cluster with its nodes."""
    params = {"CacheClusterId": name, "ShowCacheNodeInfo": True}
    return Read(service="elasticache", operation="DescribeCacheClusters", params=params)


def _there(read: Read, cache: CacheName) -> Fetching[Json]:
    answer = yield from fetch(read)
    if answer.refusal is None:
        return answer.value
    if answer.known:
        raise InvalidInput.one(f"there is no {cache.kind} {cache.name!r}", source="target", hint=LISTED)
    raise FactUnknown(answer.refusal)
