"""What AWS WAF can protect: ARNs by type of resource, and that a web ACL is only attached to what is there.

Source: WAFV2 API reference, AssociateWebACL (ResourceArn, WAFNonexistentItemException) and ListResourcesForWebACL.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from opsctl.sandbox.rules.verified_access import is_instance
from opsctl.sandbox.rules.wafv2 import fault

_TYPES = {
    "APPLICATION_LOAD_BALANCER": r"arn:[\w-]+:elasticloadbalancing:[\w-]+:\d+:loadbalancer/app/[^/]+/[^/]+",
    "API_GATEWAY": r"arn:[\w-]+:apigateway:[\w-]+::/restapis/[^/]+/stages/[^/]+",
    "APPSYNC": r"arn:[\w-]+:appsync:[\w-]+:\d+:apis/[^/]+",
    "APP_RUNNER_SERVICE": r"arn:[\w-]+:apprunner:[\w-]+:\d+:service/[^/]+/[^/]+",
    "AMPLIFY": r"arn:[\w-]+:amplify:[\w-]+:\d+:apps/[^/]+",
    "VERIFIED_ACCESS_INSTANCE": r"arn:[\w-]+:ec2:[\w-]+:\d+:verified-access-instance/[^/]+",
    "COGNITO_USER_POOL": r"arn:[\w-]+:cognito-idp:[\w-]+:\d+:userpool/[^/]+",
}
Exists = Callable[[str, str, str], bool]
"""Tells from account, region and ARN whether a resource is there."""


def install() -> None:
    """Put the rules around moto's associations."""
    from moto.wafv2.models import WAFV2Backend
    from moto.wafv2.responses import WAFV2Response

    WAFV2Response.get_web_acl_for_resource = _only_for_protectable(WAFV2Response.get_web_acl_for_resource)
    WAFV2Response.list_resources_for_web_acl = _list_resources
    for name in ("associate_web_acl", "disassociate_web_acl", "get_web_acl_for_resource"):
        setattr(WAFV2Response, name, _where_its_web_acl_is(getattr(WAFV2Response, name)))
    WAFV2Backend.associate_web_acl = _to_what_is_there(WAFV2Backend.associate_web_acl)


def type_of(arn: str) -> str:
    """Return the type of a resource; AWS WAF takes no other ARN.

    Raises:
        WAFInvalidParameterException: it protects nothing of the kind.
    """
    found = next((name for name, pattern in _TYPES.items() if re.fullmatch(pattern, arn)), "")
    if not found:
        reason = "Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other information"
        raise fault("WAFInvalidParameterException", f"{reason}., field: RESOURCE_ARN, parameter: {arn}")
    return found


def _only_for_protectable(method: Callable[..., Any]) -> Callable[..., Any]:
    """Asking about something else, as a Network Load Balancer, is invalid (recorded answers)."""

    def found(self: Any) -> Any:
        type_of(json.loads(self.body)["ResourceArn"])
        status, headers, body = method(self)
        answer = {name: value for name, value in json.loads(body).items() if value is not None}
        return status, headers, json.dumps(answer)

    return found


def _where_its_web_acl_is(method: Callable[..., Any]) -> Callable[..., Any]:
    """Web ACLs of Amplify apps are global ones, and every call about those is made in us-east-1."""

    def asked(self: Any) -> Any:
        if type_of(json.loads(self.body)["ResourceArn"]) == "AMPLIFY":
            if self.region not in ("us-east-1", "aws"):
                raise fault(
                    "WAFInvalidParameterException", "Error reason: The scope is not valid., field: SCOPE_VALUE"
                )
            self.region = "aws"
        return method(self)

    return asked


def _list_resources(self: Any) -> Any:
    """A global web ACL has resources of its own kinds (API reference, ListResourcesForWebACL: AMPLIFY)."""
    arn = self._get_param("WebACLArn")
    if ":global/" in arn:
        self.region = "aws"
    kind = self._get_param("ResourceType") or "APPLICATION_LOAD_BALANCER"
    acl = self.wafv2_backend.get_web_acl(arn, None, None)
    resources = [one for one in acl.associated_resources if type_of(one) == kind]
    return 200, {"Content-Type": "application/json"}, json.dumps({"ResourceArns": resources})


def _to_what_is_there(method: Callable[..., Any]) -> Callable[..., Any]:
    def associated(self: Any, web_acl_arn: str, resource_arn: str) -> None:
        there = _THERE.get(type_of(resource_arn))
        if (type_of(resource_arn) == "AMPLIFY") != (":global/" in web_acl_arn):
            raise fault("WAFInvalidParameterException", "The scope of the web ACL isn't valid for the resource.")
        if there is not None and not there(self.account_id, resource_arn.split(":")[3], resource_arn):
            raise fault("WAFNonexistentItemException", "AWS WAF couldn't find your resource: it doesn't exist.")
        method(self, web_acl_arn, resource_arn)

    return associated


def _balancer(account: str, region: str, arn: str) -> bool:
    from moto.elbv2.models import elbv2_backends

    return arn in elbv2_backends[account][region].load_balancers


def _stage(account: str, region: str, arn: str) -> bool:
    from moto.apigateway.models import apigateway_backends

    api, stage = re.findall(r"/(?:restapis|stages)/([^/]+)", arn)
    known = apigateway_backends[account][region].apis.get(api)
    return known is not None and stage in known.stages


def _api(account: str, region: str, arn: str) -> bool:
    from moto.appsync.models import appsync_backends

    return any(one.arn == arn for one in appsync_backends[account][region].graphql_apis.values())


def _pool(account: str, region: str, arn: str) -> bool:
    from moto.cognitoidp.models import cognitoidp_backends

    return arn.rpartition("/")[2] in cognitoidp_backends[account][region].user_pools


def _access_instance(account: str, region: str, arn: str) -> bool:
    return is_instance(account, region, arn.rpartition("/")[2])


_THERE: dict[str, Exists] = {
    "VERIFIED_ACCESS_INSTANCE": _access_instance,
    "APPLICATION_LOAD_BALANCER": _balancer,
    "API_GATEWAY": _stage,
    "APPSYNC": _api,
    "COGNITO_USER_POOL": _pool,
}
