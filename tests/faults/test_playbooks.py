"""Every change of every shipped playbook against every fault: resume reaches the end, undo reaches the start."""

from collections.abc import Callable, Iterator

import pytest

from opsctl.model.value import Json
from opsctl.playbook.places import shipped_names
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.fault_rounds import Round, every, sampled
from tests.kit.ha_account import run, undo
from tests.kit.inspected import group_named, make_inspected
from tests.kit.moto_account import World, fresh_world, state
from tests.kit.ports import MemoryJournal
from tests.kit.samples import part_of
from tests.kit.survival import through

# Without an end: one that is counted from the plan is later each time, and after five minutes one to extend.
_BLOCK: dict[str, Json] = {"addresses": ["203.0.113.9"], "ttl": "never"}
EXAMPLES: dict[str, tuple[str, dict[str, Json]]] = {
    "two-ways-in": ("block-ip", _BLOCK | {"target": "shop.example.com"}),
    "existing-web-acl": ("block-ip", _BLOCK | {"target": "direct.example.com"}),
    "network-load-balancer": ("block-ip", _BLOCK | {"target": "api.example.com"}),
    "origin": ("lock-origin", {"target": "shop.example.com"}),
    "firewall-in-front": ("block-ip", _BLOCK | {"target": "legacy-web", "layer": "network-firewall"}),
    "list": ("block-list", {"list": "drop", "addresses": ["45.7.0.0/24"], "target": "direct.example.com"}),
    "countries": ("block-ip", {"countries": ["KP", "IR"], "target": "shop.example.com", "layer": "geo"}),
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world(seed_network, make_inspected) as made:
        yield made


# tests/faults/test_dlq_attach.py has its own matrix over queues, targets, schedules and roles, and
# tests/faults/test_tune_apply.py one of stops; tests/faults/test_make_ha_interrupted.py is make-ha's,
# tests/ha/jobs/test_ha_drill.py the drill's, and tests/faults/test_blocks_lifted.py begins with blocks.
BLOCKS_LIFTED = {"blocks-expire", "blocks-extend", "unblock-ip"}
LAUNCHES = {"tune-batch", "tune-group"}  # tests/faults/test_tune_launches.py
REPLAYS = {"events-archive", "events-replay"}  # tests/faults/test_event_replays.py
TOPIC_REPLAYS = {"events-archive-topic", "events-replay-topic"}  # tests/faults/test_topic_replays.py
CUSTOM_BUSES = {"events-replay-custom-bus"}  # tests/events/test_custom_bus_replay.py
FANOUT = {"fanout-create", "fanout-finish", "fanout-remove", "fanout-route"}  # tests/faults/test_fanout.py
ENTRIES = {"events-api-calls", "events-entry"}  # tests/faults/test_event_entries.py
S3_EVENTS = {"s3-events-add", "s3-events-remove", "s3-events-restore"}  # tests/faults/test_s3_events.py
S3_SWITCH = {"s3-events-switch"}  # tests/faults/test_s3_switch.py
S3_RESEND = {"s3-events-resend"}  # tests/events/test_s3_tell_again.py
ELSEWHERE = (
    {"dlq-attach", "make-ha", "make-ha-drill", "tune-apply"}
    | BLOCKS_LIFTED
    | LAUNCHES
    | S3_EVENTS
    | S3_SWITCH
    | S3_RESEND
    | FANOUT
    | REPLAYS
    | ENTRIES
    | TOPIC_REPLAYS
    | CUSTOM_BUSES
)
# What these do cannot be undone; tests/dlq/transfer and the tests of their jobs put them through the same faults.
CACHES = {"cache-flush"}  # tests/caches/test_flush.py
IRREVERSIBLE = {"dlq-cancel-task", "dlq-import", "dlq-purge", "dlq-redrive", "tune-check", "tune-refresh"} | CACHES
CHANGES_NOTHING = {"dlq-audit", "events-audit", "tune-spot"}


def test_every_shipped_playbook_stands_in_the_matrix() -> None:
    others = IRREVERSIBLE | CHANGES_NOTHING | ELSEWHERE
    assert {playbook for playbook, _ in EXAMPLES.values()} | others == set(shipped_names())


def look() -> Json:
    """Everything that these may change."""
    return state() | {"drops": group_named("drops")}


def survive(world: World, example: str, rounds: Callable[[int], list[Round]]) -> None:
    playbook, inputs = EXAMPLES[example]
    start, plan, journal = look(), world.plan(playbook, inputs), MemoryJournal()
    assert plan.changes

    def then(one: Round) -> None:
        if one.resumed:
            run(plan, world.aws, world, journal)
            assert world.plan(playbook, inputs).changes == (), one
        undo(plan, world, journal)
        assert look() == start, one

    through(world, rounds(len(plan.changes)), lambda aws: run(plan, aws, world, journal), then, journal=journal)


@pytest.mark.parametrize("example", part_of(2, "playbooks", EXAMPLES))
def test_resume_reaches_the_end_and_undo_the_start_after_another_fault_at_each_call(
    world: World, example: str
) -> None:
    survive(world, example, lambda calls: sampled(example, calls))


@pytest.mark.exhaustive
@pytest.mark.parametrize("example", EXAMPLES)
def test_resume_reaches_the_end_and_undo_the_start_whatever_call_fails(world: World, example: str) -> None:
    survive(world, example, every)
