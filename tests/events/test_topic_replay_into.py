"""A replay of a FIFO topic into a queue of its own: nobody else gets anything or is paused, and nothing stays."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from opsctl.model.errors import InvalidInput, OpsctlError, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import QUICK, Conditions
from opsctl.sandbox.worlds.topic_outage import HAD, MISSED, TOPIC
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.ha_account import undo
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client
from tests.kit.outage import ago
from tests.kit.ports import Faulty, Killed, MemoryJournal, Wrapping
from tests.kit.queues import SNS_MAY_SEND, attribute, queue
from tests.kit.samples import one_in
from tests.kit.timed import move
from tests.kit.topic_outage import publish, subscription_to, taken, topic, world_of_topics

AGAIN = "again.fifo"


@dataclass
class Outage:
    """The account with a queue that nobody has subscribed."""

    world: World
    about: Conditions
    path: Path
    url: str

    def plan(self, **more: Json) -> Plan:
        """Plan a replay of the orders into that queue."""
        wish: dict[str, Json] = {"topic": TOPIC, "start": ago(self.about, 26), "end": ago(self.about, 23)}
        return self.world.plan("events-replay-topic", wish | {"into": AGAIN} | more)

    def run(self, plan: Plan, journal: MemoryJournal, aws: Aws | None = None, stop_after: int = 10**6) -> None:
        """Apply, or go on; somebody interrupts after so many looks at whether anybody did."""
        looks = iter(range(10**6))
        place = self.path / plan.id
        place.mkdir(exist_ok=True)
        carry_out(plan, self.world, journal, place, aws, stopping=lambda: next(looks) >= stop_after)

    def left(self) -> Json:
        """Who is subscribed, and the policy of the queue."""
        listed = client("sns").list_subscriptions_by_topic(TopicArn=topic())["Subscriptions"]
        return [sorted(one["Endpoint"] for one in listed), attribute(self.url, "Policy")]


@pytest.fixture
def outage(tmp_path: Path) -> Iterator[Outage]:
    with world_of_topics() as (world, about):
        url = queue(AGAIN)
        move(about, 5)
        taken(HAD)
        yield Outage(world, about, tmp_path, url)


def test_one_queue_gets_them_and_the_others_get_what_is_new_all_the_time(outage: Outage) -> None:
    before, plan, journal = outage.left(), outage.plan(), MemoryJournal()

    class Publishing(Wrapping):
        def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
            answer = super().write(service, operation, params, region)
            if operation == "Subscribe":
                publish(100)
            return answer

    outage.run(plan, journal, Publishing(outage.world.aws))
    assert sorted(taken(AGAIN)) == [1, 2, 3, 4, 5, 6]
    assert (taken(HAD), taken(MISSED)) == ([100], [100])
    assert "CloudWatch counted 6 delivered" in str(journal.records)
    assert outage.left() == before
    undo(plan, outage.world, journal)
    assert outage.left() == before


def test_a_queue_that_lets_the_topic_in_already_keeps_its_policy(outage: Outage) -> None:
    client("sqs").set_queue_attributes(QueueUrl=outage.url, Attributes={"Policy": SNS_MAY_SEND})
    plan = outage.plan()
    assert "edit" not in {one.kind for one in plan.changes}
    outage.run(plan, MemoryJournal())
    assert attribute(outage.url, "Policy") == SNS_MAY_SEND
    assert sorted(taken(AGAIN)) == [1, 2, 3, 4, 5, 6]


def test_interrupted_the_subscription_goes_and_an_undo_takes_the_permission(outage: Outage) -> None:
    outage.about.durations = replace(QUICK, replay_interval=60)
    before, plan, journal = outage.left(), outage.plan(), MemoryJournal()
    with pytest.raises(OpsctlError):
        outage.run(plan, journal, stop_after=7)
    assert "it was ended, and what was sent stays sent" in str(journal.records)
    assert outage.left()[0] == before[0]
    move(outage.about, 600)
    assert 0 < len(taken(AGAIN)) < 6
    undo(plan, outage.world, journal)
    assert outage.left() == before


def test_a_replay_that_fails_leaves_nothing_behind(outage: Outage) -> None:
    class Failing(Wrapping):
        def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
            answer = super().write(service, operation, params, region)
            if operation == "Subscribe":
                from moto.sns.models import sns_backends

                backend = sns_backends[outage.world.account]["us-east-1"]
                backend.subscriptions[subscription_to(AGAIN)].attributes["ReplayStatus"] = "Failed"
            return answer

    before = outage.left()
    with pytest.raises(OpsctlError, match="taken back"):
        outage.run(outage.plan(), MemoryJournal(), Failing(outage.world.aws))
    assert outage.left() == before


def test_a_subscribed_queue_a_replay_without_an_end_and_a_full_policy_are_refused(outage: Outage) -> None:
    for wrong, more in (
        ("is subscribed to topic", {"into": MISSED}),
        ("needs an end", {"end": ""}),
        ("once", {"queue": MISSED}),
        ("there is no queue", {"into": "nowhere.fifo"}),
    ):
        with pytest.raises(InvalidInput, match=wrong):
            outage.plan(**dict[str, Json](more))
    client("sqs").set_queue_attributes(QueueUrl=outage.url, Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    with pytest.raises(RefusedByGuard, match="queue-refused"):
        outage.plan()


def survive(outage: Outage, rounds: Callable[[int], list[Round]]) -> None:
    before = outage.left()
    calls = sum(one.kind in ("call", "edit") for one in outage.plan().changes)
    for one in rounds(calls):
        plan, journal = outage.plan(start=ago(outage.about, 48)), MemoryJournal()
        with suppress(OpsctlError, Killed):
            outage.run(plan, journal, Faulty(outage.world.aws, one.fault, one.at))
        if one.resumed:
            outage.run(plan, journal)
            assert outage.left() == before, one
        undo(plan, outage.world, journal)
        assert outage.left() == before, one
        move(outage.about, 60)


def test_after_another_fault_at_each_call_nothing_stays(outage: Outage) -> None:
    survive(outage, lambda calls: sampled("events-replay-topic into", calls))


@pytest.mark.exhaustive
def test_a_third_of_all_faults_at_each_call_leaves_nothing(outage: Outage) -> None:
    survive(outage, lambda calls: one_in(3, "events-replay-topic into", every(calls)))
