"""The functions that playbooks have beyond JMESPath's own."""

import pytest

from opsctl.expressions.evaluate import evaluate


@pytest.mark.parametrize("text", [None, "", "not json"])
def test_a_text_that_is_no_json_finds_nothing(text: str | None) -> None:
    assert evaluate("from_json(Policy).Statement", {"Policy": text}) is None


def test_json_in_text_is_looked_into() -> None:
    policy = '{"Statement": [{"Sid": "a"}, {"Sid": "b"}]}'
    assert evaluate("from_json(Policy).Statement[?Sid=='b'] | [0].Sid", {"Policy": policy}) == "b"
