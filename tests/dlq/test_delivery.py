"""What a consumer gets the second time."""

import json

import pytest

from opsctl.dlq.delivery import entry_for_bus, notification_event, payload_for_function
from opsctl.model.value import Json
from opsctl.resources.event_inputs import input_for_target
from tests.dlq.test_dead_letter import message, record

RULE = "arn:aws:events:us-east-1:123456789012:rule/shop/big-orders"
EVENT: Json = {
    "version": "0",
    "id": "e-1",
    "source": "shop.orders",
    "detail-type": "Order",
    "time": "2026-01-01T00:00:00Z",
    "resources": ["arn:r"],
    "detail": {"id": 7, "who": 'A "quoted" <name>', "items": [{"n": 1}]},
}


def test_a_function_gets_the_event_out_of_a_destination_record() -> None:
    assert json.loads(payload_for_function(message(record(requestPayload={"k": 1})), "payload")) == {"k": 1}


def test_no_digit_of_a_payload_in_a_record_is_lost() -> None:
    body = (
        json.dumps(record()).removesuffix("}") + ', "requestPayload": {"n": 1.10, "big": 12345678901234567890123}}'
    )
    assert payload_for_function(message(body), "payload") == '{"n":1.10,"big":12345678901234567890123}'


def test_a_function_gets_its_own_dead_letter_unchanged() -> None:
    assert payload_for_function(message('{"k":  1.0}'), "body") == '{"k":  1.0}'


def test_a_body_that_is_no_json_cannot_be_invoked_with() -> None:
    with pytest.raises(ValueError, match="not JSON"):
        payload_for_function(message("plain"), "body")


def test_a_success_is_not_invoked_again() -> None:
    with pytest.raises(ValueError, match="success"):
        payload_for_function(message(record("Success", requestPayload={})), "payload")


def test_a_notification_becomes_the_event_sns_invokes_with() -> None:
    link = "https://sns/?Action=Unsubscribe&SubscriptionArn=arn:sub"
    envelope = {"Type": "Notification", "TopicArn": "arn:t", "Message": "hi", "UnsubscribeURL": link}
    (one,) = json.loads(notification_event(envelope))["Records"]
    assert one["EventSubscriptionArn"] == "arn:sub"
    assert one["Sns"]["Message"] == "hi"


def test_an_event_goes_back_on_its_bus_with_its_members() -> None:
    entry = entry_for_bus(message(EVENT), "shop")
    assert entry["Source"] == "shop.orders"
    assert json.loads(entry["Detail"]) == EVENT["detail"]
    with pytest.raises(ValueError, match="detail-type"):
        entry_for_bus(message({"source": "x", "detail": {}}), "shop")
    with pytest.raises(ValueError, match="aws"):
        entry_for_bus(message(EVENT | {"source": "aws.ec2"}), "shop")


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ({}, EVENT),
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        ({"InputPath": "$.detail.items[0]"}, {"n": 1}),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"id": "$.detail.id", "who": "$.detail.who", "all": "$.detail"},
                    "InputTemplate": '{"id": <id>, "text": "<who>", "all": <all>, "rule": <aws.events.rule-name>}',
                }
            },
            {"id": 7, "text": 'A "quoted" <name>', "all": EVENT["detail"], "rule": "big-orders"},
        ),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"id": "$.detail.id", "who": "$.detail.who"},
                    "InputTemplate": r'{"text": "order <id> of \"<who>\"", "plain": [<who>, <id>]}',
                }
            },
            {"text": 'order 7 of "A "quoted" <name>"', "plain": ['A "quoted" <name>', 7]},
        ),
    ],
)
def test_a_target_gets_the_event_after_its_own_input_settings(target: Json, wanted: Json) -> None:
    assert json.loads(input_for_target(message(EVENT), target, RULE)) == wanted


def test_a_value_with_angle_brackets_is_not_replaced_again() -> None:
    target = {
        "InputTransformer": {
            "InputPathsMap": {"a": "$.detail.who", "name": "$.detail.id"},
            "InputTemplate": '"<a> is <name>"',
        }
    }
    assert input_for_target(message(EVENT), target, RULE) == '"A "quoted" <name> is 7"'
