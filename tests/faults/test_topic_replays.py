"""Archives and replays of FIFO topics against every fault: resumed they end, undone nobody stays deaf."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from opsctl.model.errors import OpsctlError
from opsctl.model.value import Json
from opsctl.sandbox.worlds.topic_outage import HAD, MISSED, TOPIC
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.ha_account import run, undo
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import client, fresh_world
from tests.kit.outage import ago
from tests.kit.ports import Faulty, Killed, MemoryJournal
from tests.kit.timed import move
from tests.kit.topic_outage import attributes_of, publish, replay_of, taken, world_of_topics

ARCHIVED: dict[str, Json] = {"topic": "bare.fifo", "days": 30}
ENDS = {"with an end": 23.0, "going on": 0.0}


def archive(rounds: Callable[[int], list[Round]]) -> None:
    with fresh_world() as world:
        arn = client("sns").create_topic(Name="bare.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]

        def look() -> Json:
            return client("sns").get_topic_attributes(TopicArn=arn)["Attributes"].get("ArchivePolicy")

        for one in rounds(1):
            plan, journal = world.plan("events-archive-topic", ARCHIVED), MemoryJournal()
            with suppress(OpsctlError, Killed):
                run(plan, Faulty(world.aws, one.fault, one.at), world, journal)
            if one.resumed:
                run(plan, world.aws, world, journal)
                assert look(), one
            undo(plan, world, journal)
            assert look() is None, one


def replay(path: Path, end: float, rounds: Callable[[int], list[Round]]) -> None:
    with world_of_topics() as (world, about):
        taken(HAD)
        inputs = {"topic": TOPIC, "queue": MISSED, "start": ago(about, 26)} | (
            {"end": ago(about, end)} if end else {}
        )
        calls = sum(one.kind == "call" for one in world.plan("events-replay-topic", inputs).changes)
        for number, one in enumerate(rounds(calls)):
            plan, journal, place = world.plan("events-replay-topic", inputs), MemoryJournal(), path / str(number)
            place.mkdir()
            with suppress(OpsctlError, Killed):
                carry_out(plan, world, journal, place, Faulty(world.aws, one.fault, one.at))
            if one.resumed:
                carry_out(plan, world, journal, place)
                assert attributes_of(MISSED)["ReplayStatus"] == "Completed", one
            undo(plan, world, journal)
            assert "EndingPoint" not in replay_of(MISSED), one
            move(about, 120)
            publish(500 + number)
            assert 500 + number in taken(MISSED), one
            assert taken(HAD) == [500 + number], one


def test_an_archive_of_a_topic_is_set_or_not_after_a_fault_at_its_call() -> None:
    archive(lambda calls: sampled("events-archive-topic", calls))


@pytest.mark.parametrize("end", ENDS)
def test_after_a_fault_at_another_call_the_subscription_receives_what_is_new(end: str, tmp_path: Path) -> None:
    replay(tmp_path, ENDS[end], lambda calls: sampled(f"replay of a topic {end}", calls))


@pytest.mark.exhaustive
def test_an_archive_of_a_topic_is_set_or_not_whatever_happens_to_its_call() -> None:
    archive(every)


@pytest.mark.exhaustive
@pytest.mark.parametrize("end", ENDS)
def test_whatever_call_fails_the_subscription_receives_what_is_new(end: str, tmp_path: Path) -> None:
    replay(tmp_path, ENDS[end], every)
