"""CloudFront's distribution tenants and connection groups, which moto lacks.

Source: CloudFront API reference (the operations, WebAclCustomization, DistributionTenantAssociationFilter) and the
developer guide, tenant-customization. What DisassociateDistributionTenantWebACL leaves is not documented; here a
tenant has its distribution's web ACL again.
"""

from typing import Any

from opsctl.sandbox.rules.caches import invalidated
from opsctl.sandbox.rules.cloudfront import fault, is_there

_BASE = "{0}/2020-05-31"
_PATHS = (
    "distribution-tenant$",
    "distribution-tenants$",
    "distribution-tenants-by-customization$",
    "distribution-tenant/(?P<identifier>[^/]+)$",
    "distribution-tenant/(?P<identifier>[^/]+)/associate-web-acl$",
    "distribution-tenant/(?P<identifier>[^/]+)/disassociate-web-acl$",
    "distribution-tenant/(?P<identifier>[^/]+)/invalidation$",
    "distribution-tenant/(?P<identifier>[^/]+)/invalidation/(?P<invalidation>[^/]+)$",
    "connection-groups$",
)
_MADE = "2026-11-01T08:00:00Z"
_MOST_DOMAINS = 5


def install() -> None:
    """Put the operations into moto's CloudFront, and let it tell which distributions serve tenants."""
    from moto.cloudfront import models, urls
    from moto.cloudfront.responses import CloudFrontResponse

    models.DISTRIBUTION_CONFIG_FIELDS.append("ConnectionMode")
    for path in _PATHS:
        urls.url_paths[f"{_BASE}/{path}"] = CloudFrontResponse.dispatch
    for operation in (
        create_distribution_tenant,
        get_distribution_tenant,
        get_distribution_tenant_by_domain,
        list_distribution_tenants,
        list_distribution_tenants_by_customization,
        update_distribution_tenant,
        associate_distribution_tenant_web_acl,
        disassociate_distribution_tenant_web_acl,
        list_connection_groups,
        create_invalidation_for_distribution_tenant,
        get_invalidation_for_distribution_tenant,
        list_invalidations_for_distribution_tenant,
    ):
        setattr(CloudFrontResponse, operation.__name__, operation)


def tenants_with(account: str, web_acl: str) -> list[str]:
    """Return the tenants that override their distribution's web ACL by this one."""
    from moto.cloudfront.models import cloudfront_backends

    known = _tenants(cloudfront_backends[account]["aws"])
    return [one["Id"] for one in known.values() if _arn_of(one) == web_acl]


def create_distribution_tenant(self: Any) -> Any:
    """Make a tenant of a multi-tenant distribution; a domain belongs to one tenant."""
    from moto.cloudfront.models import random_id

    known = _tenants(self.backend)
    distribution, _ = self.backend.get_distribution(self._get_param("DistributionId"))
    if getattr(distribution.distribution_config, "ConnectionMode", "direct") != "tenant-only":
        raise fault("InvalidAssociation", "The distribution is not a multi-tenant distribution.")
    identifier = f"dt_{random_id(uppercase=False)}"
    made = {
        "Id": identifier,
        "Arn": f"arn:aws:cloudfront::{self.current_account}:distribution-tenant/{identifier}",
        "DistributionId": distribution.id,
        "Name": self._get_param("Name"),
        "ConnectionGroupId": self._get_param("ConnectionGroupId") or _group(self)["Id"],
        "CreatedTime": _MADE,
        "LastModifiedTime": _MADE,
        "Tags": self._get_param("Tags") or {"Items": []},
    }
    if any(one["Name"] == made["Name"] for one in known.values()):
        raise fault("EntityAlreadyExists", f"There is a distribution tenant {made['Name']} already.")
    _write(self, made)
    known[identifier] = made
    return _answer(made)


def get_distribution_tenant(self: Any) -> Any:
    """Answer one by id, name or ARN."""
    return _answer(_found(self, self._get_param("Identifier")))


