"""Caches of ElastiCache emptied by an instance, in the sandbox: its nodes are the witness of what each holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.model.errors import InvalidInput, OpsctlError, OutcomeUnknown, RefusedByGuard
from opsctl.model.value import Json
from opsctl.sandbox.engine.cache_nodes import CacheShard
from opsctl.sandbox.engine.conditions import Conditions
from opsctl.sandbox.engine.guest_caches import nodes_of
from opsctl.sandbox.worlds.seeding import seed_network
from opsctl.sandbox.worlds.storefront import ADMIN, SECRET, make_storefront
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client
from tests.kit.ports import Killed, MemoryJournal, Wrapping
from tests.kit.timed import MovingClock, timed_world

REGION = "us-east-1"
SESSIONS = {"target": "redis:sessions", "via": ADMIN, "auth_secret": SECRET}


@pytest.fixture
def timed() -> Iterator[tuple[World, Conditions]]:
    with timed_world(seed_network, make_storefront) as (world, about):
        world.clock = MovingClock(about)
        yield world, about


def totals(world: World) -> dict[str, int]:
    """How many items each cache holds, by its name; the primary of the sessions is their endpoint too."""
    found: dict[str, int] = {}
    for at, node in nodes_of(world.account, REGION).items():
        name = at.split(".")[1] if at.startswith("000") else at.split("-")[0]
        if not node.replica_of and not at.startswith(("clustercfg", "master")):
            found[name] = found.get(name, 0) + sum(map(len, node.databases.values()))
    return found


FULL = {"sessions": 19, "products": 19, "pages": 38, "baskets": 19}


@pytest.mark.parametrize(
    ("wish", "emptied"),
    [
        (SESSIONS, "sessions"),
        ({"target": "redis:products", "via": ADMIN, "slice_size": 1, "every": 30}, "products"),
        ({"target": "memcached:pages", "via": ADMIN}, "pages"),
        ({"target": "serverless:baskets", "via": ADMIN}, "baskets"),
    ],
)
def test_one_cache_is_emptied_and_the_others_hold_what_they_held(
    wish: dict[str, Json], emptied: str, timed: tuple[World, Conditions], tmp_path: Path
) -> None:
    world, _ = timed
    assert totals(world) == FULL
    plan = world.plan("cache-flush", wish)
    assert plan.changes[0].risk.severity == "severe"
    assert "about 20 times" in plan.changes[0].risk.note or emptied == "pages"
    carry_out(plan, world, MemoryJournal(), tmp_path)
    assert totals(world) == {**FULL, emptied: 0}


def test_the_password_is_in_no_plan_no_command_and_no_output(
    timed: tuple[World, Conditions], tmp_path: Path
) -> None:
    world, _ = timed
    plan = world.plan("cache-flush", SESSIONS)
    carry_out(plan, world, MemoryJournal(), tmp_path)
    password = client("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"]
    ssm = client("ssm")
    told = f"{ssm.list_commands()}{ssm.list_command_invocations(Details=True)}{plan.to_json()}"
    kept = "".join(one.read_text(errors="replace") for one in tmp_path.iterdir())
    assert SECRET in told
    assert password not in told + kept


class LosesAnswers(Wrapping):
    """The answer to each SendCommand is lost, or the process dies before it."""

    dies: bool = False
    sent: int = 0

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Make it, and lose it."""
        self.inner.write(service, operation, params, region)
        self.sent += 1
        if self.dies and self.sent == 3:
            raise Killed
        raise OutcomeUnknown("lost")


@pytest.mark.parametrize("dies", [False, True])
def test_a_lost_answer_or_a_death_sends_no_script_twice(
    timed: tuple[World, Conditions], tmp_path: Path, *, dies: bool
) -> None:
    world, _ = timed
    plan, journal = world.plan("cache-flush", {"target": "redis:products", "via": ADMIN}), MemoryJournal()
    before = len(client("ssm").list_commands()["Commands"])
    aws = LosesAnswers(world.aws)
    aws.dies = dies
    if dies:
        with pytest.raises(Killed):
            carry_out(plan, world, journal, tmp_path, aws)
    carry_out(plan, world, journal, tmp_path, aws)
    # Who the primaries are, what they hold, the emptying, and who they are by then.
    assert len(client("ssm").list_commands()["Commands"]) - before == 4
    assert totals(world) == {**FULL, "products": 0}


def test_a_node_that_refuses_leaves_every_node_as_it_was(timed: tuple[World, Conditions], tmp_path: Path) -> None:
    world, _ = timed
    plan = world.plan("cache-flush", {"target": "redis:products", "via": ADMIN})
    nodes = nodes_of(world.account, REGION)
    (last,) = (one for at, one in nodes.items() if at.startswith("products-0003-001"))
    last.password = "set meanwhile"
    with pytest.raises(OpsctlError, match="NOAUTH"):
        carry_out(plan, world, MemoryJournal(), tmp_path)
    assert totals(world) == FULL


