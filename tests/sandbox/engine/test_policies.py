"""What policies say, by the IAM user guide: evaluation logic, condition operators, set operators, variables."""

import pytest

from opsctl.model.value import Json
from opsctl.sandbox.engine.policies import Grants, PolicyDecision, PolicyQuestion, decide
from opsctl.sandbox.engine.policy_conditions import UnknownOperator, holds

STOP, INSTANCE = "ec2:StopInstances", "arn:aws:ec2:us-east-1:123456789012:instance/i-1"


def allow(action: Json = "*", resource: Json = "*", **more: Json) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def policy(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def asked(action: str = STOP, resource: str = INSTANCE, **context: list[str]) -> PolicyQuestion:
    return PolicyQuestion(action, resource, context)


@pytest.mark.parametrize(
    ("statement", "applies"),
    [
        (allow(), True),
        (allow("ec2:Stop*"), True),
        (allow("EC2:stopinstances"), True),
        (allow("ec2:Stop?nstances"), True),
        (allow("ec2:Start*"), False),
        (allow(["s3:*", "ec2:*"]), True),
        (allow(resource="arn:aws:ec2:*:*:instance/*"), True),
        (allow(resource="arn:aws:ec2:*:*:instance/I-1"), False),
        (allow(resource="arn:aws:ec2:*:instance/i-1"), False),
        (allow(resource="arn:aws:ec2:us-east-1:123456789012:volume/*"), False),
        (allow(resource=["arn:aws:s3:::b", INSTANCE]), True),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, True),
        ({"Effect": "Allow", "NotAction": ["iam:*", "ec2:*"], "Resource": "*"}, False),
        ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:ec2:*:*:volume/*"}, True),
        ({"Effect": "Allow", "Action": "*", "NotResource": INSTANCE}, False),
        ({"Effect": "Allow", "Action": "*"}, False),
        (allow(Condition={"StringEquals": {"aws:ResourceTag/team": "web"}}), True),
        (allow(Condition={"StringEquals": {"AWS:resourcetag/TEAM": ["ops", "web"]}}), True),
        (allow(Condition={"StringEquals": {"aws:ResourceTag/team": "Web"}}), False),
        (allow(Condition={"StringEquals": {"aws:ResourceTag/team": "web", "aws:PrincipalArn": "x"}}), False),
        (allow(Condition={"StringLike": {"aws:ResourceTag/team": "w*"}, "Null": {"k": "true"}}), True),
        (allow(Condition={"Bool": {"aws:MultiFactorAuthPresent": True}}), False),
        (allow(Condition={"StringNoSuch": {"aws:ResourceTag/team": "web"}}), False),
        (allow(resource="arn:aws:ec2:*:*:instance/${aws:username}"), True),
        (allow(resource="arn:aws:ec2:*:*:instance/${aws:PrincipalTag/none}"), False),
        (allow(resource="arn:aws:ec2:*:*:instance/${aws:none, 'i-1'}"), True),
        (allow(resource="arn:aws:ec2:*:*:instance/${*}"), False),
    ],
)
def test_what_one_statement_allows(statement: Json, applies: bool) -> None:
    one = PolicyQuestion(STOP, INSTANCE, {"aws:resourcetag/team": ["web"], "aws:username": ["i-1"]})
    assert decide([policy(statement)], one) is (PolicyDecision.ALLOWED if applies else PolicyDecision.IMPLICIT)


def test_a_value_put_in_for_a_variable_is_no_pattern() -> None:
    mine = policy(allow(resource="arn:aws:ec2:*:*:instance/${aws:username}"))
    assert decide([mine], PolicyQuestion(STOP, INSTANCE, {"aws:username": ["*"]})) is PolicyDecision.IMPLICIT


def test_a_deny_wins_over_every_allow() -> None:
    deny = {"Effect": "Deny", "Action": "ec2:Stop*", "Resource": "*"}
    assert decide([policy(allow()), policy(deny)], asked()) is PolicyDecision.EXPLICIT
    assert decide([policy(deny, allow())], asked("ec2:StartInstances")) is PolicyDecision.ALLOWED


def test_a_deny_that_nobody_can_judge_denies() -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringNoSuch": {"k": "v"}}}
    assert decide([policy(allow(), deny)], asked()) is PolicyDecision.EXPLICIT


def test_a_single_statement_needs_no_list() -> None:
    assert decide([{"Statement": allow()}], asked()) is PolicyDecision.ALLOWED


def test_no_policy_allows_nothing() -> None:
    assert decide([], asked()) is PolicyDecision.IMPLICIT


def test_a_boundary_and_a_sessions_policy_take_away_and_give_nothing() -> None:
    reads, everything = policy(allow("ec2:Describe*")), policy(allow())
    describe = asked("ec2:DescribeInstances", "*")
    assert Grants((everything,), ((reads,),)).judge(describe) is PolicyDecision.ALLOWED
    assert Grants((everything,), ((reads,),)).judge(asked()) is PolicyDecision.IMPLICIT
    assert Grants((reads,), ((everything,),)).judge(asked()) is PolicyDecision.IMPLICIT
    deny = policy({"Effect": "Deny", "Action": "*", "Resource": "*"})
    assert Grants((everything,), ((deny,),)).judge(describe) is PolicyDecision.EXPLICIT


def test_everything_is_only_what_has_no_condition_no_deny_and_no_limit() -> None:
    everything = policy(allow())
    assert Grants((everything,)).is_everything
    assert not Grants((policy(allow(Condition={"Bool": {"k": "true"}})),)).is_everything
    assert not Grants((policy(allow(resource=INSTANCE)),)).is_everything
    assert not Grants((everything, policy({"Effect": "Deny", "Action": "iam:*", "Resource": "*"}))).is_everything
    assert not Grants((everything,), ((everything,),)).is_everything


@pytest.mark.parametrize(
    ("operator", "wanted", "found", "expected"),
    [
        ("StringEquals", ["a", "b"], ["b"], True),
        ("StringEquals", ["a*"], ["ab"], False),
        ("StringEquals", ["a"], None, False),
        ("StringEquals", ["a"], ["a", "b"], False),
        ("StringNotEquals", ["a", "b"], ["c"], True),
        ("StringNotEquals", ["a", "b"], ["b"], False),
        ("StringNotEquals", ["a"], None, True),
        ("StringEqualsIgnoreCase", ["A"], ["a"], True),
        ("StringNotEqualsIgnoreCase", ["A"], ["a"], False),
        ("StringLike", ["a*c", "x?"], ["abbc"], True),
        ("StringLike", ["x?"], ["x"], False),
        ("StringNotLike", ["a*"], ["b"], True),
        ("StringEqualsIfExists", ["a"], None, True),
        ("StringEqualsIfExists", ["a"], ["b"], False),
        ("ArnLike", ["arn:aws:sns:*:*:t*"], ["arn:aws:sns:us-east-1:1:topic"], True),
        ("ArnLike", ["arn:aws:sns:*:topic"], ["arn:aws:sns:us-east-1:1:topic"], False),
        ("ArnNotLike", ["arn:aws:sns:*:*:t*"], ["arn:aws:sns:us-east-1:1:other"], True),
        ("ArnEquals", ["arn:aws:sns:*:*:t*"], ["arn:aws:sns:us-east-1:1:topic"], True),
        ("Bool", ["true"], ["True"], True),
        ("Bool", ["true"], ["false"], False),
        ("Bool", ["true"], None, False),
        ("BoolIfExists", ["true"], None, True),
        ("Null", ["true"], None, True),
        ("Null", ["true"], ["x"], False),
        ("Null", ["false"], ["x"], True),
        ("Null", ["false"], None, False),
        ("NumericLessThan", ["10"], ["9.5"], True),
        ("NumericGreaterThanEquals", ["10"], ["9"], False),
        ("NumericEquals", ["10"], ["ten"], False),
        ("NumericNotEquals", ["10"], ["10.0"], False),
        ("DateGreaterThan", ["2026-01-01T00:00:00Z"], ["2026-01-01T00:00:01Z"], True),
        ("DateLessThan", ["2026-01-01"], ["1767225600"], False),
        ("IpAddress", ["203.0.113.0/24"], ["203.0.113.9"], True),
        ("IpAddress", ["203.0.113.0/24"], ["no address"], False),
        ("NotIpAddress", ["203.0.113.0/24"], ["203.0.114.9"], True),
        ("BinaryEquals", ["QmluYXJ5"], ["QmluYXJ5"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", ["a"], None, True),
        ("ForAllValues:StringNotEquals", ["a"], ["b", "a"], False),
        ("ForAnyValue:StringEquals", ["a"], ["b", "a"], True),
        ("ForAnyValue:StringLike", ["a*"], ["b"], False),
        ("ForAnyValue:StringEquals", ["a"], None, False),
        ("ForAnyValue:StringNotEquals", ["a"], None, False),
        ("ForAnyValue:StringEqualsIfExists", ["a"], None, True),
    ],
)
def test_condition_operators(operator: str, wanted: list[str], found: list[str] | None, expected: bool) -> None:
    assert holds(operator, wanted, found) is expected


@pytest.mark.parametrize("operator", ["", "Equals", "NotNull", "BoolNot", "NotBool", "ForSome:StringEquals"])
def test_an_operator_that_iam_does_not_know_is_told(operator: str) -> None:
    with pytest.raises(UnknownOperator):
        holds(operator, ["a"], ["a"])
