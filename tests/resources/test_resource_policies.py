"""What a policy with a denial lets a service do."""

import json

import pytest

from opsctl.model.value import Json
from opsctl.resources.resource_policies import PolicyAnswer, ServiceCall, verdict_on

TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:billing"
CALL = ServiceCall(
    service="sns.amazonaws.com", action="sqs:SendMessage", resource=QUEUE, source_arn=TOPIC, account="123456789012"
)
OPEN = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": QUEUE}


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ({"ArnNotEquals": {"aws:SourceArn": TOPIC.replace("orders", "refunds")}}, PolicyAnswer.NO),
        ({"ArnNotEquals": {"aws:SourceArn": [TOPIC.replace("orders", "refunds"), TOPIC]}}, PolicyAnswer.YES),
        ({"ArnNotLike": {"AWS:SourceArn": "arn:aws:sns:*:*:ord*"}}, PolicyAnswer.YES),
        ({"StringNotEquals": {"aws:SourceAccount": "999999999999"}}, PolicyAnswer.NO),
        ({"StringNotEqualsIfExists": {"aws:SourceAccount": "123456789012"}}, PolicyAnswer.YES),
        ({"ArnEquals": {"aws:SourceArn": TOPIC}}, PolicyAnswer.NO),
        ({"Bool": {"aws:SecureTransport": "false"}}, PolicyAnswer.YES),
        (
            {"ArnNotEquals": {"aws:SourceArn": QUEUE}, "Bool": {"aws:SecureTransport": "false"}},
            PolicyAnswer.YES,
        ),
        ({}, PolicyAnswer.NO),
    ],
)
def test_a_denial_of_everything_but_one_source_is_one(condition: Json, answer: PolicyAnswer) -> None:
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": condition,
    }
    assert verdict_on(json.dumps({"Statement": [OPEN, denial]}), CALL) is answer


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        ({"Effect": "Deny", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}, PolicyAnswer.UNSURE),
        ({"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, PolicyAnswer.NO),
        ({"Effect": "Deny", "NotResource": QUEUE}, PolicyAnswer.YES),
        ({"Effect": "Deny", "NotResource": f"{QUEUE}-other"}, PolicyAnswer.NO),
        ({"Effect": "Deny", "Action": None, "NotAction": "sqs:Get*"}, PolicyAnswer.NO),
        ({"Effect": "Deny", "Principal": None, "NotPrincipal": {"AWS": "123456789012"}}, PolicyAnswer.UNSURE),
    ],
    ids=["another key", "transport", "this resource", "another resource", "not this action", "not somebody"],
)
def test_a_denial_that_only_aws_evaluates_leaves_it_in_doubt(statement: Json, answer: PolicyAnswer) -> None:
    whole = {"Principal": "*", "Action": "sqs:*"} | statement
    if "NotPrincipal" in statement:
        del whole["Principal"]
    if "NotAction" in statement:
        del whole["Action"]
    assert verdict_on(json.dumps({"Statement": [OPEN, whole]}), CALL) is answer


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("arn:aws:sns:*:*:orders", PolicyAnswer.YES),
        ("arn:aws:*:orders", PolicyAnswer.UNSURE),
        ("*", PolicyAnswer.YES),
        ("arn:aws:sns:*:*:refunds", PolicyAnswer.NO),
        ("arn:aws:sns:*:*:${aws:PrincipalTag/topic}", PolicyAnswer.UNSURE),
    ],
)
def test_the_pattern_of_an_arn_is_compared_part_by_part(value: str, answer: PolicyAnswer) -> None:
    allowed = OPEN | {"Condition": {"ArnLike": {"aws:SourceArn": value}}}
    assert verdict_on(json.dumps({"Statement": [allowed]}), CALL) is answer
