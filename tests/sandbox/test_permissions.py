"""Callers that may not do everything: roles and users are held to their policies, and refused as AWS refuses."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from opsctl.model.value import Json
from opsctl.sandbox.engine.callers import open_session
from opsctl.sandbox.engine.conditions import Conditions
from tests.kit.functions import TRUST, function, queue, received
from tests.kit.moto_account import World, client, server
from tests.kit.timed import move, timed_world
from tests.kit.volumes import make_volume, run_instance

ANYBODY = {"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}}


@pytest.fixture(autouse=True)
def account() -> Iterator[tuple[World, Conditions]]:
    with timed_world() as both:
        yield both


def allow(action: Json, resource: Json = "*", **more: Json) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def role(*statements: Json, name: str = "limited", trust: Json = None) -> str:
    iam = client("iam")
    arn = str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust or ANYBODY))["Role"]["Arn"])
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
    return arn


def client_of(keys: dict[str, str], service: str) -> Any:
    session = boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
        region_name="us-east-1",
    )
    made = session.client(
        service, endpoint_url=server().endpoint, config=Config(retries={"total_max_attempts": 1})
    )
    server().serve(made.meta.events)
    return made


def assume(arn: str, **more: str) -> dict[str, str]:
    answer = client("sts").assume_role(RoleArn=arn, RoleSessionName="tester", **more)
    found: dict[str, str] = answer["Credentials"]
    return found


def code(call: Any, **params: Any) -> str:
    try:
        call(**params)
    except ClientError as refused:
        return str(refused.response["Error"]["Code"])
    return ""


@pytest.mark.parametrize(
    ("service", "operation", "params", "expected"),
    [
        ("ec2", "describe_vpcs", {}, "UnauthorizedOperation"),
        ("iam", "list_roles", {}, "AccessDenied"),
        ("elbv2", "describe_load_balancers", {}, "AccessDenied"),
        ("autoscaling", "describe_auto_scaling_groups", {}, "AccessDenied"),
        ("cloudwatch", "describe_alarms", {}, "AccessDenied"),
        ("sns", "list_topics", {}, "AuthorizationError"),
        ("sqs", "list_queues", {}, "AccessDenied"),
        ("lambda", "list_functions", {}, "AccessDeniedException"),
        ("wafv2", "list_ip_sets", {"Scope": "REGIONAL"}, "AccessDeniedException"),
        ("events", "list_rules", {}, "AccessDeniedException"),
        ("logs", "describe_log_groups", {}, "AccessDeniedException"),
        ("kms", "list_keys", {}, "AccessDeniedException"),
        ("dlm", "get_lifecycle_policies", {}, "AccessDeniedException"),
        ("scheduler", "list_schedules", {}, "AccessDeniedException"),
        ("route53", "list_hosted_zones", {}, "AccessDenied"),
        ("cloudfront", "list_distributions", {}, "AccessDenied"),
        ("s3", "list_buckets", {}, "AccessDenied"),
    ],
)
def test_each_service_denies_in_its_own_words(
    service: str, operation: str, params: dict[str, Json], expected: str
) -> None:
    keys = assume(role(allow("tag:GetResources")))
    assert code(getattr(client_of(keys, service), operation), **params) == expected


@pytest.mark.parametrize(
    ("action", "service", "operation", "params"),
    [
        ("ec2:DescribeVpcs", "ec2", "describe_vpcs", {}),
        ("elasticloadbalancing:Describe*", "elbv2", "describe_load_balancers", {}),
        ("cloudwatch:DescribeAlarms", "cloudwatch", "describe_alarms", {}),
        ("lambda:ListFunctions", "lambda", "list_functions", {}),
        ("wafv2:List*", "wafv2", "list_ip_sets", {"Scope": "REGIONAL"}),
        ("dlm:GetLifecyclePolicies", "dlm", "get_lifecycle_policies", {}),
        ("route53:ListHostedZones", "route53", "list_hosted_zones", {}),
        ("cloudfront:ListDistributions", "cloudfront", "list_distributions", {}),
        ("s3:ListAllMyBuckets", "s3", "list_buckets", {}),
    ],
)
def test_what_a_policy_allows_is_answered(
    action: str, service: str, operation: str, params: dict[str, Json]
) -> None:
    keys = assume(role(allow(action)))
    assert code(getattr(client_of(keys, service), operation), **params) == ""


def test_who_is_refused_learns_who_it_is_what_and_why() -> None:
    ec2 = client_of(assume(role(allow("ec2:DescribeVpcs"))), "ec2")
    with pytest.raises(ClientError) as caught:
        ec2.stop_instances(InstanceIds=["i-0123456789abcdef0"])
    said = caught.value.response["Error"]["Message"]
    assert (
        "assumed-role/limited/tester is not authorized to perform: ec2:StopInstances on resource: arn:aws" in said
    )
    assert said.endswith("because no identity-based policy allows the ec2:StopInstances action")


def test_nobody_needs_a_permission_to_ask_who_he_is() -> None:
    sts = client_of(assume(role(allow("s3:*"))), "sts")
    assert sts.get_caller_identity()["Arn"].endswith(":assumed-role/limited/tester")


def test_a_session_may_do_no_more_than_its_own_policy_says() -> None:
    arn = role(allow("*"))
    less = json.dumps({"Version": "2012-10-17", "Statement": allow("ec2:Describe*")})
    ec2 = client_of(assume(arn, Policy=less), "ec2")
    assert (code(ec2.describe_vpcs), code(ec2.create_volume, AvailabilityZone="us-east-1a", Size=1)) == (
        "",
        "UnauthorizedOperation",
    )
    assert code(client_of(assume(arn), "ec2").create_volume, AvailabilityZone="us-east-1a", Size=1) == ""


def test_a_boundary_limits_a_role() -> None:
    arn = role(allow("*"))
    document = json.dumps({"Version": "2012-10-17", "Statement": allow("ec2:Describe*")})
    boundary = client("iam").create_policy(PolicyName="boundary", PolicyDocument=document)["Policy"]["Arn"]
    client("iam").put_role_permissions_boundary(RoleName="limited", PermissionsBoundary=boundary)
    keys = assume(arn)
    assert code(client_of(keys, "ec2").describe_vpcs) == ""
    assert code(client_of(keys, "iam").list_roles) == "AccessDenied"


def test_an_attached_policy_counts_and_a_deny_wins() -> None:
    arn = role({"Effect": "Deny", "Action": "ec2:Stop*", "Resource": "*"})
    document = json.dumps({"Version": "2012-10-17", "Statement": allow("*")})
    attached = client("iam").create_policy(PolicyName="all", PolicyDocument=document)["Policy"]["Arn"]
    client("iam").attach_role_policy(RoleName="limited", PolicyArn=attached)
    ec2 = client_of(assume(arn), "ec2")
    assert code(ec2.describe_vpcs) == ""
    assert code(ec2.stop_instances, InstanceIds=[run_instance()]) == "UnauthorizedOperation"


def test_a_users_key_works_until_it_is_inactive_and_only_for_what_user_and_groups_may() -> None:
    iam = client("iam")
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    iam.add_user_to_group(UserName="u", GroupName="g")
    document = json.dumps({"Version": "2012-10-17", "Statement": allow("ec2:Describe*")})
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=document)
    keys = iam.create_access_key(UserName="u")["AccessKey"]
    assert code(client_of(keys, "ec2").describe_vpcs) == ""
    assert code(client_of(keys, "iam").list_roles) == "AccessDenied"
    iam.update_access_key(UserName="u", AccessKeyId=keys["AccessKeyId"], Status="Inactive")
    assert code(client_of(keys, "ec2").describe_vpcs) == "InvalidClientTokenId"


def test_keys_that_are_given_out_cannot_be_guessed() -> None:
    from moto.moto_api._internal import mock_random

    client("iam").create_user(UserName="u")
    state = mock_random.getstate()
    first = assume(role(allow("*")))["AccessKeyId"]
    mock_random.setstate(state)
    assert assume(role(allow("*"), name="other"))["AccessKeyId"] != first


@pytest.mark.parametrize(
    "trust",
    [
        TRUST,
        {"Statement": {"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "sts:AssumeRole"}},
        {"Statement": {**ANYBODY["Statement"], "Condition": {"StringEquals": {"sts:ExternalId": "word"}}}},
        {"Statement": [ANYBODY["Statement"], {**ANYBODY["Statement"], "Effect": "Deny"}]},
    ],
)
def test_a_role_that_does_not_trust_the_caller_is_not_assumed(trust: Json) -> None:
    role(allow("*"), trust=trust)
    arn = client("iam").get_role(RoleName="limited")["Role"]["Arn"]
    assert code(client("sts").assume_role, RoleArn=arn, RoleSessionName="me") == "AccessDenied"


def test_a_role_that_is_not_there_is_not_assumed() -> None:
    missing = f"arn:aws:iam::{client('sts').get_caller_identity()['Account']}:role/missing"
    assert code(client("sts").assume_role, RoleArn=missing, RoleSessionName="me") == "AccessDenied"


def test_a_role_asks_for_the_word_that_its_trust_names() -> None:
    trust = {"Statement": {**ANYBODY["Statement"], "Condition": {"StringEquals": {"sts:ExternalId": "word"}}}}
    assert assume(role(allow("*"), trust=trust), ExternalId="word")["AccessKeyId"]


def ec2_of(*statements: Json) -> Any:
    return client_of(assume(role(*statements)), "ec2")


def test_tags_of_what_is_touched_decide() -> None:
    ours, other = run_instance(), run_instance()
    client("ec2").create_tags(Resources=[ours], Tags=[{"Key": "team", "Value": "web"}])
    tagged = {"StringEquals": {"aws:ResourceTag/team": "web"}}
    ec2 = ec2_of(allow("ec2:StopInstances", "arn:aws:ec2:*:*:instance/*", Condition=tagged))
    assert code(ec2.stop_instances, InstanceIds=[ours, other]) == "UnauthorizedOperation"
    assert code(ec2.stop_instances, InstanceIds=[ours]) == ""


def test_every_resource_of_a_call_is_asked_about() -> None:
    instance, volume = run_instance(), make_volume()
    asked = {"InstanceId": instance, "VolumeId": volume, "Device": "/dev/sdf"}
    of_volumes = allow("ec2:AttachVolume", "arn:aws:ec2:*:*:volume/*")
    assert code(ec2_of(of_volumes).attach_volume, **asked) == "UnauthorizedOperation"
    client("iam").delete_role_policy(RoleName="limited", PolicyName="own")
    client("iam").delete_role(RoleName="limited")
    both = [f"arn:aws:ec2:*:*:{kind}/*" for kind in ("volume", "instance")]
    assert code(ec2_of(allow("ec2:AttachVolume", both)).attach_volume, **asked) == ""


def test_tags_that_are_given_need_their_own_permission_and_may_be_bound() -> None:
    asked = {"AvailabilityZone": "us-east-1a", "Size": 1}
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "team", "Value": "web"}]}]
    create = allow("ec2:CreateVolume", Condition={"StringEquals": {"aws:RequestTag/team": "web"}})
    only = {
        "StringEquals": {"ec2:CreateAction": "CreateVolume"},
        "ForAllValues:StringEquals": {"aws:TagKeys": "team"},
    }
    tag = allow("ec2:CreateTags", "arn:aws:ec2:*:*:volume/*", Condition=only)
    ec2 = ec2_of(create, tag)
    assert code(ec2.create_volume, **asked) == "UnauthorizedOperation"
    assert code(ec2.create_volume, **asked, TagSpecifications=tags) == ""
    more = [{"ResourceType": "volume", "Tags": [*tags[0]["Tags"], {"Key": "x", "Value": "y"}]}]
    assert code(ec2.create_volume, **asked, TagSpecifications=more) == "UnauthorizedOperation"
    given = {"Resources": [make_volume()], "Tags": [{"Key": "team", "Value": "web"}]}
    assert code(ec2.create_tags, **given) == "UnauthorizedOperation"


def test_an_attribute_may_be_bound() -> None:
    only = {"StringEquals": {"ec2:Attribute": "SourceDestCheck"}}
    ec2, instance = ec2_of(allow("ec2:ModifyInstanceAttribute", Condition=only)), run_instance()
    assert code(ec2.modify_instance_attribute, InstanceId=instance, SourceDestCheck={"Value": False}) == ""
    refused = code(ec2.modify_instance_attribute, InstanceId=instance, DisableApiTermination={"Value": True})
    assert refused == "UnauthorizedOperation"


def test_the_name_of_a_queue_is_its_resource() -> None:
    (mine, arn), (other, _) = queue("mine"), queue("other")
    sqs = client_of(assume(role(allow("sqs:SendMessage", arn))), "sqs")
    assert code(sqs.send_message, QueueUrl=mine, MessageBody="x") == ""
    assert code(sqs.send_message, QueueUrl=other, MessageBody="x") == "AccessDenied"


def test_a_namespace_may_be_bound() -> None:
    only = {"StringEquals": {"cloudwatch:namespace": "opsctl/ha"}}
    cloudwatch = client_of(assume(role(allow("cloudwatch:PutMetricData", Condition=only))), "cloudwatch")
    data = [{"MetricName": "m", "Value": 1.0}]
    assert code(cloudwatch.put_metric_data, Namespace="opsctl/ha", MetricData=data) == ""
    assert code(cloudwatch.put_metric_data, Namespace="AWS/EC2", MetricData=data) == "AccessDenied"


def test_handing_over_a_role_needs_a_permission_of_its_own() -> None:
    given = role(allow("*"), name="given", trust=TRUST)
    asked = {
        "FunctionName": "f",
        "Runtime": "python3.12",
        "Handler": "h.h",
        "Role": given,
        "Code": {"ZipFile": b"x"},
    }
    lambdas = client_of(assume(role(allow("lambda:*"))), "lambda")
    with pytest.raises(ClientError, match="iam:PassRole"):
        lambdas.create_function(**asked)


def test_a_role_is_handed_over_only_to_the_service_that_the_policy_names() -> None:
    given = role(allow("*"), name="given", trust=TRUST)
    client("events").put_rule(Name="r", ScheduleExpression="rate(1 minute)")
    to = {"StringEquals": {"iam:PassedToService": "events.amazonaws.com"}}
    keys = assume(role(allow("events:*"), allow("scheduler:*"), allow("iam:PassRole", given, Condition=to)))
    target = {"Arn": queue("q")[1], "RoleArn": given}
    assert code(client_of(keys, "events").put_targets, Rule="r", Targets=[{"Id": "1", **target}]) == ""
    asked = {"Name": "s", "ScheduleExpression": "rate(1 minute)", "FlexibleTimeWindow": {"Mode": "OFF"}}
    with pytest.raises(ClientError, match="iam:PassRole"):
        client_of(keys, "scheduler").create_schedule(**asked, Target=target)


CALLS = """
import boto3
def lambda_handler(event, context):
    try:
        return boto3.client("ec2").describe_vpcs()["Vpcs"] and "answered"
    except Exception as refused:
        return refused.response["Error"]["Code"]
