"""Countries at a distribution with Lambda@Edge: the policy has what CloudFront asks for besides the update."""

from opsctl.block.actions.cloudfront_deny_countries import CloudfrontDenyCountries
from opsctl.model.changes import Change
from opsctl.model.value import Json
from opsctl.planning.iam import policy_for_changes
from tests.kit.canned import ABOUT, ACCOUNT, drive

VERSION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:headers:7"
OTHER = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:auth:2"


def associated(*arns: str) -> Json:
    items = [{"LambdaFunctionARN": arn, "EventType": "viewer-request"} for arn in arns]
    return {"LambdaFunctionAssociations": {"Quantity": len(items), "Items": items}}


def planned(config: Json) -> Change:
    action = CloudfrontDenyCountries(distribution="E1", countries=("KP",), why="they attack")
    answers = {"cloudfront.GetDistributionConfig": {"DistributionConfig": config, "ETag": "E"}}
    (change,), _ = drive(action.plan(ABOUT), answers)
    return change


def resources(change: Change) -> dict[str, list[str]]:
    statements = policy_for_changes([change], ABOUT.identity)["Statement"]
    return {action: one["Resource"] for one in statements for action in one["Action"]}


def test_each_function_version_is_granted_by_its_arn_in_its_own_region() -> None:
    config = {
        "DefaultCacheBehavior": associated(VERSION),
        "CacheBehaviors": {"Quantity": 1, "Items": [associated(OTHER, VERSION)]},
    }
    found = resources(planned(config))
    assert found["lambda:GetFunction"] == found["lambda:EnableReplication*"] == [OTHER, VERSION]
    assert "lambda:ListTags" not in found, "CloudFront asks for no more than it needs"


def test_without_functions_nothing_of_lambda_is_asked_for() -> None:
    empty = {"DefaultCacheBehavior": {"LambdaFunctionAssociations": {"Quantity": 0}}}
    for config in (empty, {}):
        assert not [action for action in resources(planned(config)) if action.startswith("lambda:")]
