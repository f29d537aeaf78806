"""Answers that are put together the short way are those that moto's own serializers make."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto.core import responses

from opsctl.model.value import Json
from opsctl.sandbox.worlds.seeding import seed_all
from tests.kit.groups import make_group
from tests.kit.moto_account import client, fresh_world


@pytest.fixture(scope="module", autouse=True)
def account() -> Iterator[None]:
    with fresh_world(seed_all):
        make_group(1)
        yield


def answer(service: str, operation: str, **asked: Json) -> Json:
    found = getattr(client(service), operation)(**asked)
    found.pop("ResponseMetadata")
    return found


def like_moto(patch: pytest.MonkeyPatch) -> None:
    """Have moto's own methods at work: what is not of their very classes is left to them."""
    known, picker = responses.get_serializer_class, responses.XFormedAttributePicker
    patch.setattr(responses, "get_serializer_class", lambda *asked: type("Own", (known(*asked),), {}))
    patch.setattr(responses, "XFormedAttributePicker", type("Own", (picker,), {}))


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("autoscaling", "describe_auto_scaling_groups"),
        ("cloudwatch", "describe_alarms"),
        ("ec2", "describe_addresses"),
        ("ec2", "describe_instances"),
        ("ec2", "describe_network_acls"),
        ("ec2", "describe_network_interfaces"),
        ("ec2", "describe_route_tables"),
        ("ec2", "describe_security_groups"),
        ("ec2", "describe_subnets"),
        ("ec2", "describe_volumes"),
        ("elbv2", "describe_load_balancers"),
        ("elbv2", "describe_target_groups"),
        ("events", "list_rules"),
        ("iam", "list_roles"),
        ("lambda", "list_functions"),
        ("sns", "list_subscriptions"),
        ("sqs", "list_queues"),
    ],
)
def test_an_answer_is_the_same(service: str, operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = answer(service, operation)
    assert [name for name, value in found.items() if value], "there is something to tell"
    like_moto(monkeypatch)
    assert answer(service, operation) == found


def test_the_members_of_other_classes_are_not_mixed_up() -> None:
    class One:
        name = "a"

    class Other:
        def __init__(self) -> None:
            self.Name: Any = "b"

    serializer = _serializer()
    shape = serializer.operation_model.output_shape
    assert [serializer.get_value(each, "Name", shape) for each in (One(), Other(), {"name": "c"}, {})] == [
        "a",
        "b",
        "c",
        None,
    ]


def _serializer() -> Any:
    from moto.core.serialize import EC2Serializer, XFormedAttributePicker
    from moto.core.utils import get_service_model

    model = get_service_model("ec2").operation_model("DescribeVpcs")
    return EC2Serializer(model, value_picker=XFormedAttributePicker())
