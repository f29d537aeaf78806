"""Puts messages from a file into a queue."""

import hashlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import ClassVar

from opsctl.dlq.origin import source_queue, unmarked
from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.backup import read_records
from opsctl.dlq.transfer.queue import BATCH
from opsctl.dlq.transfer.queue_sending import QueueSending
from opsctl.dlq.transfer.sending import Sent
from opsctl.dlq.transfer.tally import TWICE, copies_of, says_copies
from opsctl.model.errors import Drifted
from opsctl.model.jobs import Job, JobResult, Tools
from opsctl.model.value import Json

_SIDE_BY_SIDE = 16
_NAMED_AT_MOST = 1000


class DlqImport(Job):
    """Send the messages of a file, in its order; goes on after the last line that was confirmed."""

    name: ClassVar[str] = "dlq.import"

    path: str
    sha256: str
    count: int
    queue_name: str
    queue_url: str
    region: str
    mark: str

    def run(self, tools: Tools) -> JobResult:
        """Send what was not sent yet.

        Raises:
            Drifted: the file is not the one that was planned.
        """
        if digest_of(Path(self.path)) != self.sha256:
            raise Drifted(f"{self.path} was changed after the plan was made", "plan again")
        patience = Patience(tools.clock, tools.stopping)
        wire = tools.queues(self.region)
        sending = QueueSending(wire, self.queue_url, patience, mark=self.mark, keeps_origin=True)
        own = [self.region, tools.aws.identity.account, self.queue_name]
        fifo = self.queue_url.endswith(".fifo")
        done = int(tools.checkpoint.recall("lines") or 0)
        doubtful = self._unknown(tools, fifo=fifo)
        stayed: list[dict[str, Json]] = list(tools.checkpoint.recall("stayed") or [])
        records = ((at, _for_queue(own, message)) for at, message in read_records(Path(self.path)) if at > done)
        with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
            while not tools.stopping() and not sending.closed:
                wave = list(islice(records, BATCH if fifo else BATCH * _SIDE_BY_SIDE))
                if not wave:
                    break
                number = tools.checkpoint.intend([(m["MessageId"], "") for _, m in wave], tools.clock.now())
                batches = [[m for _, m in wave[at : at + BATCH]] for at in range(0, len(wave), BATCH)]
                came = Sent()
                for one in pool.map(lambda batch: sending.send(batch, _nothing), batches):
                    came.add(one)
                tools.checkpoint.doubt(came.doubtful)
                stayed += [
                    {"id": s.message["MessageId"], "code": s.code, "reason": s.reason[:200]} for s in came.stayed
                ][: _NAMED_AT_MOST - len(stayed)]
                tools.checkpoint.remember("stayed", stayed)
                if not sending.closed:
                    tools.checkpoint.remember("lines", wave[-1][0])
                tools.checkpoint.close(number, len(came.confirmed))
                tools.progress(
                    f"import into {self.queue_name}: {tools.checkpoint.moved():,} of {self.count:,} sent"
                )
        doubtful = list(dict.fromkeys([*doubtful, *tools.checkpoint.doubtful()]))
        return self._result(tools, sending.closed, stayed, doubtful)

    def _unknown(self, tools: Tools, *, fifo: bool) -> list[str]:
        """What was being sent when an earlier process ended: sent again, so perhaps twice."""
        for batch in tools.checkpoint.open_batches():
            if not fifo:
                tools.checkpoint.doubt([one.id for one in batch.messages])
            tools.checkpoint.close(batch.number, 0)
        return tools.checkpoint.doubtful()

    def _result(self, tools: Tools, closed: str, stayed: list[dict[str, Json]], doubtful: list[str]) -> JobResult:
        moved = tools.checkpoint.moved()
        says = f"{moved:,} of {self.count:,} sent"
        says += f", {len(stayed):,} not taken" if stayed else ""
        copies = copies_of(tools.checkpoint.doubtful())
        says += f", {says_copies(copies)}" if copies else ""
        says += f"; stopped: {closed}" if closed else ""
        return JobResult(
            says=says,
            complete=not (stayed or closed or tools.stopping()),
            certain=not doubtful,
            details={
                "moved": moved,
                "stayed_messages": stayed,
                "reasons": _reasons(stayed),
                "may_be_twice": doubtful,
                "copies_at_most": {id_: most for id_, most in copies.items() if most > TWICE},
                "stopped": closed,
            },
        )


def _reasons(stayed: list[dict[str, Json]]) -> list[dict[str, Json]]:
    counts = Counter((str(one["code"]), str(one["reason"])) for one in stayed)
    return [{"code": code, "reason": why, "count": count} for (code, why), count in counts.items()]


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _for_queue(own: list[str], message: Json) -> Json:
    """Take the source queue out of what goes back to just that queue, and so to its consumer."""
    return unmarked(message) if source_queue(message).split(":")[3:] == own else message


def _nothing() -> None:
    """A file's messages are in nobody's hands, so nothing must be kept hidden."""
