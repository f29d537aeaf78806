"""What is known of an address, in every form: nothing found is left out, and nothing that was not looked at."""

import pytest

from opsctl.model.dossier import LATE, Dossier, Sighting, SourceReport
from opsctl.model.plan import Plan
from opsctl.render.known_besides import all_known, known_lines
from opsctl.render.views.dossier import markdown_dossier, render_dossier, short_dossier
from tests.render.sample import sample_dossier, sample_plan

EVIL = "\x1b[2J<script>alert(1)</script>\u202e|[red]x[/red]"
ADDRESS = "203.0.113.9/32"
NOTHING = "known: nothing on 203.0.113.9, for nothing could be looked at"


def report(
    source: str, *found: Sighting, looked: str = "yes", why: str = "", address: str = ADDRESS
) -> SourceReport:
    return SourceReport.model_validate(
        {
            "source": source,
            "title": f"the {source}",
            "matter": "whose",
            "address": address,
            "found": found,
            "looked": looked,
            "why": why,
        }
    )


def dossier(*reports: SourceReport, left_out: str = "", addresses: tuple[str, ...] = (ADDRESS,)) -> Dossier:
    again = ("who", "203.0.113.9")
    return Dossier(addresses=addresses, reports=reports, left_out=left_out, again=again)


def plan(found: Dossier | None) -> Plan:
    return sample_plan().model_copy(update={"evidence": found})


def test_the_most_telling_lines_come_first_and_what_was_empty_or_not_looked_at_is_named() -> None:
    found = dossier(
        report("log", Sighting(says="little", telling=5), Sighting(says="much", telling=90)),
        report("list"),
        report("samples", looked="no", why="access denied"),
        report("trail", Sighting(says="half", telling=30), looked="partly", why="one page is missing"),
    )
    for text in (render_dossier(found, width=80, colour=False), markdown_dossier(found)):
        assert text.index("much") < text.index("half") < text.index("little") < text.index("not in: the list")
        assert text.index("Not looked at, or not all of it:") < text.index("the samples: Access denied.")
        assert "the trail: One page is missing." in text
    assert short_dossier(found).splitlines()[-1] == "not looked at, or not all of it: samples, trail"
    assert len(short_dossier(found).splitlines()) <= 6


def test_what_several_sources_could_not_do_for_one_reason_is_one_line() -> None:
    found = dossier(*(report(name, looked="no", why="no target was named") for name in ("ways", "samples")))
    assert "the ways, the samples: No target was named." in render_dossier(found, width=80, colour=False)


@pytest.mark.parametrize("form", [lambda one: render_dossier(one, width=80, colour=False), short_dossier])
def test_what_an_account_calls_things_reaches_no_terminal(form: object) -> None:
    assert callable(form)
    text = form(sample_dossier(EVIL))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "<script>" not in markdown_dossier(sample_dossier(EVIL))


def test_several_addresses_are_told_apart() -> None:
    both = (ADDRESS, "2001:db8::1/128")
    found = dossier(
        *(report("list", Sighting(says="seen", telling=50), address=one) for one in both), addresses=both
    )
    text = render_dossier(found, width=80, colour=False)
    assert "203.0.113.9: seen" in text
    assert "2001:db8::1: seen" in text
    assert known_lines(plan(found)) == ["known: 203.0.113.9: seen", "known: 2001:db8::1: seen"]


def test_a_plans_screen_has_three_lines_of_what_counts_and_the_details_have_all() -> None:
    sightings = [Sighting(says=f"number {number}", telling=number) for number in (90, 80, 70, 60, 10)]
    found = plan(dossier(report("log", *sightings)))
    assert known_lines(found) == ["known: number 90", "known: number 80", "known: number 70"]
    assert [line for line in all_known(found) if "number" in line] == [f"known: {one.says}" for one in sightings]
    assert all_known(found)[-1] == "all of it, as it is then: opsctl who 203.0.113.9"


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        (None, []),
        (dossier(report("list")), ["known: nothing of note on 203.0.113.9"]),
        (
            dossier(report("list"), report("log", looked="no", why="denied")),
            ["known: nothing of note on 203.0.113.9; not looked at: 1 source (-d: why)"],
        ),
        (
            dossier(report("list", Sighting(says="seen", telling=50)), report("log", looked="no", why=LATE)),
            ["known: seen", "not read in time: log"],
        ),
        (
            dossier(report("log", looked="no", why="denied"), left_out="7 more addresses"),
            [
                f"{NOTHING}; not looked at: 7 more addresses and 1 source (-d: why)",
            ],
        ),
    ],
)
def test_nothing_found_is_told_apart_from_not_looked_at(found: Dossier | None, lines: list[str]) -> None:
    assert known_lines(plan(found)) == lines
