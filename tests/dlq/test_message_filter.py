"""Filtering and editing messages."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.dlq.edits import parse_setting, refuse_bad_expression
from opsctl.dlq.message_filter import MessageFilter
from opsctl.model.errors import InvalidInput
from opsctl.model.lossless import parse, text_of
from opsctl.model.value import Json
from opsctl.render.diagnostics import render_diagnostics
from tests.dlq.test_dead_letter import message


def edited(body: str, *settings: str, **attributes: str) -> Json:
    return MessageFilter("", [parse_setting(text) for text in settings], "").edited(message(body, **attributes))


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("body.customer == 'c-1'", True),
        ("body.customer == 'c-2'", False),
        ("attributes.kind == 'order'", True),
        ("kind == 'sqs'", False),
        ("contains(cause, 'timed out')", False),
        ("body.missing.deeper", False),
        ("body.items[?n > `1`]", True),
        ("length(body.number) > `1`", False),
    ],
)
def test_a_filter_sees_body_attributes_and_cause(where: str, wanted: bool) -> None:
    one = message({"customer": "c-1", "items": [{"n": 2}], "number": 5}, kind="order")
    assert MessageFilter(where, (), "").wants(one) is wanted


def test_a_filter_on_the_body_of_a_text_message_finds_the_text() -> None:
    assert MessageFilter("contains(body, 'boom')", (), "").wants(message("boom!"))


@pytest.mark.parametrize(("text", "caret"), [("body.[", 7), ("body.total > 5", 14), ("x" * 300 + " > 5", 91)])
def test_a_bad_expression_is_refused_with_a_caret_under_the_place(text: str, caret: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        refuse_bad_expression(text, "--where")
    (fault,) = caught.value.diagnostics
    assert fault.caret == caret
    lines = render_diagnostics([fault]).splitlines()
    assert lines[2].index("^") == 4 + caret - 1


@pytest.mark.parametrize(
    ("text", "says"), [("customer == 'c-1'", "no 'customer' here"), ("lenght(body)", "did you mean length")]
)
def test_an_expression_that_could_never_find_anything_is_refused(text: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        refuse_bad_expression(text, "--where")


def test_messages_that_the_filter_cannot_judge_are_counted() -> None:
    message_filter = MessageFilter("length(body.n) > `1`", (), "")
    assert [message_filter.wants(message({"n": n})) for n in (5, "ab", 6)] == [False, True, False]
    assert list(message_filter.unjudged.values()) == [2]


def test_the_reason_why_an_edit_fails_holds_nothing_of_the_message() -> None:
    with pytest.raises(ValueError, match="length") as caught:
        edited('{"card": 4111111111111111}', "body.x==length(body.card)")
    assert "4111" not in str(caught.value)


def test_a_member_is_set_and_every_other_keeps_its_digits_and_order() -> None:
    body = '{"z": 1.10, "big": 12345678901234567890, "a": {"total": "10", "e": 1E+2}, "text": "é"}'
    assert edited(body, "body.a.total=7.50")["Body"] == (
        '{"z":1.10,"big":12345678901234567890,"a":{"total":7.50,"e":1E+2},"text":"é"}'
    )


def test_a_new_member_may_be_made_on_the_way() -> None:
    assert json.loads(edited("{}", "body.a.b=x")["Body"]) == {"a": {"b": "x"}}


def test_an_expression_computes_from_the_message() -> None:
    made = edited('{"total": "12"}', "body.total==to_number(body.total)", "attributes.was==body.total")
    assert made["Body"] == '{"total":12}'
    assert made["MessageAttributes"]["was"] == {"DataType": "String", "StringValue": "12"}


def test_an_attribute_keeps_its_type_and_a_new_number_is_a_number() -> None:
    made = edited("x", "attributes.kind=refund", "attributes.try=2", kind="order")
    assert made["MessageAttributes"]["kind"] == {"DataType": "String", "StringValue": "refund"}
    assert made["MessageAttributes"]["try"] == {"DataType": "Number", "StringValue": "2"}


def test_edited_messages_carry_no_old_digest() -> None:
    one = message("{}") | {"MD5OfBody": "old", "MD5OfMessageAttributes": "old"}
    made = MessageFilter("", [parse_setting("body.a=1")], "").edited(one)
    assert not [name for name in made if name.startswith("MD5")]


@pytest.mark.parametrize(
    ("body", "setting", "reason"),
    [
        ("text", "body.a=1", "not JSON"),
        ('{"a": [1]}', "body.a.b=1", "body.a is not a JSON object"),
        ("{}", "body.a==body.missing", "finds nothing"),
        ("{}", "attributes.kind=", "empty"),
    ],
)
def test_an_edit_that_does_not_fit_says_why(body: str, setting: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        edited(body, setting)


@pytest.mark.parametrize("text", ["total=1", "body", "attributes=1", "system.x=1", "body..a=1"])
def test_what_says_nothing_to_set_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="does not say what to set"):
        parse_setting(text)


def test_an_edit_may_make_a_whole_new_body() -> None:
    message_filter = MessageFilter("", (), "{order: body.id, from: origin}")
    assert json.loads(message_filter.edited(message({"id": 7}))["Body"]) == {"order": 7, "from": ""}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_VALUES)
def test_reading_and_writing_loses_nothing(value: Json) -> None:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert text_of(parse(text)) == text


def test_a_body_made_by_an_expression_keeps_the_digits_of_its_numbers() -> None:
    message_filter = MessageFilter("", (), "{price: body.price, huge: body.huge, half: abs(body.half)}")
    made = message_filter.edited(message({}) | {"Body": '{"price": 12.50, "huge": 1e400, "half": -0.50}'})
    assert made["Body"] == '{"price":12.50,"huge":1e400,"half":0.5}'


def test_a_member_computed_from_another_keeps_its_digits() -> None:
    assert edited('{"price": 12.50}', "body.was==body.price")["Body"] == '{"price":12.50,"was":12.50}'
    assert edited('{"price": 12.50}', "attributes.was==body.price")["MessageAttributes"]["was"] == {
        "DataType": "Number",
        "StringValue": "12.50",
    }


def test_an_edit_never_makes_what_is_not_json() -> None:
    message_filter = MessageFilter("", (), "{total: sum([body.a, body.a])}")
    with pytest.raises(ValueError, match="no form for infinity"):
        message_filter.edited(message({}) | {"Body": '{"a": 1e308}'})
    with pytest.raises(ValueError, match="no form for infinity"):
        MessageFilter("", (), "body").edited(message({}) | {"Body": '{"a": NaN}'})


HALF = '{"name":"\\ud83d","n":1}'


def test_half_a_character_in_json_stays_the_escape_it_was() -> None:
    assert edited(HALF, "body.n=2")["Body"] == HALF.replace("1", "2")
    assert edited(HALF.replace("ud83d", "ud83d\\ude00"), "body.n=2")["Body"] == '{"name":"\U0001f600","n":2}'


@pytest.mark.parametrize(
    ("edit", "settings"), [("body.name", ()), ("", ("body==body.name",)), ("", ("attributes.name==body.name",))]
)
def test_an_edit_that_makes_half_a_character_does_not_fit_the_message(
    edit: str, settings: tuple[str, ...]
) -> None:
    message_filter = MessageFilter("", [parse_setting(text) for text in settings], edit)
    with pytest.raises(ValueError, match="half a character"):
        message_filter.edited(message(HALF))
