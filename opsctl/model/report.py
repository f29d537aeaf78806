"""What a run came to, as data for every renderer."""

from typing import Literal, TypeAlias

from opsctl.model.plan import Plan
from opsctl.model.value import Json, Value

JournalEvent: TypeAlias = Literal[
    "skipped", "kept", "intent", "done", "failed", "drifted", "unproved", "returning", "reverted"
]
"""`intent` before a mutating call; `done` once proved; `skipped` when it was so already; `kept` when others
rely on what would be taken away; `returning` of a refused call whose turn is being taken back; `reverted` of what
was taken back by the run itself."""

ChangeStatus = Literal[
    "pending", "skipped", "kept", "done", "intended", "failed", "drifted", "unproved", "returning", "reverted"
]
RunStatus = Literal["planned", "running", "done", "failed", "drifted", "unproved", "interrupted"]


class RunRow(Value):
    """A run as the list of runs shows it. `running` with no process behind it is shown as interrupted."""

    id: str
    started: str
    finished: str
    status: RunStatus
    title: str
    playbook: str
    account: str
    region: str
    undo_of: str
    message: str


class EventRow(Value):
    """One record: what was about to happen to a change, or what came of it."""

    at: str
    change: str
    event: JournalEvent
    detail: Json


class CheckResult(Value):
    """A predicate, what it wanted, what was found, and whether it held; `told` is for the end of the report.

    `at` is when it was judged (UTC, RFC 3339), where that is kept.
    """

    says: str
    held: bool
    expected: Json = None
    found: Json = None
    shown: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    at: str = ""


class Evidence(Value):
    """What was found of a run as a whole at one time, when it ended or when somebody verified it.

    `proofs` are those of its changes, by their ids, where they were asked again; `paths` are the ways in as the
    checks saw them.
    """

    at: str
    by: Literal["run", "verify"]
    checks: tuple[CheckResult, ...] = ()
    proofs: dict[str, tuple[CheckResult, ...]] = {}
    paths: Json = None

    @property
    def holds(self) -> bool:
        """Whether everything that was asked held, and something was asked."""
        asked = [*(result for results in self.proofs.values() for result in results), *self.checks]
        return bool(asked) and all(result.held for result in asked)


class ChangeResult(Value):
    """What became of one change; `at` is UTC, RFC 3339.

    `intended` means the journal has the intent and no result: the process died around the call. `result` is
    what a job came to, by the job's own names.
    """

    change_id: str
    status: ChangeStatus
    at: str = ""
    detail: str = ""
    result: Json = None
    checks: tuple[CheckResult, ...] = ()


class Report(Value):
    """A run: its plan, what became of each change and check, and the commands to type next.

    `next_because` says what a command of `next` is good for, where that does not go without saying. `told` are
    the last lines: how the whole stands, whatever became of the run. `checks` are the newest of `evidence`, which
    is everything that was ever found of the run, oldest first.
    """

    run_id: str
    status: RunStatus
    plan: Plan
    started: str
    finished: str = ""
    changes: tuple[ChangeResult, ...]
    checks: tuple[CheckResult, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    message: str = ""
    hint: str = ""
    next: tuple[str, ...] = ()
    next_because: dict[str, str] = {}
    told: tuple[str, ...] = ()
    undone_by: str = ""
