"""Fifty who block at one place where nothing exists yet, each with a plan that knows nothing of the others."""

from collections.abc import Iterator

import pytest

from opsctl.model.errors import AwsRefused
from opsctl.model.reads import Refusal, RefusalKind
from opsctl.sandbox.worlds.seeding import seed_network
from tests.block.actions.test_full_sets import sets
from tests.block.facts.test_block_ledger import listed
from tests.kit.ha_account import run
from tests.kit.moto_account import World, fresh_world
from tests.kit.ports import MemoryJournal

TARGET = "direct.example.com"
QUOTAS = {"WAFLimitsExceededException", "NetworkAclEntryLimitExceeded", "TagLimitExceeded"}
"""Tags of an IP set, rules of a network ACL, and its tags: who was refused a rule has recorded already."""


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


@pytest.mark.parametrize("many", [12, pytest.param(50, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("layer", ["waf", "nacl"])
def test_all_of_them_are_there_or_refused_for_a_quota_and_none_is_lost(
    world: World, many: int, layer: str
) -> None:
    asked = {"target": TARGET, "layer": layer, "ttl": "1h"}
    first = world.plan("block-ip", asked | {"addresses": ["203.0.113.0"]})
    plans = [first, *(world.plan("block-ip", asked | {"addresses": [f"203.0.113.{n}"]}) for n in range(1, many))]
    refused: dict[str, str] = {}
    for number, plan in enumerate(plans):
        try:
            run(plan, world.aws, world, MemoryJournal())
        except AwsRefused as fault:
            refused[f"203.0.113.{number}/32"] = fault.refusal.code
    wanted = {f"203.0.113.{number}/32" for number in range(many)}
    rows = [row for row in listed(world).rows if row.address in wanted]
    assert {row.address for row in rows} == wanted - set(refused)
    assert {row.kind for row in rows} <= {"opsctl"}
    room = {"waf": 49, "nacl": 18}[layer]
    assert (len(refused), set(refused.values()) <= QUOTAS) == (max(0, many - room), True)
    if refused and layer == "waf":
        # Who plans again, knowing of the others, goes into the next set.
        run(world.plan("block-ip", asked | {"addresses": list(refused)}), world.aws, world, MemoryJournal())
        assert [len(one) for name, one in sorted(sets().items())] == [room, many - room]


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        ("WAFLimitsExceededException", RefusalKind.INVALID, True),
        ("NetworkAclEntryLimitExceeded", RefusalKind.INVALID, True),
        ("ServiceQuotaExceededException", RefusalKind.INVALID, True),
        ("RequestLimitExceeded", RefusalKind.THROTTLED, False),
        ("WAFInvalidParameterException", RefusalKind.INVALID, False),
    ],
)
def test_who_is_refused_for_a_quota_is_told_to_plan_again(code: str, kind: RefusalKind, told: bool) -> None:
    refusal = Refusal(kind=kind, code=code, message="no", api="wafv2.TagResource")
    assert ("plan again" in AwsRefused(refusal).hint) is told
