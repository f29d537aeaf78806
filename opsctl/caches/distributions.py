"""Finds a distribution of CloudFront, or one of its tenants, by what people call it.

Sources: API models of ListDistributions, GetDistributionTenantByDomain, GetDistributionTenant (by id or name).
"""

from opsctl.caches.cache_names import CacheName
from opsctl.model.commands import look_command
from opsctl.model.errors import FactUnknown, InvalidInput
from opsctl.model.fetching import Fetching, fetch, require
from opsctl.model.reads import Read, RefusalKind
from opsctl.model.value import Json, Value

LISTED = f"{look_command('cache list')} names those that there are"


class ServedNames(Value):
    """A distribution, or the tenant of one: `id` is what is invalidated, `distribution` whose metrics count."""

    kind: str
    id: str
    name: str
    distribution: str
    names: tuple[str, ...]
    told: dict[str, Json] = {}


def find_served(cache: CacheName, account: str) -> Fetching[ServedNames]:
    """Return the distribution, or the tenant, of an id or a host name.

    Raises:
        InvalidInput: there is none.
        FactUnknown: it may not be read.
    """
    if cache.kind == "tenant":
        return (yield from _tenant(cache.name, account))
    listed = yield from require(Read(service="cloudfront", operation="ListDistributions", params={}))
    for one in (listed.get("DistributionList") or {}).get("Items") or []:
        names = [str(one["DomainName"]), *((one.get("Aliases") or {}).get("Items") or [])]
        if cache.name in (one["Id"], *names):
            return ServedNames(
                kind="distribution",
                id=str(one["Id"]),
                name=names[min(1, len(names) - 1)],
                distribution=str(one["Id"]),
                names=tuple(names),
                told=one,
            )
    if "." in cache.name:
        params = {"Domain": cache.name}
        read = Read(service="cloudfront", operation="GetDistributionTenantByDomain", params=params)
        answer = yield from fetch(read)
        if answer.refusal is None:
            return _served(answer.value["DistributionTenant"])
        if answer.refusal.kind is not RefusalKind.MISSING:
            raise FactUnknown(answer.refusal)
    raise InvalidInput.one(
        f"no distribution of account {account} is or answers to {cache.name!r}", source="target", hint=LISTED
    )


def _tenant(name: str, account: str) -> Fetching[ServedNames]:
    read = Read(service="cloudfront", operation="GetDistributionTenant", params={"Identifier": name})
    answer = yield from fetch(read)
    if answer.refusal is None:
        return _served(answer.value["DistributionTenant"])
    if answer.refusal.kind is RefusalKind.MISSING:
        raise InvalidInput.one(
            f"account {account} has no distribution tenant {name!r}", source="target", hint=LISTED
        )
    raise FactUnknown(answer.refusal)


def _served(tenant: Json) -> ServedNames:
    domains = [str(one["Domain"]) for one in tenant.get("Domains") or []]
    return ServedNames(
        kind="tenant",
        id=str(tenant["Id"]),
        name=domains[0] if domains else str(tenant.get("Name", tenant["Id"])),
        distribution=str(tenant["DistributionId"]),
        names=tuple(domains),
    )
