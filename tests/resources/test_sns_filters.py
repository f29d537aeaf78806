"""Filter policies of subscriptions choose what the SNS guide says they choose.

Each pair is a sentence of the guide's pages "String value matching", "Numeric value matching" and "Key matching".
"""

import json

import pytest

from opsctl.model.value import Json
from opsctl.resources.sns_filters import BODY, FilterPolicy


def text(value: str) -> Json:
    """A text attribute."""
    return {"DataType": "String", "StringValue": value}


def number(value: str) -> Json:
    """A numeric attribute."""
    return {"DataType": "Number", "StringValue": value}


def several(*values: Json) -> Json:
    """An attribute with an array."""
    return {"DataType": "String.Array", "StringValue": json.dumps(values)}


@pytest.mark.parametrize(
    ("policy", "attributes", "takes"),
    [
        ({"kind": ["paid", "sent"]}, {"kind": text("sent")}, True),
        ({"kind": ["paid"]}, {"kind": text("Paid")}, False),
        ({"kind": ["paid"]}, {}, False),
        ({"kind": ["paid"], "shop": ["eu"]}, {"kind": text("paid")}, False),
        ({"kind": [{"prefix": "re"}]}, {"kind": text("refund")}, True),
        ({"kind": [{"suffix": "ed"}]}, {"kind": text("refund")}, False),
        ({"kind": [{"anything-but": ["paid"]}]}, {"kind": text("sent")}, True),
        ({"kind": [{"anything-but": ["paid"]}]}, {"kind": text("paid")}, False),
        ({"kind": [{"exists": False}]}, {"other": text("x")}, True),
        ({"kind": [{"exists": True}]}, {"kind": text("x")}, True),
        ({"price": [{"numeric": [">", 100]}]}, {"price": number("150.5")}, True),
        ({"price": [{"numeric": [">", 0, "<=", 100]}]}, {"price": number("150")}, False),
        ({"price": [{"numeric": [">", 100]}]}, {"price": text("150")}, False),
        ({"kind": ["paid"]}, {"kind": several("sent", "paid")}, True),
        ({"kind": ["paid"]}, {"kind": {"DataType": "Binary", "BinaryValue": "cGFpZA=="}}, False),
        ({"$or": [{"kind": ["paid"]}, {"shop": ["eu"]}]}, {"shop": text("eu")}, True),
        ({}, {}, True),
    ],
)
def test_attributes(policy: Json, attributes: dict[str, Json], *, takes: bool) -> None:
    assert FilterPolicy(json.dumps(policy)).takes("any body", attributes) is takes


@pytest.mark.parametrize(
    ("body", "takes"),
    [
        ('{"order": {"kind": "paid"}}', True),
        ('{"order": {"kind": "sent"}}', False),
        ('{"order": [{"kind": "sent"}, {"kind": "paid"}]}', True),
        ("no JSON", False),
        ('["paid"]', False),
    ],
)
def test_a_body(body: str, *, takes: bool) -> None:
    assert FilterPolicy('{"order": {"kind": ["paid"]}}', scope=BODY).takes(body, {"kind": text("paid")}) is takes


def test_what_sns_would_refuse_is_refused() -> None:
    with pytest.raises(ValueError, match="for the scope MessageBody only"):
        FilterPolicy('{"order": {"kind": ["paid"]}}')
    with pytest.raises(ValueError, match="said to be a number"):
        FilterPolicy('{"price": [1]}').takes("", {"price": number("many")})
