"""Archive and replay of FIFO topics with boto3 as the witness: whoever was named gets them, and receives again."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from opsctl.model.changes import Irreversible
from opsctl.model.errors import Drifted, InvalidInput, OpsctlError, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.value import Json
from opsctl.sandbox.engine.conditions import QUICK, Conditions
from opsctl.sandbox.worlds.topic_outage import HAD, MISSED, TOPIC
from tests.kit.deliveries import Account, arn, lets
from tests.kit.ha_account import run, undo
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client
from tests.kit.outage import ago
from tests.kit.ports import Faulty, Killed, MemoryJournal, Wrapping
from tests.kit.queues import queue
from tests.kit.timed import move
from tests.kit.topic_outage import (
    attributes_of,
    publish,
    replay_of,
    subscription_to,
    taken,
    topic,
    world_of_topics,
)


@dataclass
class Outage:
    """The account, and what a replay there is asked for."""

    world: World
    about: Conditions
    path: Path

    def plan(self, *, accept: tuple[str, ...] = (), **more: Json) -> Plan:
        """Plan a replay of the orders that were missed."""
        wish: dict[str, Json] = {"topic": TOPIC, "start": ago(self.about, 26), "end": ago(self.about, 23)}
        who = {} if {"subscription", "queue", "into"} & more.keys() else {"queue": MISSED}
        return self.world.plan("events-replay-topic", wish | who | more, accept)

    def run(self, plan: Plan, journal: MemoryJournal, aws: Aws | None = None, stop_after: int = 10**6) -> None:
        """Apply, or go on; somebody interrupts after so many looks at whether anybody did."""
        looks = iter(range(10**6))
        carry_out(plan, self.world, journal, self.path, aws, stopping=lambda: next(looks) >= stop_after)


@pytest.fixture
def outage(tmp_path: Path) -> Iterator[Outage]:
    with world_of_topics() as (world, about):
        taken(HAD)
        yield Outage(world, about, tmp_path)


def test_who_missed_them_gets_them_once_nobody_else_does_and_what_is_new_comes_after(outage: Outage) -> None:
    plan, journal = outage.plan(), MemoryJournal()
    outage.run(plan, journal)
    came = taken(MISSED)
    assert sorted(came) == [1, 2, 3, 4, 5, 6]
    assert [one for one in came if one % 2] == [1, 3, 5]
    assert taken(HAD) == []
    assert "CloudWatch counted 6 delivered, and none was counted as failed" in str(journal.records)
    assert attributes_of(MISSED)["ReplayStatus"] == "Completed"
    assert "EndingPoint" not in replay_of(MISSED)
    publish(7)
    assert (taken(MISSED), taken(HAD)) == ([7], [7])
    before = replay_of(MISSED)
    undo(plan, outage.world, journal)
    assert replay_of(MISSED) == before


def test_with_an_end_nothing_new_comes_and_the_last_change_mends_it(outage: Outage) -> None:
    """Mistake 17: the closing change is in the plan, and the plan says what would be without it."""
    plan = outage.plan()
    assert [one.id.rpartition("/")[2] for one in plan.changes] == [
        "start", "watch", "completed", "receives", "caught-up", "counted",
    ]  # fmt: skip
    assert "will receive nothing new afterwards" in plan.changes[0].risk.note
    assert "silent" in {one.id for one in plan.warnings}
    closing = json.loads(str(plan.changes[3].params["AttributeValue"]))
    assert "EndingPoint" not in closing
    open_ended = outage.plan(end="")
    assert [one.id.rpartition("/")[2] for one in open_ended.changes] == ["start", "watch", "completed", "counted"]
    assert "silent" not in {one.id for one in open_ended.warnings}


def test_what_is_published_while_it_runs_is_not_lost(outage: Outage) -> None:
    plan = outage.plan()

    class Publishing(Wrapping):
        def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
            answer = super().write(service, operation, params, region)
            if operation == "SetSubscriptionAttributes":
                publish(100 + len(taken(HAD)))
            return answer

    outage.run(plan, MemoryJournal(), Publishing(outage.world.aws))
    assert sorted(taken(MISSED)) == [1, 2, 3, 4, 5, 6, 100, 101]


def test_without_an_end_it_catches_up_and_an_undo_does_not_repeat_it(outage: Outage) -> None:
    plan, journal = outage.plan(end=""), MemoryJournal()
    outage.run(plan, journal)
    assert sorted(taken(MISSED)) == [1, 2, 3, 4, 5, 6]
    publish(7)
    assert taken(MISSED) == [7]
    move(outage.about, 600)
    undo(plan, outage.world, journal)
    move(outage.about, 600)
    assert taken(MISSED) == []


def test_interrupted_it_is_ended_and_the_subscription_receives_again(outage: Outage) -> None:
    outage.about.durations = replace(QUICK, replay_interval=60)
    plan, journal = outage.plan(), MemoryJournal()
    with pytest.raises(OpsctlError):
        outage.run(plan, journal, stop_after=6)
    sent = len(taken(MISSED))
    assert 0 < sent < 6
    assert "it was ended, and what was sent stays sent" in str(journal.records)
    assert "EndingPoint" not in replay_of(MISSED)
    move(outage.about, 600)
    publish(7)
    assert taken(MISSED) == [7]
    undo(plan, outage.world, journal)
    assert "EndingPoint" not in replay_of(MISSED)


def test_killed_at_any_moment_it_is_gone_on_with_and_undone_the_subscription_receives_again(
    outage: Outage,
) -> None:
    class Dying(Wrapping):
        def read(self, read):  # type: ignore[no-untyped-def]
            if (
                read.operation == "GetSubscriptionAttributes"
                and attributes_of(MISSED).get("ReplayStatus") == "Pending"
            ):
                raise Killed
            return super().read(read)

    plan, journal = outage.plan(), MemoryJournal()
    with pytest.raises(Killed):
        outage.run(plan, journal, Dying(outage.world.aws))
    outage.run(plan, journal)
    assert sorted(taken(MISSED)) == [1, 2, 3, 4, 5, 6]
    plan, journal = outage.plan(), MemoryJournal()
    with pytest.raises(Killed):
        outage.run(plan, journal, Dying(outage.world.aws))
    move(outage.about, 600)
    publish(7)
    taken(MISSED)
    undo(plan, outage.world, journal)
    move(outage.about, 600)
    assert taken(MISSED) == [7]


def test_a_replay_that_fails_ends_the_run_and_the_subscription_receives_again(outage: Outage) -> None:
    class Failing(Wrapping):
        def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
            answer = super().write(service, operation, params, region)
            if "EndingPoint" in str(params.get("AttributeValue")):
                fail(outage.world)
            return answer

    with pytest.raises(OpsctlError, match="taken back"):
        outage.run(outage.plan(), MemoryJournal(), Failing(outage.world.aws))
    assert "EndingPoint" not in replay_of(MISSED)
    move(outage.about, 60)
    publish(7)
    assert taken(MISSED) == [7]


def fail(world: World) -> None:
    """Have SNS say that the replay failed, which it does to nobody who asks for it."""
    from moto.sns.models import sns_backends

    backend = sns_backends[world.account]["us-east-1"]
    (one,) = [told for told in backend.subscriptions.values() if told.endpoint.endswith(MISSED)]
    one.attributes["ReplayStatus"] = "Failed"
    one.topic.archived = []


def test_a_second_replay_is_refused_while_one_runs_and_drifts_where_one_began_since(outage: Outage) -> None:
    first, second = outage.plan(), outage.plan(start=ago(outage.about, 25))
    with suppress(Killed):
        outage.run(first, MemoryJournal(), Faulty(outage.world.aws, "killed-after", 1))
    with pytest.raises(RefusedByGuard, match="running"):
        outage.plan()
    with pytest.raises(Drifted):
        outage.run(second, MemoryJournal())
    assert json.loads(str(first.changes[0].params["AttributeValue"])) == replay_of(MISSED)


def test_a_subscription_that_an_earlier_replay_left_deaf_is_not_left_so(outage: Outage) -> None:
    value = {
        "PointType": "Timestamp",
        "StartingPoint": ago(outage.about, 26),
        "EndingPoint": ago(outage.about, 25),
    }
    client("sns").set_subscription_attributes(
        SubscriptionArn=subscription_to(MISSED), AttributeName="ReplayPolicy", AttributeValue=json.dumps(value)
    )
    move(outage.about, 60)
    taken(MISSED)
    with pytest.raises(RefusedByGuard, match="paused"):
        outage.plan()
    gapped = outage.plan(start=ago(outage.about, 1), end="")
    assert [one.id for one in gapped.warnings if one.pending] == ["gap"]
    whole = outage.plan(start=value["EndingPoint"], end="")
    assert "gap" not in {one.id for one in whole.warnings}
    outage.run(whole, MemoryJournal())
    publish(7)
    assert taken(MISSED)[-1] == 7


def test_what_is_not_archived_or_not_subscribed_or_no_time_is_refused_before_anything(outage: Outage) -> None:
    with pytest.raises(RefusedByGuard, match="not-archived"):
        outage.plan(start=ago(outage.about, 100))
    for wrong, more in (
        ("no topic 'nothing.fifo'", {"topic": "nothing.fifo"}),
        ("standard topic", {"topic": "nothing"}),
        ("no topic of this account", {"topic": "arn:aws:sns:eu-west-1:1:a.fifo"}),
        ("yet to come", {"end": "2199-01-01T00:00:00Z"}),
        ("begins at", {"end": ago(outage.about, 27)}),
        ("time and zone", {"start": "2026-01-01T00:00:00"}),
        ("nothing before", {"start": ago(outage.about, 0), "end": ""}),
        ("is not subscribed", {"queue": "nobody.fifo"}),
        ("say who gets", {"queue": ""}),
        ("is not subscribed", {"subscription": f"{topic()}:none"}),
        ("once", {"queue": MISSED, "subscription": f"{topic()}:none"}),
    ):
        with pytest.raises(InvalidInput, match=wrong):
            outage.plan(**dict[str, Json](more))
    zoned = outage.plan(start=ago(outage.about, 26).replace("Z", "+00:00"), subscription=subscription_to(MISSED))
    assert zoned.changes[0].params == outage.plan().changes[0].params


def test_a_standard_queue_a_filter_and_what_is_fresh_are_said(outage: Outage) -> None:
    url = queue("plain")
    move(outage.about, 5)
    arn = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client("sns").subscribe(
        TopicArn=topic(), Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": '{"a": ["b"]}'}
    )
    said = {one.id for one in outage.plan(queue="plain").warnings}
    assert {"unordered", "filtered", "twice"} <= said
    assert "deduplicated" not in {one.id for one in outage.plan().warnings}
    assert "deduplicated" in {one.id for one in outage.plan(end=ago(outage.about, 0.01)).warnings}


def test_an_archive_is_set_changed_and_undone(outage: Outage) -> None:
    client("sns").create_topic(Name="bare.fifo", Attributes={"FifoTopic": "true"})
    arn = topic().replace(TOPIC, "bare.fifo")

    def days() -> str:
        told = client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
        return str(json.loads(told.get("ArchivePolicy", "{}")).get("MessageRetentionPeriod", ""))

    plan, journal = outage.world.plan("events-archive-topic", {"topic": "bare.fifo", "days": 30}), MemoryJournal()
    run(plan, outage.world.aws, outage.world, journal)
    assert days() == "30"
    assert outage.world.plan("events-archive-topic", {"topic": "bare.fifo", "days": 30}).changes == ()
    assert plan.changes[0].undo_risk is not None
    assert plan.changes[0].undo_risk.severity == "severe"
    shorter = outage.world.plan("events-archive-topic", {"topic": arn, "days": 7})
    assert [one.id for one in shorter.warnings if one.pending] == ["shorter"]
    later = MemoryJournal()
    run(shorter, outage.world.aws, outage.world, later)
    undo(shorter, outage.world, later)
    assert days() == "30"
    undo(plan, outage.world, journal)
    assert days() == ""
    for wrong in (0, 366):
        with pytest.raises(InvalidInput, match=r"is (less|more|greater) than"):
            outage.world.plan("events-archive-topic", {"topic": "bare.fifo", "days": wrong})
    with pytest.raises(InvalidInput, match="standard topic"):
        outage.world.plan("events-archive-topic", {"topic": "bare", "days": 7})
    assert not any(isinstance(one.undo, Irreversible) for one in plan.changes)


def test_what_the_queue_refused_is_counted_as_failed(outage: Outage) -> None:
    url = client("sqs").get_queue_url(QueueName=MISSED)["QueueUrl"]
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    journal = MemoryJournal()
    outage.run(outage.plan(), journal)
    assert "0 delivered, and 6 failed so far" in str(journal.records)


def test_an_audit_finds_a_subscription_that_a_replay_has_paused_and_says_how_it_receives_again() -> None:
    made = Account()
    queue, end = arn("sqs", "ledger.fifo"), "2026-09-21T12:00:00.000Z"
    policy = {"PointType": "Timestamp", "StartingPoint": "2026-09-21T10:00:00.000Z", "EndingPoint": end}
    who = {"Protocol": "sqs", "Endpoint": queue, "ReplayPolicy": json.dumps(policy)}
    source = made.topic("orders.fifo", who)
    made.queue("ledger.fifo", Policy=lets(queue, "sns.amazonaws.com", "sqs:SendMessage", source))
    (finding,) = made.audited()[0].findings
    assert (finding.id, finding.severity) == ("replay-paused", "high")
    assert finding.fix.endswith(f"events replay --topic orders.fifo --queue ledger.fifo --from {end}")
    edge = made.edges(source)["ledger.fifo"]
    assert edge.verdict == "blocked"
    assert end in edge.why[0]