def get_distribution_tenant_by_domain(self: Any) -> Any:
    """Answer the one that serves a domain."""
    domain = self._get_param("Domain") or self._get_param("domain")
    for one in _tenants(self.backend).values():
        if any(at["Domain"] == domain for at in one["Domains"]):
            return _answer(one)
    raise fault("EntityNotFound", f"No distribution tenant serves {domain}.")


def list_distribution_tenants(self: Any) -> Any:
    """List those of a distribution or a connection group, or all."""
    wanted = self._get_param("AssociationFilter") or {}
    found = [
        one
        for one in _tenants(self.backend).values()
        if all(one[name] == value for name, value in wanted.items() if value)
    ]
    return _listed(found)


def list_distribution_tenants_by_customization(self: Any) -> Any:
    """List those with a web ACL of their own."""
    arn = self._get_param("WebACLArn")
    return _listed([one for one in _tenants(self.backend).values() if _arn_of(one) == arn])


def update_distribution_tenant(self: Any) -> Any:
    """Write a tenant anew, under its ETag."""
    tenant = _found(self, self._get_param("Id"))
    _check(self, tenant)
    _write(self, tenant)
    return _answer(tenant)


def associate_distribution_tenant_web_acl(self: Any) -> Any:
    """Let a tenant override the web ACL of its distribution."""
    tenant, arn = _found(self, self._get_param("Id")), self._get_param("WebACLArn")
    _check(self, tenant)
    _check_web_acl(self, arn)
    _customize(tenant, {"Action": "override", "Arn": arn})
    return _changed(tenant, {"Id": tenant["Id"], "WebACLArn": arn})


def disassociate_distribution_tenant_web_acl(self: Any) -> Any:
    """Take a tenant's own web ACL away."""
    tenant = _found(self, self._get_param("Id"))
    _check(self, tenant)
    _customize(tenant, None)
    return _changed(tenant, {"Id": tenant["Id"]})


def create_invalidation_for_distribution_tenant(self: Any) -> Any:
    """Invalidate paths of a tenant alone, by the rules of a distribution's invalidations."""
    from moto.cloudfront.models import Invalidation
    from moto.core.responses import ActionResult

    tenant = _found(self, self._get_param("Id"))
    distribution, _ = self.backend.get_distribution(tenant["DistributionId"])
    known = _invalidations(self, tenant)
    paths = self._get_param("InvalidationBatch.Paths.Items", [])
    reference = self._get_param("InvalidationBatch.CallerReference")

    def make() -> Any:
        known.append(Invalidation(distribution, paths, reference))
        return known[-1]

    made = invalidated(self.current_account, known, paths, reference, make)
    return ActionResult({"Invalidation": made, "Location": made.location})


def get_invalidation_for_distribution_tenant(self: Any) -> Any:
    """Answer one of a tenant."""
    from moto.core.responses import ActionResult

    tenant = _found(self, self._get_param("DistributionTenantId"))
    found = next((one for one in _invalidations(self, tenant) if one.id == self._get_param("Id")), None)
    if found is None:
        raise fault("NoSuchInvalidation", "The specified invalidation does not exist.")
    return ActionResult({"Invalidation": found})


def list_invalidations_for_distribution_tenant(self: Any) -> Any:
    """List those of a tenant."""
    from moto.core.responses import ActionResult

    listed = _invalidations(self, _found(self, self._get_param("Id")))
    told = {"Marker": "", "MaxItems": 100, "IsTruncated": False, "Quantity": len(listed), "Items": listed or None}
    return ActionResult({"InvalidationList": told})


def _invalidations(self: Any, tenant: dict[str, Any]) -> list[Any]:
    kept = self.backend.__dict__.setdefault("opsctl_tenant_invalidations", {})
    found: list[Any] = kept.setdefault(tenant["Id"], [])
    return found


def list_connection_groups(self: Any) -> Any:
    """List the group that CloudFront makes for the first tenants."""
    from moto.core.responses import ActionResult

    return ActionResult({"ConnectionGroups": [_group(self)]})


def _tenants(backend: Any) -> dict[str, dict[str, Any]]:
    if not hasattr(backend, "opsctl_tenants"):
        backend.opsctl_tenants = {}
    found: dict[str, dict[str, Any]] = backend.opsctl_tenants
    return found


