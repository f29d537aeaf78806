"""A FIFO queue in memory, half of whose messages are meant, and moves of those by way of a park."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from opsctl.dlq.jobs.dlq_bring_back import DlqBringBack
from opsctl.dlq.jobs.dlq_move import DlqMove
from opsctl.dlq.jobs.dlq_through import DlqThrough
from opsctl.dlq.park_queues import park_name
from opsctl.dlq.route import Route
from opsctl.dlq.transfer.through import Park
from opsctl.journal.checkpoints import JobCheckpoint
from opsctl.model.jobs import JobResult, Tools
from opsctl.model.value import Json
from tests.kit.memory_sqs import Faults, MemorySqs, url_of
from tests.kit.ports import Box, FakeClock, Killed

DEAD, HOME, PARKED = "dead.fifo", "home.fifo", park_name("run-1")
PARK = Park(
    name=PARKED,
    url=url_of(PARKED),
    queue_name=DEAD,
    queue_url=url_of(DEAD),
    region="us-east-1",
    run="run-1",
    max_bytes=1_048_576,
)


class QueueAccount(Box):
    """An account of which only DeleteQueue is called."""

    def __init__(self, sqs: MemorySqs) -> None:
        super().__init__()
        self._sqs = sqs

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Delete a queue."""
        return self._sqs.call(operation, params)


def made(count: int, *, groups: int = 3, faults: Faults | None = None, source: str = "") -> MemorySqs:
    """A queue of so many messages, of which every second of each group is meant, its home and an empty park."""
    sqs = MemorySqs(FakeClock(), faults)
    for name in (DEAD, HOME, PARKED):
        sqs.make(name, VisibilityTimeout="30")
    for number in range(count):
        body = {"n": number, "wanted": number // groups % 2 == 1}
        sqs.put(DEAD, json.dumps(body), group=f"g{number % groups}", source=source)
    return sqs


def through(
    sqs: MemorySqs,
    path: Path,
    *,
    stopping: Callable[[], bool] = lambda: False,
    where: str = "body.wanted",
    **more: Any,
) -> JobResult:
    """Move what is wanted home, by way of the park."""
    route = Route(kind="queue", arn=sqs.arn(HOME), url=url_of(HOME), name=HOME)
    taking = DlqMove(
        queue_name=DEAD,
        queue_url=url_of(DEAD),
        region="us-east-1",
        routes=(route,),
        where=where,
        **more,
    )
    job = DlqThrough(queue_url=url_of(DEAD), taking=taking, park=PARK)
    sqs.clock.sleep(2)
    return job.run(_tools(sqs, path, stopping))


def bring_back(sqs: MemorySqs, path: Path, *, stopping: Callable[[], bool] = lambda: False) -> JobResult:
    """Take back what `through` did, as far as that can be."""
    return DlqBringBack(park=PARK).run(_tools(sqs, path, stopping))


def _tools(sqs: MemorySqs, path: Path, stopping: Callable[[], bool]) -> Tools:
    return Tools(
        aws=QueueAccount(sqs),
        queues=lambda _region: sqs,
        checkpoint=JobCheckpoint(path / "job.log", 50_000),
        clock=sqs.clock,
        progress=lambda _line: None,
        stopping=stopping,
    )


def numbers(sqs: MemorySqs, name: str) -> dict[str, list[int]]:
    """The numbers of the messages of a queue by group, in their order; nothing of a queue that is gone."""
    groups: dict[str, list[int]] = {}
    found = sqs.queues[name].messages if name in sqs.queues else {}
    for _, one in sorted(found.items()):
        groups.setdefault(one.system["MessageGroupId"], []).append(json.loads(one.body)["n"])
    return groups


def places(count: int, *, groups: int = 3) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Where the messages of `made` belong, by group: those that go home, and the rest."""
    several = {f"g{one}": range(one, count, groups) for one in range(groups)}
    wanted = {name: [n for n in numbers if n // groups % 2 == 1] for name, numbers in several.items()}
    rest = {name: [n for n in numbers if n // groups % 2 == 0] for name, numbers in several.items()}
    return wanted, rest


def every(groups: dict[str, list[int]]) -> list[int]:
    """All numbers, sorted."""
    return sorted(number for several in groups.values() for number in several)


def killing(sqs: MemorySqs, at: int, *, after: bool) -> Callable[[], None]:
    """End the process, as by kill -9, at a call of any kind, before or after it is carried out.

    Returns what lets calls be again.
    """
    inner, count = sqs.call, iter(range(1_000_000))

    def call(name: str, params: dict[str, Json]) -> dict[str, Json]:
        strike = next(count) == at
        if strike and not after:
            raise Killed
        answer = inner(name, params)
        if strike:
            raise Killed
        return answer

    sqs.call = call  # type: ignore[method-assign,assignment]

    def restored() -> None:
        sqs.call = inner  # type: ignore[method-assign]

    return restored
