"""Everything that a web ACL protects besides the target gets the block too, and is named."""

import botocore.session

from opsctl.block.wafv2 import GLOBAL_RESOURCES, REGIONAL_RESOURCES
from opsctl.model.reads import Read
from opsctl.model.value import Json
from tests.block.facts.asking import decide, served
from tests.kit.canned import ACCOUNT, REGION, denied
from tests.kit.picture import Picture

ARNS = {
    "API_GATEWAY": f"arn:aws:apigateway:{REGION}::/restapis/a1/stages/prod",
    "APPSYNC": f"arn:aws:appsync:{REGION}:{ACCOUNT}:apis/graph",
    "COGNITO_USER_POOL": f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/pool",
    "APP_RUNNER_SERVICE": f"arn:aws:apprunner:{REGION}:{ACCOUNT}:service/runner/1",
    "VERIFIED_ACCESS_INSTANCE": f"arn:aws:ec2:{REGION}:{ACCOUNT}:verified-access-instance/vai-1",
    "AGENTCORE_GATEWAY": f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:gateway/agents",
    "AMPLIFY": f"arn:aws:amplify:us-east-1:{ACCOUNT}:apps/d123",
}


def protected(read: Read) -> Json:
    arn = ARNS.get(read.params["ResourceType"])
    return {"ResourceArns": [arn] if arn else []}


def test_every_type_that_the_installed_model_knows_is_asked_for() -> None:
    model = botocore.session.get_session().get_service_model("wafv2")
    assert {*REGIONAL_RESOURCES, *GLOBAL_RESOURCES} == set(model.shape_for("ResourceType").enum)


def test_a_regional_web_acl_names_everything_it_protects() -> None:
    picture = Picture()
    picture.attached[served(picture)] = picture.web_acl("edge")
    picture.refusals["wafv2.ListResourcesForWebACL"] = protected
    (point,) = [one for one in decide(picture, "shop", layer="waf").points if one.layer == "waf"]
    assert point.affects == (
        "API Gateway API a1/stages/prod (web ACL edge)",
        "AppSync API graph (web ACL edge)",
        "Cognito user pool pool (web ACL edge)",
        "App Runner service runner/1 (web ACL edge)",
        "Verified Access instance vai-1 (web ACL edge)",
        "AgentCore gateway agents (web ACL edge)",
    )


def edge() -> Picture:
    """A distribution with a web ACL."""
    picture = Picture()
    acl = picture.web_acl("edge", scope="CLOUDFRONT")
    picture.distribution("E1", "bucket.s3.amazonaws.com", WebACLId=acl)
    picture.distribution("E2", "other.s3.amazonaws.com", WebACLId=acl)
    return picture


def test_a_global_web_acl_names_distributions_apps_and_tenants() -> None:
    picture = edge()
    picture.refusals["wafv2.ListResourcesForWebACL"] = protected
    picture.refusals["cloudfront.ListDistributionTenantsByCustomization"] = {
        "DistributionTenantList": [{"Id": "dt_1", "Name": "customer-a", "DistributionId": "E9"}]
    }
    (point,) = decide(picture, "E1").points
    assert point.affects == (
        "Amplify app d123 (web ACL edge)",
        "distribution E2 (web ACL edge)",
        "distribution tenant customer-a of E9 (web ACL edge)",
    )


def test_tenants_that_cannot_be_listed_are_said_to_be_unknown() -> None:
    api = "cloudfront.ListDistributionTenantsByCustomization"
    decision = decide(edge().refuse(api, denied(api)), "E1")
    assert (
        f"cannot tell which distribution tenants web ACL edge protects: access denied reading CloudFront ({api})"
        in (decision.unknown)
    )
