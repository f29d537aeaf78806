"""The sandbox's XML is what xmltodict writes, letter for letter."""

from collections.abc import Callable
from typing import Any

import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st

from opsctl.sandbox.engine.xml_answers import quickly

NAMES = st.sampled_from(["Name", "tagSet", "item", "@xmlns", "@xmlns:xsi", "xsi:type", "#text", "a.b", "n_1"])
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=4), st.binary(max_size=3)
)


def inside(deeper: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(NAMES, deeper, max_size=4) | st.lists(deeper, max_size=3) | st.tuples(deeper)


VALUES = st.recursive(LEAVES, inside, max_leaves=12)
BODIES = st.dictionaries(st.sampled_from(["Answer", "Other"]), VALUES, min_size=1, max_size=2)


def never(*_: Any, **__: Any) -> str:
    raise AssertionError("it is written here")


def outcome(write: Callable[..., str], body: Any, **how: bool) -> str:
    try:
        return write(body, **how)
    except (ValueError, AttributeError, TypeError, UnicodeError) as fault:
        return repr(fault)


@given(body=BODIES, full=st.booleans(), short=st.booleans())
def test_whatever_is_written_is_what_xmltodict_writes(body: Any, *, full: bool, short: bool) -> None:
    how = {"full_document": full, "short_empty_elements": short, "pretty": False}
    assert outcome(quickly(xmltodict.unparse), body, **how) == outcome(xmltodict.unparse, body, **how)


@pytest.mark.parametrize("short", [True, False])
def test_an_answer_of_the_usual_kind_is_written_here(*, short: bool) -> None:
    tags = [{"key": "Name", "value": "<&>"}, {"key": "empty", "value": ""}]
    body = {
        "Answer": {"@xmlns": "http://a/b?c&d", "reservationSet": {"item": [{"n": 1, "tagSet": {"item": tags}}]}}
    }
    how = {"full_document": True, "short_empty_elements": short}
    assert quickly(never)(body, **how) == xmltodict.unparse(body, **how)


@pytest.mark.parametrize("name", ["a b", "<a", "?a", "a=b", "#comment", ""])
def test_a_name_that_is_none_is_left_to_xmltodict(name: str) -> None:
    with pytest.raises(AssertionError, match="written here"):
        quickly(never)({"Answer": {name: "x"}})
