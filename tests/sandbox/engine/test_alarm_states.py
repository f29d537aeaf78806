"""Alarms on status checks are evaluated, and every change of state reaches EventBridge (CloudWatch user guide)."""

import json
from collections.abc import Iterator

import pytest

from opsctl.model.value import Json
from opsctl.sandbox.endpoint import REGION
from opsctl.sandbox.engine.conditions import Conditions
from opsctl.sandbox.worlds.network import IMAGE
from tests.kit.functions import function, queue, received, rule
from tests.kit.moto_account import World, client
from tests.kit.timed import move, timed_world

PERIOD = 60


@pytest.fixture
def world() -> Iterator[tuple[World, Conditions]]:
    with timed_world() as made:
        yield made


def watched(metric: str = "StatusCheckFailed", missing: str = "breaching") -> str:
    """An instance with an alarm `a` on one of its status checks."""
    answer = client("ec2").run_instances(ImageId=IMAGE, InstanceType="t3.small", MinCount=1, MaxCount=1)
    name: str = answer["Instances"][0]["InstanceId"]
    client("cloudwatch").put_metric_alarm(
        AlarmName="a",
        AlarmDescription="it has failed",
        Namespace="AWS/EC2",
        MetricName=metric,
        Dimensions=[{"Name": "InstanceId", "Value": name}],
        Statistic="Maximum",
        Period=PERIOD,
        EvaluationPeriods=3,
        Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData=missing,
    )
    return name


def alarm() -> Json:
    return client("cloudwatch").describe_alarms(AlarmNames=["a"])["MetricAlarms"][0]


def state() -> str:
    return str(alarm()["StateValue"])


def set_to(value: str) -> None:
    client("cloudwatch").set_alarm_state(AlarmName="a", StateValue=value, StateReason="by hand")


def test_a_change_of_state_is_an_event_of_the_shape_that_aws_documents(world: tuple[World, Conditions]) -> None:
    account, about = world
    name = watched()
    move(about, PERIOD)
    set_to("ALARM")
    event = about.events[-1]
    assert (event["source"], event["detail-type"]) == ("aws.cloudwatch", "CloudWatch Alarm State Change")
    assert event["resources"] == [f"arn:aws:cloudwatch:{REGION}:{account.account}:alarm:a"]
    detail = event["detail"]
    assert detail.keys() == {"alarmName", "configuration", "previousState", "state"}
    assert (detail["alarmName"], detail["configuration"]["description"]) == ("a", "it has failed")
    (metric,) = detail["configuration"]["metrics"]
    assert metric["metricStat"] == {
        "metric": {
            "namespace": "AWS/EC2",
            "name": "StatusCheckFailed",
            "dimensions": {"InstanceId": name},
        },
        "period": PERIOD,
        "stat": "Maximum",
    }
    assert (detail["previousState"]["value"], detail["state"]["value"]) == ("OK", "ALARM")
    assert detail["state"]["reason"] == "by hand"
    assert detail["state"]["timestamp"] == f"{about.moment():%Y-%m-%dT%H:%M:%S.000+0000}"


def test_a_state_that_stays_is_no_event(world: tuple[World, Conditions]) -> None:
    _, about = world
    watched()
    set_to("ALARM")
    count = len(about.events)
    set_to("ALARM")
    assert len(about.events) == count


def test_a_rule_for_the_alarm_sends_it_to_the_queue_and_the_function(world: tuple[World, Conditions]) -> None:
    _, about = world
    watched()
    url, arn = queue("heard")
    pattern = {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": {"alarmName": ["a"], "state": {"value": ["ALARM"]}},
    }
    rule("to-queue", arn, EventPattern=json.dumps(pattern))
    rule(
        "to-function",
        function("def lambda_handler(event, context):\n    pass\n"),
        EventPattern=json.dumps(pattern),
    )
    set_to("OK")
    set_to("ALARM")
    move(about, 1)
    (message,) = received(url)
    assert json.loads(message["Body"])["detail"]["state"]["value"] == "ALARM"
    assert [one.function for one in about.invocations] == ["f"]


def test_a_new_alarm_knows_nothing_until_its_first_evaluation(world: tuple[World, Conditions]) -> None:
    _, about = world
    watched()
    assert state() == "INSUFFICIENT_DATA"
    move(about, PERIOD)
    assert state() == "OK"


def test_a_state_that_was_set_lasts_until_the_next_evaluation(world: tuple[World, Conditions]) -> None:
    _, about = world
    watched()
    move(about, PERIOD)
    set_to("ALARM")
    assert state() == "ALARM"
    move(about, PERIOD)
    assert state() == "OK"


def test_failed_checks_raise_the_alarm_after_all_its_periods_and_good_ones_clear_it(
    world: tuple[World, Conditions],
) -> None:
    _, about = world
    name = watched()
    move(about, PERIOD)
    about.faults.impaired.add(name)
    move(about, 2 * PERIOD)
    assert state() == "OK"
    move(about, PERIOD)
    assert state() == "ALARM"
    assert alarm()["StateUpdatedTimestamp"].timestamp() == about.now()
    about.faults.impaired.clear()
    move(about, PERIOD)
    assert state() == "OK"


@pytest.mark.parametrize(
    ("missing", "becomes"), [("breaching", "ALARM"), ("notBreaching", "OK"), ("missing", "INSUFFICIENT_DATA"),
                             ("ignore", "OK")]
)  # fmt: skip
@pytest.mark.parametrize("why", ["stopped", "dark"])
def test_an_instance_that_sends_nothing_is_taken_as_the_alarm_says(
    world: tuple[World, Conditions], why: str, missing: str, becomes: str
) -> None:
    _, about = world
    name = watched(missing=missing)
    move(about, PERIOD)
    if why == "stopped":
        client("ec2").stop_instances(InstanceIds=[name])
    else:
        about.faults.dark_zones.add(f"{REGION}a")
    move(about, 3 * PERIOD)
    assert state() == becomes


def test_a_hung_guest_fails_the_check_of_the_instance_and_not_of_the_system(
    world: tuple[World, Conditions],
) -> None:
    _, about = world
    about.faults.impaired.add(watched("StatusCheckFailed_System"))
    move(about, 4 * PERIOD)
    assert state() == "OK"


def test_an_alarm_that_is_gone_is_not_evaluated(world: tuple[World, Conditions]) -> None:
    _, about = world
    about.faults.impaired.add(watched())
    client("cloudwatch").delete_alarms(AlarmNames=["a"])
    move(about, 5 * PERIOD)
    assert not about.events