"""


@pytest.mark.parametrize(
    ("action", "answer"), [("ec2:DescribeVpcs", "answered"), ("s3:*", "UnauthorizedOperation")]
)
def test_a_function_may_do_what_its_role_may_and_its_log_says_what_it_may_not(
    account: tuple[World, Conditions], action: str, answer: str
) -> None:
    function(CALLS, role_arn=role(allow(action), trust=TRUST))
    assert json.loads(client("lambda").invoke(FunctionName="f")["Payload"].read()) == answer
    logged = client("logs").filter_log_events(logGroupName="/aws/lambda/f")["events"]
    said = [one["message"] for one in logged if "denied" in one["message"]]
    assert bool(said) is (answer != "answered")
    assert all("ec2:DescribeVpcs" in one for one in said)
    assert account[1].denied == [one.removeprefix("denied: ") for one in said]


@pytest.mark.parametrize("may_send", [True, False])
def test_what_failed_every_time_is_sent_with_the_functions_role(
    account: tuple[World, Conditions], may_send: bool
) -> None:
    url, arn = queue("dead")
    given = role(allow("sqs:SendMessage"), trust=TRUST)
    fails = "def lambda_handler(event, context):\n    raise ValueError\n"
    function(fails, role_arn=given, DeadLetterConfig={"TargetArn": arn})
    if not may_send:
        client("iam").delete_role_policy(RoleName="limited", PolicyName="own")
    client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload="{}")
    move(account[1], 600)
    assert len(received(url)) == int(may_send)


def test_the_session_of_a_function_is_kept_for_its_next_run(account: tuple[World, Conditions]) -> None:
    name, arn = account[0].account, role(allow("*"))
    assert open_session(name, arn, "f").access_key_id == open_session(name, arn, "f").access_key_id
    assert open_session(name, arn, "f").access_key_id != open_session(name, arn, "g").access_key_id


def test_a_simulation_judges_as_a_call_would_be() -> None:
    tagged = {"StringEquals": {"aws:ResourceTag/team": "web"}}
    arn = role(
        allow("ec2:StopInstances", "arn:aws:ec2:*:*:instance/*", Condition=tagged),
        {"Effect": "Deny", "Action": "ec2:Terminate*", "Resource": "*"},
    )
    asked = {
        "PolicySourceArn": arn,
        "ActionNames": ["ec2:StopInstances", "ec2:TerminateInstances", "ec2:StartInstances"],
        "ResourceArns": ["arn:aws:ec2:us-east-1:123456789012:instance/i-1"],
    }
    results = client("iam").simulate_principal_policy(**asked)["EvaluationResults"]
    assert [one["EvalDecision"] for one in results] == ["implicitDeny", "explicitDeny", "implicitDeny"]
    assert [one["MissingContextValues"] for one in results] == [["aws:ResourceTag/team"], [], []]
    entry = {"ContextKeyName": "aws:resourcetag/team", "ContextKeyValues": ["web"], "ContextKeyType": "string"}
    known = client("iam").simulate_principal_policy(**asked, ContextEntries=[entry])["EvaluationResults"]
    assert known[0]["EvalDecision"] == "allowed"
    boundary = json.dumps({"Version": "2012-10-17", "Statement": allow("s3:*")})
    less = client("iam").simulate_principal_policy(
        **asked, ContextEntries=[entry], PermissionsBoundaryPolicyInputList=[boundary]
    )["EvaluationResults"]
    assert less[0]["EvalDecision"] == "implicitDeny"


def test_a_policy_can_be_simulated_by_itself() -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": allow("s3:Get*")})
    results = client("iam").simulate_custom_policy(
        PolicyInputList=[document], ActionNames=["s3:GetObject", "s3:PutObject"]
    )["EvaluationResults"]
    assert [one["EvalDecision"] for one in results] == ["allowed", "implicitDeny"]


def test_nobody_can_be_simulated_who_is_not_there() -> None:
    asked = {"PolicySourceArn": "arn:aws:iam::1:role/nobody", "ActionNames": ["s3:GetObject"]}
    assert code(client("iam").simulate_principal_policy, **asked) == "NoSuchEntity"
