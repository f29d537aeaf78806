"""Whatever happens to the calls around a park, a resume reaches the end and an undo the start."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from opsctl.execution.inverse import inverse_of
from opsctl.model.errors import OpsctlError
from opsctl.model.plan import Plan
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import FAULTS, Faulty, Killed, MemoryJournal
from tests.kit.queues import queue, redrive
from tests.kit.samples import part_of

WANTED, REST = [2, 3], [0, 1]


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world() as made:
        dead = queue("pay-dlq.fifo")
        queue("pay.fifo", RedrivePolicy=redrive(dead))
        for number in range(4):
            client("sqs").send_message(
                QueueUrl=dead,
                MessageBody=json.dumps({"n": number, "wanted": number > 1}),
                MessageGroupId="g",
                MessageDeduplicationId=str(number),
            )
        yield made


def planned(world: World) -> Plan:
    return world.plan("dlq-redrive", {"queue": "pay-dlq.fifo", "where": "body.wanted", "through": True})


def found(name: str) -> list[int]:
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(one["Body"])["n"] for one in got]


def parks() -> list[str]:
    return list(client("sqs").list_queues(QueueNamePrefix="opsctl-park-").get("QueueUrls", []))


@pytest.mark.parametrize("fault", part_of(2, "parks", FAULTS))
@pytest.mark.parametrize("write", [1, 2], ids=["create", "delete"])
def test_whatever_happens_to_the_park_a_resume_reaches_the_end(
    world: World, tmp_path: Path, fault: str, write: int
) -> None:
    plan, journal = planned(world), MemoryJournal()
    with suppress(OpsctlError, Killed):
        carry_out(plan, world, journal, tmp_path, Faulty(world.aws, fault, write))
    carry_out(plan, world, journal, tmp_path)
    assert (found("pay.fifo"), found("pay-dlq.fifo"), parks()) == (WANTED, REST, [])
    assert {journal.last(change.id) for change in plan.changes} == {"done"}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_happens_to_its_creation_an_undo_leaves_no_park(world: World, tmp_path: Path, fault: str) -> None:
    plan, journal = planned(world), MemoryJournal()
    with suppress(OpsctlError, Killed):
        carry_out(plan, world, journal, tmp_path, Faulty(world.aws, fault, 1), stopping=lambda: bool(parks()))
    changes = inverse_of(plan, journal.intended())
    carry_out(plan.model_copy(update={"changes": changes}), world, MemoryJournal(), tmp_path)
    assert (found("pay-dlq.fifo"), parks()) == ([*REST, *WANTED], [])
