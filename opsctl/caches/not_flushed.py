"""Caches that AWS's API cannot empty, and what to do instead.

Sources: DAX API, RebootNode ("does not clear the cache"); ElastiCache guide and API (a serverless cache has no
call; clusters with cluster mode on refuse a reboot; TestFailover "is not designed to be an operational tool").
"""

from opsctl.caches.cache_names import CacheName

_REDIS = (
    "redis-cli -h PRIMARY-ENDPOINT --tls FLUSHALL ASYNC, on a machine that reaches it, on every primary where "
    "cluster mode is on"
)
WHY = {
    "dax": (
        "DAX keeps what it has over a reboot, and has no call that empties it: write items through DAX, wait for "
        "their time to live, or make a new cluster"
    ),
    "memorydb": "MemoryDB is a database: what is in it is nowhere else, so it is never emptied",
    "serverless": f"no call of AWS empties a serverless cache: {_REDIS}",
    "redis": f"AWS has no call for it: {_REDIS}; a reboot is refused where cluster mode is on",
}


def why_not(cache: CacheName) -> str:
    """Say why a cache cannot be emptied from here, and what does it; empty when it can."""
    return WHY.get(cache.kind, "")
