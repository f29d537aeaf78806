"""Which distribution tenants there are of a distribution, and which one serves a domain."""

from opsctl.block import tenants
from opsctl.block.tenants import Tenant
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal, RefusalKind


def tenants_of(distribution: str, survey: Survey) -> Fetching[tuple[Tenant, ...] | str]:
    """Return the tenants of a multi-tenant distribution; a text says why nobody can tell."""
    found = yield from survey.ask(tenants.list_tenants(distribution), tenants.parse_listed)
    if isinstance(found, Refusal):
        return cannot_tell(f"which tenants distribution {distribution} serves", found)
    survey.learn({one.id: one for one in found})
    return found


def tenant_serving(domain: str, survey: Survey) -> Fetching[Naming]:
    """Find where the tenant that serves a domain is protected: at itself, or at its distribution."""
    found = yield from survey.ask(tenants.get_tenant_by_domain(domain), tenants.parse_tenant)
    if isinstance(found, Refusal):
        unknown = cannot_tell(f"whether a distribution tenant serves {domain}", found)
        return Naming(unknown=() if found.kind is RefusalKind.MISSING else (unknown,))
    survey.learn({found.id: found})
    return Naming(places=(place_of_tenant(found),))


def place_of_tenant(tenant: Tenant) -> Place:
    """Return where what a tenant serves is protected."""
    if tenant.inherits:
        return Place(kind="distribution", id=tenant.distribution)
    return Place(kind="distribution_tenant", id=tenant.id)
