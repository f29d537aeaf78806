"""The IAM policies of a plan suffice to make it, to apply and prove it, and to undo it, as the sandbox judges."""

import pytest

from opsctl.aws.account import CachedReader, LiveAccount
from opsctl.model.value import Json
from opsctl.planning.iam import policy_for_changes
from opsctl.planning.inputs import parse_inputs
from opsctl.planning.planner import make_plan
from opsctl.sandbox.engine.conditions import AWS_LIKE
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.ha_account import inverse_plan, run
from tests.kit.limited_account import account_as
from tests.kit.moto_account import World, shipped
from tests.kit.ports import MemoryJournal
from tests.kit.samples import part_of
from tests.kit.timed import MovingClock, timed_world


def plan_again(world: World, aws: LiveAccount, playbook: str, inputs: dict[str, Json]) -> None:
    """Make the same plan with what somebody else may read."""
    loaded = shipped(playbook)
    given = parse_inputs(loaded.playbook.inputs, inputs, source={})
    reader, now = CachedReader(aws.read), world.clock.now()
    make_plan(loaded, given, about=world.about(), reader=reader, registry=world.registry, overrides=(), now=now)


@pytest.mark.parametrize(
    ("playbook", "inputs"),
    part_of(
        2,
        "policies",
        [
            ("block-ip", {"addresses": ["203.0.113.9", "2001:db8::9"], "target": "shop.example.com"}),
            ("block-ip", {"addresses": ["203.0.113.9"], "target": "direct.example.com"}),
            ("block-ip", {"addresses": ["203.0.113.9"], "target": "api.example.com"}),
            ("make-ha", {"instance": "legacy-web"}),
        ],
    ),
)
def test_nothing_is_denied(playbook: str, inputs: dict[str, Json]) -> None:
    with timed_world(seed_network, durations=AWS_LIKE) as (world, about):
        world.clock = MovingClock(about)
        plan, journal = world.plan(playbook, inputs), MemoryJournal()
        plan_again(world, account_as(world, "planner", plan.iam_policy.plan), playbook, inputs)
        run(plan, account_as(world, "applier", plan.iam_policy.apply), world, journal)
        undone = inverse_plan(plan, journal)
        undoing = policy_for_changes(undone.changes, world.identity)
        run(undone, account_as(world, "undoer", undoing), world, MemoryJournal())
        assert about.denied == []
