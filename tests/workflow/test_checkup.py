"""Which reads can be tried without a target, and how: by one page, and never one without an end."""

import pytest

from opsctl.aws.service_models import InstalledModels
from opsctl.model.value import Json
from opsctl.workflow.checkup import trial_of


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
