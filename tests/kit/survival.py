"""Puts a run through faults at its calls: each fault at each call, the run then resumed, or taken back.

One run meets them one after the other. A fault ends it; it is begun again, and meets the next fault, until it is
through with the call. What the journal answers and the whole memory of the account are compared before each new
call: where both are as in a run that nothing disturbed, what comes after is that run, and is not made for each
fault anew. Where they are not, each round of that call is made by itself, from its beginning to its end. What
takes the run back after a fault is made in a copy of this process, once for all faults that leave the same.
"""

import json
import pickle
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from opsctl.model.errors import OpsctlError
from opsctl.model.ports import Aws
from opsctl.model.value import Json, canonical
from tests.kit.fault_rounds import Round
from tests.kit.forks import aside, files_in
from tests.kit.moto_account import World
from tests.kit.ports import FAULTS, Faulty, Killed, MemoryJournal, Wrapping
from tests.kit.whole_account import WholeAccount

AFTER = ("killed-after", "lost-after")
"""Faults of calls that AWS has carried out: the last that a run can meet at a call."""
_SECONDS = re.compile(r"\b1\d{9}(\.\d+)?\b")


class Put(NamedTuple):
    """A run and what it works on.

    `start` begins it or goes on with it, as its journal tells. `then` goes on after the fault of a round: resumes
    the run or does not, takes it back, and looks. `path` is where the checkpoints of its jobs are.
    """

    world: World
    aws: Aws
    journal: MemoryJournal
    start: Callable[[Aws], None]
    then: Callable[[Round], None]
    path: Path | None


class Mark(NamedTuple):
    """How far a run has got, without what is by chance.

    `told` is the last that the journal knows of each change. `intended` is all that the plan of an undo and its
    jobs are told: what may have been made, with which values, and the checkpoints. `account` is what is different
    in the account's memory since before the run.
    """

    told: str
    intended: str
    account: dict[str, int]


def through(
    world: World,
    rounds: Sequence[Round],
    start: Callable[[Aws], None],
    then: Callable[[Round], None],
    *,
    journal: MemoryJournal,
    aws: Aws | None = None,
    path: Path | None = None,
) -> None:
    """Put a run through its rounds, see `Put`; the account is left as it was.

    Rounds at calls that the run does not make are none.
    """
    put = Put(world, aws or world.aws, journal, start, then, path)
    whole = WholeAccount(world.account, everything=True)
    with aside(path) as undisturbed:
        if undisturbed.is_copy:
            undisturbed.told = pickle.dumps(_Meeting(put, whole, (), [], set()).go().marks)
    marks: list[Mark] = pickle.loads(undisturbed.told)  # noqa: S301 - of this process
    left, apart = [one for one in rounds if one.at < len(marks)], list[Round]()
    taken_back: set[str] = set()
    assert left, "none of the rounds is at a call of the run"
    while left:
        with aside(path) as chain:
            if chain.is_copy:
                met = _Meeting(put, whole, left, marks, taken_back).go()
                chain.told = pickle.dumps((met.left, met.apart, met.taken_back))
        before, (left, more, taken_back) = left, pickle.loads(chain.told)  # noqa: S301 - of this process
        assert len(left) < len(before), f"the run does not come to the calls of {left}"
        apart += more
    for one in apart:
        with aside(path) as alone:
            if alone.is_copy:
                _by_itself(put, one)


def _by_itself(put: Put, one: Round) -> None:
    """Make a round from its beginning to its end."""
    with suppress(OpsctlError, Killed):
        put.start(Faulty(put.aws, one.fault, one.at))
    put.then(one)


class _Apart(BaseException):
    """Here the account or the journal is not as it was without faults."""


