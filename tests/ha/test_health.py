"""Whether recovery would work: one thing broken at a time, and found by its name."""

import copy
import json
from collections.abc import Callable

import pytest

from opsctl.ha.facts.ha_status import HaStatus, HaStatusResult
from opsctl.model.errors import InvalidInput
from opsctl.model.value import Json
from opsctl.render.views.ha_status import headline, markdown_status, render_status
from tests.kit.canned import ABOUT, Canned, denied, drive, missing

NOW = 1_790_000_000.0
FRESH, OLD = "2026-09-21T14:00:00+00:00", "2026-09-20T14:00:00+00:00"
HANDLER = {
    "addresses": [{"allocation_id": "eipalloc-1", "device_index": 0, "private_index": 0}],
    "devices": ["/dev/sdf"],
    "snapshot_every_s": 3600,
    "topic_arn": "arn:aws:sns:eu-west-1:1:ops",
}
KINDS = ("empty", "handler-errors", "undelivered", "dead-letters", "stuck")


def tags(**more: str) -> list[dict[str, str]]:
    return [{"Key": f"opsctl:{key.replace('_', '-')}", "Value": value} for key, value in more.items()]


HEALTHY: dict[str, Json] = {
    "autoscaling.DescribeAutoScalingGroups": {
        "AutoScalingGroups": [
            {
                "AutoScalingGroupName": "ha-web",
                "Tags": [{"Key": "opsctl:ha", "Value": "ha-web"}],
                "MinSize": 1,
                "MaxSize": 1,
                "DesiredCapacity": 1,
                "AvailabilityZones": ["eu-west-1a", "eu-west-1b"],
                "Instances": [
                    {"InstanceId": "i-1", "LifecycleState": "InService", "AvailabilityZone": "eu-west-1a"}
                ],
                "SuspendedProcesses": [{"ProcessName": "AZRebalance"}],
            }
        ]
    },
    "autoscaling.DescribeLifecycleHooks": {
        "LifecycleHooks": [
            {"LifecycleHookName": f"opsctl-{way}", "LifecycleTransition": f"autoscaling:EC2_INSTANCE_{end}"}
            for way, end in (("launch", "LAUNCHING"), ("terminate", "TERMINATING"))
        ]
    },
    "ec2.DescribeLaunchTemplates": {"LaunchTemplates": [{"LaunchTemplateName": "ha-web"}]},
    "ec2.DescribeLaunchTemplateVersions": {
        "LaunchTemplateVersions": [{"LaunchTemplateData": {"ImageId": "ami-9"}}]
    },
    "ec2.DescribeImages": {"Images": [{"State": "available"}]},
    "lambda.GetFunction": {
        "Configuration": {"State": "Active", "Environment": {"Variables": {"OPSCTL_HA": json.dumps(HANDLER)}}}
    },
    "events.DescribeRule": {"State": "ENABLED"},
    "events.ListTargetsByRule": {"Targets": [{"Id": "opsctl"}]},
    "sqs.GetQueueUrl": {"QueueUrl": "https://sqs/1/q"},
    "sqs.GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "0"}},
    "ec2.DescribeAddresses": {
        "Addresses": [{"AllocationId": "eipalloc-1", "PublicIp": "203.0.113.1", "InstanceId": "i-1"}]
    },
    "ec2.DescribeVolumes": {
        "Volumes": [
            {
                "VolumeId": "vol-1",
                "AvailabilityZone": "eu-west-1a",
                "Tags": tags(ha_device="/dev/sdf", ha_role="data"),
                "Attachments": [{"InstanceId": "i-1", "DeleteOnTermination": False}],
            }
        ]
    },
    "ec2.DescribeSnapshots": {
        "Snapshots": [{"State": "completed", "StartTime": FRESH, "Tags": tags(ha_device="/dev/sdf")}]
    },
    "cloudwatch.DescribeAlarms": {
        "MetricAlarms": [{"AlarmName": f"opsctl-ha-web-{kind}", "StateValue": "OK"} for kind in KINDS]
    },
    "iam.GetRolePolicy": {"RoleName": "opsctl-ha-web", "PolicyName": "opsctl"},
    "ec2.DescribeInstanceAttribute": {"DisableApiStop": {"Value": False}},
    "lambda.GetPolicy": {"Policy": '[{"Sid": "opsctl-ha-web-hooks"}, {"Sid": "opsctl-ha-web-sweep"}]'},
    "sns.GetTopicAttributes": {"Attributes": {"TopicArn": "t", "SubscriptionsConfirmed": "1"}},
    "ec2.DescribeInstances": {
        "Reservations": [{"Instances": [{"InstanceId": "i-1", "Tags": [{"Key": "opsctl:ha", "Value": "ha-web"}]}]}]
    },
}


