"""Whether a failover would work: one thing broken at a time, and found by its name."""

import copy
import json
from collections.abc import Callable

import pytest

from opsctl.expressions.evaluate import compiled
from opsctl.ha.facts.ha_status import HaStatus, HaStatusResult
from opsctl.ha.ha_pair import stands_by
from opsctl.ha.health_pair import PAIR_ALARMS
from opsctl.model.errors import InvalidInput
from opsctl.model.value import Json
from opsctl.render.views.ha_status import headline
from tests.ha.test_health import FRESH, HANDLER, HEALTHY, NOW, OLD, bad, tags
from tests.kit.canned import ABOUT, Canned, denied, drive, missing

INSTANCES, ALARMS = "ec2.DescribeInstances", "cloudwatch.DescribeAlarms"


def one(name: str, role: str, zone: str, state: str) -> dict[str, Json]:
    return {
        "InstanceId": name,
        "InstanceType": "t3.small",
        "ImageId": "ami-9",
        "State": {"Name": state},
        "Placement": {"AvailabilityZone": f"eu-west-1{zone}"},
        "RootDeviceName": "/dev/xvda",
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"AttachTime": FRESH}}],
        "NetworkInterfaces": [{"Attachment": {"DeviceIndex": 0}, "Groups": [{"GroupId": "sg-1"}]}],
        "Tags": [*tags(ha="ha-web", ha_role=role, plan="run-1")],
    }


def pair(*instances: Json) -> Json:
    return {"Reservations": [{"Instances": [each]} for each in instances]}


PRIMARY, STANDBY = one("i-1", "primary", "a", "running"), one("i-2", "standby", "b", "stopped")
WELL: dict[str, Json] = {
    **HEALTHY,
    "autoscaling.DescribeAutoScalingGroups": {"AutoScalingGroups": []},
    INSTANCES: pair(PRIMARY, STANDBY),
    "ec2.DescribeInstanceStatus": {
        "InstanceStatuses": [{"SystemStatus": {"Status": "ok"}, "InstanceStatus": {"Status": "ok"}}]
    },
    "ec2.DescribeInstanceAttribute": {"DisableApiStop": {"Value": False}},
    "ec2.DescribeInstanceTypeOfferings": {"InstanceTypeOfferings": [{"InstanceType": "t3.small"}]},
    "lambda.GetPolicy": {"Policy": '[{"Sid": "opsctl-ha-web-alarm"}, {"Sid": "opsctl-ha-web-sweep"}]'},
    ALARMS: {
        "MetricAlarms": [
            {
                "AlarmName": f"opsctl-ha-web-{kind}",
                "StateValue": "OK",
                "TreatMissingData": "breaching",
                "Dimensions": [{"Name": "InstanceId", "Value": "i-1"}],
            }
            for kind in (*PAIR_ALARMS, "old-snapshot")
        ]
    },
}


def status(**changed: Canned) -> HaStatusResult:
    answers: dict[str, Canned] = copy.deepcopy(WELL)
    answers.update({name.replace("__", "."): value for name, value in changed.items()})
    found, _ = drive(HaStatus(group="ha-web").read(ABOUT.model_copy(update={"now": NOW})), answers)
    assert isinstance(found, HaStatusResult)
    return found


def altered(api: str, change: Callable[[Json], object]) -> HaStatusResult:
    answer = copy.deepcopy(WELL[api])
    change(answer)
    return status(**{api.replace(".", "__"): answer})


def instance(number: int) -> Callable[[Json], Json]:
    return lambda answer: answer["Reservations"][number]["Instances"][0]


first, second = instance(0), instance(1)


def role(name: str) -> list[Json]:
    return [*tags(ha="ha-web", ha_role=name)]


def test_a_pair_that_stands_by_works() -> None:
    found = status()
    assert (found.mode, found.works, bad(found)) == ("standby", True, {})
    assert headline(found) == "ha-web: recovery would work now"
    told = {each.check: each.finding for each in found.findings}
    assert told["standby"] == "i-2 stopped in eu-west-1b"
    assert told["instance"] == "i-1 running in eu-west-1a, its status checks are ok and ok"
    assert told["alarm"] == "watches i-1, and is OK"


