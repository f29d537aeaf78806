"""Whoever approves a plan sees everything that is approved: parameters, outputs, undo, and what it may cost."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.expressions.evaluate import adds_text
from opsctl.model.changes import Change, Instruction, Proof, Query, Severity
from opsctl.model.errors import InvalidInput
from opsctl.model.plan import Plan
from opsctl.model.reads import Read
from opsctl.model.severity import least_of_raw, raised
from opsctl.model.value import Json
from opsctl.playbook.load import parse_playbook
from opsctl.render import html_page, markdown, terminal
from tests.kit.box_plans import make_box, plan_of
from tests.kit.command import opsctl
from tests.kit.moto_account import fresh_world

TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"logs.amazonaws.com"},'
    '"Action":"sts:AssumeRole"},%s{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::666666666666:root"},'
    '"Action":"sts:AssumeRole"}]}'
)
BOOK = """\
schema: opsctl.playbook/v1
name: tidy-logs
version: "0.1"
summary: Create a log group with the usual settings.
steps:
  - id: role
    call: iam.CreateRole
    params: {RoleName: log-writer, AssumeRolePolicyDocument: %s}
    why: the log group needs it
    expect: [{read: iam.ListRoles, query: "Roles[?RoleName=='log-writer']", empty: true}]
    proof: [{read: iam.GetRole, params: {RoleName: log-writer}, query: Role, present: true}]
    undo: {call: iam.DeleteRole, params: {RoleName: log-writer}}
    risk: {severity: low}
    outputs: {policy: "%s"}
  - id: attach
    call: iam.AttachRolePolicy
    params: {RoleName: log-writer, PolicyArn: "=steps.role.policy"}
    why: the log group needs it
    expect:
      - {read: iam.ListAttachedRolePolicies, params: {RoleName: log-writer}, query: AttachedPolicies, empty: true}
    proof:
      - read: iam.ListAttachedRolePolicies
        params: {RoleName: log-writer}
        query: AttachedPolicies
        present: true
    undo: {call: iam.DetachRolePolicy, params: {RoleName: log-writer, PolicyArn: "=steps.role.policy"}}
