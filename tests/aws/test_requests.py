"""A request written by somebody else becomes what boto3 takes, or is refused without telling its values."""

import pytest

from opsctl.aws.service_models import InstalledModels
from opsctl.model.value import Json


def made(service: str, operation: str, told: Json) -> tuple[str, dict[str, Json]]:
    return InstalledModels().request(service, operation, told, "t-1")


def test_names_of_operations_and_members_are_those_of_the_sdk_at_every_depth() -> None:
    told = {"instanceids": ["i-1"], "TAGS": [{"KEY": "a", "value": "b"}]}
    name, params = made("ec2", "stopinstances", {"instanceids": ["i-1"]})
    assert (name, params) == ("StopInstances", {"InstanceIds": ["i-1"]})
    _, params = made("ec2", "CreateTags", {"Resources": told["instanceids"], "TAGS": told["TAGS"]})
    assert params["Tags"] == [{"Key": "a", "Value": "b"}]


def test_the_keys_of_a_map_are_data_and_stay_as_they_are() -> None:
    _, params = made("sqs", "CreateQueue", {"QueueName": "q", "Tags": {"cOSt": "x"}})
    assert params["tags"] == {"cOSt": "x"}


def test_a_token_that_makes_a_repetition_harmless_is_added_where_there_is_one() -> None:
    assert made("ecs", "RunTask", {"taskDefinition": "t"})[1]["clientToken"] == "t-1"
    assert made("ecs", "RunTask", {"taskDefinition": "t", "clientToken": "own"})[1]["clientToken"] == "own"
    assert "ClientToken" not in made("ec2", "StopInstances", {"InstanceIds": ["i"]})[1]


@pytest.mark.parametrize(
    ("service", "operation", "told", "says"),
    [
        ("nosuch", "Do", {}, "does not know nosuch: upgrade boto3"),
        ("ec2", "StopIt", {}, "does not know ec2.StopIt: upgrade boto3"),
        ("ec2", "StopInstances", {"Secret": "s3cr3t"}, "a member that the installed SDK does not know"),
        ("ec2", "StopInstances", {"Force": True, "force": True}, "or one twice"),
        ("ec2", "StopInstances", {"InstanceIds": "s3cr3t"}, "InstanceIds is not what"),
        ("ec2", "StopInstances", {"InstanceIds": ["i"], "Force": "s3cr3t"}, "Force is not what"),
        ("ec2", "StopInstances", {"InstanceIds": ["i"], "Force": 1}, "Force is not what"),
        ("ec2", "StopInstances", {"Force": True}, "not complete"),
        ("ec2", "StopInstances", ["s3cr3t"], "the request is no object"),
        ("kinesis", "PutRecord", {"Data": "s3cr3t", "PartitionKey": "p"}, "Data is binary"),
        ("sqs", "SetQueueAttributes", {"QueueUrl": "q", "Attributes": ["s3cr3t"]}, "Attributes is not what"),
    ],
)
def test_what_is_no_request_of_an_operation_is_refused(
    service: str, operation: str, told: Json, says: str
) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        made(service, operation, told)
    assert "s3cr3t" not in str(refused.value)


def test_an_operation_that_takes_nothing_takes_nothing() -> None:
    assert made("organizations", "LeaveOrganization", {}) == ("LeaveOrganization", {})
    with pytest.raises(ValueError, match="LeaveOrganization takes no such request"):
        made("organizations", "LeaveOrganization", {"Now": True})
