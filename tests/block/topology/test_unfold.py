"""Lookings that give rise to fetchings, in as few rounds as the longest chain."""

from opsctl.block.topology.unfold import both, unfold
from opsctl.model.fetching import Fetching, fetch
from opsctl.model.reads import Read
from tests.kit.canned import drive

ANSWERS = {"box.Get": {"Box": 1}}


def chain(name: str, length: int) -> Fetching[str]:
    """Read a box several times, one after the other."""
    for step in range(length):
        yield from fetch(Read(service="box", operation="Get", params={"Name": f"{name}{step}"}))
    return name


def test_all_that_is_under_way_is_read_in_one_round() -> None:
    found: list[str] = []

    def more(name: str) -> list[Fetching[str]]:
        found.append(name)
        return [chain(f"{name}{one}", 1) for one in "xyz"] if len(name) < 3 else []

    _, reader = drive(unfold([chain("a", 1), chain("b", 2)], more), ANSWERS)
    assert reader.rounds == 4
    assert len(found) == 2 + 6 + 18


def test_what_needs_no_read_starts_its_successors_at_once() -> None:
    _, reader = drive(unfold([chain("a", 0)], lambda name: [chain("b", 1)] if name == "a" else []), ANSWERS)
    assert reader.rounds == 1


def test_a_slow_one_does_not_hold_back_the_others() -> None:
    order: list[str] = []

    def more(name: str) -> list[Fetching[str]]:
        order.append(name)
        return [chain("after-quick", 1)] if name == "quick" else []

    drive(unfold([chain("slow", 5), chain("quick", 1)], more), ANSWERS)
    assert order == ["quick", "after-quick", "slow"]


def test_two_lookings_of_different_kinds_run_side_by_side() -> None:
    def count() -> Fetching[int]:
        yield from fetch(Read(service="box", operation="Get"))
        return 7

    found, reader = drive(both(chain("a", 1), count()), ANSWERS)
    assert found == ("a", 7)
    assert reader.rounds == 1
