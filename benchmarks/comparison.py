"""Runs a lookup and a plain sequential script over accounts alike, and prints how they compare."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from benchmarks.world import ACCOUNT, REGION
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context, Fact, Identity
from opsctl.model.value import Value
from opsctl.planning.run_fetching import run_fetching


class Counted(Protocol):
    """An account that counts its calls and waits for each."""

    calls: int
    delay_s: float

    def all_pages(self, service: str, operation: str, params: dict[str, Any]) -> Any:
        """Return an answer with its pages merged; costs one call a page."""
        ...


Account = TypeVar("Account", bound=Counted)


class Pooled:
    """A reader as the real one is: each distinct read once, a round at a time, concurrently."""

    def __init__(self, account: Counted) -> None:
        self._account = account
        self._known: dict[str, Answer] = {}
        self.rounds = 0

    def read_many(self, reads: Sequence[Read]) -> list[Answer]:
        """Make the new reads at once."""
        new = {read.key: read for read in reads if read.key not in self._known}
        if new:
            self.rounds += 1
            with ThreadPoolExecutor(max_workers=32) as pool:
                self._known.update(zip(new, pool.map(self._answer, new.values()), strict=True))
        return [self._known[read.key] for read in reads]

    def _answer(self, read: Read) -> Answer:
        return Answer(value=self._account.all_pages(read.service, read.operation, read.params))


def compare(fact: Fact, account: Callable[[], Account], sequential: Callable[[Account], int]) -> tuple[Value, int]:
    """Run both, print calls, rounds and the ratio of the times, and return what each found."""
    identity = Identity(account=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/bench", region=REGION)
    ours = account()
    reader = Pooled(ours)
    started = time.perf_counter()
    found = run_fetching(fact.read(Context(identity=identity, plan_id="bench", now=time.time())), reader)
    our_time = time.perf_counter() - started
    theirs = account()
    started = time.perf_counter()
    count = sequential(theirs)
    their_time = time.perf_counter() - started
    print(
        f"opsctl      {ours.calls:>6} calls in {reader.rounds} rounds, {our_time / ours.delay_s:>8.1f} call times"
    )
    print(f"sequential  {theirs.calls:>6} calls one by one,  {their_time / theirs.delay_s:>8.1f} call times")
    fewer, faster = theirs.calls / ours.calls, their_time / our_time
    print(f"ratio       {fewer:>6.1f} times fewer calls, {faster:.0f} times as fast")
    return found, count
