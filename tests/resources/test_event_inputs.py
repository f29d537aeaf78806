"""What a target gets of an event where no recording tells it; the others are in tests/recorded/test_inputs.py."""

import pytest

from opsctl.dlq.delivery import entry_for_bus
from opsctl.model.value import Json
from opsctl.resources.event_inputs import MISSING, input_for_target, value_at
from tests.dlq.test_dead_letter import message

RULE = "arn:aws:events:us-east-1:123456789012:rule/shop/big-orders"
BODY = (
    '{"version":"0","id":"e-1","detail-type":"Order","source":"shop","account":"123456789012",'
    '"time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":[],"detail":{"who":"ann",'
    '"order":{"id":"o-7","state":"new"},"one":["HIGH"],"two":["A","B"],"paid":true,"none":null,'
    '"sum":12.10,"big":12345678901234567890123,"items":[{"id":1},{"id":2.50},{}]}}'
)
PATHS = {
    "id": "$.detail.order.id",
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


def test_in_a_template_of_text_numbers_keep_their_digits_and_a_wildcard_gives_a_list() -> None:
    assert made('"<sum> <big> <ids>"') == '"12.10 12345678901234567890123 [1,2.50]"'


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
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
