"""What AWS WAF asks the service of a protected resource, which a caller has to be allowed as well.

Source: AWS WAF guide, security_iam_service-with-iam ("Actions that require additional permissions settings"), and
AWS's managed policies AWSWAFConsoleFullAccess and SecurityAudit, which have the same names.
"""

from collections.abc import Iterator, Mapping

from opsctl.model.value import Json

_BY_ARN: dict[str, dict[str, tuple[str, ...]]] = {
    "wafv2.AssociateWebACL": {
        "elasticloadbalancing": (
            "elasticloadbalancing:CreateWebACLAssociation",
            "elasticloadbalancing:SetWebACL",
        ),
        "apigateway": ("apigateway:SetWebACL",),
        "appsync": ("appsync:AssociateWebACL", "appsync:SetWebACL"),
        "cognito-idp": ("cognito-idp:AssociateWebACL",),
        "apprunner": ("apprunner:AssociateWebAcl",),
        "ec2": ("ec2:AssociateVerifiedAccessInstanceWebAcl",),
        "amplify": ("amplify:AssociateWebACL",),
    },
    "wafv2.DisassociateWebACL": {
        "elasticloadbalancing": ("elasticloadbalancing:DeleteWebACLAssociation",),
        "apigateway": ("apigateway:SetWebACL",),
        "appsync": ("appsync:DisassociateWebACL", "appsync:SetWebACL"),
        "cognito-idp": ("cognito-idp:DisassociateWebACL",),
        "apprunner": ("apprunner:DisassociateWebAcl",),
        "ec2": ("ec2:DisassociateVerifiedAccessInstanceWebAcl",),
        "amplify": ("amplify:DisassociateWebACL",),
    },
    "wafv2.GetWebACLForResource": {
        "elasticloadbalancing": ("elasticloadbalancing:GetLoadBalancerWebACL",),
        "appsync": ("appsync:GetWebACLForResource",),
        "cognito-idp": ("cognito-idp:GetWebACLForResource",),
        "apprunner": ("apprunner:DescribeWebAclForService",),
        "ec2": ("ec2:GetVerifiedAccessInstanceWebAcl",),
        "amplify": ("amplify:GetWebACLForResource",),
    },
}
"""By call, and by the service in the ARN of the resource."""

_OF_TYPE = {
    "APPLICATION_LOAD_BALANCER": "elasticloadbalancing:DescribeWebACLAssociation",
    "APPSYNC": "appsync:ListResourcesForWebACL",
    "COGNITO_USER_POOL": "cognito-idp:ListResourcesForWebACL",
    "APP_RUNNER_SERVICE": "apprunner:ListAssociatedServicesForWebAcl",
    "VERIFIED_ACCESS_INSTANCE": "ec2:DescribeVerifiedAccessInstanceWebAclAssociations",
    "AMPLIFY": "amplify:ListResourcesForWebACL",
}
"""By ListResourcesForWebACL's type of resource; IAM asks about no resource."""


def asked_besides(api: str, params: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Return IAM actions and resources that one call needs besides its own."""
    resource = params.get("ResourceArn")
    if api == "wafv2.ListResourcesForWebACL":
        action = _OF_TYPE.get(str(params.get("ResourceType", "APPLICATION_LOAD_BALANCER")))
        yield from [(action, "*")] if action else []
    elif isinstance(resource, str) and resource.startswith("arn:"):
        for action in _BY_ARN.get(api, {}).get(resource.split(":")[2], ()):
            yield action, resource


def permissions() -> frozenset[str]:
    """Return every action that may be asked besides."""
    by_arn = {one for services in _BY_ARN.values() for actions in services.values() for one in actions}
    return frozenset(by_arn | set(_OF_TYPE.values()))
