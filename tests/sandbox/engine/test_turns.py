"""One at a time in the sandbox: nobody sees an account half changed, and who waits keeps nobody waiting."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from opsctl.sandbox.engine.turns import aside, turn
from opsctl.sandbox.rules import sqs_messages
from tests.kit.moto_account import client, fresh_world, over_http
from tests.kit.queues import queue, send

BOUND_S = 60


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    with fresh_world():
        yield


def test_who_comes_during_a_turn_waits_for_its_end_and_who_steps_aside_lets_others_in() -> None:
    told: list[str] = []
    done = threading.Event()

    def other(name: str) -> None:
        with turn():
            told.append(name)
            done.set()

    def begin(name: str) -> threading.Thread:
        thread = threading.Thread(target=other, args=(name,))
        thread.start()
        return thread

    with turn(), turn():
        with aside():
            begin("let in")
            assert done.wait(BOUND_S)
        last = begin("waited")
        last.join(0.05)
        told.append("mine")
    last.join(BOUND_S)
    assert told == ["let in", "mine", "waited"]


def test_stepping_aside_without_a_turn_is_nothing() -> None:
    with aside(), turn():
        pass


def test_a_message_reaches_a_receiver_that_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqs_messages, "WAITED", 1.0)
    url = queue("slow")

    def receive() -> list[str]:
        got = client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages", [])
        return [one["Body"] for one in got]

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(receive)
        send(url, "at last")
        assert waiting.result(BOUND_S) == ["at last"]


def test_no_call_is_answered_while_another_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.sqs.models import SQSBackend

    inside, most = [0], [0]

    def slowly(_: object, *__: object) -> list[object]:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        threading.Event().wait(0.02)
        inside[0] -= 1
        return []

    monkeypatch.setattr(SQSBackend, "list_queues", slowly)
    clients = [client("sqs"), over_http("sqs")]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: clients[number % 2].list_queues(), range(4)))
    assert most == [1]
