"""Every page of a list is read, also where AWS or the SDK would stop after the first."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from opsctl.aws.pages import fetch
from opsctl.model.reads import Read
from opsctl.resources.ssm_calls import describe_agents, parse_agents
from tests.kit.moto_account import client, fresh_world


@pytest.fixture(scope="module")
def many_queues() -> Iterator[None]:
    def seed(clients: Any) -> None:
        for number in range(1001):
            clients("sqs").create_queue(QueueName=f"q-{number}")

    with fresh_world(seed):
        yield


def test_a_region_with_more_than_a_thousand_queues_is_listed_whole(many_queues: None) -> None:
    """Without MaxResults SQS answers the first thousand and gives no token."""
    listed = fetch(client("sqs"), Read(service="sqs", operation="ListQueues"))
    assert len(listed["QueueUrls"]) == 1001


class Buses:
    """EventBridge with three pages of buses; the SDK has no paginator for them."""

    def can_paginate(self, _method: str) -> bool:
        return False

    def list_event_buses(self, **params: str) -> Any:
        page = int(params.get("NextToken", "0"))
        following = {"NextToken": str(page + 1)} if page < 2 else {}
        return {"EventBuses": [{"Name": f"bus-{page}"}], "ResponseMetadata": {}} | following


def test_buses_are_read_page_by_page() -> None:
    listed = fetch(Buses(), Read(service="events", operation="ListEventBuses"))
    assert listed == {"EventBuses": [{"Name": "bus-0"}, {"Name": "bus-1"}, {"Name": "bus-2"}]}


def test_a_bounded_list_says_that_there_is_more() -> None:
    def seed(clients: Any) -> None:
        for number in range(3):
            clients("sns").create_topic(Name=f"t-{number}")

    with fresh_world(seed):
        params = {"PaginationConfig": {"MaxItems": 2}}
        listed = fetch(client("sns"), Read(service="sns", operation="ListTopics", params=params))
        assert len(listed["Topics"]) == 2
        assert listed["NextToken"]
        whole = fetch(client("sns"), Read(service="sns", operation="ListTopics"))
        assert "NextToken" not in whole


class Functions:
    """Lambda, whose answer carries a signed link to the function's code."""

    def can_paginate(self, _method: str) -> bool:
        return False

    def get_function(self, **_params: str) -> Any:
        return {"Configuration": {"FunctionName": "f"}, "Code": {"Location": "https://signed", "ImageUri": "i"}}


def test_the_signed_link_to_a_functions_code_is_left_out() -> None:
    read = Read(service="lambda", operation="GetFunction", params={"FunctionName": "f"})
    assert fetch(Functions(), read) == {"Configuration": {"FunctionName": "f"}, "Code": {"ImageUri": "i"}}


def test_agents_of_systems_manager_are_read_fifty_at_a_time_and_none_is_left_out() -> None:
    ssm = boto3.client("ssm", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    instances = [f"i-{number:017x}" for number in range(60)]
    (read,) = describe_agents(instances, "us-east-1")
    agents = [{"InstanceId": one, "PingStatus": "Online"} for one in instances]
    with Stubber(ssm) as stubbed:
        asked = {**read.params, "MaxResults": 50}
        first = {"InstanceInformationList": agents[:50], "NextToken": "more"}
        stubbed.add_response("describe_instance_information", first, asked)
        rest = {"InstanceInformationList": agents[50:]}
        stubbed.add_response("describe_instance_information", rest, {**asked, "NextToken": "more"})
        assert len(parse_agents(fetch(ssm, read))) == 60
