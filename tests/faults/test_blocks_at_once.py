"""Two runs that block at one place at the same moment: both hold, and each takes back what is its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import pytest

from opsctl.execution.executor import Executor
from opsctl.execution.inverse import inverse_of, references_of
from opsctl.model.plan import Plan
from opsctl.model.ports import Aws
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.block_targets import REGIONAL, distribution, waf_on, waf_on_distribution
from tests.kit.box_plans import plan_of
from tests.kit.moto_account import World, client, fresh_world, state
from tests.kit.ports import MemoryJournal, Wrapping
from tests.kit.samples import part_of

FIRST, SECOND = "203.0.113.9/32", "203.0.113.10/32"
PLACES: dict[str, Callable[[], dict[str, Json]]] = {
    "an account without a web ACL": lambda: waf_on("shop-alb"),
    "a web ACL of somebody else": lambda: waf_on("direct-alb"),
    "a distribution": waf_on_distribution,
}
_IDS = count(1)


@pytest.fixture
def world() -> Iterator[World]:
    with fresh_world(seed_network) as made:
        yield made


@dataclass
class Meanwhile(Wrapping):
    """An account in which somebody else acts just before the n-th write."""

    at: int
    act: Callable[[], None]
    writes: int = 0

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        self.writes += 1
        if self.writes == self.at:
            self.act()
        return self.inner.write(service, operation, params, region)


def planned(world: World, place: str, address: str) -> Plan:
    about = world.about()
    arguments = REGIONAL | {"addresses": [address]} | PLACES[place]()
    action = world.registry.actions["waf.block"].model_validate(arguments)
    plan_id = f"20260101-0001{next(_IDS):02d}-once"
    about = about.model_copy(update={"plan_id": plan_id})
    return plan_of(*run_fetching(action.plan(about), world.reader()), plan_id=plan_id)


def run(plan: Plan, aws: Aws, world: World) -> MemoryJournal:
    journal = MemoryJournal()
    Executor(plan, aws, journal, world.clock, lambda _line: None, lambda: False).apply()
    return journal


def undo(plan: Plan, journal: MemoryJournal, world: World) -> MemoryJournal:
    inverse = plan_of(*inverse_of(plan, journal.intended()), plan_id="undo")
    return run(inverse.model_copy(update={"references": references_of(plan)}), world.aws, world)


def blocked(place: str) -> set[str]:
    """The addresses in the sets that a rule of the web ACL in front of the place refers to."""
    if place == "a distribution":
        arn = client("cloudfront").get_distribution_config(Id=distribution())["DistributionConfig"]["WebACLId"]
        scope = "CLOUDFRONT"
    else:
        arn, scope = PLACES[place]()["web_acl"], "REGIONAL"
    _, _, name, acl_id = arn.split(":", 5)[5].split("/")
    rules = client("wafv2").get_web_acl(Name=name, Scope=scope, Id=acl_id)["WebACL"]["Rules"]
    arns = [rule["Statement"]["IPSetReferenceStatement"]["ARN"] for rule in rules if "opsctl" in rule["Name"]]
    found: set[str] = set()
    for one in client("wafv2").list_ip_sets(Scope=scope)["IPSets"]:
        if one["ARN"] in arns:
            got = client("wafv2").get_ip_set(Name=one["Name"], Scope=scope, Id=one["Id"])
            found |= set(got["IPSet"]["Addresses"])
    return found


CALLS = {"an account without a web ACL": 4, "a web ACL of somebody else": 3, "a distribution": 4}


@pytest.mark.parametrize(
    ("place", "at"),
    part_of(2, "blocks at once", [(place, at + 1) for place, calls in CALLS.items() for at in range(calls)]),
)
def test_the_slower_run_joins_what_the_faster_made_and_each_takes_back_its_own(
    world: World, place: str, at: int
) -> None:
    start = state()
    slow, fast = planned(world, place, FIRST), planned(world, place, SECOND)
    journals: list[MemoryJournal] = []
    between = Meanwhile(world.aws, at, lambda: journals.append(run(fast, world.aws, world)))
    journal = run(slow, between, world)
    assert journals
    assert blocked(place) == {FIRST, SECOND}
    one, other = ((slow, journal), (fast, journals[0]))
    for (plan, records), left in ((one, SECOND), (other, FIRST))[:: 1 if at % 2 else -1][:1]:
        undo(plan, records, world)
        assert blocked(place) == {left}
    # What the first undo left for the other run goes when it is made again, once nobody relies on it.
    for plan, records in (one, other, one, other):
        undo(plan, records, world)
    assert state() == start


def test_a_set_that_another_run_made_is_not_taken_away_though_its_answer_was_lost(world: World) -> None:
    """The call that made ours was lost, and somebody else's set of the same name is there: the mark tells."""
    start = state()
    place = "an account without a web ACL"
    slow, fast = planned(world, place, FIRST), planned(world, place, SECOND)
    records = run(fast, world.aws, world)
    mistaken = MemoryJournal()
    for change in slow.changes:
        mistaken.record(change.id, "intent")
        mistaken.record(change.id, "done")
    undone = undo(slow, mistaken, world)
    created = [change.id for change in slow.changes if change.operation.startswith("Create")]
    assert {undone.last(f"undo:{name}") for name in created} == {"kept"}
    assert blocked(place) == {SECOND}
    undo(fast, records, world)
    assert state() == start
