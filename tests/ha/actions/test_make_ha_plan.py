"""The plan of make-ha: its order, what stands in it and what must not, and how a reviewer reads it."""

import base64
import json
from pathlib import Path

import pytest

from opsctl.aws.service_models import InstalledModels
from opsctl.execution.inverse import inverse_of
from opsctl.model.changes import Instruction
from opsctl.model.errors import RefusedByGuard
from opsctl.model.references import references_in
from opsctl.model.value import Json
from opsctl.playbook.call_params import param_faults
from opsctl.render.screen import render_plan
from tests.kit.canned import Canned
from tests.kit.ha_plans import ha_plan

GOLDEN = Path(__file__).parent / "make-ha-80.txt"
GROUP = {"rpo": "1h", "allow_data_loss": "2h"}
DLM = GROUP | {"snapshots": "dlm", "keep_snapshots": 12}


def places(plan: Json, *ids: str) -> list[int]:
    order = [change.id for change in plan.changes]
    return [order.index(one) for one in ids]


def test_the_plan_reads_on_one_screen_as_the_golden_text() -> None:
    plan = ha_plan(GROUP)
    screen = render_plan(plan, width=80, colour=False)
    assert len(screen.splitlines()) <= 40
    shown = "\n".join([screen, "all changes:", *(f"  {change.title}" for change in plan.changes)]) + "\n"
    assert shown == GOLDEN.read_text(encoding="utf-8")


def test_what_may_act_is_held_until_everything_is_in_place_and_undone_the_other_way_round() -> None:
    plan = ha_plan(GROUP)
    order = places(
        plan,
        "tags.1/i-0123456789abcdef0",
        "image/create",
        "image/available",
        "template/create",
        "group/create",
        "hold/suspend",
        "attach/attach",
        "at-least-one/set",
        "go/resume",
        "first-data/listed",
        "empty-alarm/create",
    )
    assert order == sorted(order)
    after = [change.operation for change in plan.changes[places(plan, "go/resume")[0] + 1 :]]
    assert set(after) == {"ListMetrics", "PutMetricAlarm"}, "nothing that acts comes later than resuming"
    first, second, *_ = places(plan, "handler/create", "hooks-rule/create", "group/create")
    assert first < second
    inverse = inverse_of(plan, [change.id for change in plan.changes])
    undone = [change.operation for change in inverse if change.id.startswith("undo:")]
    assert next(one for one in undone if one != "DeleteAlarms") == "SuspendProcesses"
    detach = undone.index("DetachInstances")
    assert detach < undone.index("DeleteLifecycleHook") < undone.index("DeleteAutoScalingGroup")
    assert undone.index("DeleteAutoScalingGroup") < undone.index("DeleteLaunchTemplate")
    assert not {"DeregisterImage", "DeleteSnapshot", "DeleteVolume", "TerminateInstances"} & set(undone)


def test_every_call_and_its_undo_is_one_that_the_sdk_knows_with_parameters_it_takes() -> None:
    models = InstalledModels()
    key = {"VolumeId": "vol-root", "Size": 8, "KmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/k"}
    answers: dict[str, Canned] = {
        "ec2.DescribeVolumes": {"Volumes": [key, {"VolumeId": "vol-data", "Size": 100}]},
        "kms.DescribeKey": {"KeyMetadata": {"KeyManager": "CUSTOMER"}},
        "kms.ListGrants": {"Grants": []},
    }
    plans = [ha_plan(GROUP, answers=answers), ha_plan({"mode": "recover"}), ha_plan({"fresh": True}), ha_plan(DLM)]
    assert any(change.operation == "CreateGrant" for change in plans[0].changes)
    for change in (change for plan in plans for change in plan.changes if change.kind == "call"):
        instructions = [change, change.undo] if isinstance(change.undo, Instruction) else [change]
        for one in [*instructions, *(first for first in change.undo_first if first.kind == "call")]:
            schema = models.input_shape(one.service, one.operation)
            assert schema is not None, one.api
            params = {name: value for name, value in one.params.items() if not list(references_in(value))}
            faults = [
                f for f in param_faults(schema, params, "") if "required" not in f[1] and "$base64" not in f[0]
            ]
            assert [fault for fault in faults if "ZipFile" not in fault[0]] == [], one.api


def test_user_data_stands_in_no_plan() -> None:
    secret = base64.b64encode(b"#!/bin/sh\nexport TOKEN=hunter2\n").decode()
    plan = ha_plan(answers={"ec2.DescribeInstanceAttribute userData": {"UserData": {"Value": secret}}})
    assert secret not in json.dumps(plan.to_json())
    (template,) = [change for change in plan.changes if change.operation == "CreateLaunchTemplate"]
    assert template.params["LaunchTemplateData"]["UserData"] == {"$ref": "template/create.user_data"}
    assert template.outputs["user_data"].read.params["InstanceId"] == "i-0123456789abcdef0"


def test_data_volumes_are_not_in_the_image_and_a_reboot_is_never_a_surprise() -> None:
    (image,) = [change for change in ha_plan().changes if change.operation == "CreateImage"]
    assert image.params["BlockDeviceMappings"] == [{"DeviceName": "/dev/sdf", "NoDevice": ""}]
    assert (image.params["NoReboot"], image.risk.severity) == (True, "low")
    (rebooted,) = [change for change in ha_plan({"reboot": True}).changes if change.operation == "CreateImage"]
    assert (rebooted.params["NoReboot"], rebooted.risk.severity) == (False, "severe")


