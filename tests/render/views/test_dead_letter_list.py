"""The list of dead-letter queues at any width, whatever is in it."""

import pytest

from opsctl.dlq.audit.listing import DeadLetterRow, RowSource
from opsctl.dlq.facts.dlq_audit import Audited
from opsctl.dlq.facts.dlq_survey import Surveyed
from opsctl.render.views.dead_letter_audit import markdown_audit, render_audit
from opsctl.render.views.dead_letter_list import figures_of, markdown_survey, render_survey
from tests.kit.dead_letter_picture import Region

DAY = 86_400


def row(**more: object) -> DeadLetterRow:
    told = {"name": "x-dlq", "arn": "arn", "type": "standard", "state": "serving", "depth": 3, "alarm": "none"}
    return DeadLetterRow.model_validate(told | more)


def listed(*rows: DeadLetterRow, unknown: tuple[str, ...] = ()) -> Surveyed:
    return Surveyed(account="123456789012", region="eu-west-1", queues=9, rows=rows, unknown=unknown)


def text(found: Surveyed, width: int = 80) -> str:
    return render_survey(found, width=width, colour=False)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ({"oldest_s": 3600, "left_s": DAY, "arrivals_per_hour": 0.2}, ("3", "1h", "<1", "1d", "none")),
        ({"oldest_s": 60, "left_s": DAY, "left_at_most": True}, ("3", "1m", "?", "≤1d", "none")),
        ({"left_at_most": True}, ("3", "?", "?", "?", "none")),
        ({"depth": 0, "arrivals_per_hour": 1234.5}, ("0", "-", "1,234", "-", "none")),
        ({"depth": None, "alarm": "", "state": "does not exist"}, ("-", "-", "-", "-", "-")),
        ({"depth": None, "alarm": "", "state": "unreadable"}, ("?", "-", "-", "-", "-")),
        ({"depth": 1_234_567, "oldest_s": 1, "left_s": 0, "arrivals_per_hour": 0}, None),
    ],
)
def test_figures_say_what_is_unknown_and_what_is_none(told: dict[str, object], shown: tuple[str, ...]) -> None:
    assert figures_of(row(**told)) == (shown or ("1,234,567", "1s", "0", "0s", "none"))


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_every_line_fits_and_a_long_name_gets_a_line_of_its_own(width: int) -> None:
    name = "n" * 75 + ".fifo"
    says = [f"queue q{n} " + "w" * 60 for n in range(9)]
    sources = tuple(RowSource(kind="queue", name=one, arn="a", says=one) for one in says)
    lines = text(listed(row(name=name, type="fifo", sources=sources)), width).splitlines()
    words = (" ".join(line.split()) for line in lines if "next:" not in line)
    assert max(len(line) for line in words if " " in line) <= width, "only a word alone is longer"
    assert any(line.startswith(name) for line in lines), "a name is not broken"
    assert "5 more" in " ".join(lines), "few sources are shown, and how many are not"


def test_what_to_type_next_reaches_the_same_region_and_the_same_endpoint() -> None:
    assert "next: opsctl dlq inspect x-dlq --region eu-west-1\n" in text(listed(row()))
    sandbox = listed(row()).model_copy(update={"endpoint": "http://127.0.0.1:4000"})
    assert "x-dlq --region eu-west-1 --endpoint-url http://127.0.0.1:4000\n" in text(sandbox, 200)


def test_columns_stand_below_one_another() -> None:
    told = text(listed(row(), row(name="another-dlq", depth=12_345, alarm="alarm", alarms=("a",))))
    head, first, second = [line for line in told.splitlines() if line.startswith(("QUEUE", "x-dlq", "another"))]
    assert head.index("DEPTH") + 5 == first.index("3") + 1 == second.index("12,345") + 6
    assert head.index("ALARM") == first.index("none") == second.index("alarm")
    assert "  alarm a\n" in told


def test_what_is_not_in_order_is_said_below_the_figures() -> None:
    told = text(
        listed(
            row(state="source gone", notes=("gone: queue work",)),
            row(name="t", type="topic", depth=None, alarm=""),
            row(name="y", alarm="unheard", alarms=("b",)),
        )
    )
    for line in ("  source gone\n", "  gone: queue work\n", "t (topic) ", "  alarm b: no notifications\n"):
        assert line in told


def test_what_could_not_be_read_is_said_also_when_nothing_was_found() -> None:
    for found in (listed(row(), unknown=("why",)), listed(unknown=("why",))):
        assert "Could not be read, so something may be missing here\n  why" in text(found)
        assert "- why" in markdown_survey(found)
    assert text(listed(unknown=("why",))).startswith("No dead-letter queue was found in eu-west-1")


def test_names_cannot_break_out_of_text_or_of_a_table() -> None:
    hostile = "\x1b[2J[red]|<b>`x`\n"
    found = listed(row(name=hostile, alarms=(hostile,), alarm="alarm", notes=(hostile,)), unknown=(hostile,))
    assert "\x1b" not in text(found) + markdown_survey(found)
    (line,) = [one for one in markdown_survey(found).splitlines() if "2J" in one and one.startswith("| ")]
    assert line.replace("\\|", "").count("|") == 10
    assert "<b>" not in line.replace("\\<", "")


def test_findings_of_one_rule_share_its_reason() -> None:
    made = Region()
    for name in ("a", "b"):
        made.schedule(name, "arn:aws:sqs:eu-west-1:123456789012:w")
    audited, _ = made.audit_read()
    told = render_audit(audited, width=80, colour=False)
    assert told.startswith("2 findings (2 medium) in eu-west-1, account 123456789012")
    assert told.count("EventBridge Scheduler discards a failed") == 1
    assert "medium  schedule-no-dlq (2)" in told
    assert told.count("opsctl dlq attach schedule:") == 2


def test_a_command_with_a_pipe_in_it_stays_in_its_cell() -> None:
    made = Region()
    made.schedule("a", "arn:aws:sqs:eu-west-1:123456789012:w")
    audited, _ = made.audit_read()
    (finding,) = audited.findings
    hostile = finding.model_copy(update={"fix": "x | `y`", "resource": "a|b"})
    page = markdown_audit(audited.model_copy(update={"findings": (hostile,)}))
    (line,) = [one for one in page.splitlines() if one.startswith("| medium")]
    assert line.replace("\\|", "").count("|") == 7


def test_an_audit_that_found_nothing_says_how_much_it_looked_at() -> None:
    empty = Audited(account="1", region="r", queues=2, sources=3, asked=(), findings=(), unknown=())
    assert render_audit(empty, width=100, colour=False) == (
        "Nothing is wrong with dead letters in r, account 1 (2 queues, 3 possible sources of failures).\n"
    )
    blind = empty.model_copy(update={"unknown": ("why",)})
    assert render_audit(blind, width=100, colour=False).startswith("As far as could be read, nothing is wrong")
