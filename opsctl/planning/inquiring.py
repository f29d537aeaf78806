"""Drives the parts of an inquiry side by side, each in a thread of its own, and takes what has come in time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from queue import Empty, SimpleQueue
from threading import Event, Thread

from opsctl.model.dossier import LATE as LATE
from opsctl.model.dossier import Following, Part, PartResult, Price, SourceReport, not_looked
from opsctl.model.errors import InvalidInput, OpsctlError
from opsctl.model.fetching import Fetching
from opsctl.model.ports import Reader

_TICK_S = 0.05

Agree = Callable[[Price], bool]
"""Says whether something may be looked at for that price."""


def never_pay(_: Price) -> bool:
    """Agree to nothing that costs."""
    return False


class Inquiring:
    """An inquiry at work.

    Threads are daemons: who does not wait for a part does not wait for it at the end of the process either.
    """

    def __init__(self, parts: Mapping[str, Part], reader: Reader, agree: Agree = never_pay) -> None:
        self._reader = reader
        self._agree = agree
        self._came: SimpleQueue[tuple[str, PartResult | Exception]] = SimpleQueue()
        self._under_way: dict[str, Part] = {}
        self._ended = Event()
        self._reports: list[SourceReport] = []
        self.invalid: InvalidInput | None = None
        self._under_way.update(parts)
        self._begin(parts)

    @property
    def under_way(self) -> tuple[str, ...]:
        """The names of the parts that have not answered."""
        return tuple(self._under_way)

    def until(
        self,
        *,
        late: Callable[[], bool],
        told: Callable[[Sequence[str]], None] = lambda _names: None,
        why: str = LATE,
        todo: str = "",
    ) -> tuple[SourceReport, ...]:
        """Take answers until all are there or it is late; then end, with the rest as not looked at.

        `told` hears the names of those that are still awaited.
        """
        while self._under_way and not late():
            told(self.under_way)
            self._take(_TICK_S)
        self._take_what_is_there()
        self.end()
        rest = [one for part in self._under_way.values() for one in not_looked(part.silent, why, todo)]
        return (*self._reports, *rest)

    def end(self) -> None:
        """Ask nothing more; what is on its way is left alone."""
        self._ended.set()

    def _begin(self, parts: Mapping[str, Part]) -> None:
        for name, part in parts.items():
            Thread(target=self._run, args=(name, part.fetching), daemon=True, name=f"inquiry {name}").start()

    def _run(self, name: str, fetching: Fetching[PartResult]) -> None:
        try:
            result: PartResult | Exception = self._driven(fetching)
        except Exception as fault:  # noqa: BLE001 - the thread's outer edge: a source fails alone
            result = fault
        self._came.put((name, result))
        # What costs nothing begins here: nobody takes answers before whoever decides has made up a plan.
        if isinstance(result, Following) and result.price is None:
            self._begin(result.parts)

    def _driven(self, fetching: Fetching[PartResult]) -> PartResult:
        try:
            reads = next(fetching)
            while not self._ended.is_set():
                reads = fetching.send(self._reader.read_many(reads))
        except StopIteration as stop:
            result: PartResult = stop.value
            return result
        fetching.close()
        return ()

    def _take_what_is_there(self) -> None:
        while self._under_way and self._take(0):
            pass

    def _take(self, wait_s: float) -> bool:
        try:
            name, result = self._came.get(block=wait_s > 0, timeout=wait_s or None)
        except Empty:
            return False
        part = self._under_way.pop(name)
        self._reports += self._said(part, result)
        return True

    def _said(self, part: Part, result: PartResult | Exception) -> Iterable[SourceReport]:
        if isinstance(result, InvalidInput):
            self.invalid = self.invalid or result
        if isinstance(result, OpsctlError):
            return not_looked(part.silent, result.summary, result.hint)
        if isinstance(result, Exception):
            return not_looked(part.silent, f"it failed: {type(result).__name__}: {result}")
        if not isinstance(result, Following):
            return result
        if result.price is not None and not self._agree(result.price):
            why = f"it costs something: {result.price.says}"
            return (*result.reports, *_silent(result.parts, why))
        self._under_way.update(result.parts)
        if result.price is not None:
            self._begin(result.parts)
        return result.reports


def _silent(parts: Mapping[str, Part], why: str) -> Iterable[SourceReport]:
    return [one for part in parts.values() for one in not_looked(part.silent, why)]
