"""Roles to call as: one that looks at everything and changes nothing, one that may change web ACLs and no more."""

import json
from collections.abc import Callable
from typing import Any

from opsctl.model.value import Json, Value
from opsctl.planning.waf_permissions import permissions

Clients = Callable[[str], Any]


class SampleRole(Value):
    """A role to call as, and what it may do."""

    name: str
    what: str
    statements: tuple[Json, ...]


def _allow(*actions: str, **more: Json) -> Json:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


_READS = _allow(
    "amplify:GetWebACLForResource",
    "amplify:List*",
    "apigateway:GET",
    "apprunner:Describe*",
    "apprunner:List*",
    "appsync:Get*",
    "appsync:List*",
    "autoscaling:Describe*",
    "cloudfront:Get*",
    "cloudfront:List*",
    "cloudwatch:Describe*",
    "cloudwatch:Get*",
    "cloudwatch:List*",
    "cloudtrail:Describe*",
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrailStatus",
    "cognito-idp:Describe*",
    "cognito-idp:GetWebACLForResource",
    "cognito-idp:List*",
    "dax:Describe*",
    "dlm:Get*",
    "ec2:Describe*",
    "ec2:Get*",
    "elasticache:Describe*",
    "elasticloadbalancing:Describe*",
    "elasticloadbalancing:Get*",
    "globalaccelerator:Describe*",
    "globalaccelerator:List*",
    "events:Describe*",
    "events:List*",
    "iam:Get*",
    "iam:List*",
    "iam:Simulate*",
    "kms:Describe*",
    "kms:GetKeyPolicy",
    "kms:List*",
    "lambda:Get*",
    "lambda:List*",
    "logs:Describe*",
    "route53:Get*",
    "route53:List*",
    "scheduler:Get*",
    "scheduler:List*",
    "servicequotas:Get*",
    "servicequotas:List*",
    "sns:Get*",
    "sns:List*",
    "sqs:Get*",
    "sqs:List*",
    "ssm:Describe*",
    "ssm:GetCommandInvocation",
    "ssm:List*",
    "tag:GetResources",
    "wafv2:CheckCapacity",
    "wafv2:Get*",
    "wafv2:List*",
)
_WEB_ACLS = _allow(
    "wafv2:*",
    "elasticloadbalancing:CreateWebACLAssociation",
    "elasticloadbalancing:DeleteWebACLAssociation",
    *(one for one in sorted(permissions()) if "ssociate" in one or "SetWebACL" in one),
    Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
)
_NO_DELETIONS: Json = {"Effect": "Deny", "Action": "wafv2:DeleteWebACL", "Resource": "*"}
ROLES = (
    SampleRole(name="responder-read-only", what="read-only: may change nothing", statements=(_READS,)),
    SampleRole(
        name="responder-web-acls",
        what="may change web ACLs of us-east-1 as well, and delete none",
        statements=(_READS, _WEB_ACLS, _NO_DELETIONS),
    ),
)


def make_roles(clients: Clients) -> None:
    """Make the roles; everybody in the account may assume them."""
    account = clients("sts").get_caller_identity()["Account"]
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    trust = _document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    iam = clients("iam")
    for role in ROLES:
        iam.create_role(RoleName=role.name, AssumeRolePolicyDocument=trust, Description=role.what)
        document = _document(*role.statements)
        iam.put_role_policy(RoleName=role.name, PolicyName="responder", PolicyDocument=document)


def _document(*statements: Json) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
