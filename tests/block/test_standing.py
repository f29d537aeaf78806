"""The line that a plan and a result end with: how many ways are as asked, and which are not."""

import pytest

from opsctl.block.asked import Asked, Mode
from opsctl.block.standing import outlook_of, standing_of
from opsctl.model.paths import WayIn

ADDRESS = "198.51.100.7/32"


def way(name: str, *, handled: bool, covered: bool = False, dropped: bool | None = None) -> WayIn:
    """A way as far as its standing goes."""
    return WayIn(
        name=name,
        hops=(),
        dropped=handled if dropped is None else dropped,
        verdict="",
        closable=False,
        handled=handled,
        covered=handled or covered,
    )


def asked(mode: Mode = "block", countries: tuple[str, ...] = ()) -> Asked:
    """A question about one address, or about countries."""
    return Asked(addresses=() if countries else (ADDRESS,), countries=countries, mode=mode)


def test_every_way_that_is_left_is_named() -> None:
    ways = [way("edge", handled=False), way("direct", handled=True)]
    assert standing_of(ways, asked(), sure=True) == "1 of 2 ways closed; STILL OPEN: edge"


def test_the_outlook_counts_what_the_plan_is_going_to_close() -> None:
    ways = [way("edge", handled=False), way("direct", handled=False, covered=True)]
    assert standing_of(ways, asked(), sure=True) == "0 of 2 ways closed; STILL OPEN: edge, direct"
    assert outlook_of(ways, asked(), sure=True) == "1 of 2 ways closed; STILL OPEN: edge"


def test_without_anything_left_nothing_is_in_capitals() -> None:
    assert standing_of([way("direct", handled=True)], asked(), sure=True) == "1 of 1 ways closed"


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("count", "1 of 2 ways counted; NOT COUNTED: edge; --mode count closes nothing"),
        ("challenge", "1 of 2 ways challenged; NOT CHALLENGED: edge; that closes nothing"),
        ("captcha", "1 of 2 ways behind a CAPTCHA; WITHOUT A CAPTCHA: edge; that closes nothing"),
    ],
)
def test_a_mode_that_lets_people_in_never_says_closed(mode: Mode, words: str) -> None:
    ways = [way("edge", handled=False), way("direct", handled=True, dropped=False)]
    line = standing_of(ways, asked(mode), sure=True)
    assert line.startswith(words)
    assert "closed" not in line


def test_what_was_closed_before_is_not_called_counted() -> None:
    ways = [way("edge", handled=True, dropped=False), way("direct", handled=True)]
    assert standing_of(ways, asked("count"), sure=True).startswith("1 of 2 ways counted; 1 closed already;")


def test_for_countries_closed_means_closed_to_them() -> None:
    ways = [way("edge", handled=True), way("direct", handled=False)]
    line = standing_of(ways, asked(countries=("IR", "KP")), sure=True)
    assert line == "1 of 2 ways closed to IR, KP; STILL OPEN: direct"


def test_ways_that_may_be_missing_are_mentioned() -> None:
    line = standing_of([way("direct", handled=True)], asked(), sure=False)
    assert line == "1 of 1 ways closed; not everything could be read, so there may be other ways in"


def test_many_ways_left_are_counted_after_the_first() -> None:
    line = standing_of([way(f"way {n}", handled=False) for n in range(9)], asked(), sure=True)
    assert line == "0 of 9 ways closed; STILL OPEN: way 0, way 1, way 2, way 3, way 4 and 4 more"


def test_nothing_stands_where_nothing_was_asked() -> None:
    assert standing_of([way("direct", handled=False)], Asked(), sure=True) == ""
    assert standing_of([], asked(), sure=True) == ""


def test_as_many_ways_as_are_named_leave_none_to_count() -> None:
    line = standing_of([way(f"way {n}", handled=False) for n in range(5)], asked(), sure=True)
    assert line.endswith("way 3, way 4")


def test_for_addresses_and_countries_together_closed_means_closed() -> None:
    both = Asked(addresses=(ADDRESS,), countries=("KP",))
    assert standing_of([way("edge", handled=True)], both, sure=True) == "1 of 1 ways closed"
