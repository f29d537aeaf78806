"""Accounts whose time passes only when told."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from opsctl.sandbox.engine.clock import HandClock
from opsctl.sandbox.engine.conditions import Conditions, Durations, hand_clock, set_conditions
from opsctl.sandbox.engine.lambda_jobs import next_job_due, run_due
from tests.kit.moto_account import World, client, fresh_world, server
from tests.kit.seeded import seed_account


@contextmanager
def timed_world(
    *seeds: Callable[[Callable[[str], Any]], object], durations: Durations | None = None
) -> Iterator[tuple[World, Conditions]]:
    """Give a new account on a clock of its own; nothing takes time while it is seeded, then as long as told."""
    server()
    with fresh_world() as world:
        about = set_conditions(world.account, clock=HandClock())
        seed_account(world.account, seeds, client)
        about.durations = durations or Durations()
        yield world, about


def move(about: Conditions, seconds: float, after_each: Callable[[], None] = lambda: None) -> None:
    """Let time pass: everything that is due happens at its moment, functions are run, and then time goes on.

    `after_each` looks on after every step.
    """
    clock, timeline = hand_clock(about), about.timeline
    account = os.environ["MOTO_ACCOUNT_ID"]
    until = clock.now() + seconds
    while True:
        dues = [due for due in (timeline.next_due(), next_job_due(about)) if due is not None]
        if not dues or min(dues) > until:
            break
        clock.move_to(min(dues))
        timeline.catch_up()
        after_each()
        if run_due(account):
            after_each()
    clock.move_to(until)


class MovingClock:
    """The executor's clock: waiting moves the account's."""

    def __init__(self, about: Conditions) -> None:
        self._about = about

    def now(self) -> float:
        """Seconds since the epoch."""
        return hand_clock(self._about).now()

    def sleep(self, seconds: float) -> None:
        """Let time pass in the account."""
        move(self._about, max(seconds, 0.1))
