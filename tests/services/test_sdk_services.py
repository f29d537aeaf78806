"""Services and permissions are named as the installed service models name them."""

import gzip
import json
import re
from functools import cache
from pathlib import Path

import botocore
import pytest
from botocore.loaders import Loader

from opsctl.model.readonly import clients_with_reads
from opsctl.planning.iam_actions import PREFIXES
from opsctl.resources.sdk_services import called_by, client_of, universal_api

# Their IAM prefix is neither the client's name nor the name that signs.
_OTHERWISE = {"globalaccelerator", "iot-data", "resourcegroupstaggingapi"}


@cache
def loader() -> Loader:
    return Loader()


def metadata(client: str) -> dict[str, str]:
    """What a service's model says at its beginning; all of the 400 models are 5 s of reading."""
    version = loader().determine_latest_version(client, "service-2")
    with gzip.open(
        Path(botocore.__file__).parent / "data" / client / version / "service-2.json.gz", "rt"
    ) as model:
        beginning = model.read(20_000)
    begun = re.search(r'"metadata"\s*:\s*', beginning)
    assert begun, client
    told: dict[str, str] = json.JSONDecoder().raw_decode(beginning, begun.end())[0]
    return told


def test_each_client_is_found_by_the_sdks_identifier_of_its_service() -> None:
    """Two clients have the same identifier, for they are the same service."""
    identifiers = {client: metadata(client)["serviceId"].replace(" ", "") for client in clients_with_reads()}
    lost = {client for client, told in identifiers.items() if client_of(told) != client}
    assert lost <= {"sms-voice", "pinpoint-sms-voice"}


@pytest.mark.parametrize("client", sorted(set(PREFIXES) - _OTHERWISE))
def test_the_prefix_of_a_services_permissions_is_the_name_that_signs_its_calls(client: str) -> None:
    told = metadata(client)
    assert PREFIXES[client] == told.get("signingName", told["endpointPrefix"])


@pytest.mark.parametrize(
    ("target", "client", "operation"),
    [
        ("sfn:startExecution", "stepfunctions", "StartExecution"),
        ("cognitoidentityprovider:adminCreateUser", "cognito-idp", "AdminCreateUser"),
        ("cloudwatchlogs:createExportTask", "logs", "CreateExportTask"),
        ("rds-data:executeStatement", "rds-data", "ExecuteStatement"),
        ("rdsdata:executeStatement", "rds-data", "ExecuteStatement"),
    ],
)
def test_a_universal_target_names_a_client_and_an_operation(target: str, client: str, operation: str) -> None:
    assert called_by(universal_api(f"arn:aws:scheduler:::aws-sdk:{target}")) == (client, operation)


@pytest.mark.parametrize(
    "arn", ["arn:aws:lambda:us-east-1:1:function:f", "arn:aws:states:::aws-sdk:sqs:sendMessage"]
)
def test_another_target_calls_no_api(arn: str) -> None:
    assert universal_api(arn) == ""
