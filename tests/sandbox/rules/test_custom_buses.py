"""Custom event buses of the sandbox over CBOR, by what the API's model says of them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from opsctl.sandbox.engine.conditions import Conditions
from opsctl.sandbox.worlds.shop_events import BUS, QUEUE, ROLE
from tests.kit.custom_bus import bus_arn, shipped, subscribers, world_of_a_custom_bus
from tests.kit.moto_account import World, client
from tests.kit.queues import refused
from tests.kit.timed import move

Told = tuple[World, Conditions]


@pytest.fixture
def told() -> Iterator[Told]:
    with world_of_a_custom_bus() as made:
        yield made


def asked(told: Told, name: str, hours: float = 24, **point: Any) -> dict[str, Any]:
    world, _ = told
    begun = client("eventbridgev2").describe_event_bus(EventBusArn=bus_arn())["CreationTime"]
    start = begun + timedelta(hours=24 - hours)
    return {
        "Name": name,
        "EventBusArn": bus_arn(),
        "InvokeConfiguration": {
            "RoleArn": f"arn:aws:iam::{world.account}:role/{ROLE}",
            "TargetArn": f"arn:aws:sqs:us-east-1:{world.account}:{QUEUE}",
        },
        "StartingPosition": "POINT_IN_TIME",
        "PointInTimeConfiguration": {"PointType": "TIMESTAMP", "StartingPoint": start} | point,
    }


def put(order: int) -> None:
    entry = {"Source": "shop.orders", "DetailType": "OrderPaid", "Detail": json.dumps({"order": order})}
    answer = client("eventbridgev2").put_events(EventBusArn=bus_arn(), Entries=[entry])
    assert answer["FailedEntryCount"] == 0


def test_buses_are_listed_and_one_says_from_when_on_it_has_events(told: Told) -> None:
    v2 = client("eventbridgev2")
    bus = v2.describe_event_bus(EventBusArn=bus_arn())
    assert (bus["Name"], bus["State"]) == (BUS, "ACTIVE")
    begun = bus["StorageConfiguration"]["RetentionWindowStartTime"]
    assert begun == bus["CreationTime"]
    move(told[1], 40 * 86_400)
    later = v2.describe_event_bus(EventBusArn=bus_arn())["StorageConfiguration"]["RetentionWindowStartTime"]
    assert later - begun == timedelta(days=11)


def test_a_subscriber_gets_what_is_kept_from_its_point_on_and_what_is_new(told: Told) -> None:
    client("eventbridgev2").create_subscriber(**asked(told, "late"))
    move(told[1], 60)
    put(9)
    assert shipped() == [1, 2, 3, 4, 5, 9]
    end = datetime.fromtimestamp(told[1].now(), UTC)
    client("eventbridgev2").create_subscriber(**asked(told, "ended", EndPoint=end - timedelta(hours=1)))
    move(told[1], 60)
    assert shipped() == [1, 2, 3, 4, 5]


def test_one_token_makes_one_subscriber_and_a_name_is_used_once(told: Told) -> None:
    v2, wish = client("eventbridgev2"), asked(told, "once")
    first = v2.create_subscriber(**wish, ClientToken="t1")["SubscriberArn"]
    assert v2.create_subscriber(**wish, ClientToken="t1")["SubscriberArn"] == first
    refused("IdempotentParameterMismatchException", v2.create_subscriber, **asked(told, "x"), ClientToken="t1")
    refused("ResourceAlreadyExistsException", v2.create_subscriber, **wish, ClientToken="t2")
    v2.delete_subscriber(SubscriberArn=first)
    assert subscribers() == []
    refused("ResourceNotFoundException", v2.describe_subscriber, SubscriberArn=first)


def test_a_point_before_the_bus_and_an_end_before_the_start_are_refused(told: Told) -> None:
    v2, now = client("eventbridgev2"), datetime.fromtimestamp(told[1].now(), UTC)
    refused("InvalidInputException", v2.create_subscriber, **asked(told, "early", hours=30))
    refused("InvalidInputException", v2.create_subscriber, **asked(told, "x", EndPoint=now - timedelta(hours=25)))
    stranger = asked(told, "x")
    stranger["InvokeConfiguration"]["RoleArn"] = f"arn:aws:iam::000000000001:role/{ROLE}"
    refused("InvalidInputException", v2.create_subscriber, **stranger)


def test_a_role_that_may_not_send_loses_the_event(told: Told) -> None:
    client("iam").delete_role_policy(RoleName=ROLE, PolicyName="send")
    client("eventbridgev2").create_subscriber(**asked(told, "late"))
    move(told[1], 60)
    assert shipped() == []


def test_what_the_sandbox_lacks_of_the_service_is_refused_in_its_own_form(told: Told) -> None:
    with pytest.raises(ClientError, match=r"the sandbox does not have eventbridgev2\.ListEventSources"):
        client("eventbridgev2").list_event_sources()
