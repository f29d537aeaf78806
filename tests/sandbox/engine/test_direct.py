"""Calls without a connection: the same answers as over one."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from opsctl.model.value import Json
from opsctl.sandbox.engine.server import sandbox_client
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.moto_account import KEY, WatchedServer, fresh_world, over_http, server

OF_THE_CONNECTION = {"server", "connection", "transfer-encoding"}


@pytest.fixture(scope="module")
def account() -> Iterator[WatchedServer]:
    with fresh_world(seed_network):
        yield server()


def answer(client: Any, operation: str, params: dict[str, Json]) -> tuple[Json, int, set[str]]:
    try:
        found = getattr(client, operation)(**params)
    except ClientError as refused:
        found = refused.response
    meta = found.pop("ResponseMetadata")
    return found, meta["HTTPStatusCode"], set(meta["HTTPHeaders"]) - OF_THE_CONNECTION


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("ec2", "describe_instances", {}),
        ("ec2", "describe_instances", {"InstanceIds": ["i-0123456789abcdef0"]}),
        ("elbv2", "describe_load_balancers", {}),
        ("wafv2", "list_web_acls", {"Scope": "REGIONAL"}),
        ("wafv2", "get_ip_set", {"Name": "nobody", "Scope": "REGIONAL", "Id": "none"}),
        ("cloudfront", "list_distributions", {}),
        ("lambda", "get_function", {"FunctionName": "näh"}),
        ("route53", "list_hosted_zones", {}),
        ("dlm", "get_lifecycle_policies", {}),
        ("sqs", "list_queues", {"QueueNamePrefix": "ü"}),
        ("sts", "get_caller_identity", {}),
    ],
)
def test_answers_and_refusals_are_the_same_as_over_a_connection(
    account: WatchedServer, service: str, operation: str, params: dict[str, Json]
) -> None:
    connected = answer(over_http(service), operation, params)
    assert answer(account.client(service), operation, params) == connected


def test_calls_to_elsewhere_are_left_alone(account: WatchedServer) -> None:
    stranger = sandbox_client("http://127.0.0.1:1", KEY, "sts")
    account.serve(stranger.meta.events)
    before = len(account.calls)
    with pytest.raises(Exception, match="Could not connect"):
        stranger.get_caller_identity()
    assert len(account.calls) == before