def _group(self: Any) -> dict[str, Any]:
    number = self.current_account[-6:]
    return {
        "Id": f"cg_default{number}",
        "Name": "CreatedByCloudFront-default",
        "Arn": f"arn:aws:cloudfront::{self.current_account}:connection-group/cg_default{number}",
        "RoutingEndpoint": f"d{number}tenants.cloudfront.net",
        "CreatedTime": _MADE,
        "LastModifiedTime": _MADE,
        "ETag": "E1",
        "Enabled": True,
        "Status": "Deployed",
        "IsDefault": True,
    }


def _found(self: Any, identifier: str) -> dict[str, Any]:
    for one in _tenants(self.backend).values():
        if identifier in (one["Id"], one["Name"], one["Arn"]):
            return one
    raise fault("EntityNotFound", f"There is no distribution tenant {identifier}.")


def _check(self: Any, tenant: dict[str, Any]) -> None:
    if_match = self._get_param("IfMatch")
    if not if_match:
        raise fault("InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.")
    if if_match != tenant["ETag"]:
        raise fault("PreconditionFailed", "The precondition in one or more of the request fields is false.")


def _check_web_acl(self: Any, arn: str) -> None:
    if not arn.startswith("arn:") or not is_there(self.current_account, arn):
        raise fault(
            "EntityNotFound" if ":global/webacl/" in arn else "InvalidArgument", f"no global web ACL {arn}"
        )


def _write(self: Any, tenant: dict[str, Any]) -> None:
    """What a request says of a tenant replaces what was said before."""
    domains = [one["Domain"] for one in self._get_param("Domains") or []]
    if not 0 < len(domains) <= _MOST_DOMAINS:
        raise fault("InvalidArgument", f"A distribution tenant has 1 to {_MOST_DOMAINS} domains.")
    others = [one for one in _tenants(self.backend).values() if one is not tenant]
    if any(at["Domain"] in domains for one in others for at in one["Domains"]):
        raise fault("CNAMEAlreadyExists", "A domain is already associated with another resource.")
    custom = self._get_param("Customizations") or {}
    web_acl = custom.get("WebAcl") or {}
    if web_acl.get("Action") == "override":
        _check_web_acl(self, web_acl.get("Arn") or "")
    enabled = self._get_param("Enabled")
    tenant["Domains"] = [{"Domain": one, "Status": "active"} for one in domains]
    tenant["Customizations"] = custom
    tenant["Parameters"] = self._get_param("Parameters") or []
    tenant["Enabled"] = True if enabled is None else enabled
    tenant["ConnectionGroupId"] = self._get_param("ConnectionGroupId") or tenant["ConnectionGroupId"]
    _touch(tenant)


def _customize(tenant: dict[str, Any], web_acl: dict[str, Any] | None) -> None:
    rest = {name: value for name, value in tenant["Customizations"].items() if name != "WebAcl"}
    tenant["Customizations"] = rest | ({"WebAcl": web_acl} if web_acl else {})


def _touch(tenant: dict[str, Any]) -> None:
    from moto.cloudfront.models import random_id

    tenant["ETag"] = random_id()
    tenant["Status"] = "InProgress"


def _changed(tenant: dict[str, Any], answer: dict[str, Any]) -> Any:
    from moto.core.responses import ActionResult

    _touch(tenant)
    return ActionResult({**answer, "ETag": tenant["ETag"]})


def _answer(tenant: dict[str, Any]) -> Any:
    """A change has reached the edges by the second look at it."""
    from moto.core.responses import ActionResult

    told = {name: value for name, value in tenant.items() if name != "ETag"}
    tenant["Status"] = "Deployed"
    return ActionResult({"DistributionTenant": told, "ETag": tenant["ETag"]})


def _listed(found: list[dict[str, Any]]) -> Any:
    from moto.core.responses import ActionResult

    told = [{name: one[name] for name in one if name not in ("Parameters", "Tags")} for one in found]
    return ActionResult({"DistributionTenantList": told})


def _arn_of(tenant: dict[str, Any]) -> str:
    return str((tenant["Customizations"].get("WebAcl") or {}).get("Arn") or "")
