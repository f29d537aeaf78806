"""The report of a drill: text from the account stays text, and a failed one says what it hangs on."""

import pytest

from opsctl.model.changes import Change, Irreversible, Proof
from opsctl.model.report import ChangeResult
from opsctl.model.value import Json
from opsctl.render.job_view import view_of
from opsctl.render.outcome_words import job_lines, status_of
from opsctl.render.views.ha_drill import drill_lines, markdown_drill

T0 = 1_790_000_000.0
FOUND: dict[str, Json] = {
    "group": "ha-web",
    "by": "replace",
    "old": "i-old",
    "old_zone": "eu-west-1a",
    "new": "",
    "new_zone": "",
    "recovered": False,
    "in_time": False,
    "within_s": 1800,
    "recovery_s": None,
    "milestones": {
        "call": T0,
        "out_of_service": T0 + 1,
        "launched": None,
        "hook_entered": None,
        "volumes_attached": None,
        "address_moved": None,
        "in_service": None,
        "first_bad_probe": None,
        "first_good_probe": None,
    },
    "data": [],
    "marker": {"value": "", "found_on": []},
    "probe": "",
    "timeline": [
        {"at": T0, "says": "failed: <script>|\x1b[31m no capacity", "source": "AWS", "not_before": 0.0},
        {"at": T0 + 90, "says": "i-old has left the group", "source": "seen", "not_before": T0 + 5},
    ],
    "stuck": "the group cannot launch: *no* <capacity>",
    "todo": "give it capacity",
    "report": "",
}


def test_text_of_the_account_is_only_text_in_the_report() -> None:
    text = markdown_drill(FOUND, "run-1")
    assert "<script>" not in text
    assert "\x1b" not in text
    assert "\\<script\\>\\|" in text


def test_a_failed_drill_says_what_it_hangs_on_and_what_to_do() -> None:
    text = markdown_drill(FOUND, "run-1")
    assert "**Not recovered.**" in text
    assert "## Stuck" in text
    assert "To do: give it capacity." in text
    assert drill_lines(FOUND)[-2:] == [f"stuck: {FOUND['stuck']}", "to do: give it capacity"]


def test_what_nobody_watched_says_since_when_it_may_have_happened() -> None:
    assert "seen, not before 2026-09-21 14:13:25Z" in markdown_drill(FOUND, "run-1")


def test_a_late_recovery_says_so() -> None:
    late = FOUND | {"recovery_s": 2000.0, "recovered": True, "stuck": "", "new": "i-new"}
    assert "**Recovered after 2000 s, later than the 1800 s allowed.**" in markdown_drill(late, "run-1")


def result_of(job: str, found: Json) -> tuple[Change, ChangeResult]:
    change = Change(
        kind="job",
        service="opsctl",
        operation=job,
        id="a",
        title="t",
        why="w",
        expect=(),
        proof=Proof(configured=()),
        undo=Irreversible(because="it only watches"),
    )
    return change, ChangeResult(change_id="a", status="unproved", result=found)


@pytest.mark.parametrize("found", [{"moved": 3}, {"interrupted": True}, None], ids=str)
def test_what_an_interrupted_drill_leaves_is_not_taken_for_a_whole_one(found: Json) -> None:
    assert view_of(*result_of("ha.drill", found)) is None


def test_only_a_drill_is_shown_as_one() -> None:
    assert job_lines(*result_of("ha.drill", FOUND)) == drill_lines(FOUND)
    assert status_of(*result_of("ha.drill", FOUND)) == "not as it should be"
    assert status_of(*result_of("dlq.move", FOUND)) == "done, but not for certain"


def test_a_report_is_written_only_where_it_was_asked_for() -> None:
    asked = view_of(*result_of("ha.drill", FOUND | {"report": "drill.md"}))
    assert asked is not None
    assert asked.file("run-1") == ("drill.md", markdown_drill(FOUND, "run-1"))
    silent = view_of(*result_of("ha.drill", FOUND))
    assert silent is not None
    assert silent.file("run-1") is None
