"""Runs that are interrupted at every change, in every way, and gone on with."""

from collections.abc import Callable
from dataclasses import dataclass, field

from opsctl.model.errors import OpsctlError
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.value import Json, canonical
from tests.kit.ports import Faulty, Killed, Wrapping, refusal

BEFORE = ("not-sent", "denied", "throttled", "lost-before", "killed-before")
"""Ways in which a call ends a run and is not carried out."""

AFTER = ("killed-after", "lost-after", "blind-after")
"""Ways in which it is carried out: nobody hears of it any more, or the answer, or the next read, is lost."""


@dataclass
class Interrupting(Wrapping):
    """An account in which every call fails in all the given ways, one after the other, before it goes through.

    Where a circle is begun at some place instead, each call fails in one of the ways, the next one in the next.

    What was read is not read again while no time passes and nothing is written: here nobody else is there.
    """

    now: Callable[[], float]
    ways: tuple[str, ...] = ()
    before: Callable[[int], None] = lambda _number: None
    """Is told of each new call, by its number."""
    circle_from: int | None = None
    faults: int = 0
    _left: dict[str, list[str]] = field(default_factory=dict)
    _blind: bool = False
    _answers: dict[str, Answer] = field(default_factory=dict)
    _as_of: float = 0.0

    def read(self, read: Read) -> Answer:
        """Answer, but for the read after a call that leaves the caller blind."""
        if self._blind:
            self._blind = False
            self.faults += 1
            return Answer(refusal=refusal(RefusalKind.UNREACHABLE, "ReadTimeoutError", read.api))
        if self._as_of != self.now():
            self._as_of, self._answers = self.now(), {}
        if read.key not in self._answers:
            self._answers[read.key] = self.inner.read(read)
        return self._answers[read.key]

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Fail in the next way; what AWS itself refuses uses up none."""
        call = canonical([service, operation, params])
        if call not in self._left:
            self.before(len(self._left))
            self._left[call] = self._ways_of(len(self._left))
        left = self._left[call]
        self._answers = {}
        if not left or left[0] in AFTER:
            answer = self.inner.write(service, operation, params, region)
        if not left:
            return answer
        self.faults += 1
        way = left.pop(0)
        if way == "blind-after":
            self._blind = True
            return answer
        return Faulty(_Done(self.inner), way, 1).write(service, operation, params, region)

    def _ways_of(self, number: int) -> list[str]:
        if self.circle_from is None or not self.ways:
            return list(self.ways)
        return [self.ways[(self.circle_from + number) % len(self.ways)]]


@dataclass
class _Done(Wrapping):
    """An account in which the call has been carried out already."""

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        return None


def go_on(attempt: Callable[[], None], aws: Interrupting) -> int:
    """Begin again after every fault, until it ends; returns how often that was. What fails by itself is raised."""
    times = 0
    while True:
        times += 1
        faults = aws.faults
        try:
            attempt()
        except (OpsctlError, Killed):
            if aws.faults == faults:
                raise
        else:
            return times
