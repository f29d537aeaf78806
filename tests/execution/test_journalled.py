"""What the journal has of each change: reports, resume and undo know nothing else of a run."""

import json
import random
from contextlib import suppress

import pytest

from opsctl.execution.executor import POLL_S, SETTLE_WITHIN_S, Executor
from opsctl.execution.refused_calls import EDIT_WITHIN_S
from opsctl.model.changes import Change, Retry
from opsctl.model.commands import run_command
from opsctl.model.errors import AwsRefused, Drifted, Interrupted, OpsctlError, OutcomeUnknown, Unproved
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.reads import RefusalKind
from opsctl.model.references import reference
from opsctl.model.report import JournalEvent
from opsctl.model.value import Json
from tests.kit.box_plans import add_item, make_box, plan_of, two_step_plan
from tests.kit.ports import Box, FakeClock, Faulty, Killed, MemoryJournal, refusal

PLAN = plan_of(make_box("new"))
INTENT = ("make", "intent", {"api": "box.PutBox"})
THEIRS = {"Items": ["theirs"], "Lock": 1}
OURS = {"Items": ["ours"], "Lock": 1}


def run(
    aws: Aws, plan: Plan = PLAN, journal: MemoryJournal | None = None, clock: FakeClock | None = None
) -> tuple[MemoryJournal, OpsctlError | None]:
    """Carry out; return the journal and what ended the run."""
    journal, ended = journal or MemoryJournal(), None
    try:
        Executor(plan, aws, journal, clock or FakeClock(), lambda _line: None, lambda: False).apply()
    except OpsctlError as error:
        ended = error
    details = [detail for _, _, detail in journal.records]
    assert details == json.loads(json.dumps(details)), "everything is plain JSON"
    return journal, ended


def patient(within_s: int = 3000, change: Change | None = None) -> Plan:
    change = change or make_box("new")
    return plan_of(change.model_copy(update={"proof": change.proof.model_copy(update={"within_s": within_s})}))


def test_a_change_that_was_made_and_one_that_was_so() -> None:
    assert run(Box())[0].records == [INTENT, ("make", "done", None)]
    assert run(Box({"new": OURS}))[0].records == [("make", "skipped", None)]


def test_of_what_drifted_only_what_does_not_hold_with_what_was_found() -> None:
    journal, ended = run(Box({"new": THEIRS}))
    assert isinstance(ended, Drifted)
    ((change, event, (broken,)),) = journal.records
    assert (change, event, broken["held"], broken["expected"]) == ("make", "drifted", False, "nothing")
    assert (broken["says"], broken["found"]) == ("there is no such box", ["theirs"])


def test_a_refusal_with_its_code_and_message() -> None:
    journal, ended = run(Faulty(Box(), "denied", 1))
    assert isinstance(ended, AwsRefused)
    assert journal.records == [INTENT, ("make", "failed", ended.refusal.model_dump(mode="json"))]


def test_what_a_call_needs_and_does_not_exist_any_more() -> None:
    plan = plan_of(add_item("x", "b").model_copy(update={"params": {"Name": reference("make", "name")}}))
    journal, ended = run(Box({"b": OURS}), plan)
    assert isinstance(ended, Drifted)
    assert journal.records[-1] == ("add", "failed", {"message": "make.name does not exist"})


def test_a_lost_answer_and_whether_it_was_made_all_the_same() -> None:
    journal, ended = run(Faulty(Box(), "lost-before", 1))
    assert isinstance(ended, OutcomeUnknown)
    assert [event for _, event, _ in journal.records] == ["intent", "unproved", "failed"]
    assert journal.records[-1][2] == {"message": ended.summary}
    journal, ended = run(Faulty(Box(), "lost-after", 1))
    assert (ended, [event for _, event, _ in journal.records]) == (None, ["intent", "done"])
    assert journal.records[-1][2]["note"]


def test_a_call_whose_effect_was_not_seen_in_time_with_what_is_missing() -> None:
    class Deaf(Box):
        def write(self, service: str, operation: str, params: Json, region: str | None) -> Json:
            return {}

    clock = FakeClock()
    journal, ended = run(Deaf(), patient(14), clock=clock)
    assert isinstance(ended, Unproved)
    assert ended.hint == run_command("verify", PLAN.id)
    assert ended.summary == "make box new: made, but not confirmed after 14 s: the box is there"
    assert [event for _, event, _ in journal.records] == ["intent", "unproved"]
    assert [one["says"] for one in journal.records[-1][2]] == ["the box is there"]
    assert sum(clock.slept) == 14
    assert 0 not in clock.slept, "when the time is over nothing is waited for"
    assert clock.slept[:3] == [POLL_S, POLL_S * 1.5, POLL_S * 1.5 * 1.5], "asked less and less often"


def test_what_an_earlier_attempt_made_is_said_to_be_its() -> None:
    box, journal = Box(), MemoryJournal()
    with suppress(Killed):
        run(Faulty(box, "killed-after", 1), journal=journal)
    run(box, journal=journal)
    assert journal.records == [INTENT, ("make", "done", None)]


@pytest.mark.parametrize("ours", [False, True])
def test_what_was_there_when_our_call_was_refused(ours: bool) -> None:
    box, journal = Box(), MemoryJournal()
    if ours:
        run(Faulty(box, "lost-before", 1), journal=journal)

    def faster(_operation: str) -> None:
        box.boxes["new"] = dict(OURS)

    box.before_write = faster
    run(box, journal=journal)
    change, event, detail = journal.records[-1]
    assert (change, event) == ("make", "done" if ours else "skipped")
    assert "BoxAlreadyExists" in detail["note"]