def test_the_group_has_one_writer_whatever_the_accounts_defaults_are() -> None:
    (group,) = [change for change in ha_plan().changes if change.operation == "CreateAutoScalingGroup"]
    assert group.params["InstanceMaintenancePolicy"] == {"MinHealthyPercentage": 0, "MaxHealthyPercentage": 100}
    assert (group.params["MinSize"], group.params["MaxSize"], group.params["DesiredCapacity"]) == (0, 1, 0)
    assert group.params["InstanceLifecyclePolicy"]["RetentionTriggers"] == {"TerminateHookAbandon": "retain"}
    assert group.params["VPCZoneIdentifier"] == "subnet-a"
    assert isinstance(group.undo, Instruction)
    assert "ForceDelete" not in group.undo.params


def test_recover_makes_alarms_and_nothing_else() -> None:
    plan = ha_plan({"mode": "recover", "topic": ""})
    assert [change.operation for change in plan.changes] == ["CreateTopic", *["PutMetricAlarm"] * 3]
    alarms = {c.params["MetricName"]: c.params for c in plan.changes if c.operation == "PutMetricAlarm"}
    system, instance = alarms["StatusCheckFailed_System"], alarms["StatusCheckFailed_Instance"]
    assert (system["EvaluationPeriods"], instance["EvaluationPeriods"]) == (2, 3), "never equal: they would race"
    assert system["AlarmActions"][0] == "arn:aws:automate:eu-west-1:ec2:recover"
    assert instance["AlarmActions"][0] == "arn:aws:automate:eu-west-1:ec2:reboot"
    assert plan.pending == ()
    assert "iam:CreateServiceLinkedRole" in json.dumps(plan.to_json()["iam_policy"]["apply"])


def test_a_fresh_launch_is_severe_and_comes_after_the_handler_may_act() -> None:
    plan = ha_plan({"fresh": True})
    operations = [change.operation for change in plan.changes]
    assert "AttachInstances" not in operations
    go, launch, least = places(plan, "go/resume", "fresh/launch", "fresh-at-least-one/set")
    assert go < launch < least
    assert plan.change("fresh/launch").risk.severity == "severe"


def test_a_given_topic_is_used_and_not_made() -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:ops"
    policy = {"Attributes": {"Policy": '{"Principal": {"Service": "events.amazonaws.com"}}'}}
    plan = ha_plan({"topic": topic}, answers={"sns.GetTopicAttributes": policy})
    assert "CreateTopic" not in [change.operation for change in plan.changes]
    assert all(
        topic in change.params["AlarmActions"] for change in plan.changes if "AlarmActions" in change.params
    )


@pytest.mark.parametrize(
    ("read", "there", "words"),
    [
        ("sns.ListTagsForResource", {"Tags": []}, "there is a topic"),
        ("sqs.GetQueueUrl", {"QueueUrl": "u"}, "there is a queue"),
        ("iam.GetRole", {"Role": {}}, "there is a role"),
        ("lambda.GetFunction", {"Configuration": {}}, "there is a function"),
        ("events.DescribeRule", {"Name": "r"}, "there is a rule"),
        ("ec2.DescribeLaunchTemplates", {"LaunchTemplates": [{}]}, "there is a launch template"),
        ("autoscaling.DescribeAutoScalingGroups", {"AutoScalingGroups": [{}]}, "there is a group"),
        ("cloudwatch.DescribeAlarms", {"MetricAlarms": [{"AlarmName": "x"}]}, "there is an alarm"),
        (
            "ec2.DescribeTags",
            {"Tags": [{"Key": "opsctl:ha", "Value": "other"}]},
            "already has these tags with other values",
        ),
    ],
)
def test_nothing_that_is_there_already_is_taken_over(read: str, there: Json, words: str) -> None:
    with pytest.raises(RefusedByGuard, match=words):
        ha_plan(answers={read: there})


def test_a_policy_takes_the_snapshots_instead_of_the_handler_and_its_failures_are_told() -> None:
    plan = ha_plan(DLM)
    role, policy, alarm, go = places(
        plan, "snapshot-role/create", "snapshots/create", "snapshots-alarm/create", "go/resume"
    )
    assert role < policy < alarm < go
    made = plan.change("snapshots/create").params
    (schedule,) = made["PolicyDetails"]["Schedules"]
    assert made["PolicyDetails"]["TargetTags"] == [{"Key": "opsctl:ha-snapshots", "Value": "ha-legacy-web"}]
    assert schedule["RetainRule"] == {"Count": 12}
    tags = {tag["Key"]: tag["Value"] for tag in [*schedule["TagsToAdd"], *schedule["VariableTags"]]}
    assert tags == {
        "opsctl:ha-kind": "scheduled",
        "opsctl:ha-snapshots": "ha-legacy-web",
        "opsctl:ha-set": "$(timestamp)",
        "opsctl:ha-instance": "$(instance-id)",
    }
    failed = plan.change("snapshots-alarm/create").params
    assert failed["Dimensions"] == [{"Name": "DLMPolicyId", "Value": {"$ref": "snapshots/create.policy_id"}}]
    assert (failed["Namespace"], failed["MetricName"]) == ("AWS/EBS", "SnapshotsCreateFailed")
    assert plan.change("age-alarm/create").params["Threshold"] == 3 * 3600
    config = json.loads(plan.change("handler/create").params["Environment"]["Variables"]["OPSCTL_HA"])
    assert (config["snapshot_every_s"], config["dlm_every_s"]) == (0, 3600)
    assert "CreateSnapshots" not in plan.change("role/policy").params["PolicyDocument"]


def test_a_log_group_that_is_there_is_used_as_it_is() -> None:
    there = {"logGroups": [{"logGroupName": "/aws/lambda/opsctl-ha-legacy-web"}]}
    assert "CreateLogGroup" not in [
        c.operation for c in ha_plan(answers={"logs.DescribeLogGroups": there}).changes
    ]
