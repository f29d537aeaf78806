"""Caches that AWS's API cannot empty, and what to do instead.

Sources: DAX API, RebootNode ("does not clear the cache"); ElastiCache guide and API (a serverless cache has no
call; clusters with cluster mode on refuse a reboot; TestFailover "is not designed to be an operational tool").
"""

import shlex
from collections.abc import Sequence

from opsctl.caches.cache_names import CacheName
from opsctl.caches.elasticache_nodes import CacheNodes
from opsctl.model.sentences import first_few

WHY = {
    "dax": (
        "DAX keeps what it has over a reboot, and has no call that empties it: write items through DAX, wait for "
        "their time to live, or make a new cluster"
    ),
    "memorydb": "MemoryDB is a database: what is in it is nowhere else, so it is never emptied",
}
BY_VIA = "no call of AWS empties it: --via INSTANCE has an instance do it that reaches it"


def why_not(cache: CacheName) -> str:
    """Say why a cache can never be emptied from here, and what does it; empty when it can."""
    return WHY.get(cache.kind, "")


def how_listed(cache: CacheName) -> str:
    """Say in a list what stands in the way of emptying a cache, or what it takes."""
    return WHY.get(cache.kind, BY_VIA if cache.kind in ("redis", "serverless") else "")


def typed_instead(nodes: CacheNodes, near: Sequence[str] = ()) -> str:
    """Say which instances there are `near` a cache, and what a person types there; a password is asked for."""
    via = f"{BY_VIA}, such as {first_few(near, 3)}" if near else BY_VIA
    if nodes.engine == "memcached":
        host, _, port = nodes.seeds[0].partition("/")
        client = f"openssl s_client -quiet -connect {host}:{port}" if nodes.tls else f"nc {host} {port}"
        return f"{via}; by hand, there: printf 'flush_all\\r\\nquit\\r\\n' | {client}"
    host, _, port = nodes.seeds[0].partition("/")
    words = ["redis-cli", "-h", host, "-p", port]
    words += ["--tls"] if nodes.tls else []
    words += ["--askpass"] if nodes.auth or nodes.users else []
    if nodes.cluster:
        words += ["--cluster", "call", f"{host}:{port}", "FLUSHALL", "ASYNC", "--cluster-only-masters"]
        words = [one for one in words if one not in ("-h", "-p", host, port)]
        return f"{via}; by hand, there: {shlex.join(words)}"
    return f"{via}; by hand, there: {shlex.join([*words, 'FLUSHALL', 'ASYNC'])}"