def status(**changed: Canned) -> HaStatusResult:
    answers: dict[str, Canned] = copy.deepcopy(HEALTHY)
    answers.update({name.replace("__", "."): value for name, value in changed.items()})
    found, _ = drive(HaStatus(group="ha-web").read(ABOUT.model_copy(update={"now": NOW})), answers)
    assert isinstance(found, HaStatusResult)
    return found


def altered(api: str, change: Callable[[Json], None]) -> HaStatusResult:
    answer = copy.deepcopy(HEALTHY[api])
    change(answer)
    return status(**{api.replace(".", "__"): answer})


def bad(found: HaStatusResult) -> dict[str, str]:
    return {one.check: one.finding for one in found.findings if one.state != "ok"}


def test_a_healthy_group_works() -> None:
    found = status()
    assert (found.works, bad(found)) == (True, {})
    assert headline(found) == "ha-web: recovery would work now"


GROUPS, HOOKS = "autoscaling.DescribeAutoScalingGroups", "autoscaling.DescribeLifecycleHooks"


@pytest.mark.parametrize(
    ("api", "change", "check", "words"),
    [
        (GROUPS, lambda a: a["AutoScalingGroups"][0].update(MinSize=0), "sizes", "not 1/1/1"),
        (
            GROUPS,
            lambda a: a["AutoScalingGroups"][0].update(SuspendedProcesses=[]),
            "rebalancing",
            "second instance",
        ),
        (
            GROUPS,
            lambda a: a["AutoScalingGroups"][0].update(AvailabilityZones=["eu-west-1a"]),
            "zones",
            "one zone",
        ),
        (HOOKS, lambda a: a["LifecycleHooks"].pop(0), "hook opsctl-launch", "without volumes and address"),
        ("ec2.DescribeImages", lambda a: a.update(Images=[]), "image", "is gone"),
        ("ec2.DescribeLaunchTemplates", lambda a: a.update(LaunchTemplates=[]), "launch template", "was deleted"),
        ("lambda.GetFunction", lambda a: a["Configuration"].update(State="Failed"), "handler", "is Failed"),
        ("ec2.DescribeVolumes", lambda a: a.update(Volumes=[]), "volume /dev/sdf", "no volume"),
        (
            "ec2.DescribeVolumes",
            lambda a: a["Volumes"][0]["Attachments"][0].update(DeleteOnTermination=True),
            "volume /dev/sdf",
            "would be deleted",
        ),
        (
            "ec2.DescribeAddresses",
            lambda a: a["Addresses"][0].update(InstanceId="i-2"),
            "address 203.0.113.1",
            "on i-2, not on the instance",
        ),
        (
            "ec2.DescribeSnapshots",
            lambda a: a["Snapshots"][0].update(StartTime=OLD),
            "snapshots",
            "should be at most 2 hours",
        ),
        ("ec2.DescribeSnapshots", lambda a: a["Snapshots"][0].update(State="pending"), "snapshots", "none"),
        ("ec2.DescribeSnapshots", lambda a: a["Snapshots"][0].update(Tags=[]), "snapshots", "none"),
        (
            "sqs.GetQueueAttributes",
            lambda a: a["Attributes"].update(ApproximateNumberOfMessages="2"),
            "dead letters",
            "2 event(s)",
        ),
        ("cloudwatch.DescribeAlarms", lambda a: a.update(MetricAlarms=[]), "alarms", "no notifications"),
        (
            "cloudwatch.DescribeAlarms",
            lambda a: a["MetricAlarms"][0].update(StateValue="ALARM"),
            "alarms",
            "ringing: opsctl-ha-web-empty",
        ),
        (
            "cloudwatch.DescribeAlarms",
            lambda a: a["MetricAlarms"].pop(),
            "alarms",
            "missing: opsctl-ha-web-stuck",
        ),
        (
            "cloudwatch.DescribeAlarms",
            lambda a: a["MetricAlarms"][1].update(ActionsEnabled=False),
            "alarms",
            "silenced: opsctl-ha-web-handler-errors",
        ),
        (GROUPS, lambda a: a["AutoScalingGroups"][0].update(MaxSize=2), "sizes", "1/2/1"),
        (
            GROUPS,
            lambda a: a["AutoScalingGroups"][0]["SuspendedProcesses"].append({"ProcessName": "ReplaceUnhealthy"}),
            "processes",
            "ReplaceUnhealthy suspended",
        ),
        (
            GROUPS,
            lambda a: a["AutoScalingGroups"][0].update(
                TargetGroupARNs=["arn"],
                SuspendedProcesses=[{"ProcessName": "AZRebalance"}, {"ProcessName": "AddToLoadBalancer"}],
            ),
            "processes",
            "AddToLoadBalancer suspended",
        ),
        (
            GROUPS,
            lambda a: a["AutoScalingGroups"][0]["Instances"].append(
                {"InstanceId": "i-0", "LifecycleState": "Terminating:Retained", "AvailabilityZone": "eu-west-1a"}
            ),
            "kept instances",
            "i-0 did not release",
        ),
        (
            GROUPS,
            lambda a: a["AutoScalingGroups"][0]["Instances"][0].update(HealthStatus="Unhealthy"),
            "health",
            "i-1 is unhealthy",
        ),
        (
            HOOKS,
            lambda a: a["LifecycleHooks"][0].update(DefaultResult="CONTINUE"),
            "hook opsctl-launch",
            "default result is CONTINUE",
        ),
        (
            "lambda.GetFunction",
            lambda a: a.update(Concurrency={"ReservedConcurrentExecutions": 0}),
            "handler",
            "reserved concurrency is 0",
        ),
        (
            "lambda.GetFunction",
            lambda a: a["Configuration"].update(LastUpdateStatus="Failed"),
            "handler",
            "is half updated",
        ),
        ("iam.GetRolePolicy", lambda a: a.clear(), "role", "denies every call"),
        (
            "lambda.GetPolicy",
            lambda a: a.update(Policy='[{"Sid": "opsctl-ha-web-hooks"}]'),
            "permissions",
            "refuses the rule sweep",
        ),
        ("sns.GetTopicAttributes", lambda a: a.clear(), "topic", "was deleted; no notifications"),
        ("sqs.GetQueueUrl", lambda a: a.clear(), "dead letters", "the queue was deleted"),
        (
            "ec2.DescribeInstances",
            lambda a: a["Reservations"][0]["Instances"][0].update(Tags=[]),
            "instance's tag",
            "i-1 lacks opsctl:ha=ha-web",
        ),
        (
            "ec2.DescribeInstanceAttribute",
            lambda a: a["DisableApiStop"].update(Value=True),
            "stop protection",
            "on: i-1 has to be stopped before its volumes can move to a replacement; aws ec2",
        ),
        (
            "ec2.DescribeVolumes",
            lambda a: a["Volumes"].append(a["Volumes"][0] | {"VolumeId": "vol-2"}),
            "volume /dev/sdf",
            "vol-1, vol-2 are both tagged for it",
        ),
        (
            "ec2.DescribeVolumes",
            lambda a: a["Volumes"][0].update(AvailabilityZone="eu-west-1b", Attachments=[]),
            "volume /dev/sdf",
            "vol-1 in eu-west-1b is not attached",
        ),
    ],
)
def test_what_is_broken_is_found_and_named(
    api: str, change: Callable[[Json], None], check: str, words: str
) -> None:
    found = altered(api, change)
    assert not found.works
    assert list(bad(found)) == [check]
    assert words in bad(found)[check]


