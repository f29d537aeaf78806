"""Finds the nodes of a cache of ElastiCache: where they are asked, and what their network lets in.

Sources: API models of DescribeReplicationGroups (PrimaryEndpoint with cluster mode off, ConfigurationEndpoint
with it on), DescribeCacheClusters (a member has the security groups of its group) and DescribeServerlessCaches
(one endpoint, TLS always); Redis cluster specification (every primary has its part of the keys).
"""

from typing import Literal

from opsctl.caches.cache_names import CacheName
from opsctl.model.commands import look_command
from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching, fetch, require
from opsctl.model.reads import Read
from opsctl.model.value import Json, Value

LISTED = f"{look_command('cache list')} names those that there are"
AVAILABLE = "available"


class CacheNodes(Value):
    """A cache as clients see it: `seeds` are HOST/PORT, one primary or, of a `cluster`, what tells all of them.

    `members` are its cache clusters, for metrics. `auth` tells that it asks for a password, `users` that it knows
    several users. Its nodes are in `subnets`, or in those of the group `subnet_group`.
    """

    name: str
    engine: Literal["redis", "memcached"]
    seeds: tuple[str, ...]
    cluster: bool = False
    serverless: bool = False
    tls: bool = False
    auth: bool = False
    users: bool = False
    groups: tuple[str, ...] = ()
    subnet_group: str = ""
    subnets: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    state: str = AVAILABLE

    @property
    def port(self) -> int:
        """The port that all its nodes have."""
        return int(self.seeds[0].partition("/")[2])

    @property
    def named(self) -> str:
        """The name that is in its certificate."""
        return self.seeds[0].partition("/")[0]


def find_nodes(cache: CacheName) -> Fetching[CacheNodes]:
    """Return where the nodes of a cache are.

    Raises:
        InvalidInput: there is no such cache.
        FactUnknown: it may not be read.
    """
    if cache.kind == "serverless":
        return (yield from _serverless(cache))
    if cache.kind == "redis":
        params = {"ReplicationGroupId": cache.name}
        answer = yield from fetch(
            Read(service="elasticache", operation="DescribeReplicationGroups", params=params)
        )
        if answer.refusal is None:
            return (yield from _group(answer.value["ReplicationGroups"][0]))
        if not answer.known:
            raise FactUnknown(answer.refusal)
    return (yield from _cluster(cache))


def describe_cluster(name: str) -> Read:
    """Read a cache cluster with its nodes."""
    params = {"CacheClusterId": name, "ShowCacheNodeInfo": True}
    return Read(service="elasticache", operation="DescribeCacheClusters", params=params)


def _seed(endpoint: Json) -> str:
    return f"{endpoint['Address']}/{endpoint['Port']}"


def _group(told: Json) -> Fetching[CacheNodes]:
    members = tuple(str(one) for one in told.get("MemberClusters") or [])
    one = (yield from require(describe_cluster(members[0])))["CacheClusters"][0] if members else {}
    cluster = bool(told.get("ClusterEnabled"))
    ends = [told["ConfigurationEndpoint"]] if cluster else [one["PrimaryEndpoint"] for one in told["NodeGroups"]]
    return CacheNodes(
        name=str(told["ReplicationGroupId"]),
        engine="redis",
        seeds=tuple(_seed(end) for end in ends),
        cluster=cluster,
        tls=bool(told.get("TransitEncryptionEnabled")),
        auth=bool(told.get("AuthTokenEnabled")),
        users=bool(told.get("UserGroupIds")),
        members=members,
        state=str(told.get("Status", "")),
        **_network(one),
    )


def _network(cluster: Json) -> dict[str, Json]:
    groups = [str(one["SecurityGroupId"]) for one in cluster.get("SecurityGroups") or []]
    return {"groups": groups, "subnet_group": str(cluster.get("CacheSubnetGroupName") or "")}


def _cluster(cache: CacheName) -> Fetching[CacheNodes]:
    answer = yield from fetch(describe_cluster(cache.name))
    if answer.refusal is not None:
        if answer.known:
            raise InvalidInput.one(f"there is no {cache.kind} {cache.name!r}", source="target", hint=LISTED)
        raise FactUnknown(answer.refusal)
    told = answer.value["CacheClusters"][0]
    group, engine = told.get("ReplicationGroupId"), str(told.get("Engine", ""))
    if group:
        raise InvalidInput.one(
            f"{cache.name} is a node of replication group {group}", source="target", hint=f"redis:{group}"
        )
    if (engine == "memcached") != (cache.kind == "memcached"):
        kind = "memcached" if engine == "memcached" else "redis"
        raise InvalidInput.one(
            f"cache cluster {cache.name} is of {engine or 'Redis'}", source="target", hint=f"{kind}:{cache.name}"
        )
    ends = [one["Endpoint"] for one in told.get("CacheNodes") or [] if one.get("Endpoint")]
    if not ends:
        raise InvalidInput.one(
            f"cache cluster {cache.name} has no nodes: it is {told.get('CacheClusterStatus')}", source="target"
        )
    return CacheNodes(
        name=cache.name,
        engine="memcached" if engine == "memcached" else "redis",
        seeds=tuple(_seed(end) for end in ends),
        tls=bool(told.get("TransitEncryptionEnabled")),
        auth=bool(told.get("AuthTokenEnabled")),
        members=(cache.name,),
        state=str(told.get("CacheClusterStatus", "")),
        **_network(told),
    )


def _serverless(cache: CacheName) -> Fetching[CacheNodes]:
    params = {"ServerlessCacheName": cache.name}
    answer = yield from fetch(Read(service="elasticache", operation="DescribeServerlessCaches", params=params))
    if answer.refusal is not None:
        if answer.known:
            raise InvalidInput.one(f"there is no serverless cache {cache.name!r}", source="target", hint=LISTED)
        raise FactUnknown(answer.refusal)
    told = answer.value["ServerlessCaches"][0]
    if not told.get("Endpoint"):
        raise InvalidInput.one(
            f"serverless cache {cache.name} has no endpoint: it is {told.get('Status')}", source="target"
        )
    return CacheNodes(
        name=cache.name,
        engine="memcached" if told.get("Engine") == "memcached" else "redis",
        seeds=(_seed(told["Endpoint"]),),
        serverless=True,
        tls=True,
        users=bool(told.get("UserGroupId")),
        groups=tuple(told.get("SecurityGroupIds") or ()),
        subnets=tuple(told.get("SubnetIds") or ()),
        state=str(told.get("Status", "")).lower(),
    )
