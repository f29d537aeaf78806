"""Tables at a width: beside each other as long as that can be read."""

from opsctl.render.page import HIGH, Page

COLUMNS = ("instance", "type", "now", "then")
LONG = "group close, an EFA on every network card, 8 queues, weighting vpc-1, ENA Express on, an MTU of 8900 bytes"
ROW = ("hpc-3 (i-7a4868da2ef6e8d01)", "c6in.32xlarge", "no group", LONG)


def table(width: int, row: tuple[str, ...]) -> list[str]:
    page = Page(width, colour=False)
    page.table(COLUMNS, [row, row])
    return page.text().splitlines()


def test_what_would_be_a_word_wide_and_many_lines_high_stands_below_its_row() -> None:
    lines = table(80, ROW)
    assert lines[0].split() == ["instance", "type", "now"]
    assert lines[1].endswith("no group")
    assert lines[2].startswith("    then: group close, an EFA")
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 1 + 2 * (1 + HIGH)
    assert " ".join(" ".join(lines).split()).count(f"then: {LONG}") == 2


def test_what_is_too_wide_for_words_that_cannot_be_broken_stands_below_its_row() -> None:
    row = ("203.0.113.9", "opsctl-block-ipv4-shop-example-com-b20cc2: IP set", "INC-12", "x" * 30)
    lines = table(80, row)
    assert lines[0].split() == ["instance", "type", "now"]
    assert lines[2] == f"    then: {'x' * 30}"
    assert max(map(len, lines)) <= 80
    short = table(80, (*row[:2], "INC-12" * 5, "moto"))
    assert short[2] == f"    now: {'INC-12' * 5}   then: moto", "as many in a line as fit"


def test_what_fits_or_wraps_once_stays_beside() -> None:
    assert table(200, ROW)[0].split() == list(COLUMNS)
    short = (*ROW[:3], "group close, 8 queues")
    lines = table(70, short)
    assert lines[0].split() == list(COLUMNS)
    assert len(lines) > 3
