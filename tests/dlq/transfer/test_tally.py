"""The tally of a move: what it keeps stays bounded, however many messages pass."""

from pathlib import Path

import pytest

from opsctl.dlq.transfer.sending import Sent, Stayed
from opsctl.dlq.transfer.tally import NAMED_AT_MOST, Tally
from opsctl.model.value import Json
from tests.kit.memory_sqs import MemorySqs
from tests.kit.moves import aside, move
from tests.kit.ports import FakeClock


def message(id_: str) -> Json:
    return {"MessageId": id_, "ReceiptHandle": "h", "Body": "x"}


def test_ids_of_sent_messages_are_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsctl.dlq.transfer.tally._RECENT", 1000)
    tally = Tally(0, aside())
    for batch in range(500):
        tally.sent(Sent(new_ids=[f"new-{batch}-{n}" for n in range(10)]))
    assert len(tally._recent) == len(tally._order) == 1000
    tally.later(message("new-499-5"))
    tally.later(message("new-0-5"))
    assert (tally.came_back, tally.newcomers) == (1, 1)


def test_of_what_stayed_every_message_counts_and_the_first_are_named() -> None:
    tally = Tally(0, aside())
    for number in range(NAMED_AT_MOST + 500):
        tally.stay(Stayed(message(f"m-{number}"), "Code", f"reason {number}"))
    assert tally.stayed == NAMED_AT_MOST + 500
    assert len(tally.named) == len(tally.reasons) == NAMED_AT_MOST


class WantsNothing:
    """A filter that lets nothing through."""

    def wants(self, _message: Json) -> bool:
        return False

    def edited(self, message: Json) -> Json:
        return message


def test_a_move_stops_before_more_is_held_aside_than_sqs_lets_be_in_flight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsctl.dlq.transfer.transfer.HELD_AT_MOST", 200)
    sqs = MemorySqs(FakeClock())
    sqs.make("dead")
    sqs.make("home")
    sqs.put("dead", *(f"{n}" for n in range(300)))
    result = move(sqs, tmp_path, "dead", "home", message_filter=WantsNothing())
    assert not result.complete
    assert "200 messages are kept in flight" in result.says
    assert (result.details["left_by_filter"], result.details["not_looked_at"]) == (200, 100)
    assert all(one.visible_at <= sqs.clock.now() for one in sqs.queues["dead"].messages.values())