@pytest.mark.parametrize(
    ("api", "change", "check", "words"),
    [
        (INSTANCES, lambda a: second(a)["State"].update(Name="terminated"), "standby", "nothing can take over"),
        (INSTANCES, lambda a: second(a)["State"].update(Name="running"), "standby", "runs beside the instance"),
        (INSTANCES, lambda a: second(a)["State"].update(Name="stopping"), "standby", "is stopping: check again"),
        (
            INSTANCES,
            lambda a: second(a)["Tags"].extend(tags(ha_failover="2026-09-21T14:00:00Z")),
            "standby",
            "has been taking over since 2026-09-21T14:00:00Z, and is stopped",
        ),
        (
            INSTANCES,
            lambda a: second(a)["Placement"].update(AvailabilityZone="eu-west-1a"),
            "zones",
            "both are in",
        ),
        (INSTANCES, lambda a: first(a).update(InstanceType="t3.large"), "likeness", "type: the standby and"),
        (
            INSTANCES,
            lambda a: first(a)["NetworkInterfaces"][0].update(Groups=[{"GroupId": "sg-2"}]),
            "likeness",
            "security groups: the standby and",
        ),
        (
            INSTANCES,
            lambda a: first(a).update(IamInstanceProfile={"Arn": "arn:aws:iam::1:instance-profile/web"}),
            "likeness",
            "instance profile: the standby and",
        ),
        (
            INSTANCES,
            lambda a: second(a).update(ImageId="ami-8"),
            "image",
            "ami-8, not the launch template's ami-9",
        ),
        (INSTANCES, lambda a: second(a).update(BlockDeviceMappings=[]), "root disk", "cannot start"),
        (
            INSTANCES,
            lambda a: first(a).update(
                State={"Name": "stopped"}, StateReason={"Code": "Client.UserInitiatedShutdown"}
            ),
            "instance",
            "(Client.UserInitiatedShutdown): the standby takes over only if AWS stopped it",
        ),
        (
            INSTANCES,
            lambda a: a["Reservations"].append({"Instances": [one("i-3", "primary", "a", "running")]}),
            "instance",
            "i-1, i-3 are both tagged as primary",
        ),
        (
            "ec2.DescribeInstanceStatus",
            lambda a: a["InstanceStatuses"][0].update(SystemStatus={"Status": "impaired"}),
            "instance",
            "impaired and ok: the standby takes over once the alarm fires",
        ),
        (
            "ec2.DescribeInstanceAttribute",
            lambda a: a["DisableApiStop"].update(Value=True),
            "stop protection",
            "has to be stopped before",
        ),
        (
            "ec2.DescribeInstanceTypeOfferings",
            lambda a: a.update(InstanceTypeOfferings=[]),
            "instance type",
            "eu-west-1b no longer offers t3.small",
        ),
        (
            ALARMS,
            lambda a: a["MetricAlarms"][3].update(Dimensions=[{"Name": "InstanceId", "Value": "i-0"}]),
            "alarm",
            "opsctl-ha-web-primary watches i-0, not i-1",
        ),
        (
            ALARMS,
            lambda a: a["MetricAlarms"][3].update(TreatMissingData="missing"),
            "alarm",
            "should be breaching",
        ),
        (ALARMS, lambda a: a["MetricAlarms"].pop(), "alarms", "missing: opsctl-ha-web-old-snapshot"),
        (
            ALARMS,
            lambda a: a["MetricAlarms"][3].update(ActionsEnabled=False),
            "alarms",
            "silenced: opsctl-ha-web-primary",
        ),
        (
            ALARMS,
            lambda a: a["MetricAlarms"][3].update(StateValue="ALARM"),
            "alarms",
            "ringing: opsctl-ha-web-primary",
        ),
        ("lambda.GetFunction", lambda a: a["Configuration"].update(State="Failed"), "handler", "is Failed"),
        (
            "lambda.GetFunction",
            lambda a: a.update(Concurrency={"ReservedConcurrentExecutions": 0}),
            "handler",
            "reserved concurrency is 0",
        ),
        (
            "lambda.GetPolicy",
            lambda a: a.update(Policy='[{"Sid": "opsctl-ha-web-sweep"}]'),
            "permissions",
            "refuses the rule alarm",
        ),
        (
            "sqs.GetQueueAttributes",
            lambda a: a["Attributes"].update(ApproximateNumberOfMessages="1"),
            "dead letters",
            "1 event(s)",
        ),
        (
            "ec2.DescribeAddresses",
            lambda a: a["Addresses"][0].update(InstanceId="i-2"),
            "address 203.0.113.1",
            "on i-2, not on the instance",
        ),
        (
            "ec2.DescribeVolumes",
            lambda a: a["Volumes"][0]["Attachments"][0].update(DeleteOnTermination=True),
            "volume /dev/sdf",
            "would be deleted",
        ),
        (
            "ec2.DescribeSnapshots",
            lambda a: a["Snapshots"][0].update(StartTime=OLD),
            "snapshots",
            "at most 2 hours",
        ),
    ],
)
def test_what_is_broken_is_found_and_named(
    api: str, change: Callable[[Json], object], check: str, words: str
) -> None:
    found = altered(api, change)
    assert not found.works
    assert list(bad(found)) == [check]
    assert words in bad(found)[check]