class _Meeting(Wrapping):
    """A run that meets faults, as many at each call as it can; without any it makes the marks.

    `left` are the rounds of faults that are still to be met, `apart` those after which something was otherwise,
    and `taken_back` tells what has been taken back already.
    """

    def __init__(
        self, put: Put, whole: WholeAccount, rounds: Sequence[Round], marks: list[Mark], taken_back: set[str]
    ) -> None:
        super().__init__(put.aws)
        self.left, self.apart, self.marks = sorted(rounds, key=_in_turn), list[Round](), marks
        self._put, self._whole, self._makes_marks = put, whole, not rounds
        self._calls: dict[str, int] = {}
        self._here = 0
        self._met: list[Round] = []
        self._to_be_seen: list[Round] = []
        self.taken_back = taken_back

    def go(self) -> "_Meeting":
        """Begin again after each fault until the run is through, and take it back; nothing is made after that."""
        try:
            while not self._attempted():
                self._take_back()
            seen = self._arrive()
        except _Apart:
            return self
        if not all(one.resumed for one in seen):
            with aside(self._put.path) as rest:
                if rest.is_copy:
                    self._put.then(Round(len(self._calls), "none", resumed=False))
        self._put.then(Round(len(self._calls), "none", resumed=True))
        return self

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Meet the next fault of this call, one an attempt; carry it out where there is none."""
        name = self._name(service, operation, params)
        again = self._here == self._calls.get(name)
        if name not in self._calls:
            self._arrive()
            self._calls[name] = len(self._calls) + 1
        self._here = self._calls[name]
        faults = [one.fault for one in self.left if one.at == self._here]
        if again or not faults:
            return self.inner.write(service, operation, params, region)
        self._met = [one for one in self.left if (one.at, one.fault) == (self._here, faults[0])]
        self._to_be_seen += self._met
        self.left = [one for one in self.left if one not in self._met]
        return Faulty(self.inner, faults[0], 1).write(service, operation, params, region)

    def _attempted(self) -> bool:
        """Begin the run or go on with it; tell whether it is through."""
        self._here, self._met = 0, []
        try:
            self._put.start(self)
        except (OpsctlError, Killed):
            if not self._met:
                raise
            return False
        return True

    def _name(self, service: str, operation: str, params: dict[str, Json]) -> str:
        """What tells a call from the others of the run: its change, and of a job what is asked for as well."""
        records = reversed(self._put.journal.records)
        change, intent = next((change, told) for change, event, told in records if event == "intent")
        own = intent["api"] == f"{service}.{operation}"
        return change if own else f"{change} {canonical([service, operation, params])}"

    def _arrive(self) -> list[Round]:
        """Look before a new call and at the end whether all is as it was without faults; return whose faults."""
        seen, self._to_be_seen = self._to_be_seen, []
        if self._makes_marks:
            self.marks.append(self._mark())
        elif seen and [self._mark()] != self.marks[len(self._calls) : len(self._calls) + 1]:
            self.apart += seen
            raise _Apart
        return seen

    def _take_back(self) -> None:
        """Take back what a fault has left, in a copy, unless another fault has left the same."""
        mark = self._mark()
        left = canonical([mark.intended, mark.account])
        for one in self._met:
            if not one.resumed:
                self._to_be_seen.remove(one)
                self._end_once(one, left)

    def _end_once(self, one: Round, left: str) -> None:
        if left not in self.taken_back:
            self.taken_back.add(left)
            with aside(self._put.path) as rest:
                if rest.is_copy:
                    self._put.then(one)

    def _mark(self) -> Mark:
        journal = self._put.journal
        names = dict.fromkeys(name for name, _, _ in journal.records)
        intents = {name: sorted({canonical(one) for one in journal.open_intents(name)}) for name in names}
        intents = {name: several for name, several in intents.items() if several}
        kept = {one.name: _kept_in(one) for one in files_in(self._put.path)}
        return Mark(
            told=self._plain([journal.last(name) for name in names]),
            intended=self._plain([journal.intended(), intents, kept]),
            account=self._whole.changed(),
        )

    def _plain(self, value: Json) -> str:
        return _SECONDS.sub("TIME", self._whole.plain(canonical(value)))


def _in_turn(one: Round) -> tuple[int, bool, int]:
    return one.at, one.fault in AFTER, FAULTS.index(one.fault)


def _kept_in(checkpoint: Path) -> Json:
    """What a checkpoint answers: the last value of each name, and all else that is recorded, in its order."""
    records = [json.loads(line) for line in checkpoint.read_bytes().rstrip(b"\0").splitlines()]
    values = {one[1]: one[2] for one in records if one[0] == "kept"}
    return [values, [one for one in records if one[0] != "kept"]]
