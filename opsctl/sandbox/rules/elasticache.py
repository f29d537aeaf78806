"""ElastiCache of the sandbox: groups with their members, networks and nodes, serverless caches, and reboots.

Sources: API models of CreateReplicationGroup (NumCacheClusters counts the primary; members are cache clusters of
their own), DescribeCacheClusters (SecurityGroups, and endpoints with ShowCacheNodeInfo), CreateServerlessCache and
DescribeServerlessCaches (states, errors; TLS always), RebootCacheCluster; ElastiCache guide, "Managing hash slots"
(16,384 slots, in equal parts) and "Rebooting nodes" (refused with cluster mode on; what is in memory is lost).
"""

import secrets
from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine.cache_nodes import SLOTS, CacheNode, CacheShard
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.guest_caches import nodes_of

BACK_IN_S = 5
_MEMCACHED_PORT = 11_211


def install() -> None:
    """Put the rules around moto's backend."""
    from moto.elasticache.models import ElastiCacheBackend
    from moto.elasticache.responses import ElastiCacheResponse

    ElastiCacheResponse.reboot_cache_cluster = _rebooted
    ElastiCacheBackend.create_cache_cluster = _cluster(ElastiCacheBackend.create_cache_cluster)
    ElastiCacheBackend.create_replication_group = _group(ElastiCacheBackend.create_replication_group)
    ElastiCacheResponse.create_serverless_cache = _create_serverless
    ElastiCacheResponse.describe_serverless_caches = _describe_serverless
    ElastiCacheResponse.delete_serverless_cache = _delete_serverless


def _fault(code: str, message: str) -> Exception:
    from moto.elasticache.exceptions import ElastiCacheException

    made: Exception = ElastiCacheException(code, message)
    return made


def _network(self: Any, subnet_group: str | None, groups: Any) -> tuple[str, tuple[str, ...]]:
    """The VPC and the security groups of a cache: those of the default VPC where nothing is said."""
    from moto.ec2.models import ec2_backends

    ec2 = ec2_backends[self.account_id][self.region_name]
    known = self.cache_subnet_groups.get(subnet_group)
    default = ec2.get_default_vpc()
    vpc = known.vpc_id if known else default.id if default else ""
    own = ec2.get_security_group_from_name("default", vpc) if vpc else None
    return vpc, tuple(groups or ([own.id] if own else ()))


def _describes(cluster: Any, groups: tuple[str, ...], nodes: list[CacheNode]) -> None:
    cluster.security_groups = [{"SecurityGroupId": one, "Status": "active"} for one in groups]
    cluster.cache_nodes = [
        {
            "CacheNodeId": f"{number:04}",
            "CacheNodeStatus": "available",
            "Endpoint": {"Address": node.at, "Port": node.port},
        }
        for number, node in enumerate(nodes, 1)
    ]


def _domain(region: str) -> str:
    """The end of an address: a part of its own, and the Region in short."""
    first, *rest = region.split("-")
    short = first + "".join(one[0] for one in rest)
    return f"{secrets.token_hex(3)}.{short}.cache.amazonaws.com"


def _cluster(method: Callable[..., Any]) -> Callable[..., Any]:
    """A cluster that is no member of a group, with an address for each node."""

    def created(self: Any, *args: Any, **more: Any) -> Any:
        memcached = more.get("engine") == "memcached"
        more["port"] = more.get("port") or (_MEMCACHED_PORT if memcached else 6379)
        cluster = method(self, *args, **more)
        vpc, groups = _network(self, more.get("cache_subnet_group_name"), more.get("security_group_ids"))
        end = f"{cluster.cache_cluster_id}.{_domain(self.region_name)}"
        nodes = [
            CacheNode(
                at=f"{number:04}.{end}",
                port=int(cluster.port),
                vpc=vpc,
                groups=groups,
                engine="memcached" if memcached else "redis",
                tls=bool(more.get("transit_encryption_enabled")),
                password=more.get("auth_token") or "",
                counted=("CacheClusterId", cluster.cache_cluster_id),
            )
            for number in range(1, int(getattr(cluster, "num_cache_nodes", None) or 1) + 1)
        ]
        nodes_of(self.account_id, self.region_name).update({one.at: one for one in nodes})
        _describes(cluster, groups, nodes)
        return cluster

    return created


