"""What AWS WAF asks of the service that it protects is in the policy, for that resource alone."""

import pytest

from opsctl.aws.service_models import InstalledModels
from opsctl.model.reads import Read
from opsctl.planning.iam import policy_for_reads
from opsctl.planning.iam_actions import action_of
from opsctl.planning.waf_permissions import asked_besides
from tests.kit.ports import IDENTITY

STAGE = "arn:aws:apigateway:eu-west-1::/restapis/abc123/stages/prod"


@pytest.mark.parametrize(
    ("resource", "actions"),
    [
        (STAGE, ["apigateway:SetWebACL"]),
        (
            "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/50dc6c495c0c9188",
            ["elasticloadbalancing:CreateWebACLAssociation", "elasticloadbalancing:SetWebACL"],
        ),
        ("arn:aws:cognito-idp:eu-west-1:123456789012:userpool/p", ["cognito-idp:AssociateWebACL"]),
        ("arn:aws:sqs:eu-west-1:123456789012:orders", []),
    ],
)
def test_an_association_needs_what_the_service_asks_about_the_resource(resource: str, actions: list[str]) -> None:
    assert list(asked_besides("wafv2.AssociateWebACL", {"ResourceArn": resource})) == [
        (action, resource) for action in actions
    ]


def test_reading_what_a_web_acl_protects_needs_what_its_type_asks() -> None:
    params = {"WebACLArn": "arn:aws:wafv2:eu-west-1:1:regional/webacl/a/b", "ResourceType": "APPSYNC"}
    read = Read(service="wafv2", operation="ListResourcesForWebACL", params=params)
    (statement,) = policy_for_reads([read], IDENTITY)["Statement"]
    assert statement["Action"] == ["appsync:ListResourcesForWebACL", "wafv2:ListResourcesForWebACL"]


@pytest.mark.parametrize("service", ["apigateway", "apigatewayv2"])
def test_permissions_of_api_gateway_are_the_methods_of_its_calls(service: str) -> None:
    model = InstalledModels()
    told = {one: action_of(f"{service}.{one}") for one in model.operations(service)}
    methods = {"GET", "POST", "PUT", "PATCH", "DELETE"}
    known = {one: action for one, action in told.items() if action.partition(":")[2] in methods}
    assert known == {one: f"apigateway:{_method(service, one)}" for one in known}
    assert {"GetRestApis", "GetStages"} <= known.keys() or {"GetApis", "GetApiMappings"} <= known.keys()


def _method(service: str, operation: str) -> str:
    import botocore.session

    method: str = (
        botocore.session.get_session().get_service_model(service).operation_model(operation).http["method"]
    )
    return method
