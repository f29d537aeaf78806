"""Undo, over arbitrary changes: nothing counts as taken back while what was made is still there."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.execution.asking import Asking
from opsctl.execution.executor import Executor
from opsctl.execution.inverse import inverse_of, irreversible_in
from opsctl.model.changes import Change, Check, Instruction, Irreversible, Proof
from opsctl.model.errors import OpsctlError
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Identity
from opsctl.model.value import Json
from tests.kit.box_plans import plan_of
from tests.kit.ports import IDENTITY, FakeClock, MemoryJournal


class Agreeing:
    """An account in which every predicate holds at once, until something is written."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._found = {check.read.key: _found_for(check) for check in checks}
        self.writes: list[str] = []

    @property
    def identity(self) -> Identity:
        """Who calls."""
        return IDENTITY

    def read(self, read: Read) -> Answer:
        """Answer what the check on that read wants to find."""
        return Answer(value={"Found": self._found[read.key]})

    def takes(self, _service: str, _operation: str) -> frozenset[str]:
        """No call takes anything."""
        return frozenset()

    def write(self, _service: str, operation: str, _params: dict[str, Json], _region: str | None) -> Json:
        """Do nothing."""
        self.writes.append(operation)
        return {}


def _found_for(check: Check) -> Json:
    return {"equals": check.value, "contains": check.value, "present": "x"}.get(check.op)


_NUMBERS = st.integers(0, 10**9)
_VALUES = st.lists(st.text(min_size=1, max_size=3), max_size=2)


@st.composite
def _check(draw: st.DrawFn, *, context: bool | None = None) -> Check:
    op = draw(st.sampled_from(["equals", "contains", "excludes", "within", "empty", "present"]))
    return Check(
        read=Read(service="box", operation="GetBox", params={"Number": draw(_NUMBERS)}),
        query="Found",
        op=op,
        value=draw(_VALUES) if op in ("equals", "contains", "excludes", "within") else None,
        context=draw(st.booleans()) if context is None else context,
        says="so it is",
    )


_CHECKS = st.lists(_check(), max_size=3).map(tuple)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    kind: Any = draw(st.sampled_from(["call", "edit"]))
    proof = draw(_CHECKS.filter(lambda checks: any(check.can_fail for check in checks)))
    undo = draw(st.sampled_from([Instruction(kind=kind, service="box", operation="Undo"), _FINAL]))
    return Change(
        kind=kind,
        service="box",
        operation="Do",
        id="c",
        title="do",
        why="because",
        expect=draw(_CHECKS),
        proof=Proof(configured=proof, within_s=1),
        undo=undo,
        undo_leaves_it=draw(st.booleans()),
    )


_FINAL = Irreversible(because="it is final")


def _checks_of(change: Change) -> Iterator[Check]:
    yield from change.expect
    yield from change.proof.configured


def _distinct(change: Change) -> bool:
    checks = list(_checks_of(change))
    return len({check.read.key for check in checks}) == len(checks)


@given(changes().filter(_distinct))
def test_every_change_has_an_inverse_that_can_fail_or_is_said_to_be_final(change: Change) -> None:
    plan = plan_of(change)
    inverse = inverse_of(plan, ["c"])
    assert len(inverse) + len(irreversible_in(plan, ["c"])) == 1
    for one in inverse:
        assert one.proof.can_fail
        made = Asking(Agreeing(list(_checks_of(change))), {})
        there = not all(result.held for result in made.prove(one.proof))
        assert there or change.undo_leaves_it, "what was made is still there"


@given(changes().filter(_distinct))
def test_an_undo_that_reports_success_has_made_its_call(change: Change) -> None:
    aws = Agreeing(list(_checks_of(change)))
    for one in inverse_of(plan_of(change.model_copy(update={"undo_leaves_it": False})), ["c"]):
        executor = Executor(plan_of(one), aws, MemoryJournal(), FakeClock(), lambda _line: None, lambda: False)
        with pytest.raises(OpsctlError, match="not confirmed"):
            executor.apply()
        assert aws.writes == ["Undo"]
        assert [change for change, _ in executor.compared().drifted] == []