def _group(method: Callable[..., Any]) -> Callable[..., Any]:
    def created(self: Any, **more: Any) -> Any:
        many = int(more.get("num_cache_clusters") or 0)
        if many > 1 and not more.get("replicas_per_node_group"):
            more["replicas_per_node_group"] = many - 1
        group = method(self, **more)
        vpc, groups = _network(self, more.get("cache_subnet_group_name"), more.get("security_group_ids"))
        how: dict[str, Any] = {"vpc": vpc, "groups": groups, "port": int(group.port)}
        how |= {"tls": bool(group.transit_encryption_enabled), "password": more.get("auth_token") or ""}
        shards = _shards(group) if group.cluster_enabled else []
        known = nodes_of(self.account_id, self.region_name)
        for part in group.node_groups:
            primary: CacheNode | None = None
            for member in part["node_group_members"]:
                at = _address(group, member)
                node = CacheNode(at=at, shards=shards, replica_of=primary.at if primary else "", **how)
                node.counted = ("CacheClusterId", str(member["cache_cluster_id"]))
                if primary:
                    node.databases = primary.databases
                primary = primary or node
                known[at] = node
                _member(self, group, str(member["cache_cluster_id"]), more, node)
            if not group.cluster_enabled and primary:
                known[part["primary_endpoint"]["address"]] = primary
            elif primary:
                known.setdefault(group.configuration_endpoint["address"], primary)
        return group

    return created


