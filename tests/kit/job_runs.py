"""Carries out plans with jobs in the moto account."""

from collections.abc import Callable
from pathlib import Path

from opsctl.execution.executor import Executor
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.changes import Change
from opsctl.model.jobs import JobResult, Tools
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.run import Progress
from tests.kit.moto_account import World, sqs_wire
from tests.kit.ports import MemoryJournal

SPACE = 100_000
"""Of a checkpoint: no job of a test writes as many records as one that moves messages for hours."""


def carry_out(
    plan: Plan,
    world: World,
    journal: MemoryJournal,
    path: Path,
    aws: Aws | None = None,
    stopping: Callable[[], bool] = lambda: False,
    progress: Progress = lambda _line: None,
) -> None:
    """Apply a plan, or go on with it, through an account that may fail; `progress` is the executor's alone."""
    account = aws or world.aws

    def run_job(change: Change) -> JobResult:
        job = world.registry.jobs[change.operation].model_validate(change.params)
        tools = Tools(
            aws=account,
            queues=sqs_wire,
            # Each change has its own, which the undo of that change reads as well.
            checkpoint=JobCheckpoint(path / f"{change.id.removeprefix('undo:').replace('/', '-')}.log", SPACE),
            clock=world.clock,
            progress=lambda _line: None,
            stopping=stopping,
        )
        return job.run(tools)

    Executor(plan, account, journal, world.clock, progress, stopping, run_job).apply()