"""


@pytest.fixture
def account() -> Iterator[None]:
    with fresh_world():
        yield


def plan_text(home: Path, trust: str, *switches: str, output: str = "Role.Description") -> str:
    (home / "a.yaml").write_text(BOOK % (json.dumps(trust), output))
    done = opsctl(home, "run", "a.yaml", "-n", "--trust-reads", "a.yaml", *switches)
    assert done.returncode == 0, done.stderr
    return done.stdout


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_a_second_statement_behind_spaces_is_shown_before_consent(account: None, tmp_path: Path) -> None:
    shown = plan_text(tmp_path, TRUST % (" " * 300))
    assert squeezed(TRUST % "") in squeezed(shown)


def test_what_is_long_or_grave_is_shown_whole_in_every_form(account: None, tmp_path: Path) -> None:
    middle = '{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"},'
    trust = TRUST % (" " * 2000 + middle + " " * 2000)
    for switches in ((), ("-d",), ("-v",), ("-o", "markdown"), ("-o", "json")):
        assert '"*"' in plan_text(tmp_path, trust, *switches).replace("\\", ""), switches
    assert "&quot;*&quot;" in plan_text(tmp_path, trust, "-o", "html")


def test_a_document_with_a_key_twice_is_shown_as_it_is_written(account: None, tmp_path: Path) -> None:
    trust = (TRUST % "").replace('{"Version"', '{"Statement":[{"Effect":"Allow","Principal":"*"}],"Version"', 1)
    assert squeezed(trust) in squeezed(plan_text(tmp_path, trust))


def test_an_output_that_is_known_after_apply_shows_its_query(account: None, tmp_path: Path) -> None:
    for switches in ((), ("-v",), ("-o", "markdown"), ("-o", "html")):
        shown = plan_text(tmp_path, TRUST % "", *switches, output="Role.Description")
        assert "Role.DescriptionofiamGetRole" in squeezed(shown).replace("\\", "").replace("iam.Get", "iamGet"), (
            switches
        )


def test_details_show_the_undo_and_what_a_proof_really_asks(account: None, tmp_path: Path) -> None:
    shown = plan_text(tmp_path, TRUST % "", "-v")
    assert "iam.DetachRolePolicy" in shown
    assert shown.count("PolicyArn = (known after apply: role.policy") == 2
    assert 'iam.GetRole {"RoleName":"log-writer"}: Role' in shown


def test_a_raw_change_of_iam_is_high_whatever_the_playbook_says(account: None, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(BOOK % (json.dumps(TRUST % ""), "Role.Description"))
    done = opsctl(tmp_path, "run", "a.yaml", "-n", "--trust-reads", "a.yaml", "-o", "json")
    risks = [change["risk"] for change in json.loads(done.stdout)["result"]["changes"]]
    assert [risk["severity"] for risk in risks] == ["high", "high"]
    assert "whatever the playbook says" in risks[0]["note"]


@pytest.mark.parametrize(
    "query",
    [
        "'arn:aws:iam::aws:policy/AdministratorAccess'",
        "`1`",
        "@ && 'arn:aws:iam::aws:policy/AdministratorAccess'",
        "Role.Nothing || 'arn:aws:iam::aws:policy/AdministratorAccess'",
        "'arn:aws:iam::aws:policy/AdministratorAccess' | @",
        "[Role.Arn, 'arn:aws:iam::aws:policy/AdministratorAccess'][1]",
        "{a: 'arn:aws:iam::aws:policy/AdministratorAccess', b: @}.a",
        "join('', ['arn:aws:iam::aws:policy/', Role.RoleName])",
        "join('arn:aws:iam::aws:policy/AdministratorAccess', [Role.Path, Role.Path])",
        'keys({"arn:aws:iam::aws:policy/AdministratorAccess": @})[0]',
        "not_null(Role.Nothing, 'arn:aws:iam::aws:policy/AdministratorAccess')",
        "Role.Arn == 'x' && 'y'",
    ],
)
def test_an_output_that_does_not_come_from_the_answer_is_a_fault(query: str) -> None:
    text = BOOK % (json.dumps(TRUST % ""), "QUERY")
    with pytest.raises(InvalidInput) as caught:
        parse_playbook(text.replace('"QUERY"', json.dumps(query)).encode(), "x.yaml")
    assert [fault.code for fault in caught.value.diagnostics] == ["output"]
    assert caught.value.diagnostics[0].where.line == 14


@pytest.mark.parametrize(
    "query",
    [
        "Role.Arn",
        "Images[0].ImageId",
        "Tags[?Key=='name'].Value | [0]",
        "Tags[?contains(Key, 'name')].Value",
        "sort_by(Items, &Created)[-1].Id",
        "[Role.Arn, Role.RoleId]",
        "length(Items)",
        "Items[?State == 'on'] | [0].Id",
        "Role.Arn || Role.RoleId",
    ],
)
def test_an_output_that_comes_from_the_answer_is_none(query: str) -> None:
    assert not adds_text(query)


def test_an_output_is_checked_against_the_answer_it_reads(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(BOOK % (json.dumps(TRUST % ""), "Role.Arm"))
    done = opsctl(tmp_path, "playbook", "validate", "a.yaml")
    assert done.returncode == 2
    assert "there is no 'Arm' here" in done.stderr


def call(api: str, **params: Json) -> Instruction:
    service, _, operation = api.partition(".")
    return Instruction(kind="call", service=service, operation=operation, params=params)


POLICY = '{"Statement": []}'


@pytest.mark.parametrize(
    "instruction",
    [
        call("iam.CreateUser", UserName="x"),
        call("iam.TagRole", RoleName="x"),
        call("kms.ScheduleKeyDeletion", KeyId="x"),
        call("organizations.LeaveOrganization"),
        call("sts.AssumeRole", RoleArn="x"),
        call("sso-admin.CreateAccountAssignment"),
        call("ram.CreateResourceShare", name="x"),
        call("secretsmanager.PutResourcePolicy", SecretId="x"),
        call("lambda.UpdateFunctionCode", FunctionName="x"),
        call("lambda.UpdateFunctionConfiguration", FunctionName="x"),
        call("lambda.CreateFunction", FunctionName="x"),
        call("lambda.AddPermission", FunctionName="x"),
        call("lambda.PublishLayerVersion", LayerName="x"),
        call("s3.PutBucketPolicy", Bucket="x", Policy=POLICY),
        call("s3.DeleteBucketPolicy", Bucket="x"),
        call("s3.PutBucketAcl", Bucket="x"),
        call("s3.DeletePublicAccessBlock", Bucket="x"),
        call("sqs.SetQueueAttributes", QueueUrl="x", Attributes={"Policy": POLICY}),
        call("sqs.SetQueueAttributes", QueueUrl="x", Attributes={"Policy": ""}),
        call("sqs.AddPermission", QueueUrl="x"),
        call("sns.SetTopicAttributes", TopicArn="x", AttributeName="Policy", AttributeValue="x"),
        call("sns.CreateTopic", Name="x", Attributes={"Policy": {"$ref": "a.b"}}),
        call("ecr.SetRepositoryPolicy", repositoryName="x", policyText=POLICY),
        call("events.PutPermission", StatementId="x"),
        call("es.UpdateElasticsearchDomainConfig", DomainName="x", AccessPolicies=POLICY),
        call("apigateway.CreateRestApi", name="x", policy="x"),
        call("ec2.ModifySnapshotAttribute", SnapshotId="x"),
        call("ec2.ModifyImageAttribute", ImageId="x"),
        call("rds.ModifyDBSnapshotAttribute", DBSnapshotIdentifier="x"),
        call("cloudformation.CreateStack", StackName="x", TemplateBody="{ Statement: [unquoted"),
        call("cloudformation.ExecuteChangeSet", ChangeSetName="x"),
        call("scheduler.CreateSchedule", Name="x", Target={"Arn": "arn:aws:scheduler:::aws-sdk:iam:createUser"}),
        call("events.PutTargets", Rule="x", Targets=[{"Id": "1", "Arn": "x", "RoleArn": "x"}]),
        call("ec2.RunInstances", ImageId="x", UserData="#!/bin/sh"),
        call("ec2.RunInstances", ImageId="x", IamInstanceProfile={"Name": "x"}),
        call("ec2.AssociateIamInstanceProfile", InstanceId="x"),
        call("ec2.AuthorizeSecurityGroupIngress", GroupId="x"),
        call("dlm.CreateLifecyclePolicy", ExecutionRoleArn="x"),
        call("ec2.CreateNetworkAclEntry", NetworkAclId="x", RuleAction="allow"),
        call("ec2.ReplaceNetworkAclEntry", NetworkAclId="x", RuleAction="allow"),
        call("glacier.SetThing", Document={"Statement": {"Effect": "Allow"}}),
        call("glacier.SetThing", Documents=[{"Statement": ["x", {"Sid": "x"}, {"Effect": "Allow"}]}]),
    ],
    ids=lambda one: one.api,
)
def test_what_decides_who_may_do_what_is_high_at_least(instruction: Instruction) -> None:
    assert raised(Severity.LOW, instruction)[0] is Severity.HIGH
    assert instruction.api in raised(Severity.MEDIUM, instruction)[1]
    assert raised(Severity.HIGH, instruction) == (Severity.HIGH, "")
    assert raised(Severity.SEVERE, instruction) == (Severity.SEVERE, "")


@pytest.mark.parametrize(
    "instruction",
    [
        call("ec2.CreateTags", Resources=["x"]),
        call("ec2.RevokeSecurityGroupIngress", GroupId="x"),
        call("ec2.RunInstances", ImageId="x"),
        call("ec2.CreateNetworkAclEntry", NetworkAclId="x"),
        call("ec2.ReplaceNetworkAclEntry", NetworkAclId="x", RuleAction="deny"),
        call("ec2.ModifyInstanceAttribute", InstanceId="x"),
        call("autoscaling.PutScalingPolicy", PolicyName="x"),
        call("dlm.CreateLifecyclePolicy", Description="x"),
        call("logs.PutRetentionPolicy", logGroupName="x"),
        call("sqs.SetQueueAttributes", QueueUrl="x", Attributes={"RedrivePolicy": "{}"}),
        call("sns.Subscribe", TopicArn="x", Attributes={"FilterPolicy": "{}"}),
        call("wafv2.UpdateWebACL", Name="x", Rules=[{"Statement": {"IPSetReferenceStatement": {"ARN": "x"}}}]),
    ],
    ids=lambda one: one.api,
)
def test_what_does_not_stays_as_the_playbook_says(instruction: Instruction) -> None:
    assert least_of_raw(instruction) is Severity.LOW
    assert raised(Severity.LOW, instruction) == (Severity.LOW, "")


def test_an_undo_that_decides_who_may_do_what_counts_as_well(account: None, tmp_path: Path) -> None:
    text = """\
