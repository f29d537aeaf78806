"""Spans of time as people read them."""

import pytest

from opsctl.model.spans import seconds_after, span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (3601, "1h"),
        (3661, "1h 1m"),
        (86_399, "23h 59m"),
        (86_400, "1d"),
        (345_599, "3d 23h"),
        (345_660, "4d"),
        (1_216_800, "14d 2h"),
    ],
)
def test_a_span_is_said_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("at", "words"), [(112.04, "+12.0 s"), (100.0, "+0.0 s"), (99.98, "+0.0 s"), (98.0, "-2.0 s")]
)
def test_a_moment_just_before_is_not_minus_nothing(at: float, words: str) -> None:
    assert seconds_after(at, 100.0) == words
