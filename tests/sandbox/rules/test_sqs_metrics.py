"""The sandbox's CloudWatch has the metrics SQS publishes about queues."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from opsctl.model.value import Json
from tests.kit.moto_account import client, fresh_world


@pytest.fixture
def queue() -> Iterator[str]:
    with fresh_world():
        yield client("sqs").create_queue(QueueName="dead")["QueueUrl"]


def points(name: str, stat: str = "Maximum") -> list[float]:
    metric = {
        "Namespace": "AWS/SQS",
        "MetricName": name,
        "Dimensions": [{"Name": "QueueName", "Value": "dead"}],
    }
    query: Json = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 300, "Stat": stat}}
    now = time.time()
    answer: Any = client("cloudwatch").get_metric_data(
        MetricDataQueries=[query], StartTime=now - 3000, EndTime=now + 300, ScanBy="TimestampAscending"
    )
    return list(answer["MetricDataResults"][0]["Values"])


def test_depth_and_flight_are_what_the_queue_holds(queue: str) -> None:
    sqs = client("sqs")
    for number in range(5):
        sqs.send_message(QueueUrl=queue, MessageBody=str(number))
    sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=2)
    assert points("ApproximateNumberOfMessagesVisible")[-1] == 3
    assert points("ApproximateNumberOfMessagesNotVisible")[-1] == 2


def test_before_they_came_they_were_not_there(queue: str) -> None:
    client("sqs").send_message(QueueUrl=queue, MessageBody="a")
    depth = points("ApproximateNumberOfMessagesVisible")
    assert (depth[0], depth[-1]) == (0, 1)


def test_the_age_of_the_oldest_counts_from_its_arrival(queue: str) -> None:
    assert points("ApproximateAgeOfOldestMessage")[-1] == 0
    client("sqs").send_message(QueueUrl=queue, MessageBody="a")
    assert 0 <= points("ApproximateAgeOfOldestMessage")[-1] < 60
