"""What the sandbox remembers is what it was asked for, and nobody's to change."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from opsctl.model.value import Json
from tests.kit.moto_account import client, fresh_world, server

FIELDS = {"describe_instance_types": "InstanceTypes", "describe_instance_type_offerings": "InstanceTypeOfferings"}


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    with fresh_world():
        yield


def kinds(operation: str, **asked: Json) -> list[str]:
    found = getattr(client("ec2"), operation)(**asked)[FIELDS[operation]]
    return sorted({one["InstanceType"] for one in found})


@pytest.mark.parametrize("operation", FIELDS)
def test_each_question_about_types_has_its_own_answer_however_often_it_is_asked(operation: str) -> None:
    for kind in ("t3.small", "c5n.18xlarge", "t3.small"):
        wanted = [{"Name": "instance-type", "Values": [kind]}]
        assert kinds(operation, Filters=wanted) == [kind]
        assert kinds(operation, Filters=wanted) == [kind]
    assert len(kinds(operation)) > 90


def test_a_type_that_there_is_not_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(ClientError, match="InvalidInstanceType"):
            client("ec2").describe_instance_types(InstanceTypes=["t3.nonsense"])


def test_a_list_that_was_answered_can_be_changed_without_changing_the_next() -> None:
    from moto.ec2.models import ec2_backends

    server()
    backend = ec2_backends["123456789012"]["us-east-1"]
    before = len(backend.describe_instance_types())
    backend.describe_instance_types().clear()
    assert len(backend.describe_instance_types()) == before
