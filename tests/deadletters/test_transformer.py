"""What a target gets, as EventBridge makes it; each kind was recorded from EventBridge in public tests."""

import json

import pytest

from opsctl.deadletters.delivery import entry_for_bus, input_for_target
from opsctl.deadletters.transformer import MISSING, value_at
from opsctl.model.value import Json
from tests.deadletters.test_letter import message

RULE = "arn:aws:events:us-east-1:123456789012:rule/shop/big-orders"
BODY = (
    '{"version":"0","id":"e-1","detail-type":"Order","source":"shop","account":"123456789012",'
    '"time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":[],"detail":{"who":"ann",'
    '"order":{"id":"o-7","state":"new"},"one":["HIGH"],"two":["A","B"],"paid":true,"none":null,'
    '"sum":12.10,"big":12345678901234567890123,"items":[{"id":1},{"id":2.50},{}]}}'
)
PATHS = {
    "type": "$.detail-type",
    "time": "$.time",
    "who": "$.detail.who",
    "id": "$.detail.order.id",
    "order": "$.detail.order",
    "one": "$.detail.one",
    "two": "$.detail.two",
    "paid": "$.detail.paid",
    "none": "$.detail.none",
    "sum": "$.detail.sum",
    "big": "$.detail.big",
    "ids": "$.detail.items[*].id",
    "absent": "$.detail.nothing.at.all",
}


def made(template: str) -> str:
    target: Json = {"InputTransformer": {"InputPathsMap": PATHS, "InputTemplate": template}}
    return input_for_target(message(BODY), target, RULE)


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ('"Event of <type> type, at <time>, by <who>"', '"Event of Order type, at 2026-01-01T00:00:00Z, by ann"'),
        ('"Event of <type> type, by <absent>"', '"Event of Order type, by "'),
        ('"{[/starts strangely, of <type> type"', '"{[/starts strangely, of Order type"'),
        ('"<aws.events.rule-arn> <aws.events.rule-name>"', f'"{RULE} big-orders"'),
        ('"at <aws.events.event.ingestion-time>"', '"at 2026-01-01T00:00:00Z"'),
        ('"Order <order> at orders/<id> and <id>"', '"Order {id:o-7,state:new} at orders/o-7 and o-7"'),
        ('"<one> of one"', '"[HIGH] of one"'),
        ('"<two> of two"', '"[A,B] of two"'),
        (
            '"<one> one"\n"<two> two"\n"<absent> absent"\n"<order> order"',
            '"[HIGH] one"\n"[A,B] two"\n" absent"\n"{id:o-7,state:new} order"',
        ),
        ('"Paid is <paid>!"', '"Paid is true!"'),
        ('"<sum> <big> <ids>"', '"12.10 12345678901234567890123 [1,2.50]"'),
    ],
)
def test_in_a_template_of_text_a_value_stands_in_words(template: str, wanted: str) -> None:
    assert made(template) == wanted


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ('{"type": <type>,  "by": <who>}', '{"type": "Order",  "by": "ann"}'),
        ('{"type": <type>, "by": <absent>}', '{"type": "Order", "by": ""}'),
        ('{"path": "orders/<id>", "body": <order>}', '{"path": "orders/o-7", "body": {"id":"o-7","state":"new"}}'),
        ('{"id" : <id>}', '{"id" : "o-7"}'),
        ('{"id" : "<id>"}', '{"id" : "o-7"}'),
        ('{"list": [<id>, "fixed"]}', '{"list": ["o-7", "fixed"]}'),
        ('{"a": {"b": {"c": "orders/<id>"} }, "d": "<id>"}', '{"a": {"b": {"c": "orders/o-7"} }, "d": "o-7"}'),
        ('{"list": <one>}', '{"list": ["HIGH"]}'),
        ('{"twice": "orders/<id>/again/<id>"}', '{"twice": "orders/o-7/again/o-7"}'),
        ('{"n": <sum>, "b": <big>, "t": "<sum>"}', '{"n": 12.10, "b": 12345678901234567890123, "t": "12.10"}'),
        ('{"paid": <paid>, "none": <none>, "ids": <ids>}', '{"paid": true, "none": null, "ids": [1,2.50]}'),
        ('{"by": "<absent>"}', '{"by": ""}'),
        ("[<id>, <two>]", '["o-7", ["A","B"]]'),
        ('{"not": <known>}', '{"not": <known>}'),
    ],
)
def test_in_a_template_of_json_a_value_stands_as_json_and_between_quotes_as_text(
    template: str, wanted: str
) -> None:
    assert made(template) == wanted


def test_the_event_is_told_without_its_detail_and_with_its_type_renamed_or_whole() -> None:
    found = json.loads(made('{"event": <aws.events.event>, "json": <aws.events.event.json>}'))
    assert found["json"] == json.loads(BODY)
    assert found["event"] == {
        "version": "0",
        "id": "e-1",
        "detailType": "Order",
        "source": "shop",
        "account": "123456789012",
        "time": "2026-01-01T00:00:00Z",
        "region": "us-east-1",
        "resources": [],
    }


@pytest.mark.parametrize(
    "template", ['{"a": "<order>"}', '{"a": "orders/<order>", "b": <order>}', '{"a": "<one>"}']
)
def test_what_eventbridge_would_not_deliver_stays(template: str) -> None:
    with pytest.raises(ValueError, match="between quotes"):
        made(template)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("$.detail.order", '{"id":"o-7","state":"new"}'),
        ("$.detail.order.id", '"o-7"'),
        ("$.detail.items[1]", '{"id":2.50}'),
        ("$.detail.none", "null"),
        ("$.detail.order.*", '["o-7","new"]'),
        ("$['detail-type']", '"Order"'),
        ("$", BODY),
    ],
)
def test_an_input_path_gives_a_part_with_every_digit(path: str, wanted: str) -> None:
    assert input_for_target(message(BODY), {"InputPath": path}, RULE) == wanted


def test_an_input_path_that_finds_nothing_leaves_the_letter() -> None:
    with pytest.raises(ValueError, match="finds nothing"):
        input_for_target(message(BODY), {"InputPath": "$.detail.nothing"}, RULE)
    assert value_at({"a": [1]}, "$.a[5]") is MISSING
    assert value_at({"a": 1}, "$.a[*]") == []


def test_an_event_that_goes_back_on_its_bus_keeps_its_time_and_its_numbers() -> None:
    entry = entry_for_bus(message(BODY), "shop")
    assert entry["Time"] == "2026-01-01T00:00:00Z"
    assert '"sum":12.10,"big":12345678901234567890123' in entry["Detail"]