def test_one_that_has_failed_over_says_who_has_it_and_how_to_get_a_new_standby() -> None:
    new = one("i-2", "primary", "b", "running")
    new["Tags"] += tags(ha_failover="2026-09-21T13:00:00Z")
    found = status(ec2__DescribeInstances=pair(one("i-1", "retired", "a", "stopped"), new))
    assert found.failed_over == "i-2"
    assert headline(found) == "ha-web: i-2 has taken over, and has no standby"
    assert bad(found)["standby"] == (
        "none: i-2 took over at 2026-09-21T13:00:00Z; i-1 is kept. For another: "
        "opsctl undo run-1, then opsctl make-ha i-2 --mode standby --group ha-web"
    )
    assert "watches i-1, not i-2" in bad(found)["alarm"]


def test_a_second_standby_after_a_failover_is_a_standby_like_the_first() -> None:
    new = one("i-1", "primary", "a", "running")
    new["Tags"] += tags(ha_failover="2026-09-01T13:00:00Z")
    found = status(ec2__DescribeInstances=pair(new, STANDBY, one("i-0", "retired", "c", "stopped")))
    assert (found.works, found.failed_over) == (True, "")


def test_a_standby_that_an_earlier_version_tagged_as_twin_is_one() -> None:
    found = status(ec2__DescribeInstances=pair(PRIMARY, one("i-2", "twin", "b", "stopped")))
    assert bad(found) == {}
    ready = stands_by("ha-web", "i-2")
    assert compiled(ready.query).search(pair(PRIMARY, one("i-2", "twin", "b", "stopped"))) == ["i-2"]
    assert compiled(ready.query).search(pair(PRIMARY, one("i-2", "retired", "b", "stopped"))) == []


def test_one_whose_second_standby_is_gone_has_not_failed_over_again() -> None:
    new = one("i-1", "primary", "a", "running")
    new["Tags"] += tags(ha_failover="2026-09-01T13:00:00Z")
    template = {"LaunchTemplates": [{"LaunchTemplateName": "ha-web", "Tags": tags(plan="run-2")}]}
    found = status(ec2__DescribeInstances=pair(new), ec2__DescribeLaunchTemplates=template)
    assert found.failed_over == ""
    assert "nothing can take over: opsctl undo run-2, then" in bad(found)["standby"]


def test_the_alarm_on_old_snapshots_is_missed_only_where_snapshots_are_made() -> None:
    alarms = copy.deepcopy(WELL[ALARMS])
    alarms["MetricAlarms"].pop()
    told = json.dumps(HANDLER | {"snapshot_every_s": 0})
    function = {"Configuration": {"State": "Active", "Environment": {"Variables": {"OPSCTL_HA": told}}}}
    assert status(cloudwatch__DescribeAlarms=alarms, lambda__GetFunction=function).works


def test_a_set_of_snapshots_counts_only_when_it_has_every_device() -> None:
    told = json.dumps(HANDLER | {"devices": ["/dev/sdf", "/dev/sdg"]})
    function = {"Configuration": {"State": "Active", "Environment": {"Variables": {"OPSCTL_HA": told}}}}
    assert bad(status(lambda__GetFunction=function))["snapshots"].startswith("none")


def test_what_cannot_be_read_is_unknown() -> None:
    found = status(
        ec2__DescribeInstanceStatus=denied("ec2.DescribeInstanceStatus"),
        ec2__DescribeInstanceTypeOfferings=denied("ec2.DescribeInstanceTypeOfferings"),
    )
    assert {each.check for each in found.findings if each.state == "unknown"} == {"checks", "offerings"}
    assert not found.works


def test_what_is_gone_is_wrong() -> None:
    found = status(
        lambda__GetFunction=missing("lambda.GetFunction", "ResourceNotFoundException"),
        events__DescribeRule=missing("events.DescribeRule", "ResourceNotFoundException"),
    )
    assert {"handler", "rule alarm", "rule sweep"} <= bad(found).keys()


def test_instances_without_a_role_are_no_standby() -> None:
    bare = one("i-1", "primary", "a", "running") | {"Tags": tags(ha="ha-web")}
    with pytest.raises(InvalidInput, match="there is no Auto Scaling group 'ha-web', and no standby of that name"):
        status(ec2__DescribeInstances=pair(bare))
