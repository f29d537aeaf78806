"""Entries of events against every fault: resumed they are there, undone nothing is left of them."""

from collections.abc import Callable, Iterator

import pytest

from opsctl.model.errors import RefusedByGuard
from opsctl.model.value import Json
from tests.events.test_api_calls import make_trail
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.ha_account import run, undo
from tests.kit.moto_account import World, client, fresh_world
from tests.kit.ports import MemoryJournal
from tests.kit.samples import part_of
from tests.kit.survival import through

EXAMPLES: dict[str, tuple[str, dict[str, Json]]] = {
    "of API calls": ("events-api-calls", {"service": "iam", "calls": ["CreateUser"], "to": "oncall"}),
    "over HTTP": ("events-entry", {"bus": "default", "source": "partner", "detail_type": "parcel"}),
}


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(make_trail) as made:
        yield made


def look() -> Json:
    """APIs, roles, rules, queues and a policy."""
    url = client("sqs").get_queue_url(QueueName="oncall")["QueueUrl"]
    return [
        [one["Name"] for one in client("events").list_rules()["Rules"]],
        client("sqs").list_queues()["QueueUrls"],
        client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes"),
        [one["name"] for one in client("apigateway").get_rest_apis()["items"]],
        [one["RoleName"] for one in client("iam").list_roles()["Roles"]],
    ]


def is_there(world: World, playbook: str, inputs: dict[str, Json]) -> bool:
    """Whether nothing is left to do; what has a name of its own refuses to be made again."""
    try:
        return world.plan(playbook, inputs).changes == ()
    except RefusedByGuard as refused:
        return "taken" in str(refused)


def survive(world: World, example: str, rounds: Callable[[int], list[Round]]) -> None:
    playbook, inputs = EXAMPLES[example]
    start, plan, journal = look(), world.plan(playbook, inputs), MemoryJournal()

    def then(one: Round) -> None:
        if one.resumed:
            run(plan, world.aws, world, journal)
            assert is_there(world, playbook, inputs), one
        undo(plan, world, journal)
        assert look() == start, one

    through(world, rounds(len(plan.changes)), lambda aws: run(plan, aws, world, journal), then, journal=journal)


@pytest.mark.parametrize("example", part_of(2, "entries", EXAMPLES))
def test_resumed_it_is_there_and_undone_gone_after_another_fault_at_each_call(world: World, example: str) -> None:
    survive(world, example, lambda calls: sampled(f"entry-{example}", calls))


@pytest.mark.exhaustive
@pytest.mark.parametrize("example", EXAMPLES)
def test_resumed_it_is_there_and_undone_gone_whatever_call_fails(world: World, example: str) -> None:
    survive(world, example, every)
