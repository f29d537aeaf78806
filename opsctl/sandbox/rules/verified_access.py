"""AWS Verified Access, which moto lacks: instances, groups and endpoints.

Source: EC2 API reference (CreateVerifiedAccessInstance, CreateVerifiedAccessGroup, CreateVerifiedAccessEndpoint,
DescribeVerifiedAccessEndpoints).
"""

from typing import Any
from uuid import uuid4


def install() -> None:
    """Add the operations."""
    from moto.ec2.responses import EC2Response

    for operation in (
        create_verified_access_instance,
        create_verified_access_group,
        create_verified_access_endpoint,
        describe_verified_access_endpoints,
    ):
        setattr(EC2Response, operation.__name__, operation)


def is_instance(account: str, region: str, identifier: str) -> bool:
    """Tell whether there is an instance of Verified Access."""
    from moto.ec2.models import ec2_backends

    return identifier in _kept(ec2_backends[account][region])["instances"]


def create_verified_access_instance(self: Any) -> Any:
    """Make an instance."""
    made = {"VerifiedAccessInstanceId": f"vai-{uuid4().hex[:17]}"}
    _kept(self.ec2_backend)["instances"][made["VerifiedAccessInstanceId"]] = made
    return _answer({"VerifiedAccessInstance": made})


def create_verified_access_group(self: Any) -> Any:
    """Make a group of an instance."""
    instance = self._get_param("VerifiedAccessInstanceId")
    _found(self, "instances", instance)
    made = {"VerifiedAccessGroupId": f"vagr-{uuid4().hex[:17]}", "VerifiedAccessInstanceId": instance}
    _kept(self.ec2_backend)["groups"][made["VerifiedAccessGroupId"]] = made
    return _answer({"VerifiedAccessGroup": made})


def create_verified_access_endpoint(self: Any) -> Any:
    """Make an endpoint in front of a load balancer."""
    group = _found(self, "groups", self._get_param("VerifiedAccessGroupId"))
    identifier, region = f"vae-{uuid4().hex[:17]}", self.region
    prefix = self._get_param("EndpointDomainPrefix") or "edge"
    number, instance = identifier.removeprefix("vae-"), group["VerifiedAccessInstanceId"]
    made = {
        **group,
        "VerifiedAccessEndpointId": identifier,
        "ApplicationDomain": self._get_param("ApplicationDomain"),
        "EndpointType": self._get_param("EndpointType"),
        "AttachmentType": self._get_param("AttachmentType"),
        "EndpointDomain": f"{prefix}.{number}.{instance}.prod.verified-access.{region}.amazonaws.com",
        "LoadBalancerOptions": self._get_param("LoadBalancerOptions") or {},
        "Status": {"Code": "active"},
    }
    _kept(self.ec2_backend)["endpoints"][identifier] = made
    return _answer({"VerifiedAccessEndpoint": made})


def describe_verified_access_endpoints(self: Any) -> Any:
    """Describe all, or those with the ids that are asked for."""
    known = _kept(self.ec2_backend)["endpoints"]
    wanted = self._get_param("VerifiedAccessEndpointIds") or list(known)
    return _answer({"VerifiedAccessEndpoints": [_found(self, "endpoints", one) for one in wanted]})


def _kept(backend: Any) -> dict[str, dict[str, Any]]:
    if not hasattr(backend, "opsctl_verified_access"):
        backend.opsctl_verified_access = {"instances": {}, "groups": {}, "endpoints": {}}
    found: dict[str, dict[str, Any]] = backend.opsctl_verified_access
    return found


def _found(self: Any, kind: str, identifier: str) -> dict[str, Any]:
    from moto.ec2.exceptions import EC2ClientError

    known = _kept(self.ec2_backend)[kind]
    if identifier not in known:
        name = {"instances": "InstanceId", "groups": "GroupId", "endpoints": "EndpointId"}[kind]
        raise EC2ClientError(f"InvalidVerifiedAccess{name}.NotFound", f"{identifier} does not exist")
    found: dict[str, Any] = known[identifier]
    return found


def _answer(result: Any) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult(result)
