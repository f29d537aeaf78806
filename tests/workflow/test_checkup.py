"""Which reads can be tried without a target, and how: by one page, and never one without an end."""

import json
from collections.abc import Iterator

import pytest

from opsctl.aws.service_models import InstalledModels
from opsctl.model.reads import Refusal, RefusalKind
from opsctl.model.value import Json
from opsctl.workflow.checkup import State, read_states, trial_of
from tests.kit.canned import CannedReader
from tests.kit.moto_account import World, client, fresh_world


@pytest.fixture
def world() -> Iterator[World]:
    """An account whose caller may do everything."""
    with fresh_world() as made:
        client("iam").create_user(UserName="responder")
        allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        client("iam").put_user_policy(UserName="responder", PolicyName="all", PolicyDocument=document)
        yield made


@pytest.mark.parametrize(
    ("api", "params"),
    [
        ("ec2.DescribeNetworkAcls", {"MaxResults": 5}),
        ("elbv2.DescribeLoadBalancers", {"PageSize": 5}),
        ("cloudfront.ListDistributions", {"MaxItems": "5"}),
        ("wafv2.ListWebACLs", {"Scope": "REGIONAL", "Limit": 5}),
        ("autoscaling.DescribeAutoScalingGroups", {"MaxRecords": 5}),
        ("logs.DescribeLogGroups", {"limit": 5}),
        ("lambda.GetAccountSettings", {}),
    ],
)
def test_a_read_without_a_target_is_tried_by_one_page(api: str, params: Json) -> None:
    read = trial_of(api, InstalledModels())
    assert read is not None
    assert read.params == params


@pytest.mark.parametrize(
    "api", ["sqs.GetQueueAttributes", "iam.GetRole", "sns.ListSubscriptions", "cloudwatch.ListMetrics", "no.Such"]
)
def test_one_that_needs_a_target_or_has_no_pages_to_limit_is_not(api: str) -> None:
    assert trial_of(api, InstalledModels()) is None


@pytest.mark.parametrize(
    ("api", "state"), [("apprunner.ListServices", State.OK), ("ec2.DescribeNetworkAcls", State.BAD)]
)
def test_no_connection_to_a_service_that_some_regions_lack_says_nothing_of_rights(
    api: str, state: State, world: World
) -> None:
    away = Refusal(kind=RefusalKind.UNREACHABLE, code="EndpointConnectionError", message="no", api=api)
    found = read_states([api], InstalledModels(), CannedReader({api: away}), world.aws)
    assert found[api].state is state