def _shards(group: Any) -> list[CacheShard]:
    """Give each shard an equal part of the slots."""
    count = len(group.node_groups)
    starts = [number * SLOTS // count for number in range(count)] + [SLOTS]
    found = []
    for number, part in enumerate(group.node_groups):
        part["slots"] = f"{starts[number]}-{starts[number + 1] - 1}"
        at = _address(group, part["node_group_members"][0])
        found.append(CacheShard(at=at, port=int(group.port), first=starts[number], last=starts[number + 1] - 1))
    return found


def _address(group: Any, member: dict[str, Any]) -> str:
    if not group.cluster_enabled:
        return str(member["read_endpoint"]["address"])
    return f"{member['cache_cluster_id']}.{group.configuration_endpoint['address'].partition('.')[2]}"


def _member(self: Any, group: Any, name: str, more: dict[str, Any], node: CacheNode) -> None:
    """List a member among the cache clusters, as AWS does."""
    from moto.elasticache.models import CacheCluster

    taken = ("cache_node_type", "engine", "engine_version", "cache_subnet_group_name", "auth_token")
    given = dict.fromkeys(
        CacheCluster.__init__.__code__.co_varnames[1 : CacheCluster.__init__.__code__.co_argcount]
    )
    given |= {one: more.get(one) for one in taken}
    given |= {"account_id": self.account_id, "region_name": self.region_name, "cache_cluster_id": name}
    given |= {"port": group.port, "replication_group_id": group.replication_group_id}
    given |= {"log_delivery_configurations": [], "engine": more.get("engine") or "redis"}
    given["transit_encryption_enabled"] = bool(group.transit_encryption_enabled)
    cluster = CacheCluster(**given)
    cluster.replication_group_id, cluster.num_cache_nodes = group.replication_group_id, 1
    _describes(cluster, node.groups, [node])
    self.cache_clusters[name] = cluster


def _rebooted(self: Any) -> Any:
    from moto.core.responses import ActionResult

    name = self._get_param("CacheClusterId")
    backend = self.elasticache_backend
    cluster = backend.describe_cache_clusters(cache_cluster_id=name)[0]
    group = backend.replication_groups.get(getattr(cluster, "replication_group_id", None))
    if group is not None and group.cluster_enabled:
        raise _fault("InvalidCacheClusterState", f"Cluster {name} is of a group with cluster mode enabled.")
    cluster.cache_cluster_status = "rebooting cache cluster nodes"
    wanted = set(self._get_param("CacheNodeIdsToReboot") or [])
    known = nodes_of(backend.account_id, backend.region_name)
    for one in cluster.cache_nodes:
        node = known.get(one["Endpoint"]["Address"])
        if one["CacheNodeId"] in wanted and node is not None:
            node.databases.clear()
            node.flushes = node.stale = 0

    def back() -> None:
        cluster.cache_cluster_status = "available"

    conditions(self.current_account).later(BACK_IN_S, back)
    return ActionResult({"CacheCluster": cluster})


def _serverless_of(self: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = self.elasticache_backend.__dict__.setdefault("opsctl_serverless", {})
    return found


def _create_serverless(self: Any) -> Any:
    from moto.core.responses import ActionResult

    backend, known = self.elasticache_backend, _serverless_of(self)
    name, engine = self._get_param("ServerlessCacheName"), self._get_param("Engine")
    if name in known:
        raise _fault("ServerlessCacheAlreadyExistsFault", f"Serverless cache {name} already exists.")
    if engine not in ("redis", "valkey", "memcached"):
        raise _fault("InvalidParameterValue", f"Engine {engine} is not supported.")
    subnets = list(self._get_param("SubnetIds") or [])
    vpc, groups = _network(backend, None, self._get_param("SecurityGroupIds"))
    if subnets:
        from moto.ec2.models import ec2_backends

        vpc = ec2_backends[backend.account_id][backend.region_name].get_subnet(subnets[0]).vpc_id
    at = f"{name}-{secrets.token_hex(3)}.serverless.{_domain(backend.region_name).partition('.')[2]}"
    port = _MEMCACHED_PORT if engine == "memcached" else 6379
    kind = "memcached" if engine == "memcached" else "redis"
    node = CacheNode(at=at, port=port, vpc=vpc, groups=groups, engine=kind, tls=True, counted=("clusterId", name))
    node.shards = [CacheShard(at=at, port=port, first=0, last=SLOTS - 1)] if kind == "redis" else []
    nodes_of(backend.account_id, backend.region_name)[at] = node
    made = known[name] = {
        "ServerlessCacheName": name,
        "Description": self._get_param("Description") or "",
        "Status": "creating",
        "Engine": engine,
        "SecurityGroupIds": list(groups),
        "SubnetIds": subnets,
        "Endpoint": {"Address": at, "Port": port},
        "UserGroupId": self._get_param("UserGroupId"),
        "ARN": f"arn:aws:elasticache:{backend.region_name}:{backend.account_id}:serverlesscache:{name}",
    }

    def available() -> None:
        made["Status"] = "available"

    conditions(self.current_account).later(BACK_IN_S, available)
    return ActionResult({"ServerlessCache": made})


def _named(self: Any) -> dict[str, Any]:
    name = self._get_param("ServerlessCacheName")
    found = _serverless_of(self).get(name)
    if found is None:
        raise _fault("ServerlessCacheNotFoundFault", f"Serverless cache {name} not found.")
    return found


def _describe_serverless(self: Any) -> Any:
    from moto.core.responses import ActionResult

    listed = [_named(self)] if self._get_param("ServerlessCacheName") else list(_serverless_of(self).values())
    return ActionResult({"ServerlessCaches": listed})


def _delete_serverless(self: Any) -> Any:
    from moto.core.responses import ActionResult

    gone = _serverless_of(self).pop(_named(self)["ServerlessCacheName"])
    return ActionResult({"ServerlessCache": {**gone, "Status": "deleting"}})
