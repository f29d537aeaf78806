"""Lambda's account settings, and what has to stay unreserved."""

from collections.abc import Iterator

import pytest

from tests.kit.functions import function
from tests.kit.groups import refused
from tests.kit.moto_account import client, fresh_world


@pytest.fixture(autouse=True)
def world() -> Iterator[None]:
    with fresh_world():
        function("def lambda_handler(event, context):\n    return 1\n")
        yield


def unreserved() -> int:
    limit = client("lambda").get_account_settings()["AccountLimit"]
    return int(limit["UnreservedConcurrentExecutions"])


def test_what_a_function_reserves_the_account_has_no_longer() -> None:
    assert unreserved() == 1000
    client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    assert unreserved() == 999


def test_a_hundred_stay_unreserved() -> None:
    put = client("lambda").put_function_concurrency
    put(FunctionName="f", ReservedConcurrentExecutions=900)
    put(FunctionName="f", ReservedConcurrentExecutions=899)
    says = "below its minimum value of [100]"
    refused("InvalidParameterValueException", put, says=says, FunctionName="f", ReservedConcurrentExecutions=901)
    assert unreserved() == 101