schema: opsctl.playbook/v1
name: tag
version: "0.1"
summary: Tag.
steps:
  - id: tag
    call: ec2.CreateTags
    params: {Resources: [vpc-1], Tags: [{Key: a, Value: b}]}
    why: because
    expect: [{read: ec2.DescribeTags, query: "Tags[?Key=='a']", empty: true}]
    proof: [{read: ec2.DescribeTags, query: "Tags[?Key=='a']", present: true}]
    undo: {call: iam.AttachRolePolicy, params: {RoleName: r, PolicyArn: "arn:aws:iam::aws:policy/x"}}
"""
    (tmp_path / "a.yaml").write_text(text)
    done = opsctl(tmp_path, "run", "a.yaml", "-n", "--trust-reads", "a.yaml", "-o", "json")
    (change,) = json.loads(done.stdout)["result"]["changes"]
    assert change["risk"]["severity"] == "high"


def referring(value: Json) -> Plan:
    first = make_box("a").model_copy(
        update={"outputs": {"id": Query(read=Read(service="x", operation="GetX"), query="X.Id")}}
    )
    second = first.model_copy(update={"id": "b", "params": {"Deep": [{"Id": value}]}, "depends_on": (first.id,)})
    return plan_of(first, second)


def test_a_reference_deep_inside_a_parameter_shows_its_query_in_every_form() -> None:
    change: Change = make_box("a")
    assert isinstance(change.proof, Proof)
    plan = referring({"$ref": f"{change.id}.id"})
    for shown in (
        terminal.render_plan(plan, width=200, colour=False),
        markdown.render_plan(plan),
        html_page.render_plan(plan),
    ):
        assert "which is X.Id of x.GetX" in shown.replace("\\", "")


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ('{"Statement": []}', Severity.HIGH),
        ('{"Statement": [', Severity.HIGH),
        ('{"\\u0053tatement": []}', Severity.HIGH),
        ('{"Note": "\\u0041"}', Severity.LOW),
        ('["Statement"]', Severity.LOW),
        ('{"Note": "Statement"}', Severity.LOW),
    ],
)
def test_a_text_counts_as_a_policy_unless_it_is_certainly_none(text: str, severity: Severity) -> None:
    tag = Instruction(kind="call", service="sqs", operation="TagQueue", params={"Tags": {"a": text}})
    assert least_of_raw(tag) is severity
