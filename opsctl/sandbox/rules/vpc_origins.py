"""CloudFront's VPC origins, which moto lacks: private load balancers and instances that CloudFront reaches.

Source: CloudFront API reference (CreateVpcOrigin, GetVpcOrigin, ListVpcOrigins, VpcOriginConfig) and the developer
guide, private-content-vpc-origins: 25 for an account, and a network load balancer needs a security group.
"""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.rules.cloudfront import fault

AT_MOST = 25
_MADE = "2026-11-01T08:00:00Z"
_PATHS = ("vpc-origin$", "vpc-origin/(?P<identifier>[^/]+)$")


def install() -> None:
    """Put the operations into moto's CloudFront, and let origins of distributions keep what they name."""
    from moto.cloudfront import urls
    from moto.cloudfront.models import Origin
    from moto.cloudfront.responses import CloudFrontResponse

    for path in _PATHS:
        urls.url_paths[f"{{0}}/2020-05-31/{path}"] = CloudFrontResponse.dispatch
    for operation in (create_vpc_origin, get_vpc_origin, list_vpc_origins):
        setattr(CloudFrontResponse, operation.__name__, operation)
    Origin.__init__ = _with_vpc_origin(Origin.__init__)


def _with_vpc_origin(method: Callable[..., None]) -> Callable[..., None]:
    def made(self: Any, origin: dict[str, Any]) -> None:
        method(self, origin)
        if "VpcOriginConfig" in origin:
            self.vpc_origin_config = origin["VpcOriginConfig"]

    return made


def create_vpc_origin(self: Any) -> Any:
    """Make one for a load balancer or an instance of the account; its name is taken once."""
    from moto.cloudfront.models import random_id

    known, config = _known(self.backend), self._get_param("VpcOriginEndpointConfig")
    if len(known) >= AT_MOST:
        raise fault("EntityLimitExceeded", "The request exceeds the number of VPC origins.")
    if any(one["VpcOriginEndpointConfig"]["Name"] == config["Name"] for one in known.values()):
        raise fault("EntityAlreadyExists", f"There is a VPC origin {config['Name']} already.")
    _check_endpoint(self.current_account, config["Arn"])
    identifier = f"vo_{random_id(uppercase=False)}"
    known[identifier] = {
        "Id": identifier,
        "Arn": f"arn:aws:cloudfront::{self.current_account}:vpcorigin/{identifier}",
        "AccountId": self.current_account,
        "Status": "Deployed",
        "CreatedTime": _MADE,
        "LastModifiedTime": _MADE,
        "VpcOriginEndpointConfig": config,
    }
    return _answer(known[identifier])


def get_vpc_origin(self: Any) -> Any:
    """Answer one by its id."""
    found = _known(self.backend).get(self._get_param("Id"))
    if found is None:
        raise fault("EntityNotFound", "The VPC origin does not exist.")
    return _answer(found)


def list_vpc_origins(self: Any) -> Any:
    """List all; a summary names what it leads to."""
    from moto.core.responses import ActionResult

    items = [_summary(one) for one in _known(self.backend).values()]
    listed = {"Marker": "", "MaxItems": 100, "IsTruncated": False, "Quantity": len(items), "Items": items}
    return ActionResult({"VpcOriginList": listed})


def _summary(one: dict[str, Any]) -> dict[str, Any]:
    config = one["VpcOriginEndpointConfig"]
    rest = {name: value for name, value in one.items() if name != "VpcOriginEndpointConfig"}
    return rest | {"Name": config["Name"], "OriginEndpointArn": config["Arn"]}


def _answer(one: dict[str, Any]) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult({"VpcOrigin": one, "ETag": "E1"})


def _known(backend: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = backend.__dict__.setdefault("opsctl_vpc_origins", {})
    return found


def _check_endpoint(account: str, arn: str) -> None:
    """It is there; a network load balancer has a security group."""
    from moto.ec2.models import ec2_backends
    from moto.elbv2.models import elbv2_backends

    region = arn.split(":")[3]
    if ":instance/" in arn:
        if ec2_backends[account][region].get_instance_by_id(arn.rpartition("/")[2]) is None:
            raise fault("InvalidArgument", f"There is no instance {arn}.")
        return
    balancer = elbv2_backends[account][region].load_balancers.get(arn)
    if balancer is None:
        raise fault("InvalidArgument", f"There is no load balancer {arn}.")
    if "/net/" in arn and not balancer.security_groups:
        raise fault("InvalidArgument", "A network load balancer needs a security group to be a VPC origin.")
