"""s3-events against every fault: resumed it reaches the end, undone the start, and nobody else's entry is lost."""

import json
from collections.abc import Callable, Iterator

import pytest

from opsctl.model.value import Json
from opsctl.sandbox.worlds.uploads import BUCKET
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, fresh_world
from tests.kit.ports import MemoryJournal
from tests.kit.survival import through
from tests.kit.uploads import configuration, make_bucket, policy, queue_arn

EXAMPLES = ("s3-events-add", "s3-events-remove", "s3-events-restore")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(make_bucket) as made:
        yield made


def look() -> Json:
    """The configuration, by what it does, in no order; and who may write to the queue."""
    found = configuration()
    return {name: sorted(map(str, value)) for name, value in found.items()}, policy("thumbnail-requests")


def inputs_of(world: World, playbook: str) -> dict[str, Json]:
    """What each is asked for."""
    if playbook == "s3-events-add":
        queue = queue_arn(world, "thumbnail-requests")
        return {"bucket": BUCKET, "destination": queue, "prefix": "img/", "skip_validation": True}
    if playbook == "s3-events-remove":
        return {"bucket": BUCKET, "ids": ["old-thumbnailer"]}
    more = {
        "QueueConfigurations": [{"QueueArn": queue_arn(world, "upload-scans"), "Events": ["s3:ObjectAcl:Put"]}]
    }
    return {"bucket": BUCKET, "document": json.dumps(more), "skip_validation": True}


def survive(world: World, playbook: str, rounds: Callable[[int], list[Round]]) -> None:
    start, plan, journal = look(), world.plan(playbook, inputs_of(world, playbook)), MemoryJournal()
    assert plan.changes

    def then(one: Round) -> None:
        if one.resumed:
            run(plan, world.aws, world, journal)
            assert look() != start, one
        undo(plan, world, journal)
        assert look() == start, one

    through(world, rounds(len(plan.changes)), lambda aws: run(plan, aws, world, journal), then, journal=journal)


@pytest.mark.parametrize("playbook", EXAMPLES)
def test_resumed_it_reaches_the_end_and_undone_the_start_after_another_fault_at_each_call(
    world: World, playbook: str
) -> None:
    survive(world, playbook, lambda calls: sampled(playbook, calls))


@pytest.mark.exhaustive
@pytest.mark.parametrize("playbook", EXAMPLES)
def test_resumed_it_reaches_the_end_and_undone_the_start_whatever_call_fails(world: World, playbook: str) -> None:
    survive(world, playbook, every)