def test_what_is_gone_is_wrong_and_what_cannot_be_read_is_unknown() -> None:
    gone = status(lambda__GetFunction=missing("lambda.GetFunction", "ResourceNotFoundException"))
    assert "is gone" in bad(gone)["handler"]
    hidden = status(events__DescribeRule=denied("events.DescribeRule"))
    assert {one.check for one in hidden.findings if one.state == "unknown"} == {
        "hooks-rule",
        "sweep-rule",
        "failures-rule",
    }
    assert not hidden.works
    assert headline(hidden) == "ha-web: recovery may not work now: 3 unknown"


def test_a_topic_that_nobody_hears_is_told_but_stops_no_recovery() -> None:
    found = altered("sns.GetTopicAttributes", lambda a: a["Attributes"].update(SubscriptionsConfirmed="0"))
    assert found.works
    assert "has no subscription" in next(one.finding for one in found.findings if one.check == "topic")


def test_the_image_of_the_template_version_in_use_is_looked_at() -> None:
    groups = copy.deepcopy(HEALTHY[GROUPS])
    groups["AutoScalingGroups"][0]["LaunchTemplate"] = {"LaunchTemplateName": "ha-web", "Version": "3"}
    answers: dict[str, Canned] = {**copy.deepcopy(HEALTHY), GROUPS: groups}
    _, reader = drive(HaStatus(group="ha-web").read(ABOUT.model_copy(update={"now": NOW})), answers)
    (asked,) = [one for one in reader.made if one.operation == "DescribeLaunchTemplateVersions"]
    assert asked.params["Versions"] == ["3"]


