"""The sandbox's store of messages against moto's: it does the same, without looking at all of them each time."""

import importlib.util
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from opsctl.sandbox.engine.clock import HandClock
from opsctl.sandbox.engine.conditions import set_conditions
from opsctl.sandbox.rules import sqs_messages as rules_sqs_messages
from tests.kit.moto_account import World, fresh_world, server

CLOCK = HandClock()


@pytest.fixture(autouse=True)
def account() -> Iterator[World]:
    server()
    with fresh_world() as world:
        set_conditions(world.account, clock=CLOCK)
        yield world


def wait(seconds: float) -> None:
    CLOCK.move_to(CLOCK.now() + seconds)


def plain_moto() -> Any:
    """moto's SQS as it comes, once more beside the one that the rules have changed."""
    from moto.sqs import models

    name = "moto.sqs.models_as_they_come"
    spec = importlib.util.spec_from_file_location(name, Path(str(models.__file__)))
    assert spec is not None
    assert spec.loader is not None
    made: Any = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    del sys.modules[name]
    made.unix_time, made.unix_time_millis = CLOCK.now, lambda: CLOCK.now() * 1000
    return made


class Side:
    """One of two backends that are told the same, and what it answers, in names that both have."""

    def __init__(self, models: Any, account: str) -> None:
        self.backend = models.SQSBackend("us-east-1", account)
        models.sqs_backends[account]["us-east-1"] = self.backend
        self.backend.create_queue("dead")
        policy = {"deadLetterTargetArn": self.backend.queues["dead"].queue_arn, "maxReceiveCount": 3}
        self.backend.create_queue("work", RedrivePolicy=policy)
        self.held: dict[str, str] = {}

    def send(self, name: str, number: int, delay: int) -> None:
        self.backend.send_message(name, f"{number}", delay_seconds=delay)

    def receive(self, name: str, count: int, hidden: int) -> list[tuple[str, int]]:
        found = self.backend.receive_message(name, count, 0, hidden)
        self.held |= {f"{name} {one.body}": one.receipt_handle for one in found}
        return [(one.body, one.approximate_receive_count) for one in found]

    def delete(self, name: str, number: int) -> str:
        return self._with(name, number, self.backend.delete_message)

    def hide(self, name: str, number: int, hidden: int) -> str:
        return self._with(name, number, self.backend.change_message_visibility, hidden)

    def _with(self, name: str, number: int, call: Callable[..., None], *more: int) -> str:
        handle = self.held.get(f"{name} {number}")
        if handle is None:
            return "not held"
        try:
            call(name, handle, *more)
        except Exception as refusal:  # noqa: BLE001 - what kind it is, is compared
            return type(refusal).__name__
        return "done"

    def depths(self) -> list[int]:
        return [
            getattr(self.backend.queues[name], f"approximate_number_of_messages{kind}")
            for name in ("work", "dead")
            for kind in ("", "_not_visible", "_delayed")
        ]


def step(chance: random.Random, number: int) -> tuple[str, tuple[Any, ...]]:
    """One thing that happens to standard queues, of those that AWS does as moto does."""
    name, some = chance.choice(["work", "work", "dead"]), chance.randrange(max(1, number))
    return chance.choice(
        [
            ("send", ("work", number, chance.choice([0, 0, 0, 5]))),
            ("receive", (name, chance.randint(1, 10), chance.choice([0, 1, 5, 30]))),
            ("receive", (name, chance.randint(1, 10), chance.choice([1, 5, 30]))),
            ("delete", (name, some)),
            ("hide", (name, some, chance.choice([0, 2, 60]))),
        ]
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_standard_queue_does_as_moto_does(seed: int, account: World) -> None:
    from moto.sqs import models

    chance = random.Random(seed)  # noqa: S311 - operations, not secrets
    sides = Side(models, account.account), Side(plain_moto(), account.account)
    moved = 0
    for number in range(400):
        what, params = step(chance, number)
        if what in ("delete", "hide") and not knows(sides[1], *params[:2]):
            continue
        told = [getattr(side, what)(*params) for side in sides]
        assert told[0] == told[1], (number, what, params)
        wait(chance.choice([0.003, 0.003, 0.7, 6.1]))
        depths = [side.depths() for side in sides]
        assert depths[0] == depths[1], (number, what, params)
        moved = max(moved, sum(depths[0][3:]))
    assert moved > 5


def knows(side: Side, name: str, number: int) -> bool:
    """Tell whether a message is in a queue: the handles of others AWS treats otherwise than moto."""
    handle = side.held.get(f"{name} {number}")
    return any(one.receipt_handle == handle for one in side.backend.queues[name]._messages)


@pytest.mark.parametrize("suffix", ["", ".fifo"], ids=["standard", "fifo"])
def test_a_receive_looks_at_no_more_messages_when_the_queue_is_longer(suffix: str, account: World) -> None:
    from moto.sqs.models import sqs_backends

    backend = sqs_backends[account.account]["us-east-1"]
    for length in (100, 2_000):
        name = f"q{length}{suffix}"
        made = backend.create_queue(name, **({"FifoQueue": "true"} if suffix else {}))
        for number in range(length):
            more = {"group_id": f"g{number % 50}", "deduplication_id": f"{number}"} if suffix else {}
            backend.send_message(name, "x", **more)
        held = rules_sqs_messages.contents(made)
        for _ in range(length // 20):
            before = held.looked_at
            found = backend.receive_message(name, 10, 0, 30)
            assert len(found) == 10
            assert held.looked_at - before <= 12
            for one in found[:5]:
                backend.delete_message(name, one.receipt_handle)
            wait(1)
