"""A job in a run: when it is begun, what the journal has of its end, and how that ends the run."""

from collections.abc import Callable

import pytest

from opsctl.execution.executor import Executor
from opsctl.model.changes import Change, Check, Irreversible, Proof
from opsctl.model.errors import Drifted, Interrupted, OpsctlError, Unproved
from opsctl.model.jobs import JobResult
from tests.kit.box_plans import get_box, plan_of
from tests.kit.ports import Box, FakeClock, MemoryJournal

THERE = Check(read=get_box("b"), query="Items", op="present", says="there is something to do")
JOB = Change(
    kind="job",
    service="opsctl",
    operation="test.work",
    id="job",
    title="work",
    why="it has to be done",
    expect=(THERE,),
    proof=Proof(configured=()),
    undo=Irreversible(because="what is done is done"),
)
FULL = {"b": {"Items": ["x"], "Lock": 1}}
DONE = JobResult(says="all of it", complete=True, details={"moved": 3})


class Worker:
    """Runs a job as told, and remembers which."""

    def __init__(self, result: JobResult | OpsctlError, journal: MemoryJournal | None = None) -> None:
        self.result, self.journal = result, journal or MemoryJournal()
        self.ran: list[str] = []
        self.before: list[object] = []

    def __call__(self, change: Change) -> JobResult:
        """Work."""
        self.ran.append(change.id)
        self.before.append(self.journal.records[-1])
        if isinstance(self.result, OpsctlError):
            raise self.result
        return self.result


def run(worker: Worker, box: Box | None = None, stopping: Callable[[], bool] = lambda: False) -> None:
    account = Box(dict(FULL)) if box is None else box
    Executor(plan_of(JOB), account, worker.journal, FakeClock(), lambda _line: None, stopping, worker).apply()


def test_a_job_that_ran_to_its_end_is_done_with_what_it_came_to_and_is_not_run_again() -> None:
    worker = Worker(DONE)
    run(worker)
    assert worker.before == [("job", "intent", {"api": "opsctl.test.work"})], "the intent comes before the work"
    assert worker.journal.records[1:] == [("job", "done", {"message": "all of it", "moved": 3})]
    run(worker)
    assert worker.ran == ["job"]


def test_a_job_is_held_to_its_expectation_before_it_is_begun_and_no_more_after() -> None:
    worker = Worker(DONE)
    with pytest.raises(Drifted, match="there is something to do"):
        run(worker, Box())
    assert (worker.ran, worker.journal.last("job")) == ([], "drifted")
    begun = Worker(DONE)
    begun.journal.record("job", "intent")
    run(begun, Box())
    assert (begun.ran, begun.journal.last("job")) == (["job"], "done")


def test_a_job_that_left_something_has_failed() -> None:
    worker = Worker(JobResult(says="half of it", complete=False, hint="run it again", details={"left": 2}))
    with pytest.raises(OpsctlError, match="work: half of it") as told:
        run(worker)
    assert not isinstance(told.value, Interrupted)
    assert told.value.hint == "run it again"
    assert worker.journal.records[-1] == ("job", "failed", {"message": "half of it", "left": 2})


def test_a_job_that_was_asked_to_stop_is_interrupted_and_goes_on_when_resumed() -> None:
    worker = Worker(JobResult(says="half of it", complete=False))
    with pytest.raises(Interrupted):
        run(worker, stopping=lambda: bool(worker.ran))
    assert worker.journal.records[-1] == ("job", "failed", {"message": "half of it", "interrupted": True})
    worker.result = DONE
    run(worker)
    assert (worker.ran, worker.journal.last("job")) == (["job", "job"], "done")


def test_a_job_that_may_have_done_something_twice_is_unproved() -> None:
    worker = Worker(JobResult(says="all of it", complete=True, certain=False, hint="look", details={"doubt": 1}))
    with pytest.raises(Unproved, match="work: all of it") as told:
        run(worker)
    assert told.value.hint == "look"
    assert worker.journal.records[-1] == ("job", "unproved", {"message": "all of it", "doubt": 1})


def test_a_job_that_is_not_complete_and_may_have_done_something_twice_failed_and_is_unproved() -> None:
    worker = Worker(JobResult(says="half of it", complete=False, certain=False))
    with pytest.raises(Unproved, match="work: half of it"):
        run(worker)
    assert worker.journal.records[-1] == ("job", "failed", {"message": "half of it"})
    worker.result = DONE
    run(worker)
    assert worker.journal.last("job") == "done"


def test_what_goes_wrong_in_a_job_is_journalled_and_told_as_it_is() -> None:
    fault = OpsctlError("there is no room", "make some")
    worker = Worker(fault)
    with pytest.raises(OpsctlError) as told:
        run(worker)
    assert told.value is fault
    assert worker.journal.records[-1] == ("job", "failed", {"message": "there is no room"})


def test_a_job_is_never_taken_for_done_without_being_run() -> None:
    journal = MemoryJournal()
    with pytest.raises(AssertionError, match="cannot run jobs"):
        Executor(plan_of(JOB), Box(dict(FULL)), journal, FakeClock(), print, lambda: False).apply()
    assert journal.records == []
