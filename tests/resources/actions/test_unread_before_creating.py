"""Whether something is there already must be known before another of its name is planned."""

import pytest

from opsctl.model.errors import FactUnknown
from opsctl.model.run import Action
from opsctl.resources.actions.events_rule import EventsRule
from opsctl.resources.actions.iam_role import IamRole
from opsctl.resources.actions.lambda_function import LambdaFunction
from opsctl.resources.actions.sns_topic import SnsTopic
from opsctl.resources.actions.sqs_queue import SqsQueue
from tests.kit.canned import ABOUT, denied, drive, missing

POLICY = {"Version": "2012-10-17", "Statement": []}
CREATING: list[tuple[Action, str]] = [
    (IamRole(role="r", trust=POLICY, policy=POLICY, why="w"), "iam.GetRole"),
    (
        LambdaFunction(
            function="f", role="arn:aws:iam::1:role/r", zip_base64="", handler="h.h", runtime="python3.12", why="w"
        ),
        "lambda.GetFunction",
    ),
    (SnsTopic(topic="t", why="w"), "sns.ListTagsForResource"),
    (SqsQueue(queue="q", why="w"), "sqs.GetQueueUrl"),
    (
        EventsRule(rule="r", schedule="rate(1 minute)", target="arn:aws:sqs:eu-west-1:1:q", why="w"),
        "events.DescribeRule",
    ),
]


@pytest.mark.parametrize(("action", "read"), CREATING, ids=lambda each: str(getattr(each, "name", each)))
def test_what_could_not_be_read_is_not_taken_for_free(action: Action, read: str) -> None:
    with pytest.raises(FactUnknown, match=read):
        drive(action.plan(ABOUT), {read: denied(read)})
    changes, _ = drive(action.plan(ABOUT), {read: missing(read, "NotFound")})
    assert changes