@pytest.mark.parametrize(("within_s", "waited_s"), [(3000, SETTLE_WITHIN_S), (7, 7)])
def test_a_call_that_nothing_shows_any_sign_of_is_settled_before_long(within_s: int, waited_s: int) -> None:
    clock = FakeClock()
    _, ended = run(Faulty(Box(), "lost-before", 1), patient(within_s), clock=clock)
    assert isinstance(ended, OutcomeUnknown)
    assert sum(clock.slept) == waited_s


class Jumping(FakeClock):
    """Every sleep takes as long as a refusal may last."""

    def __init__(self, step_s: float) -> None:
        super().__init__()
        self.step_s = step_s

    def sleep(self, seconds: float) -> None:
        """Let much time pass."""
        super().sleep(self.step_s)


class Refusing(Box):
    """Refuses every call with one code, until told otherwise."""

    code = "Throttled"
    asked = 0

    def write(self, service: str, operation: str, params: Json, region: str | None) -> Json:
        """Refuse."""
        self.asked += 1
        raise AwsRefused(refusal(RefusalKind.INVALID, self.code, f"{service}.{operation}"))


@pytest.mark.parametrize(("share", "calls"), [(1.0, 2), (0.75, 3)])
def test_a_refusal_that_may_pass_is_borne_for_less_than_its_time(share: float, calls: int) -> None:
    passing = make_box("new").model_copy(update={"retry": Retry(codes=("NotYet",), within_s=40)})
    for change, code, within_s in ((passing, "NotYet", 40), (add_item("x", "b"), "StaleLock", EDIT_WITHIN_S)):
        box = Refusing({"b": {"Items": [], "Lock": 1}})
        box.code = code
        _, ended = run(box, plan_of(change), clock=Jumping(within_s * share))
        assert isinstance(ended, AwsRefused)
        assert box.asked == calls


@pytest.mark.parametrize("share", [0.5, 1])
def test_after_each_refusal_the_next_try_is_later_at_a_moment_of_its_own(
    monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    monkeypatch.setattr(random, "uniform", lambda least, most: {0.5: least, 1: most}[share])
    box, clock = Refusing({"b": {"Items": [], "Lock": 1}}), FakeClock()
    box.code = "StaleLock"
    run(box, plan_of(add_item("x", "b")), clock=clock)
    assert clock.slept[:12] == [POLL_S * tries * share for tries in (*range(1, 11), 10, 10)]


def test_a_refusal_that_nothing_says_will_pass_is_told_at_once() -> None:
    passing = make_box("new").model_copy(update={"retry": Retry(codes=("NotYet",), within_s=40)})
    for change in (passing, make_box("new"), add_item("x", "b")):
        box, clock = Refusing({"b": {"Items": [], "Lock": 1}}), FakeClock()
        _, ended = run(box, plan_of(change), clock=clock)
        assert isinstance(ended, AwsRefused)
        assert (box.asked, clock.slept) == (1, [])


@pytest.mark.parametrize("length", [160, 161])
def test_what_was_found_is_told_as_far_as_it_can_be_read(length: int) -> None:
    items = ["x" * (length - len("['']"))]
    text = str(items)
    _, ended = run(Box({"new": {"Items": items, "Lock": 1}}))
    assert ended is not None
    assert ended.summary.endswith(f"found {text}" if length == 160 else f"found {text[:157]}...")


def test_an_interrupted_run_says_how_to_go_on() -> None:
    executor = Executor(two_step_plan(), Box(), MemoryJournal(), FakeClock(), print, lambda: True)
    with pytest.raises(Interrupted) as told:
        executor.apply()
    assert told.value.hint == run_command("resume", two_step_plan().id)


@pytest.mark.parametrize("fault", ["denied", "throttled", "not-sent"])
def test_what_somebody_made_after_our_call_was_refused_for_certain_is_theirs_to_undo(fault: str) -> None:
    box, journal = Box(), MemoryJournal()
    run(Faulty(box, fault, 1), journal=journal)
    assert journal.intended() == []
    box.boxes["new"] = dict(OURS)
    run(box, journal=journal)
    assert (journal.last("make"), journal.intended()) == ("skipped", [])


@pytest.mark.parametrize("fault", ["lost-before", "killed-before", "killed-after", "lost-after"])
def test_what_may_have_been_made_by_our_call_is_ours_to_undo(fault: str) -> None:
    box, journal = Box(), MemoryJournal()
    with suppress(Killed):
        run(Faulty(box, fault, 1), journal=journal)
    assert journal.intended() == ["make"]
    box.boxes["new"] = dict(OURS)
    run(box, journal=journal)
    assert (journal.last("make"), journal.intended()) == ("done", ["make"])


def test_a_refusal_closes_the_call_that_was_refused_and_none_before_it() -> None:
    journal = MemoryJournal()
    refused = refusal(RefusalKind.DENIED, "AccessDenied", "box.PutBox").model_dump(mode="json")
    records: list[tuple[JournalEvent, Json, list[Json]]] = [
        ("failed", refused, []),
        ("intent", 1, [1]),
        ("unproved", [], [1]),
        ("unproved", refused, [1]),
        ("intent", 2, [1, 2]),
        ("failed", {"message": "the answer was lost", "code": "a job's own"}, [1, 2]),
        ("failed", refused, [1]),
        ("intent", 3, [1, 3]),
        ("done", None, [1, 3]),
    ]
    for event, detail, still_open in records:
        journal.record("make", event, detail)
        assert journal.open_intents("make") == still_open
    assert journal.open_intents("other") == []
