"""What runs work with: the account, the journal, and everything else that is handed in once."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from opsctl.model.jobs import Checkpoint, MakeRequest, Wire
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws, Reader, RunJournal
from opsctl.model.reads import Answer, Read
from opsctl.model.registry import Registry
from opsctl.model.report import EventRow, Evidence, RunRow, RunStatus
from opsctl.model.run import Clock, Context, Progress


class Journals(Protocol):
    """What running needs of the journal."""

    def begin(self, plan: Plan) -> None:
        """Record a new run; a plan is used once."""

    def set_status(self, run_id: str, status: RunStatus, message: str = "") -> None:
        """Record how a run stands."""

    def of_run(self, run_id: str) -> RunJournal:
        """The records of one run."""
        ...

    def events(self, run_id: str) -> list[EventRow]:
        """Everything recorded of one run, oldest first."""
        ...

    def add_evidence(self, run_id: str, evidence: Evidence) -> None:
        """Record what was found of a run as a whole."""

    def evidence(self, run_id: str) -> list[Evidence]:
        """All that was ever found of a run as a whole, oldest first."""
        ...

    def checkpoint(self, run_id: str, change_id: str) -> Checkpoint:
        """What a job of a run has in hand."""
        ...

    def claim(self, run_id: str) -> AbstractContextManager[None]:
        """Hold a run against other processes."""
        ...

    def plan(self, run_id: str) -> Plan:
        """The plan of a run."""
        ...

    def runs(self) -> list[RunRow]:
        """All runs, newest first."""
        ...

    def undone_by(self, run_id: str, *, wholly: bool = False) -> str:
        """The newest run that undid this one to the end, or nothing; `wholly`: and kept nothing for others."""
        ...

    def undo_begun(self, run_id: str) -> str:
        """The newest run that began to undo this one and did not end well, or nothing."""
        ...


class RunContext:
    """Everything a run needs from outside, handed in once."""

    def __init__(
        self,
        *,
        aws: Aws,
        fresh_reader: Callable[[], Reader],
        journal: Journals,
        registry: Registry,
        about: Context,
        clock: Clock,
        progress: Progress,
        stopping: Callable[[], bool],
        queues: Callable[[str], Wire],
        probe: Callable[[str], str],
        request: MakeRequest,
        stored: Callable[[Read], Answer],
    ) -> None:
        self.stored = stored
        self.request = request
        self.queues = queues
        self.probe = probe
        self.aws = aws
        self.fresh_reader = fresh_reader
        self.journal = journal
        self.registry = registry
        self.about = about
        self.clock = clock
        self.progress = progress
        self.stopping = stopping
