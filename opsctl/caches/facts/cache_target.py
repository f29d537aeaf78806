"""Finds a cache, what stands behind it, and what emptying it would do to that."""

from typing import ClassVar

from pydantic import Field

from opsctl.caches.cache_names import CacheName, parse_cache
from opsctl.caches.cache_script import why_no_secret
from opsctl.caches.distributions import find_served
from opsctl.caches.elasticache_nodes import AVAILABLE, CacheNodes, describe_cluster, find_nodes
from opsctl.caches.gateway_stages import find_stage
from opsctl.caches.invalidation_paths import is_everything, why_no_path
from opsctl.caches.not_flushed import typed_instead, why_not
from opsctl.caches.origin_load import (
    OriginLoad,
    load_from_counts,
    load_from_rate,
    node_counts,
    rate_metric,
    serverless_counts,
    stage_counts,
)
from opsctl.caches.reaching import Reach, find_reach, who_reaches
from opsctl.caches.sliced_flush import describe_alarms, states_of
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, fetch, require
from opsctl.model.reads import Read
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value

RISKY_TIMES = 4


class CacheFound(Value):
    """A cache: its kind and name, its nodes, its origins, and the load that they get when it is empty.

    `impossible` says why it cannot be emptied from here; `risky` that everything at once is more than the origin
    is used to; `serves` are the names that a distribution answers to; `unread` is what could not be looked at.
    `inside` is how it is emptied by a script on instance `via`, which is `unreachable` for the reasons there.
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
    inside: tuple[CacheNodes, ...] = ()
    via: str = ""
    unreachable: tuple[str, ...] = ()
    password: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()
    ringing: tuple[str, ...] = ()


class CacheTarget(Fact):
    """Read a cache and its hit rate, and judge the paths that are to be invalidated."""

    name: ClassVar[str] = "cache.target"
    Result: ClassVar[type[Value]] = CacheFound

    target: str = Field(description="Id or host name of a distribution, or KIND:NAME.")
    paths: tuple[str, ...] = Field((), description="Paths of a distribution, such as /img/*.")
    via: str = Field("", description="Instance that is to empty the nodes of ElastiCache: its id or Name tag.")
    database: int = Field(-1, description="The one database of Redis to empty; -1: all.")
    user: str = Field("", description="User of the cache, where it knows several.")
    auth_secret: str = Field("", description="Secret with the password.")
    watch: tuple[str, ...] = Field((), description="Alarms that are to be watched.")

    def read(self, about: Context) -> Fetching[Value]:
        """Find it, then its metrics, then who reaches it."""
        cache = parse_cache(self.target, "target")
        self._refuse_paths(cache)
        self._refuse_inside(cache)
        if why := why_not(cache):
            yield from ()
            return CacheFound(kind=cache.kind, id=cache.name, name=cache.name, impossible=(why,))
        found = yield from self._found(cache, about)
        if self.watch:
            told = yield from require(describe_alarms(self.watch))
            states = states_of(told)
            missing = [one for one in self.watch if one not in states]
            if missing:
                raise InvalidInput.one(f"there is no alarm {', '.join(missing)}", source="watch")
            found = found.model_copy(
                update={"ringing": tuple(one for one, state in states.items() if state == "ALARM")}
            )
        return found

    def _found(self, cache: CacheName, about: Context) -> Fetching[CacheFound]:
        if cache.kind == "stage":
            return (yield from _stage(cache, about))
        if cache.kind in ("distribution", "tenant"):
            return (yield from _distribution(cache, self.paths, about))
        nodes = yield from find_nodes(cache)
        if cache.kind == "memcached" and not self.via:
            return (yield from _memcached(cache, about))
        return (yield from self._elasticache(cache, nodes, about))

    def _elasticache(self, cache: CacheName, nodes: CacheNodes, about: Context) -> Fetching[CacheFound]:
        counts = serverless_counts if nodes.serverless else node_counts
        told = yield from fetch(counts(nodes.members or (cache.name,), nodes.engine, about.now))
        found = CacheFound(
            kind=cache.kind,
            id=cache.name,
            name=cache.name,
            busy=(f"{cache.name} is {nodes.state}",) if nodes.state != AVAILABLE else (),
        )
        found = _judged(found, load_from_counts(told), everything=self.database < 0)
        if not self.via:
            near = yield from who_reaches(nodes)
            return found.model_copy(update={"impossible": (typed_instead(nodes, near),)})
        if self.database > 0 and (nodes.cluster or nodes.serverless or nodes.engine == "memcached"):
            raise InvalidInput.one(f"{cache.name} has one database, 0", source="database")
        reach: Reach = yield from find_reach(self.via, nodes)
        named = f"{reach.instance} ({reach.name})" if reach.name else reach.instance
        needs = nodes.auth or bool(self.user)
        return found.model_copy(
            update={
                "inside": (nodes,),
                "via": reach.instance,
                "unreachable": tuple(f"{named}: {one}" for one in reach.refused),
                "unread": reach.unknown,
                "password": (f"{cache.name} asks for a password",) if needs and not self.auth_secret else (),
            }
        )

    def _refuse_paths(self, cache: CacheName) -> None:
        faults = [why for one in self.paths if (why := why_no_path(one))]
        if faults:
            raise InvalidInput.one("; ".join(faults[:3]), source="paths")
        by_paths = cache.kind in ("distribution", "tenant")
        if self.paths and not by_paths:
            raise InvalidInput.one(f"a {cache.kind} is emptied whole: it has no paths", source="paths")
        if not self.paths and by_paths:
            raise InvalidInput.one(
                "no path was given", source="paths", hint="such as /img/*, or /* for everything"
            )

    def _refuse_inside(self, cache: CacheName) -> None:
        """What only a script inside takes is for caches of ElastiCache."""
        inside = cache.kind in ("redis", "serverless", "memcached")
        said = {"via": self.via, "user": self.user, "auth_secret": self.auth_secret}
        for name, value in said.items():
            if value and not inside:
                raise InvalidInput.one(f"a {cache.kind} is not emptied by an instance", source=name)
            if value and not self.via:
                raise InvalidInput.one("it is the instance that logs in", source=name, hint="say which with --via")
        if self.auth_secret and (why := why_no_secret(self.auth_secret)):
            hint = "never the password: a plan and its journal keep what is typed here"
            raise InvalidInput.one(why, source="auth_secret", hint=hint)
        if self.database >= 0 and not self.via:
            raise InvalidInput.one("it takes an instance to empty one", source="database", hint="--via")


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
    served = yield from find_served(cache, about.account)
    ending = "ForDistributionTenant" if served.kind == "tenant" else ""
    params = {"Id" if ending else "DistributionId": served.id}
    going = Read(service="cloudfront", operation=f"ListInvalidations{ending}", params=params)
    rate, running = yield [rate_metric(served.distribution, "CacheHitRate", about.now), going]
    items = ((running.value or {}).get("InvalidationList") or {}).get("Items") or []
    origins = (served.told.get("Origins") or {}).get("Items") or []
    found = CacheFound(
        kind=served.kind,
        id=served.id,
        name=served.name,
        origins=tuple(str(each["DomainName"]) for each in origins),
        serves=served.names,
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
    told: Json = yield from require(describe_cluster(cache.name))
    (one,) = told["CacheClusters"]
    counts = yield from fetch(node_counts((cache.name,), "memcached", about.now))
    nodes = tuple(str(node["CacheNodeId"]) for node in one.get("CacheNodes") or [])
    found = CacheFound(kind="memcached", id=cache.name, name=cache.name, nodes=nodes)
    return _judged(found, load_from_counts(counts), everything=True)
