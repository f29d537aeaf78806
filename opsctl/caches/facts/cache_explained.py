"""Says what caches stand in front of a URL, or what one cache is: for how long it keeps, and how it is emptied.

Sources: API Gateway guide, "Enabling API caching" (300 s where nothing is said, 3,600 at most; GET alone unless
a method says otherwise); DAX guide, "TTL behavior" (item and query cache apart); ElastiCache guide (keys live as
long as whoever wrote them said).
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from opsctl.caches.cache_names import CacheName, parse_cache
from opsctl.caches.elasticache_nodes import CacheNodes, find_nodes
from opsctl.caches.facts.cache_kept import CacheKept, KeptFor
from opsctl.caches.gateway_stages import find_stage
from opsctl.caches.not_flushed import how_listed, why_not
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, fetch
from opsctl.model.reads import Read
from opsctl.model.run import Context, Fact
from opsctl.model.spans import span
from opsctl.model.value import Json, Value

STAGE_TTL_S = 300
_GATEWAY = re.compile(r"([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?(?:/([^/]+))?.*")


class CacheLayer(Value):
    """A cache on the way of a request: what is said of it, and after how long an old answer is gone by itself.

    `gone_after_s` is None where nobody but the program that wrote it knows. `kept` has a distribution's details.
    """

    kind: str
    target: str
    says: tuple[str, ...] = ()
    gone_after_s: int | None = None
    kept: KeptFor | None = None


class CacheExplained(Value):
    """The caches in front of what was asked for, the outermost first, and what could not be read."""

    target: str
    layers: tuple[CacheLayer, ...]
    unknown: tuple[str, ...] = ()


class CacheExplain(Fact):
    """Read which caches answer a URL, or how one cache keeps what it has."""

    name: ClassVar[str] = "cache.explained"
    Result: ClassVar[type[Value]] = CacheExplained

    target: str = Field(description="URL, host name or id of a distribution or tenant, or KIND:NAME.")

    def read(self, about: Context) -> Fetching[Value]:
        """Find it; of a distribution look behind it as well."""
        cache = None if "//" in self.target else _named(self.target)
        if cache is None:
            return (yield from self._url(about))
        layer = yield from _layer(cache)
        return CacheExplained(target=self.target, layers=(layer,))

    def _url(self, about: Context) -> Fetching[CacheExplained]:
        kept = yield from CacheKept(target=self.target).read(about)
        assert isinstance(kept, KeptFor)  # noqa: S101
        front = CacheLayer(
            kind="distribution",
            target=kept.distribution,
            gone_after_s=None if kept.unknown else kept.most_s,
            kept=kept,
        )
        gateway = _GATEWAY.fullmatch(kept.origin_at)
        if gateway is None or not gateway[2]:
            return CacheExplained(target=self.target, layers=(front,))
        try:
            behind = yield from _stage(CacheName("stage", f"{gateway[1]}/{gateway[2]}"))
        except InvalidInput:
            told = f"whether {kept.origin_at} caches is not known: it is no stage of a REST API in {about.region}"
            return CacheExplained(target=self.target, layers=(front,), unknown=(told,))
        return CacheExplained(target=self.target, layers=(front, behind))


def _named(target: str) -> CacheName | None:
    """A cache by kind and name; nothing where it is a distribution or a tenant, which have paths."""
    cache = parse_cache(target.partition("/")[0] if ":" not in target else target, "target")
    return None if cache.kind in ("distribution", "tenant") else cache


def _layer(cache: CacheName) -> Fetching[CacheLayer]:
    if cache.kind == "stage":
        return (yield from _stage(cache))
    if cache.kind == "dax":
        return (yield from _dax(cache))
    if cache.kind == "memorydb":
        yield from ()
        return CacheLayer(kind=cache.kind, target=f"memorydb:{cache.name}", says=(why_not(cache),))
    nodes = yield from find_nodes(cache)
    return CacheLayer(kind=cache.kind, target=f"{cache.kind}:{cache.name}", says=tuple(_nodes(cache, nodes)))


def _nodes(cache: CacheName, nodes: CacheNodes) -> Iterator[str]:
    engine = "Memcached" if nodes.engine == "memcached" else "Redis or Valkey"
    how = "serverless" if nodes.serverless else f"cluster mode {'on' if nodes.cluster else 'off'}"
    where = ", ".join(one.replace("/", ":") for one in nodes.seeds)
    yield f"{engine}{f', {how}' if nodes.engine == 'redis' or nodes.serverless else ''}, at {where}"
    asked = ["TLS"] if nodes.tls else []
    asked += ["a password"] if nodes.auth else []
    asked += ["a user of its user group"] if nodes.users else []
    if asked:
        yield f"it asks for {' and '.join(asked)}"
    yield (
        "a key is kept for as long as the program that wrote it said, or until there is no room: only the program "
        "tells when an old answer is gone by itself"
    )
    if how_emptied := how_listed(cache):
        yield how_emptied


def _stage(cache: CacheName) -> Fetching[CacheLayer]:
    api, title, told = yield from find_stage(cache.name)
    name = f"stage:{api}/{told['stageName']}"
    if not told.get("cacheClusterEnabled"):
        says: tuple[str, ...] = (
            f"{title}/{told['stageName']} has no cache: every request goes to the integration",
        )
        return CacheLayer(kind="stage", target=name, says=says, gone_after_s=0)
    settings: dict[str, Json] = told.get("methodSettings") or {}
    times = {way: _ttl(one) for way, one in settings.items() if one.get("cachingEnabled")}
    times = times or {"*/*": STAGE_TTL_S}
    says = (
        f"{title}/{told['stageName']}: a cache of {told.get('cacheClusterSize') or '0.5'} GB",
        *(f"{way.replace('~1', '/')}: kept for {span(seconds)}" for way, seconds in sorted(times.items())),
        "the key is the path and what each method declares as cache key parameters",
        _invalidating(settings),
    )
    return CacheLayer(kind="stage", target=name, says=says, gone_after_s=max(times.values()))


def _ttl(settings: Json) -> int:
    told = settings.get("cacheTtlInSeconds")
    return STAGE_TTL_S if told is None else int(told)


def _invalidating(settings: dict[str, Json]) -> str:
    needs = all(one.get("requireAuthorizationForCacheControl", True) for one in settings.values())
    who = "clients that may execute-api:InvalidateCache" if needs else "any client"
    return f"{who} can have one answer made anew by Cache-Control: max-age=0"


def _dax(cache: CacheName) -> Fetching[CacheLayer]:
    read = Read(service="dax", operation="DescribeClusters", params={"ClusterNames": [cache.name]})
    answer = yield from fetch(read)
    if answer.refusal is not None and answer.known:
        raise InvalidInput.one(f"there is no DAX cluster {cache.name!r}", source="target")
    says = [why_not(cache)]
    group = "" if answer.value is None else _group_of(answer.value)
    told = None
    if group:
        params = {"ParameterGroupName": group}
        told = yield from fetch(Read(service="dax", operation="DescribeParameters", params=params))
    values = {} if told is None or told.value is None else _values(told.value)
    for name, what in (("record-ttl-millis", "items"), ("query-ttl-millis", "queries and scans")):
        kept = span(values[name] // 1000) if name in values else "a time that could not be read"
        says.append(f"{what} are kept for {kept}")
    says.append("a write through DAX makes its item anew, and no query")
    known = len(values) == 2
    return CacheLayer(
        kind="dax",
        target=f"dax:{cache.name}",
        says=tuple(says),
        gone_after_s=max(values.values()) // 1000 if known else None,
    )


def _group_of(answer: Json) -> str:
    (cluster,) = answer["Clusters"]
    return str((cluster.get("ParameterGroup") or {}).get("ParameterGroupName") or "")


def _values(answer: Json) -> dict[str, int]:
    return {
        str(one["ParameterName"]): int(one["ParameterValue"])
        for one in answer.get("Parameters") or []
        if str(one.get("ParameterValue", "")).isdigit() and str(one["ParameterName"]).endswith("-ttl-millis")
    }
