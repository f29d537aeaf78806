"""Runs moves against the SQS in memory, with a checkpoint on disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from opsctl.dlq.transfer.aside import Aside
from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.move_order import MoveOrder
from opsctl.dlq.transfer.mover import Mover
from opsctl.dlq.transfer.queue import Queue
from opsctl.dlq.transfer.queue_sending import QueueSending
from opsctl.dlq.transfer.sending import Sending
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.jobs import JobResult, Tools
from tests.kit.memory_sqs import MemorySqs, url_of
from tests.kit.ports import Box, FakeClock


def tools_for(sqs: MemorySqs, path: Path, stopping: Callable[[], bool] = lambda: False) -> Tools:
    """The tools of a job whose queues are all in memory."""
    return Tools(
        aws=Box(),
        queues=lambda _region: sqs,
        checkpoint=JobCheckpoint(path),
        clock=sqs.clock,
        progress=lambda _line: None,
        stopping=stopping,
    )


def move(
    sqs: MemorySqs,
    path: Path,
    source: str,
    target: str,
    *,
    threads: int = 1,
    stopping: Callable[[], bool] = lambda: False,
    sending: Sending | None = None,
    order: dict[str, Any] | None = None,
    late_ms: int = 0,
    **parts: Any,
) -> JobResult:
    """Move from one queue to another and return what it came to; SQS's clock is taken for `late_ms` later."""
    tools = tools_for(sqs, path / "job.log", stopping)
    patience = Patience(sqs.clock, stopping)
    settings: dict[str, Any] = {"title": "test", "visibility_s": 60, "others_hold_s": 30, "threads": threads}
    sqs.clock.sleep(1)
    began_ms = int(sqs.clock.now() * 1000) + late_ms
    return Mover(
        MoveOrder(**(settings | (order or {}))),
        tools,
        patience,
        Queue(sqs, url_of(source), patience, visibility_s=60),
        sending or QueueSending(sqs, url_of(target), patience),
        **parts,
    ).run(began_ms)


def queue_at(sqs: MemorySqs, name: str) -> Queue:
    """A queue to receive from, whose messages are hidden for a minute."""
    return Queue(sqs, url_of(name), Patience(sqs.clock, lambda: False), visibility_s=60)


def aside() -> Aside:
    """Hold messages aside of a queue that nobody asks."""
    clock = FakeClock()
    return Aside(queue_at(MemorySqs(clock), "dead"), clock, 60)
