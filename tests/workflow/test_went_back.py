"""What is to be typed after a run that took a turn back by itself."""

import pytest

from opsctl.model.changes import Change
from opsctl.model.report import EventRow, JournalEvent, RunRow
from opsctl.workflow.reporting import report_of
from tests.kit.box_plans import irreversible, make_box, plan_of

FIRST, SECOND = make_box("a", "first"), make_box("b", "second")


def next_after(*events: JournalEvent, first: Change = FIRST) -> list[str]:
    plan = plan_of(first, SECOND)
    run = RunRow(
        id=plan.id,
        started="2026-09-21T13:33:20Z",
        finished="2026-09-21T13:34:20Z",
        status="failed",
        title="boxes",
        playbook="boxes",
        account=plan.account,
        region=plan.region,
        undo_of="",
        message="",
    )
    rows = [
        EventRow(at=run.finished, change=change.id, event=event, detail=None)
        for change, event in zip(plan.changes, events, strict=False)
    ]
    return [line.removesuffix(f" {plan.id}") for line in report_of(run, plan, rows).next]


@pytest.mark.parametrize(
    ("events", "lines"),
    [
        (("done", "failed"), ["opsctl runs show", "opsctl resume", "opsctl undo"]),
        (("done", "reverted"), ["opsctl runs show", "opsctl undo"]),
        (("reverted", "reverted"), ["opsctl runs show"]),
        (("reverted", "returning"), ["opsctl runs show", "opsctl resume", "opsctl undo"]),
    ],
)
def test_only_what_still_stands_can_be_undone_and_nothing_is_resumed(
    events: tuple[JournalEvent, ...], lines: list[str]
) -> None:
    assert next_after(*events) == lines


def test_what_cannot_be_undone_offers_no_undo() -> None:
    assert next_after("done", "reverted", first=irreversible(FIRST)) == ["opsctl runs show"]
