"""Every guard of a drill, one by one: what it finds, and that nothing is planned then."""

from collections.abc import Mapping
from typing import Any

import pytest

from opsctl.catalog import find_plugins
from opsctl.ha.health import ALARMS
from opsctl.model.errors import RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.value import Json, canonical
from opsctl.planning.inputs import parse_inputs
from opsctl.planning.planner import make_plan
from opsctl.playbook.load import load_playbook
from tests.kit.canned import ABOUT, Canned, CannedReader, denied, missing

GROUP, ID = "ha-web", "i-0aaaaaaaaaaaaaaa1"
NOW = 1_790_000_000.0
SOON = "2026-09-21T13:00:00+00:00"
LONG_AGO = "2026-09-01T00:00:00+00:00"
OURS = [{"Key": "opsctl:ha", "Value": GROUP}]
DATA = [
    *OURS,
    {"Key": "opsctl:ha-device", "Value": "/dev/sdf"},
    {"Key": "opsctl:ha-role", "Value": "data"},
]
MEMBER = {
    "InstanceId": ID,
    "LifecycleState": "InService",
    "AvailabilityZone": "eu-west-1a",
    "HealthStatus": "Healthy",
}
THE_GROUP: dict[str, Json] = {
    "AutoScalingGroupName": GROUP,
    "MinSize": 1,
    "MaxSize": 1,
    "DesiredCapacity": 1,
    "VPCZoneIdentifier": "subnet-a,subnet-b",
    "AvailabilityZones": ["eu-west-1a", "eu-west-1b"],
    "Instances": [MEMBER],
    "SuspendedProcesses": [{"ProcessName": "AZRebalance"}],
    "Tags": OURS,
}
VOLUME: dict[str, Json] = {
    "VolumeId": "vol-1",
    "AvailabilityZone": "eu-west-1a",
    "Tags": DATA,
    "Attachments": [{"InstanceId": ID, "State": "attached", "DeleteOnTermination": False}],
}
HOOKS = [
    {"LifecycleHookName": "opsctl-launch", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"},
    {"LifecycleHookName": "opsctl-terminate", "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"},
]
CONFIG = canonical({"addresses": [{"allocation_id": "eipalloc-1"}], "devices": ["/dev/sdf"]})
TEMPLATE = {"LaunchTemplateVersions": [{"LaunchTemplateData": {"ImageId": "ami-1"}}]}
WELL: dict[str, Canned] = {
    "autoscaling.DescribeAutoScalingGroups": {"AutoScalingGroups": [THE_GROUP]},
    "autoscaling.DescribeLifecycleHooks": {"LifecycleHooks": HOOKS},
    "autoscaling.DescribeScalingActivities": {"Activities": []},
    "autoscaling.DescribeInstanceRefreshes": {"InstanceRefreshes": []},
    "ec2.DescribeLaunchTemplates": {"LaunchTemplates": [{"LaunchTemplateName": GROUP}]},
    "ec2.DescribeLaunchTemplateVersions": TEMPLATE,
    "ec2.DescribeImages": {"Images": [{"State": "available"}]},
    "ec2.DescribeSubnets": {
        "Subnets": [
            {"SubnetId": "subnet-a", "AvailabilityZone": "eu-west-1a"},
            {"SubnetId": "subnet-b", "AvailabilityZone": "eu-west-1b"},
        ]
    },
    "ec2.DescribeVolumes": {"Volumes": [VOLUME]},
    "ec2.DescribeSnapshots": {"Snapshots": [{"State": "completed", "StartTime": SOON, "Tags": DATA}]},
    "ec2.DescribeAddresses": {
        "Addresses": [{"AllocationId": "eipalloc-1", "PublicIp": "198.51.100.7", "InstanceId": ID}]
    },
    "lambda.GetFunction": {
        "Configuration": {"State": "Active", "Environment": {"Variables": {"OPSCTL_HA": CONFIG}}}
    },
    "events.DescribeRule": {"State": "ENABLED"},
    "events.ListTargetsByRule": {"Targets": [{"Arn": "arn"}]},
    "sqs.GetQueueUrl": {"QueueUrl": "https://sqs/opsctl-ha-web-dlq"},
    "sqs.GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "0"}},
    "cloudwatch.DescribeAlarms": {
        "MetricAlarms": [{"AlarmName": f"opsctl-{GROUP}-{kind}", "StateValue": "OK"} for kind in ALARMS]
    },
    "iam.GetRolePolicy": {"RoleName": f"opsctl-{GROUP}", "PolicyName": "opsctl"},
    "ec2.DescribeInstanceAttribute": {"DisableApiStop": {"Value": False}},
    "lambda.GetPolicy": {"Policy": '[{"Sid": "opsctl-ha-web-hooks"}, {"Sid": "opsctl-ha-web-sweep"}]'},
    "ec2.DescribeInstances": {"Reservations": [{"Instances": [{"InstanceId": ID, "Tags": OURS}]}]},
}


def plan(answers: Mapping[str, Canned], overrides: tuple[str, ...] = (), **inputs: Json) -> Plan:
    loaded = load_playbook("make-ha-drill")
    return make_plan(
        loaded,
        parse_inputs(loaded.playbook.inputs, {"group": GROUP, **inputs}, source={}),
        about=ABOUT.model_copy(update={"now": NOW}),
        reader=CannedReader({**WELL, **answers}),
        registry=find_plugins(),
        overrides=overrides,
        now=NOW,
    )


def group(**changes: Any) -> dict[str, Canned]:
    return {"autoscaling.DescribeAutoScalingGroups": {"AutoScalingGroups": [THE_GROUP | changes]}}


def volume(**changes: Any) -> dict[str, Canned]:
    return {"ec2.DescribeVolumes": {"Volumes": [VOLUME | changes]}}


def activity(status: str) -> dict[str, Canned]:
    one = {"ActivityId": "1", "StartTime": SOON, "Description": "Launching", "StatusCode": status}
    return {"autoscaling.DescribeScalingActivities": {"Activities": [one]}}


def test_a_group_that_would_recover_is_drilled() -> None:
    made = plan({})
    assert [one.api for one in made.changes] == [
        "ec2.CreateTags",
        "autoscaling.TerminateInstanceInAutoScalingGroup",
        "opsctl.ha.drill",
    ]
    assert made.severe
    assert made.confirm == GROUP
    assert made.changes[1].params == {"InstanceId": ID, "ShouldDecrementDesiredCapacity": False}


@pytest.mark.parametrize(
    ("answers", "guard", "evidence"),
    [
        (activity("InProgress"), "busy", "Launching: InProgress"),
        (activity("MidLifecycleAction"), "busy", "Launching: MidLifecycleAction"),
        (
            {
                "autoscaling.DescribeInstanceRefreshes": {
                    "InstanceRefreshes": [{"InstanceRefreshId": "r", "Status": "InProgress"}]
                }
            },
            "busy",
            "instance refresh r: InProgress",
        ),
        (
            group(Instances=[MEMBER, MEMBER | {"InstanceId": "i-2", "LifecycleState": "Terminating:Wait"}]),
            "busy",
            "i-2 is Terminating:Wait",
        ),
        (group(Instances=[]), "broken", "instance: none: the group is empty"),
        (group(DesiredCapacity=0), "broken", "sizes: 1/1/0"),
        (group(SuspendedProcesses=[]), "broken", "rebalancing: AZRebalance is not suspended"),
        (
            group(SuspendedProcesses=[{"ProcessName": "AZRebalance"}, {"ProcessName": "Launch"}]),
            "broken",
            "processes: Launch suspended",
        ),
        ({"autoscaling.DescribeLifecycleHooks": {"LifecycleHooks": HOOKS[1:]}}, "broken", "hook opsctl-launch"),
        ({"events.DescribeRule": {"State": "DISABLED"}}, "broken", "rule hooks: disabled"),
        ({"events.ListTargetsByRule": {"Targets": []}}, "broken", "rule sweep: disabled"),
        ({"lambda.GetFunction": missing("lambda.GetFunction", "ResourceNotFoundException")}, "broken", "handler"),
        ({"ec2.DescribeLaunchTemplates": {"LaunchTemplates": []}}, "broken", "launch template: was deleted"),
        ({"ec2.DescribeImages": {"Images": []}}, "broken", "image: is gone"),
        (
            volume(Attachments=[{"InstanceId": ID, "State": "attached", "DeleteOnTermination": True}]),
            "broken",
            "volume /dev/sdf: vol-1 in eu-west-1a would be deleted with the instance",
        ),
        (volume(Attachments=[]), "broken", "is not attached"),
        ({"ec2.DescribeAddresses": {"Addresses": []}}, "broken", "address eipalloc-1"),
        (
            {"sqs.GetQueueUrl": missing("sqs.GetQueueUrl", "QueueDoesNotExist")},
            "no-queue",
            "there is no queue opsctl-ha-web-dlq",
        ),
        (
            {"sqs.GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "2"}}},
            "dead-letters",
            "2 event(s) that could not be processed",
        ),
        (
            {"cloudwatch.DescribeAlarms": {"MetricAlarms": [{"AlarmName": "stuck", "StateValue": "ALARM"}]}},
            "alarms",
            "alarms: ringing: stuck",
        ),
        ({"lambda.GetPolicy": {"Policy": "[]"}}, "broken", "permissions: the function refuses the rule"),
        ({"iam.GetRolePolicy": missing("iam.GetRolePolicy", "NoSuchEntity")}, "broken", "role: "),
        ({"ec2.DescribeSnapshots": {"Snapshots": []}}, "snapshot", "/dev/sdf: no completed snapshot"),
        (
            {"ec2.DescribeSnapshots": {"Snapshots": [{"State": "pending", "StartTime": SOON, "Tags": DATA}]}},
            "snapshot",
            "/dev/sdf: no completed snapshot",
        ),
        (
            {
                "ec2.DescribeSnapshots": {
                    "Snapshots": [{"State": "completed", "StartTime": LONG_AGO, "Tags": DATA}]
                }
            },
            "snapshot",
            "/dev/sdf: the newest completed snapshot is 20d 14h old, not under 1d",
        ),
        (
            {"cloudwatch.DescribeAlarms": denied("cloudwatch.DescribeAlarms")},
            "unknown",
            "alarms: could not be read",
        ),
        (
            {"autoscaling.DescribeScalingActivities": denied("autoscaling.DescribeScalingActivities")},
            "not-readable",
            "whether a scaling activity is in progress: AccessDenied at autoscaling.DescribeScalingActivities",
        ),
        (
            {"autoscaling.DescribeInstanceRefreshes": denied("autoscaling.DescribeInstanceRefreshes")},
            "not-readable",
            "whether an instance refresh is in progress",
        ),
    ],
)
def test_each_guard_refuses_with_its_evidence(answers: dict[str, Canned], guard: str, evidence: str) -> None:
    with pytest.raises(RefusedByGuard) as refused:
        plan(answers)
    assert guard in refused.value.summary
    assert any(evidence in line for line in refused.value.evidence), refused.value.evidence


def test_other_zone_needs_a_subnet_in_another_zone() -> None:
    answers = {"ec2.DescribeSubnets": {"Subnets": [{"SubnetId": "subnet-a", "AvailabilityZone": "eu-west-1a"}]}}
    plan(answers)
    with pytest.raises(RefusedByGuard, match="one-zone"):
        plan(answers, other_zone=True)
    unread: dict[str, Canned] = {"ec2.DescribeSubnets": denied("ec2.DescribeSubnets")}
    with pytest.raises(RefusedByGuard, match="one-zone") as refused:
        plan(unread, ("not-readable",), other_zone=True)
    assert "subnet-a, subnet-b: their zones could not be read" in refused.value.evidence[1]


def test_what_may_be_set_aside_is_set_aside_by_name() -> None:
    answers: dict[str, Json] = {"ec2.DescribeSnapshots": {"Snapshots": []}}
    made = plan(answers, ("snapshot",))
    assert [(one.id, one.overridden) for one in made.warnings] == [("snapshot", True)]


def test_the_zone_is_left_and_entered_again_with_nothing_else_changed() -> None:
    made = plan({}, other_zone=True)
    narrow, widen = [one for one in made.changes if one.operation == "UpdateAutoScalingGroup"]
    assert narrow.params["VPCZoneIdentifier"] == "subnet-b"
    assert widen.params["VPCZoneIdentifier"] == "subnet-a,subnet-b"
    assert narrow.undo.kind == "call"
    assert widen.undo.kind == "none"
    assert widen.expect == narrow.proof.configured


def test_a_group_without_data_volumes_needs_no_snapshot_and_no_stamp() -> None:
    config = canonical({"addresses": [], "devices": []})
    function = {"Configuration": {"State": "Active", "Environment": {"Variables": {"OPSCTL_HA": config}}}}
    made = plan({"lambda.GetFunction": function, "ec2.DescribeSnapshots": {"Snapshots": []}})
    apis = [one.api for one in made.changes]
    assert apis == ["autoscaling.TerminateInstanceInAutoScalingGroup", "opsctl.ha.drill"]
