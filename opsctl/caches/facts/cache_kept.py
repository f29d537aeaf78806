"""Says what CloudFront keeps of a URL, for how long, and under which key.

Sources: CloudFront guide, "Managing how long content stays in the cache (expiration)" and "Controlling the cache
key"; CacheBehavior and CachePolicyConfig in the API. Times are in seconds.
"""

from fnmatch import fnmatchcase
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field

from opsctl.caches.cache_names import parse_cache
from opsctl.caches.distributions import ServedNames, find_served
from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, fetch, require
from opsctl.model.reads import Read
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value


class KeptFor(Value):
    """The behavior that answers a path, and how it caches: times to live in seconds, what is in the key."""

    distribution: str
    name: str
    path: str
    behavior: str
    origin: str
    origin_at: str = ""
    policy: str = ""
    least_s: int = 0
    default_s: int = 0
    most_s: int = 0
    key: tuple[str, ...] = ()
    unknown: str = ""

    @property
    def kept(self) -> bool:
        """Whether anything is kept at all."""
        return bool(self.most_s)


class CacheKept(Fact):
    """Read how a distribution caches what a URL asks for."""

    name: ClassVar[str] = "cache.kept"
    Result: ClassVar[type[Value]] = KeptFor

    target: str = Field(description="URL, or host name or id of a distribution.")

    def read(self, about: Context) -> Fetching[Value]:
        """Find the distribution and the behavior, then its cache policy."""
        try:
            url = urlsplit(self.target if "//" in self.target else f"//{self.target}")
            host = (url.hostname or "") if "://" in self.target else url.netloc or self.target
        except ValueError as fault:
            raise InvalidInput.one(f"{self.target!r} is no URL: {fault}", source="target") from None
        cache, path = parse_cache(host, "target"), url.path or "/"
        if cache.kind not in ("distribution", "tenant"):
            raise InvalidInput.one(f"a {cache.kind} has no paths to explain", source="target")
        served = yield from find_served(cache, about.account)
        one = served.told or (yield from _of_tenant(served))
        behavior = _behavior_for(one, path)
        found = KeptFor(
            distribution=served.distribution,
            name=served.name,
            path=path,
            behavior=str(behavior.get("PathPattern", "the default behavior")),
            origin=str(behavior.get("TargetOriginId", "")),
            origin_at=_origin_of(one, str(behavior.get("TargetOriginId", ""))),
        )
        return (yield from _timed(found, behavior))


def _of_tenant(served: ServedNames) -> Fetching[Json]:
    """The distribution that a tenant belongs to."""
    listed = yield from require(Read(service="cloudfront", operation="ListDistributions", params={}))
    items = (listed.get("DistributionList") or {}).get("Items") or []
    return next(one for one in items if one["Id"] == served.distribution)


def _origin_of(distribution: Json, name: str) -> str:
    """Host and path of an origin, as CloudFront asks it."""
    for one in (distribution.get("Origins") or {}).get("Items") or []:
        if one.get("Id") == name:
            return f"{one.get('DomainName', '')}{one.get('OriginPath') or ''}"
    return ""


def _behavior_for(distribution: Json, path: str) -> Json:
    """The first behavior whose pattern matches, in their order; a pattern may begin without a slash."""
    for one in (distribution.get("CacheBehaviors") or {}).get("Items") or []:
        if fnmatchcase(path, f"/{str(one['PathPattern']).lstrip('/')}"):
            return one
    return distribution["DefaultCacheBehavior"]


def _timed(found: KeptFor, behavior: Json) -> Fetching[KeptFor]:
    policy = behavior.get("CachePolicyId")
    if not policy:
        forwarded = behavior.get("ForwardedValues") or {}
        key = ["query string"] if forwarded.get("QueryString") else []
        key += [f"header {one}" for one in (forwarded.get("Headers") or {}).get("Items") or []]
        cookies = (forwarded.get("Cookies") or {}).get("Forward", "none")
        key += [f"cookies: {cookies}"] if cookies != "none" else []
        times = {
            "least_s": int(behavior.get("MinTTL") or 0),
            "default_s": int(behavior.get("DefaultTTL") or 0),
            "most_s": int(behavior.get("MaxTTL") or 0),
        }
        return found.model_copy(update={"policy": "its own settings", "key": tuple(key), **times})
    answer = yield from fetch(Read(service="cloudfront", operation="GetCachePolicy", params={"Id": policy}))
    if answer.refusal is not None:
        return found.model_copy(update={"policy": str(policy), "unknown": str(answer.refusal)})
    config = answer.value["CachePolicy"]["CachePolicyConfig"]
    inside = config.get("ParametersInCacheKeyAndForwardedToOrigin") or {}
    parts = (
        ("headers", "HeadersConfig", "HeaderBehavior"),
        ("cookies", "CookiesConfig", "CookieBehavior"),
        ("query strings", "QueryStringsConfig", "QueryStringBehavior"),
    )
    key = [
        f"{words}: {told}"
        for words, member, kind in parts
        if (told := str((inside.get(member) or {}).get(kind, "none"))) != "none"
    ]
    return found.model_copy(
        update={
            "policy": str(config.get("Name", policy)),
            "key": tuple(key),
            "least_s": int(config.get("MinTTL") or 0),
            "default_s": int(config.get("DefaultTTL") or 0),
            "most_s": int(config.get("MaxTTL") or 0),
        }
    )
