"""Lists the caches of an account's region: what can be emptied, by the name that `cache flush` takes.

Sources: the APIs of CloudFront (ListDistributions), API Gateway (GetStages), ElastiCache (DescribeCacheClusters,
DescribeReplicationGroups, DescribeServerlessCaches) and DAX (DescribeClusters).
"""

from collections.abc import Iterator
from typing import ClassVar

from opsctl.caches.cache_names import CacheKind, CacheName
from opsctl.caches.not_flushed import how_listed
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value


class ListedCache(Value):
    """A cache, `target` as flush takes it; `not_flushed` says why it cannot be emptied from here."""

    kind: CacheKind
    target: str
    name: str
    state: str = ""
    not_flushed: str = ""


class CachesListed(Value):
    """The caches, and what could not be listed."""

    account: str
    region: str
    caches: tuple[ListedCache, ...]
    unknown: tuple[str, ...] = ()


class CacheList(Fact):
    """List distributions, stages with a cache, caches of ElastiCache of every kind, and DAX clusters."""

    name: ClassVar[str] = "cache.list"
    Result: ClassVar[type[Value]] = CachesListed
    services: ClassVar[tuple[str, ...]] = ("cloudfront", "apigateway", "elasticache", "dax")

    def read(self, about: Context) -> Fetching[Value]:
        """List everything at once, then the stages of each REST API."""
        reads = {
            "distributions": Read(service="cloudfront", operation="ListDistributions"),
            "REST APIs": Read(service="apigateway", operation="GetRestApis"),
            "replication groups": Read(service="elasticache", operation="DescribeReplicationGroups"),
            "cache clusters": Read(service="elasticache", operation="DescribeCacheClusters"),
            "serverless caches": Read(service="elasticache", operation="DescribeServerlessCaches"),
            "DAX clusters": Read(service="dax", operation="DescribeClusters"),
        }
        answers = yield list(reads.values())
        unknown: list[str] = []
        told = {name: _value(name, one, unknown) for name, one in zip(reads, answers, strict=True)}
        apis = {str(one["id"]): str(one.get("name", one["id"])) for one in told["REST APIs"].get("items") or []}
        asked = [Read(service="apigateway", operation="GetStages", params={"restApiId": api}) for api in apis]
        stages = (yield asked) if asked else []
        found = list(_listed(told))
        for (api, name), answer in zip(apis.items(), stages, strict=True):
            found += _stages(api, name, _value(f"stages of API {name}", answer, unknown))
        return CachesListed(
            account=about.account,
            region=about.region,
            caches=tuple(sorted(found, key=lambda one: one.target)),
            unknown=tuple(unknown),
        )


def _value(name: str, answer: Answer, unknown: list[str]) -> Json:
    if answer.refusal is not None:
        unknown.append(f"{name}: {answer.refusal}")
        return {}
    return answer.value or {}


def _listed(told: dict[str, Json]) -> Iterator[ListedCache]:
    for one in (told["distributions"].get("DistributionList") or {}).get("Items") or []:
        names = (one.get("Aliases") or {}).get("Items") or [one["DomainName"]]
        state = str(one.get("Status", "")) if one.get("Enabled", True) else "disabled"
        yield ListedCache(kind="distribution", target=str(one["Id"]), name=str(names[0]), state=state)
    for one in told["cache clusters"].get("CacheClusters") or []:
        if not one.get("ReplicationGroupId"):
            kind: CacheKind = "memcached" if one.get("Engine") == "memcached" else "redis"
            yield _one(kind, str(one["CacheClusterId"]), one.get("CacheClusterStatus"))
    for one in told["replication groups"].get("ReplicationGroups") or []:
        yield _one("redis", str(one["ReplicationGroupId"]), one.get("Status"))
    for one in told["serverless caches"].get("ServerlessCaches") or []:
        yield _one("serverless", str(one["ServerlessCacheName"]), one.get("Status"))
    for one in told["DAX clusters"].get("Clusters") or []:
        yield _one("dax", str(one["ClusterName"]), one.get("Status"))


def _one(kind: CacheKind, name: str, state: Json) -> ListedCache:
    why = how_listed(CacheName(kind, name))
    return ListedCache(kind=kind, target=f"{kind}:{name}", name=name, state=str(state or ""), not_flushed=why)


def _stages(api: str, name: str, told: Json) -> Iterator[ListedCache]:
    for one in told.get("item") or []:
        if one.get("cacheClusterEnabled"):
            stage = str(one["stageName"])
            state = str(one.get("cacheClusterStatus", ""))
            yield ListedCache(kind="stage", target=f"stage:{api}/{stage}", name=f"{name}/{stage}", state=state)
