"""What is said of what a replay could not deliver, over canned answers of CloudWatch."""

from pathlib import Path

import pytest

from opsctl.events.jobs.events_topic_counts import EventsTopicCounts
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.jobs import Tools
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.value import Json
from tests.kit.moto_account import sqs_wire
from tests.kit.ports import Box, FakeClock, refusal

DELIVERED, FAILED = "NumberOfReplayedNotificationsDelivered", "NumberOfReplayedNotificationsFailed"


class Counts(Box):
    """Tells metrics by their dimensions' value, with their points; one API may be denied."""

    def __init__(self, *told: tuple[str, str, list[float]], denied: str = "") -> None:
        super().__init__()
        self.told, self.denied = told, denied

    def read(self, read: Read) -> Answer:
        """Answer."""
        if read.operation == self.denied:
            return Answer(refusal=refusal(RefusalKind.DENIED, "AccessDenied", read.api))
        if read.operation == "ListMetrics":
            asked = read.params["MetricName"]
            known = [_metric(name, value) for name, value, _ in self.told if name == asked]
            return Answer(value={"Metrics": known})
        results = []
        for query in read.params["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            (points,) = [points for name, value, points in self.told if _metric(name, value) == metric]
            results.append({"Id": query["Id"], "Label": query["Label"], "Values": points})
        return Answer(value={"MetricDataResults": results})


def _metric(name: str, value: str) -> Json:
    dimensions = [{"Name": "Whatever", "Value": value}]
    return {"Namespace": "AWS/SNS", "MetricName": name, "Dimensions": dimensions}


def said(path: Path, aws: Counts) -> str:
    job = EventsTopicCounts(topic="orders.fifo", subscription="arn:sub:1", since="2026-09-21T10:00:00Z")
    tools = Tools(
        aws=aws,
        queues=sqs_wire,
        checkpoint=JobCheckpoint(path / "log", 1000),
        clock=FakeClock(),
        progress=lambda _line: None,
        stopping=lambda: False,
    )
    result = job.run(tools)
    assert result.complete
    return result.says


def test_what_is_told_by_topic_or_subscription_counts_once_and_other_topics_do_not(tmp_path: Path) -> None:
    aws = Counts(
        (DELIVERED, "orders.fifo", [3.0, 2.0]),
        (DELIVERED, "arn:sub:1", [5.0]),
        (FAILED, "orders.fifo", [1.0]),
        (FAILED, "other.fifo", [9.0]),
    )
    assert said(tmp_path, aws) == "CloudWatch counted 5 delivered, and 1 failed so far"


def test_no_point_is_no_proof_that_nothing_failed(tmp_path: Path) -> None:
    assert "counted nothing so far" in said(tmp_path, Counts())
    assert said(tmp_path, Counts((DELIVERED, "orders.fifo", [6.0]))).endswith("none was counted as failed so far")


@pytest.mark.parametrize("api", ["ListMetrics", "GetMetricData"])
def test_what_may_not_be_read_is_unknown(tmp_path: Path, api: str) -> None:
    aws = Counts((DELIVERED, "orders.fifo", [6.0]), denied=api)
    assert "what failed to be delivered is unknown: access denied" in said(tmp_path, aws)
