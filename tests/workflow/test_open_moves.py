"""A plan that takes messages out of a queue warns of a run that has some of them in hand."""

from pathlib import Path

from opsctl.catalog import find_plugins
from opsctl.journal.store import Journal
from opsctl.model.changes import Change, Irreversible, Proof
from opsctl.model.plan import Plan
from opsctl.model.report import RunStatus
from opsctl.workflow.open_moves import warned_of_open_moves
from tests.kit.box_plans import plan_of

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/dead"


def moving(run_id: str, url: str = URL, operation: str = "dlq.move") -> Plan:
    change = Change(
        id="dead",
        title="Move",
        why="they failed",
        expect=(),
        kind="job",
        service="opsctl",
        operation=operation,
        params={"queue_url": url},
        proof=Proof(configured=()),
        undo=Irreversible(because="moved"),
    )
    return plan_of(change).model_copy(update={"id": run_id, "reached_by": ("--profile", "prod")}).sealed()


def left_by(
    path: Path, *, status: RunStatus = "failed", url: str = URL, undeleted: tuple[str, ...] = ("a", "b")
) -> Journal:
    journal, plan = Journal(path), moving("20260101-000000-aaaa", url)
    journal.begin(plan)
    journal.of_run(plan.id).record("dead", "intent")
    checkpoint = journal.checkpoint(plan.id, "dead")
    checkpoint.undeleted(undeleted)
    checkpoint.intend([("c", "h")] if undeleted else [], 0)
    journal.set_status(plan.id, status)
    return journal


def warnings(journal: Journal, operation: str = "dlq.move") -> list[str]:
    plan = moving("20260102-000000-bbbb", operation=operation)
    warned = warned_of_open_moves(plan, journal, find_plugins().jobs)
    assert warned.digest == warned.computed_digest()
    return [line for finding in warned.warnings for line in finding.evidence]


def test_messages_that_a_run_sent_and_did_not_delete_are_told_with_the_command_that_settles_them(
    tmp_path: Path,
) -> None:
    (line,) = warnings(left_by(tmp_path))
    assert line.startswith("run 20260101-000000-aaaa sent 3 messages, or was about to")
    assert line.endswith("opsctl resume 20260101-000000-aaaa --profile prod")
    assert warnings(Journal(tmp_path), "dlq.purge") == [line]


def test_a_killed_run_is_known_by_its_checkpoint(tmp_path: Path) -> None:
    assert len(warnings(left_by(tmp_path, status="running"))) == 1


def test_a_run_that_works_on_the_queue_now_is_told_and_left_alone(tmp_path: Path) -> None:
    journal = left_by(tmp_path, status="running")
    with journal.claim("20260101-000000-aaaa"):
        assert warnings(Journal(tmp_path)) == [
            "run 20260101-000000-aaaa is receiving messages from this queue now"
        ]


def test_runs_that_are_done_or_of_another_queue_or_have_nothing_in_hand_are_no_reason_to_warn(
    tmp_path: Path,
) -> None:
    assert warnings(left_by(tmp_path / "1", status="done")) == []
    assert warnings(left_by(tmp_path / "2", url=f"{URL}-2")) == []
    assert warnings(left_by(tmp_path / "3", undeleted=())) == []
    assert warnings(left_by(tmp_path / "4"), "dlq.import") == []


def test_messages_that_a_run_has_parked_are_told_until_they_are_back(tmp_path: Path) -> None:
    journal, plan = Journal(tmp_path), moving("20260101-000000-aaaa", operation="dlq.through")
    journal.begin(plan)
    journal.of_run(plan.id).record("dead", "intent")
    checkpoint = journal.checkpoint(plan.id, "dead")
    parked = checkpoint.part("parked")
    parked.close(parked.intend([("a", "h"), ("b", "h")], 0), 2)
    journal.set_status(plan.id, "failed")
    (line,) = warnings(journal)
    assert line.startswith("run 20260101-000000-aaaa has parked 2 messages of this queue: opsctl resume")
    checkpoint.part("back").close(0, 2)
    assert warnings(journal) == []
