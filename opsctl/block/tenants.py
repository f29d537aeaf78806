"""CloudFront's distribution tenants: reading them, and giving one a web ACL of its own.

A tenant has the web ACL of its multi-tenant distribution unless it overrides or disables that (API reference,
WebAclCustomization). All changes are made under the tenant's ETag.
"""

from opsctl.block.distribution_calls import STALE
from opsctl.model.changes import Check, EditSpec, Element, Instruction
from opsctl.model.reads import Read
from opsctl.model.value import Json, Value
from opsctl.resources.route53 import normal_name

_CUSTOM = "DistributionTenant.Customizations.WebAcl"


class Tenant(Value):
    """A distribution tenant; `action` is override, disable, or empty where it has its distribution's web ACL."""

    id: str
    name: str
    distribution: str
    domains: tuple[str, ...] = ()
    action: str = ""
    web_acl: str = ""
    countries: bool = False
    enabled: bool = True

    @property
    def inherits(self) -> bool:
        """Whether the web ACL of the distribution is its own as well."""
        return not self.action


def list_tenants(distribution: str) -> Read:
    """Read all tenants of a multi-tenant distribution."""
    params: dict[str, Json] = {"AssociationFilter": {"DistributionId": distribution}}
    return Read(service="cloudfront", operation="ListDistributionTenants", params=params)


def get_tenant(tenant: str) -> Read:
    """Read a tenant by its id or ARN, with its ETag."""
    return Read(service="cloudfront", operation="GetDistributionTenant", params={"Identifier": tenant})


def get_tenant_by_domain(domain: str) -> Read:
    """Read the tenant that serves a domain."""
    return Read(service="cloudfront", operation="GetDistributionTenantByDomain", params={"Domain": domain})


def parse_listed(answer: Json) -> tuple[Tenant, ...]:
    """Parse ListDistributionTenants."""
    return tuple(_tenant(one) for one in answer.get("DistributionTenantList") or [])


def parse_tenant(answer: Json) -> Tenant:
    """Parse GetDistributionTenant and GetDistributionTenantByDomain."""
    return _tenant(answer["DistributionTenant"])


def attach_web_acl(tenant: str, web_acl: Json) -> Instruction:
    """Give a tenant a web ACL of its own."""
    return _edit("AssociateDistributionTenantWebACL", {"Id": tenant, "WebACLArn": web_acl}, tenant)


def disable_web_acl(tenant: str) -> Instruction:
    """Let a tenant have no web ACL, as one had that disabled its distribution's; all else is written back as read.

    What DisassociateDistributionTenantWebACL leaves is not documented: the distribution's web ACL, or none.
    """
    carried = ("DistributionId", "Customizations", "Parameters", "ConnectionGroupId", "Enabled")
    carry = {name: f"DistributionTenant.{name}" for name in carried}
    return Instruction(
        kind="edit",
        service="cloudfront",
        operation="UpdateDistributionTenant",
        params={"Id": tenant},
        edit=EditSpec(
            read=get_tenant(tenant),
            carry=carry | {"Domains": "DistributionTenant.Domains[].{Domain: Domain}", "IfMatch": "ETag"},
            elements=(Element(op="set", at="Customizations.WebAcl", value={"Action": "disable"}),),
            conflicts=STALE,
        ),
    )


def tenant_has(tenant: str, web_acl: Json, name: str) -> Check:
    """A tenant has this web ACL of its own, or has disabled its distribution's when `web_acl` is None."""
    read = get_tenant(tenant)
    if web_acl is None:
        says = f"distribution tenant {name} has disabled the web ACL of its distribution"
        return Check(read=read, query=f"{_CUSTOM}.Action", op="equals", value="disable", says=says)
    says = f"distribution tenant {name} is protected by our web ACL"
    return Check(read=read, query=f"{_CUSTOM}.Arn", op="equals", value=web_acl, says=says)


def is_deployed(tenant: str, name: str) -> Check:
    """CloudFront reports that the last change of a tenant has reached its edges."""
    says = f"distribution tenant {name} is deployed"
    return Check(
        read=get_tenant(tenant), query="DistributionTenant.Status", op="equals", value="Deployed", says=says
    )


def _edit(operation: str, params: dict[str, Json], tenant: str) -> Instruction:
    return Instruction(
        kind="edit",
        service="cloudfront",
        operation=operation,
        params=params,
        edit=EditSpec(read=get_tenant(tenant), carry={"IfMatch": "ETag"}, conflicts=STALE),
    )


def _tenant(one: Json) -> Tenant:
    custom = one.get("Customizations") or {}
    web_acl = custom.get("WebAcl") or {}
    return Tenant(
        id=one["Id"],
        name=one.get("Name") or one["Id"],
        distribution=one["DistributionId"],
        domains=tuple(normal_name(at["Domain"]) for at in one.get("Domains") or []),
        action=web_acl.get("Action", ""),
        web_acl=web_acl.get("Arn") or "",
        countries=bool(custom.get("GeoRestrictions")),
        enabled=bool(one.get("Enabled", True)),
    )
