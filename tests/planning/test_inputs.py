"""Inputs: typed, canonical, and every fault at once with the flag it came from."""

import signal

import pytest

from opsctl.model.errors import InvalidInput
from opsctl.model.playbook import InputSpec
from opsctl.model.value import Json
from opsctl.planning import matching
from opsctl.planning.inputs import fault_in_default, parse_inputs


def parse(spec: dict[str, Json], value: Json) -> Json:
    return parse_inputs({"x": InputSpec.model_validate(spec)}, {"x": value}, source={})["x"]


@pytest.mark.parametrize(
    ("spec", "value", "parsed"),
    [
        ({"type": "string"}, "a", "a"),
        ({"type": "int"}, "42", 42),
        ({"type": "bool"}, "no", False),
        ({"type": "bool"}, True, True),
        ({"type": "duration"}, "2h", 7200),
        ({"type": "cidr"}, "198.51.100.7/24", "198.51.100.0/24"),
        ({"type": "cidr"}, "2001:DB8:0::1", "2001:db8::1/128"),
        ({"type": "cidr"}, "::ffff:192.0.2.1", "192.0.2.1/32"),
        ({"type": "list", "of": "cidr"}, "192.0.2.1, 192.0.2.1/32,192.0.2.2", ["192.0.2.1/32", "192.0.2.2/32"]),
        ({"type": "list", "of": "string"}, ["a", "b"], ["a", "b"]),
        (
            {"type": "list", "of": "string"},
            ['q={"a": ["1", "2"], "b": [{"prefix": "},\\","}]},r={}', "c,d"],
            ['q={"a": ["1", "2"], "b": [{"prefix": "},\\","}]}', "r={}", "c", "d"],
        ),
        ({"type": "list", "of": "string"}, "a{,b", ["a{", "b"]),
        ({"type": "enum", "values": ["a", "b"]}, "b", "b"),
        (
            {"type": "arn"},
            "arn:aws:sqs:eu-west-1:123456789012:orders",
            "arn:aws:sqs:eu-west-1:123456789012:orders",
        ),
    ],
)
def test_values_are_parsed_by_their_type(spec: dict[str, Json], value: Json, parsed: Json) -> None:
    assert parse(spec, value) == parsed


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        ({"type": "int"}, "4.2"),
        ({"type": "int"}, True),
        ({"type": "bool"}, "perhaps"),
        ({"type": "duration"}, "2 hours"),
        ({"type": "cidr"}, "300.1.2.3"),
        ({"type": "cidr"}, "1.2.3.4/33"),
        ({"type": "cidr"}, "fe80::1%eth0"),
        ({"type": "cidr"}, "١٩٢.0.2.1"),
        ({"type": "cidr"}, "192.0.2.0/255.255.255.0"),
        ({"type": "cidr"}, 3232235777),
        ({"type": "enum", "values": ["a"]}, "b"),
        ({"type": "arn"}, "arn:aws"),
        ({"type": "string", "pattern": "[a-z]+"}, "A"),
        ({"type": "string"}, "a\x1b[31m"),
        ({"type": "list", "max_items": 1}, "a,b"),
    ],
)
def test_what_does_not_fit_is_invalid_and_not_guessed(spec: dict[str, Json], value: Json) -> None:
    with pytest.raises(InvalidInput):
        parse(spec, value)


def test_all_faults_come_at_once_with_the_flags_they_came_from() -> None:
    specs = {
        "target": InputSpec(type="string", required=True),
        "addresses": InputSpec(type="list", of="cidr"),
    }
    with pytest.raises(InvalidInput) as caught:
        parse_inputs(specs, {"addresses": ["nonsense"], "tagret": "x"}, source={"addresses": "ADDRESS"})
    assert [str(fault.where) for fault in caught.value.diagnostics] == ["tagret", "--set target", "ADDRESS"]


def test_defaults_fill_what_is_not_given() -> None:
    specs = {"n": InputSpec(type="int", default=3), "l": InputSpec(type="list"), "s": InputSpec(type="string")}
    assert parse_inputs(specs, {}, source={}) == {"n": 3, "l": [], "s": None}


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(a*)*b"])
def test_a_pattern_that_takes_for_ever_is_a_fault_after_a_moment(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 0 < matching.PATIENCE_S <= 1, "a moment"
    monkeypatch.setattr(matching, "PATIENCE_S", 0.05)
    spec, before = (
        InputSpec(type="string", pattern=pattern, default="a" * 60 + "!"),
        signal.getsignal(signal.SIGALRM),
    )
    with pytest.raises(InvalidInput, match="takes too long to match"):
        parse({"type": "string", "pattern": pattern}, "a" * 60 + "!")
    assert "takes too long" in fault_in_default("x", spec)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize("pattern", ["(", "a{1,99999999999999999999}", "(" * 5000 + ")" * 5000])
def test_what_is_no_pattern_is_a_fault_of_its_input(pattern: str) -> None:
    assert "no regular expression" in fault_in_default("x", InputSpec(type="string", pattern=pattern))


@pytest.mark.parametrize("text", ["3654d", "999999999999d", "9" * 5000 + "s"])
def test_a_duration_that_is_no_date_any_more_is_a_fault(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"duration|ten years"):
        parse({"type": "duration"}, text)
