"""What a person means by a cache: a distribution or tenant, a stage of API Gateway, or a cache by its service."""

from typing import Literal, NamedTuple

from opsctl.model.errors import InvalidInput

CacheKind = Literal["distribution", "tenant", "stage", "memcached", "redis", "serverless", "dax", "memorydb"]
KINDS: tuple[CacheKind, ...] = (
    "distribution",
    "tenant",
    "stage",
    "memcached",
    "redis",
    "serverless",
    "dax",
    "memorydb",
)


class CacheName(NamedTuple):
    """A kind and a name; a stage's name is API/STAGE."""

    kind: CacheKind
    name: str


def parse_cache(asked: str, source: str) -> CacheName:
    """Read `KIND:NAME`, or the id or a host name of a distribution.

    Raises:
        InvalidInput: it is neither.
    """
    kind, sign, name = asked.partition(":")
    if sign and name and kind in KINDS:
        found: CacheKind = next(one for one in KINDS if one == kind)
        if found == "stage" and (name.count("/") != 1 or not all(name.split("/"))):
            raise InvalidInput.one(
                f"{asked!r} is no stage",
                source=source,
                hint="stage:API/STAGE, by id or name",
            )
        return CacheName(found, name)
    host = asked.removeprefix("https://").removeprefix("http://").partition("/")[0]
    if (sign and "//" not in asked) or not host.replace("-", "").replace(".", "").isalnum():
        raise InvalidInput.one(
            f"{asked!r} is no cache",
            source=source,
            hint=f"give a distribution's id or host name, or KIND:NAME with one of {', '.join(KINDS[1:])}",
        )
    return CacheName("distribution", host)