def test_a_group_that_somebody_else_made_gets_one_clear_line() -> None:
    group = HEALTHY[GROUPS]["AutoScalingGroups"][0] | {"Tags": []}
    with pytest.raises(InvalidInput, match="make-ha did not build group 'ha-web'"):
        status(**{GROUPS.replace(".", "__"): {"AutoScalingGroups": [group]}})


def test_a_group_that_is_not_there_gets_one_clear_line() -> None:
    with pytest.raises(InvalidInput, match="there is no Auto Scaling group 'ha-web'"):
        status(**{GROUPS.replace(".", "__"): {"AutoScalingGroups": []}})


def test_what_is_wrong_comes_first_in_every_form() -> None:
    found = altered(HOOKS, lambda a: a["LifecycleHooks"].pop(0))
    text = render_status(found, width=80, colour=False).splitlines()
    assert text[3].split()[:3] == ["wrong", "hook", "opsctl-launch"]
    assert markdown_status(found).splitlines()[4].startswith("| wrong | hook opsctl-launch")


@pytest.mark.parametrize(
    ("values", "works", "words"),
    [
        (["10.0.0.7"], True, "resolves to 10.0.0.7"),
        (["10.0.0.1"], False, "is 10.0.0.1, not 10.0.0.7"),
        ([], False, "has no address"),
    ],
)
def test_the_private_name_has_to_lead_to_the_instance(values: list[str], works: bool, words: str) -> None:
    handler = HANDLER | {"record": {"zone_id": "Z1", "name": "db.corp.internal", "ttl": 30}}
    variables = {"OPSCTL_HA": json.dumps(handler)}
    record = {"Name": "db.corp.internal.", "Type": "A", "ResourceRecords": [{"Value": one} for one in values]}
    instance = {"InstanceId": "i-1", "PrivateIpAddress": "10.0.0.7", "Tags": tags(ha="ha-web")}
    found = status(
        lambda__GetFunction={"Configuration": {"State": "Active", "Environment": {"Variables": variables}}},
        ec2__DescribeInstances={"Reservations": [{"Instances": [instance]}]},
        route53__ListResourceRecordSets={"ResourceRecordSets": [record] if values else []},
    )
    assert found.works == works
    (one,) = [each for each in found.findings if each.check == "record db.corp.internal"]
    assert words in one.finding
