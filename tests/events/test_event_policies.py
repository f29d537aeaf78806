"""The IAM policies of plans about events suffice to make, apply and undo them, as the sandbox judges."""

from pathlib import Path

import pytest

from opsctl.model.value import Json
from opsctl.planning.iam import policy_for_changes
from tests.events.test_api_calls import make_trail
from tests.events.test_canary import make_queues
from tests.kit.ha_account import inverse_plan
from tests.kit.job_runs import carry_out
from tests.kit.limited_account import account_as
from tests.kit.ports import MemoryJournal
from tests.kit.samples import part_of
from tests.kit.timed import MovingClock, timed_world
from tests.planning.test_policies_suffice import plan_again

PLANS: list[tuple[str, dict[str, Json]]] = [
    ("events-entry", {"bus": "orders", "source": "partner", "detail_type": "parcel"}),
    ("events-api-calls", {"service": "iam", "calls": ["CreateUser"], "to": "oncall"}),
    ("events-api-calls", {"service": "iam", "calls": ["CreateUser"], "to": "topic:oncall"}),
    ("fanout-create", {"topic": "t", "queues": ["billing"], "canary": True}),
    ("fanout-route", {"bus": "orders", "queues": ["billing"], "canary": True}),
]


@pytest.mark.parametrize(("playbook", "inputs"), part_of(5, "event policies", PLANS))
def test_nothing_is_denied(playbook: str, inputs: dict[str, Json], tmp_path: Path) -> None:
    with timed_world(make_trail, make_queues) as (world, about):
        world.clock = MovingClock(about)
        plan, journal = world.plan(playbook, inputs), MemoryJournal()
        plan_again(world, account_as(world, "planner", plan.iam_policy.plan), playbook, inputs)
        carry_out(plan, world, journal, tmp_path, account_as(world, "applier", plan.iam_policy.apply))
        undone = inverse_plan(plan, journal)
        undoer = account_as(world, "undoer", policy_for_changes(undone.changes, world.identity))
        carry_out(undone, world, MemoryJournal(), tmp_path, undoer)
        assert about.denied == []
