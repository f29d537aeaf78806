"""The pace of a move: what was asked for, less while AWS throttles, and back again."""

from opsctl.dlq.transfer.backoff import Patience
from opsctl.dlq.transfer.rate import Rate
from tests.kit.ports import FakeClock


class Line:
    """A clock, and a rate that is taken from ten messages at a time."""

    def __init__(self, per_s: float) -> None:
        self.clock = FakeClock()
        self.patience = Patience(self.clock, lambda: False)
        self.rate = Rate(per_s, self.clock, self.patience)

    def take_for(self, seconds: float, each_s: float = 0.01, *, throttled: bool = False) -> float:
        """Take as fast as possible, each call taking so long; returns messages a second."""
        began, taken = self.clock.now(), 0
        while self.clock.now() - began < seconds:
            self.rate.take(10)
            self.clock.sleep(each_s)
            taken += 10
            self.patience.waits += throttled
        return taken / (self.clock.now() - began)


def test_without_a_limit_nobody_waits() -> None:
    assert Line(0).take_for(5) > 990


def test_a_limit_is_kept() -> None:
    assert 95 <= Line(100).take_for(10) <= 106


def test_what_was_taken_and_not_used_may_go_later() -> None:
    line = Line(10)
    line.rate.take(10)
    line.rate.give_back(10)
    before = line.clock.now()
    line.rate.take(2)
    assert line.clock.now() == before


def test_throttling_slows_everybody_down_also_without_a_limit() -> None:
    line = Line(0)
    line.take_for(3)
    line.take_for(4, throttled=True)
    assert 0 < line.rate.pace < 500


def test_a_throttled_limit_falls_and_comes_back_to_what_was_asked() -> None:
    line = Line(100)
    line.take_for(5, throttled=True)
    assert line.rate.pace < 50
    line.take_for(60)
    assert line.rate.pace == 100


def test_without_a_limit_the_pace_is_let_go_once_it_binds_nobody() -> None:
    line = Line(0)
    line.take_for(5, throttled=True)
    assert line.rate.pace > 0
    line.take_for(60)
    assert line.rate.pace == 0


def test_a_pace_never_falls_to_a_stop() -> None:
    line = Line(0)
    line.take_for(120, 1.0, throttled=True)
    assert line.rate.pace >= 1