def test_a_shard_that_comes_meanwhile_is_emptied_too(timed: tuple[World, Conditions], tmp_path: Path) -> None:
    world, _ = timed
    plan = world.plan("cache-flush", {"target": "redis:products", "via": ADMIN, "slice_size": 2, "every": 30})
    nodes = nodes_of(world.account, REGION)
    (third,) = (one for at, one in nodes.items() if at.startswith("products-0003-001"))
    others = [one for one in third.shards if one.at != third.at]
    (mine,) = (one for one in third.shards if one.at == third.at)
    third.shards[:] = others

    class Adds(Wrapping):
        def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
            answer = self.inner.write(service, operation, params, region)
            if "CACHE_ASKED=look" in str(params) and len(third.shards) == 2:
                third.shards.append(CacheShard(at=mine.at, port=mine.port, first=mine.first, last=mine.last))
            return answer

    carry_out(plan, world, MemoryJournal(), tmp_path, Adds(world.aws))
    assert totals(world) == {**FULL, "products": 0}


def test_primaries_that_systems_manager_cut_off_are_not_taken_for_all(
    timed: tuple[World, Conditions], tmp_path: Path
) -> None:
    """GetCommandInvocation has 24,000 characters, and a cluster of some hundred nodes tells more of itself."""
    world, _ = timed
    plan = world.plan("cache-flush", {"target": "redis:products", "via": ADMIN})
    seed = next(one for at, one in nodes_of(world.account, REGION).items() if at.startswith("clustercfg.products"))
    seed.shards[:] = [*seed.shards[:2] * 150, *seed.shards[2:]]
    with pytest.raises(OpsctlError, match="said more than Systems Manager keeps"):
        carry_out(plan, world, MemoryJournal(), tmp_path)
    assert totals(world) == FULL


def test_an_alarm_that_rings_stops_it_between_two_slices(timed: tuple[World, Conditions], tmp_path: Path) -> None:
    world, _ = timed
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="shop-errors",
        MetricName="Errors",
        Namespace="Shop",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    wish = {"target": "redis:products", "via": ADMIN, "slice_size": 1, "every": 30, "watch": ["shop-errors"]}
    plan = world.plan("cache-flush", wish)

    class Rings(Wrapping):
        def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
            if "CACHE_ASKED=flush" in str(params):
                cloudwatch.set_alarm_state(AlarmName="shop-errors", StateValue="ALARM", StateReason="test")
            return self.inner.write(service, operation, params, region)

    with pytest.raises(OpsctlError, match=r"1 of 3 slices emptied.*alarm shop-errors rings"):
        carry_out(plan, world, MemoryJournal(), tmp_path, Rings(world.aws))
    assert 0 < totals(world)["products"] < 19
    with pytest.raises(RefusedByGuard, match="rings"):
        world.plan("cache-flush", wish)
    with pytest.raises(InvalidInput, match="no alarm"):
        world.plan("cache-flush", {**wish, "watch": ["other"]})


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({**SESSIONS, "auth_secret": ""}, "no-password"),
        ({**SESSIONS, "via": "api-1"}, "unreachable"),
        ({"target": "redis:sessions"}, "not-possible"),
        ({"target": "dax:prices"}, "not-possible"),
        ({"target": "memorydb:ledger"}, "not-possible"),
    ],
)
def test_what_is_refused_before_anything_is_sent(
    wish: dict[str, Json], says: str, timed: tuple[World, Conditions]
) -> None:
    with pytest.raises(RefusedByGuard, match=says):
        timed[0].plan("cache-flush", wish)


@pytest.mark.parametrize(
    "wish",
    [
        {"target": "redis:nobody", "via": ADMIN},
        {"target": "redis:sessions-001", "via": ADMIN},
        {"target": "redis:pages", "via": ADMIN},
        {"target": "serverless:nobody", "via": ADMIN},
        {"target": "redis:products", "via": "nobody"},
        {"target": "redis:products", "via": ADMIN, "database": 3},
        {"target": "redis:products", "user": "app"},
        {**SESSIONS, "auth_secret": "a pass!word"},
        {"target": "stage:storefront/prod", "via": ADMIN},
        {"target": "redis:products", "via": ADMIN, "paths": ["/a"]},
    ],
)
def test_wrong_input_is_wrong_input(wish: dict[str, Json], timed: tuple[World, Conditions]) -> None:
    with pytest.raises(InvalidInput):
        timed[0].plan("cache-flush", wish)
