"""`dlq.alarm`: which alarms tell a topic already, and what is never replaced."""

import pytest

from opsctl.dlq.actions.dlq_alarm import DlqAlarm
from opsctl.model.changes import Change
from opsctl.model.errors import RefusedByGuard
from opsctl.model.value import Json
from tests.kit.canned import ABOUT, drive

TOPIC = "arn:aws:sns:eu-west-1:123456789012:oncall"
AT_ONCE = {"AlarmActions": [TOPIC], "ComparisonOperator": "GreaterThanThreshold", "Threshold": 0.0}


def planned(watching: list[Json], taken: list[Json] | None = None) -> list[Change]:
    answers = {
        "cloudwatch.DescribeAlarmsForMetric": {"MetricAlarms": watching},
        "cloudwatch.DescribeAlarms": {"MetricAlarms": taken or [], "CompositeAlarms": []},
    }
    return drive(DlqAlarm(queue="orders-dlq", topic=TOPIC).plan(ABOUT), answers)[0]


def test_an_alarm_that_tells_the_topic_of_the_first_message_is_enough() -> None:
    assert planned([AT_ONCE]) == []
    assert planned([AT_ONCE | {"ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 1.0}]) == []


@pytest.mark.parametrize(
    "other",
    [
        {"Threshold": 100.0},
        {"ComparisonOperator": "LessThanThreshold"},
        {"ActionsEnabled": False},
        {"AlarmActions": ["arn:aws:sns:eu-west-1:123456789012:else"]},
    ],
)
def test_an_alarm_that_is_late_silent_or_tells_others_is_not(other: dict[str, Json]) -> None:
    (change,) = planned([AT_ONCE | other])
    assert change.params["AlarmActions"] == [TOPIC]


def test_an_alarm_of_our_name_that_is_not_ours_is_never_replaced() -> None:
    with pytest.raises(RefusedByGuard, match="opsctl-dlq-orders-dlq"):
        planned([], [{"AlarmName": "opsctl-dlq-orders-dlq"}])
