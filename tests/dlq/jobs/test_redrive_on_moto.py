"""Redrives planned and carried out in an account: where messages go, what refuses, what survives a fault."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from opsctl.model.errors import Interrupted, InvalidInput, OpsctlError, RefusedByGuard
from opsctl.model.plan import Plan
from opsctl.model.report import ChangeResult
from opsctl.model.value import Json
from opsctl.render.outcome_words import status_of
from opsctl.sandbox.engine.conditions import Durations, conditions, set_conditions
from opsctl.sandbox.worlds.dead_letters import make_dead_letters
from opsctl.sandbox.worlds.queues import make_queues
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import FAULTS, FakeClock, Faulty, Killed, MemoryJournal
from tests.kit.queues import every_host, there


@pytest.fixture
def world() -> Iterator[World]:
    """SQS counts each minute only, and the minute passes when somebody waits."""
    clock = FakeClock()

    def begin(_: Callable[[str], Any]) -> None:
        set_conditions(os.environ["MOTO_ACCOUNT_ID"], clock=clock)

    with fresh_world(begin, make_queues) as made:
        made.clock = clock
        clock.sleep(60)
        conditions(made.account).durations = Durations(queue_counts=60)
        yield made


def redrive(world: World, queue: str, *overrides: str, **inputs: Json) -> Plan:
    return world.plan("dlq-redrive", {"queue": queue, **inputs}, overrides)


def bodies(queue: str) -> list[str]:
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found: list[str] = []
    with every_host():
        while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [one["Body"] for one in got]
    return found


def test_sqs_itself_moves_what_sqs_put_there(world: World, tmp_path: Path) -> None:
    plan = redrive(world, "orders-dlq")
    (change,) = plan.changes
    assert change.operation == "dlq.move_task"
    carry_out(plan, world, MemoryJournal(), tmp_path)
    assert (there("orders-dlq"), there("orders")) == (0, 14)


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_happens_to_the_start_of_a_task_a_resume_moves_each_message_once(
    world: World, tmp_path: Path, fault: str
) -> None:
    plan, journal = redrive(world, "orders-dlq"), MemoryJournal()
    with suppress(OpsctlError, Killed):
        carry_out(plan, world, journal, tmp_path, Faulty(world.aws, fault, 1))
    carry_out(plan, world, journal, tmp_path)
    assert (there("orders-dlq"), there("orders")) == (0, 14)
    assert journal.last(plan.changes[0].id) == "done"


def test_a_filter_and_an_edit_move_the_chosen_messages_only(world: World, tmp_path: Path) -> None:
    plan = redrive(world, "orders-dlq", where="body.customer == 'c-1'", settings=["body.total=7.50"])
    carry_out(plan, world, MemoryJournal(), tmp_path)
    assert [json.loads(body)["customer"] for body in bodies("orders")] == ["c-1"] * 3
    assert there("orders-dlq") == 11


def test_a_canary_goes_through_opsctl_and_the_rest_through_sqs(world: World) -> None:
    first, rest = redrive(world, "orders-dlq", canary=3).changes
    assert (first.operation, rest.operation) == ("dlq.move", "dlq.move_task")
    assert rest.depends_on == (first.id,)


def test_a_canary_that_nobody_consumes_stops_the_redrive(world: World, tmp_path: Path) -> None:
    plan = redrive(world, "orders-dlq", canary=3)
    with pytest.raises(OpsctlError, match="the canary is inconclusive"):
        carry_out(plan, world, MemoryJournal(), tmp_path)
    assert (there("orders-dlq"), there("orders")) == (11, 3)


def test_order_within_groups_survives_on_a_fifo_queue(world: World, tmp_path: Path) -> None:
    carry_out(redrive(world, "ledger-dlq.fifo", via="client"), world, MemoryJournal(), tmp_path)
    found = [json.loads(body) for body in bodies("ledger.fifo")]
    for account in ("A-1", "A-2"):
        assert [one["booking"] for one in found if one["account"] == account] == [0, 1, 2]


def test_a_function_named_with_to_is_invoked_once_for_each_message(world: World, tmp_path: Path) -> None:
    calls: list[Any] = []

    class Watching(Faulty):
        def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
            calls.append((operation, params))
            return {}

    plan = redrive(world, "resize-images-failures", to="function:resize-images")
    carry_out(plan, world, MemoryJournal(), tmp_path, Watching(world.aws, "", 0))
    assert [operation for operation, _ in calls] == ["Invoke"] * 4
    assert {json.loads(params["Payload"])["bucket"] for _, params in calls} == {"uploads"}
    assert there("resize-images-failures") == 0


def test_a_job_that_was_interrupted_is_not_said_to_have_failed(world: World, tmp_path: Path) -> None:
    plan, journal = redrive(world, "orders-dlq", via="client"), MemoryJournal()
    asked = iter([False])  # once, before the change begins
    with pytest.raises(Interrupted):
        carry_out(plan, world, journal, tmp_path, stopping=lambda: next(asked, True))
    name, event, detail = journal.records[-1]
    told = status_of(
        plan.change(name), ChangeResult(change_id=name, status="failed", detail="5 moved", result=detail)
    )
    assert (event, told) == ("failed", "interrupted: 5 moved")


def test_an_empty_queue_gives_an_empty_plan(world: World) -> None:
    client("sqs").create_queue(QueueName="empty-dlq")
    assert redrive(world, "empty-dlq").changes == ()


def test_a_queue_that_nobody_calls_a_dead_letter_queue_is_refused(world: World) -> None:
    client("sqs").create_queue(QueueName="jobs")
    with pytest.raises(RefusedByGuard, match="not-a-dlq"):
        redrive(world, "jobs")


def test_a_notification_goes_to_the_queue_of_the_one_subscription_that_failed(
    world: World, tmp_path: Path
) -> None:
    make_dead_letters(client)
    topic = f"arn:aws:sns:us-east-1:{world.account}:order-events"
    (one,) = [
        found
        for found in client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        if found["Protocol"] == "sqs"
    ]
    link = f"https://sns.example.com/?Action=Unsubscribe&SubscriptionArn={one['SubscriptionArn']}"
    envelope = {"Type": "Notification", "TopicArn": topic, "Message": "hi", "UnsubscribeURL": link}
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName="order-events-dlq")["QueueUrl"]
    sqs.purge_queue(QueueUrl=url)
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(envelope))
    world.clock.sleep(60)
    plan = redrive(world, "order-events-dlq")
    assert "To queue order-mail, 0 messages in it (its subscription of topic order-events" in plan.changes[0].why
    carry_out(plan, world, MemoryJournal(), tmp_path)
    assert [json.loads(body) for body in bodies("order-mail")] == [envelope]
    assert there("order-events-dlq") == 0


def test_a_failure_queue_of_a_function_is_known_by_the_functions_own_setting(world: World, tmp_path: Path) -> None:
    calls: list[Any] = []

    class Watching(Faulty):
        def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
            calls.append(params)
            return {}

    plan = redrive(world, "resize-images-failures")
    assert "function resize-images (its failed asynchronous invocations end in this queue)" in plan.changes[0].why
    carry_out(plan, world, MemoryJournal(), tmp_path, Watching(world.aws, "", 0))
    assert len(calls) == 4


def with_consumer(state: bool) -> None:
    lambda_, sqs = client("lambda"), client("sqs")
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    lambda_.create_event_source_mapping(FunctionName="resize-images", EventSourceArn=arn, Enabled=state)


def test_a_consumer_that_is_switched_off_refuses_the_redrive_until_overridden(world: World) -> None:
    with_consumer(False)
    with pytest.raises(RefusedByGuard, match="consumer-broken"):
        redrive(world, "orders-dlq")
    assert redrive(world, "orders-dlq", "consumer-broken").changes


def test_the_plan_names_the_consumer_and_how_it_does(world: World) -> None:
    with_consumer(True)
    (change,) = redrive(world, "orders-dlq").changes
    assert "function resize-images" in change.why


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"queue": "none-dlq"}, "there is no queue 'none-dlq'"),
        ({"queue": "a b"}, "not a queue's name, URL or ARN"),
        ({"queue": "arn:aws:sqs:eu-west-1:{account}:x"}, "is in eu-west-1"),
        ({"queue": "arn:aws:sqs:us-east-1:999999999999:x"}, "belongs to account 999999999999"),
        ({"queue": "https://sqs.eu-west-1.amazonaws.com/{account}/orders-dlq"}, "is in eu-west-1"),
        ({"queue": "https://sqs.us-gov-west-1.amazonaws.com/{account}/orders-dlq"}, "is in us-gov-west-1"),
        ({"queue": "arn:aws:sns:us-east-1:1:x"}, "not the ARN of a queue"),
        ({"queue": "orders-dlq", "to": "orders-dlq"}, "into itself"),
        ({"queue": "orders-dlq", "where": "body.["}, "not a JMESPath expression"),
        ({"queue": "orders-dlq", "settings": ["x=1"]}, "does not say what to set"),
        ({"queue": "orders-dlq", "via": "task", "where": "body"}, "cannot do this"),
    ],
)
def test_wrong_input_is_one_clear_fault(world: World, inputs: dict[str, Json], says: str) -> None:
    given = inputs | {"queue": str(inputs["queue"]).replace("{account}", world.account)}
    with pytest.raises(InvalidInput, match=says):
        world.plan("dlq-redrive", given)


def test_the_policy_of_a_plan_names_the_queues_and_what_is_done_with_them(world: World) -> None:
    plan = redrive(world, "orders-dlq", via="client")
    allowed = {
        (action, resource.rpartition(":")[2])
        for part in plan.iam_policy.apply["Statement"]
        for action in part["Action"]
        for resource in part["Resource"]
    }
    assert ("sqs:ReceiveMessage", "orders-dlq") in allowed
    assert ("sqs:DeleteMessage", "orders-dlq") in allowed
    assert ("sqs:SendMessage", "orders") in allowed
    assert ("sqs:SendMessage", "orders-dlq") not in allowed
