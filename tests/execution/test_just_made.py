"""What this run made a moment ago may not be known to every server yet: it is waited for, and only that."""

from dataclasses import dataclass, field

import pytest

from opsctl.execution.executor import SETTLE_WITHIN_S, Executor
from opsctl.model.changes import Change, Check, Proof
from opsctl.model.errors import AwsRefused, Drifted
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.references import reference
from opsctl.model.value import Json
from tests.kit.box_plans import add_item, get_box, make_box, plan_of
from tests.kit.ports import Box, FakeClock, MemoryJournal, refusal


@dataclass
class Scattered(Box):
    """Boxes that were made just now are seen once, by the proof; then by nobody for a while."""

    clock: FakeClock = field(default_factory=FakeClock)
    unseen_s: float = 10
    seen: bool = False
    until: float = 0.0

    def _hides(self, name: str) -> bool:
        return name in self.boxes and name == "new" and self.seen and self.clock.now() < self.until

    def read(self, read: Read) -> Answer:
        """Answer, or know of no box."""
        name = read.params.get("Name", "new")
        if self._hides(name):
            missing = refusal(RefusalKind.MISSING, "NoSuchBox", read.api)
            return Answer(value={"Boxes": []}) if read.operation == "ListBoxes" else Answer(refusal=missing)
        if name in self.boxes and not self.seen:
            self.seen, self.until = True, self.clock.now() + self.unseen_s
        return super().read(read)

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Carry out, or know of no box."""
        if self._hides(params["Name"]):
            raise AwsRefused(refusal(RefusalKind.MISSING, "NoSuchBox", f"{service}.{operation}"))
        return super().write(service, operation, params, region)


def needing(change: Change) -> Change:
    there = Check(read=get_box("new"), query="Lock", op="present", context=True, says="the box is there")
    return change.model_copy(update={"expect": (there, *change.expect)})


def put_beside(name: object) -> Change:
    """A plain call whose only use of the box is its name."""
    made = make_box("other", "beside")
    proof = Proof(configured=made.proof.configured, within_s=5)
    asked = {"expect": (), "proof": proof, "params": {"Name": "other", "Of": name, "Items": ["ours"]}}
    return made.model_copy(update=asked | {"depends_on": ("make",)})


FOLLOWING = {
    "expected": needing(add_item("x", "new", depends_on=("make",))),
    "edited": add_item("x", "new", depends_on=("make",)),
    "referred-to": put_beside(reference("make", "name")),
}


def run(change: Change, account: Scattered) -> MemoryJournal:
    journal = MemoryJournal()
    plan = plan_of(make_box("new"), change)
    Executor(plan, account, journal, account.clock, lambda _line: None, lambda: False).apply()
    return journal


@pytest.mark.parametrize("case", FOLLOWING)
def test_a_change_waits_until_what_it_builds_on_is_known(case: str) -> None:
    account = Scattered()
    journal = run(FOLLOWING[case], account)
    assert [journal.last(one) for one in ("make", FOLLOWING[case].id)] == ["done", "done"]
    assert 10 <= account.clock.now() - FakeClock().now() < SETTLE_WITHIN_S


@pytest.mark.parametrize("case", FOLLOWING)
def test_what_stays_unknown_ends_the_run_after_half_a_minute(case: str) -> None:
    account = Scattered(unseen_s=3600)
    with pytest.raises((Drifted, AwsRefused)):
        run(FOLLOWING[case], account)
    assert account.writes == ["PutBox"]
    assert SETTLE_WITHIN_S <= account.clock.now() - FakeClock().now() < SETTLE_WITHIN_S + 15


@pytest.mark.parametrize("case", FOLLOWING)
def test_a_change_that_builds_on_nothing_of_this_run_waits_for_nothing(case: str) -> None:
    account = Scattered(unseen_s=3600)
    with pytest.raises((Drifted, AwsRefused)):
        run(FOLLOWING[case].model_copy(update={"depends_on": ()}), account)
    assert account.clock.slept == []


def test_what_is_seen_and_different_is_drift_at_once() -> None:
    account = Scattered(unseen_s=0)
    other = Check(read=get_box("new"), query="Items", op="equals", value=["theirs"], says="it is theirs")
    change = add_item("x", "new", depends_on=("make",)).model_copy(update={"expect": (other,)})
    with pytest.raises(Drifted, match="it is theirs"):
        run(change, account)
    assert account.clock.slept == []
