"""Accounts whose time passes only when told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from opsctl.sandbox.clock import HandClock
from opsctl.sandbox.conditions import Conditions, Durations, hand_clock, set_conditions
from tests.kit.moto_account import World, client, fresh_world, server


@contextmanager
def timed_world(
    *seeds: Callable[[Callable[[str], Any]], object], durations: Durations | None = None
) -> Iterator[tuple[World, Conditions]]:
    """Give a new account on a clock of its own; nothing takes time while it is seeded, then as long as told."""
    server()
    with fresh_world() as world:
        about = set_conditions(world.account, clock=HandClock())
        for seed in seeds:
            seed(client)
        about.durations = durations or Durations()
        yield world, about


def move(about: Conditions, seconds: float, after_each: Callable[[], None] = lambda: None) -> None:
    """Let time pass, and everything that is due happen at its moment; `after_each` looks on after every step."""
    clock, timeline = hand_clock(about), about.timeline
    until = clock.now() + seconds
    while (due := timeline.next_due()) is not None and due <= until:
        clock.move_to(due)
        timeline.catch_up()
        after_each()
    clock.move_to(until)
