"""Emptying caches with boto3 as the witness: one reference for each slice, whatever is lost or killed."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from opsctl.caches.facts.cache_kept import CacheKept, KeptFor
from opsctl.caches.facts.cache_target import CacheFound, CacheTarget
from opsctl.model.errors import AwsRefused, InvalidInput, OpsctlError, OutcomeUnknown, RefusedByGuard
from opsctl.model.reads import Answer, Read, RefusalKind
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.engine.conditions import Conditions
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.job_runs import carry_out
from tests.kit.moto_account import World, client
from tests.kit.ports import Killed, MemoryJournal, Wrapping, refusal
from tests.kit.timed import MovingClock, timed_world

SHOP = "shop.example.com"


@pytest.fixture
def timed() -> Iterator[tuple[World, Conditions]]:
    with timed_world(seed_network) as (world, about):
        world.clock = MovingClock(about)
        yield world, about


def wish(*paths: str, **more: Json) -> dict[str, Json]:
    """Paths of the shop are to go."""
    return {"target": SHOP, "paths": list(paths)} | more


def invalidations() -> list[tuple[str, list[str], str]]:
    """Reference, paths and state of each, oldest first."""
    cloudfront = client("cloudfront")
    (shop,) = [
        one["Id"]
        for one in cloudfront.list_distributions()["DistributionList"]["Items"]
        if SHOP in one["Aliases"].get("Items", [])
    ]
    listed = cloudfront.list_invalidations(DistributionId=shop)["InvalidationList"].get("Items") or []
    found = [cloudfront.get_invalidation(DistributionId=shop, Id=one["Id"])["Invalidation"] for one in listed]
    batches = [(one["InvalidationBatch"], one["Status"]) for one in found]
    return [(batch["CallerReference"], batch["Paths"]["Items"], status) for batch, status in batches]


class LosesAnswers(Wrapping):
    """The answer of the first invalidation is lost."""

    lost: int = 1

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Make it, and lose what came back."""
        answer = self.inner.write(service, operation, params, region)
        if self.lost:
            self.lost -= 1
            raise OutcomeUnknown("lost")
        return answer


def test_a_lost_answer_leaves_one_invalidation(timed: tuple[World, Conditions], tmp_path: Path) -> None:
    world, _ = timed
    plan = world.plan("cache-flush", wish("/img/*"))
    carry_out(plan, world, MemoryJournal(), tmp_path, LosesAnswers(world.aws))
    assert invalidations() == [(f"{plan.id}-1", ["/img/*"], "Completed")]


class KilledAfter(Wrapping):
    """The process is killed right after its n-th call."""

    calls: int = 1

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Make it, and die."""
        self.inner.write(service, operation, params, region)
        self.calls -= 1
        if not self.calls:
            raise Killed
        return self.inner.write(service, operation, params, region)


def test_a_killed_run_goes_on_with_the_slice_it_was_at(timed: tuple[World, Conditions], tmp_path: Path) -> None:
    world, _ = timed
    plan, journal = world.plan("cache-flush", wish("/a", "/b", slice_size=1, every=30)), MemoryJournal()
    with pytest.raises(Killed):
        carry_out(plan, world, journal, tmp_path, KilledAfter(world.aws))
    carry_out(plan, world, journal, tmp_path)
    assert invalidations() == [(f"{plan.id}-1", ["/a"], "Completed"), (f"{plan.id}-2", ["/b"], "Completed")]


def test_a_run_that_is_resumed_in_a_pause_waits_for_the_rest_of_it(
    timed: tuple[World, Conditions], tmp_path: Path
) -> None:
    world, about = timed
    plan, journal = world.plan("cache-flush", wish("/a", "/b", slice_size=1, every=600)), MemoryJournal()
    began: list[float] = []

    class Counting(Wrapping):
        def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
            began.append(about.now())
            return self.inner.write(service, operation, params, region)

    def a_minute_later() -> bool:
        return bool(began) and about.now() > began[0] + 60

    with suppress(OpsctlError):
        carry_out(plan, world, journal, tmp_path, Counting(world.aws), stopping=a_minute_later)
    assert len(began) == 1
    carry_out(plan, world, journal, tmp_path, Counting(world.aws))
    assert began[1] - began[0] >= 600


def test_what_may_not_be_listed_is_not_none_in_progress(timed: tuple[World, Conditions]) -> None:
    world, _ = timed
    reader = world.reader()

    class Denies:
        def read_many(self, reads: Sequence[Read]) -> list[Answer]:
            no = Answer(refusal=refusal(RefusalKind.DENIED, "AccessDenied", "cloudfront.ListInvalidations"))
            answers = zip(reads, reader.read_many(reads), strict=True)
            return [no if one.operation == "ListInvalidations" else answer for one, answer in answers]

    fact = CacheTarget(target=SHOP, paths=("/a",))
    found = run_fetching(fact.read(world.about()), Denies())
    assert isinstance(found, CacheFound)
    assert "access denied" in found.unread[0]


def test_two_plans_of_one_minute_have_two_references(timed: tuple[World, Conditions], tmp_path: Path) -> None:
    world, _ = timed
    for number in range(2):
        place = tmp_path / str(number)
        place.mkdir()
        carry_out(world.plan("cache-flush", wish("/a")), world, MemoryJournal(), place)
    assert len({reference for reference, _, _ in invalidations()}) == 2


class Full(Wrapping):
    """CloudFront has no room for more, and then is throttled, before it takes it."""

    refusals: list[tuple[RefusalKind, str]] = [
        (RefusalKind.INVALID, "TooManyInvalidationsInProgress"),
        (RefusalKind.THROTTLED, "Throttling"),
    ]

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Refuse for a while."""
        if self.refusals:
            kind, code = self.refusals[0]
            self.refusals = self.refusals[1:]
            from opsctl.model.errors import AwsRefused

            raise AwsRefused(refusal(kind, code, f"{service}.{operation}"))
        return self.inner.write(service, operation, params, region)


def test_what_is_full_or_throttled_is_asked_again(timed: tuple[World, Conditions], tmp_path: Path) -> None:
    world, _ = timed
    carry_out(world.plan("cache-flush", wish("/a")), world, MemoryJournal(), tmp_path, Full(world.aws))
    assert len(invalidations()) == 1


class Suffering(Wrapping):
    """The origin answers with errors once something was invalidated."""

    hit: bool = False

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Make it."""
        self.hit = True
        return self.inner.write(service, operation, params, region)

    def read(self, read: Read) -> Answer:
        """Look; of errors, what the origin would show."""
        if read.api == "cloudwatch.GetMetricData":
            values = [40.0] if self.hit else [1.0]
            return Answer(value={"MetricDataResults": [{"Id": "errors", "Values": values}]})
        return self.inner.read(read)


def test_when_the_origins_errors_rise_the_next_slice_waits_for_a_person(
    timed: tuple[World, Conditions], tmp_path: Path
) -> None:
    world, _ = timed
    plan = world.plan("cache-flush", wish("/a", "/b", "/c", slice_size=1, every=60))
    with pytest.raises(OpsctlError) as caught:
        carry_out(plan, world, MemoryJournal(), tmp_path, Suffering(world.aws))
    assert "40.0 % of requests with errors, 1.0 % before" in str(caught.value)
    assert len(invalidations()) == 1


def test_an_origin_of_which_nobody_has_figures_was_not_watched_and_that_is_said(
    timed: tuple[World, Conditions], tmp_path: Path
) -> None:
    world, _ = timed
    journal = MemoryJournal()
    carry_out(world.plan("cache-flush", wish("/a", "/b", slice_size=1)), world, journal, tmp_path)
    assert len(invalidations()) == 2
    assert "nobody watched it" in str(journal.__dict__)


def test_everything_at_once_is_severe_where_the_load_is_not_known_to_be_small(
    timed: tuple[World, Conditions],
) -> None:
    world, _ = timed
    assert world.plan("cache-flush", wish("/*")).changes[0].risk.severity == "severe"
    assert world.plan("cache-flush", wish("/img/*")).changes[0].risk.severity == "medium"


def test_a_cache_that_aws_cannot_empty_is_refused_with_what_to_do(timed: tuple[World, Conditions]) -> None:
    world, _ = timed
    for target in ("dax:a", "memorydb:a"):
        with pytest.raises(RefusedByGuard):
            world.plan("cache-flush", {"target": target})


def test_the_nodes_of_a_memcached_cluster_are_rebooted_one_after_the_other(
    timed: tuple[World, Conditions], tmp_path: Path
) -> None:
    world, _ = timed
    client("elasticache").create_cache_cluster(
        CacheClusterId="sessions", Engine="memcached", CacheNodeType="cache.t3.micro", NumCacheNodes=2
    )
    plan = world.plan("cache-flush", {"target": "memcached:sessions"})
    seen: list[list[str]] = []

    class Watching(Wrapping):
        def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
            (now,) = client("elasticache").describe_cache_clusters(CacheClusterId="sessions")["CacheClusters"]
            assert now["CacheClusterStatus"] == "available"
            seen.append(params["CacheNodeIdsToReboot"])
            return self.inner.write(service, operation, params, region)

    carry_out(plan, world, MemoryJournal(), tmp_path, Watching(world.aws))
    assert seen == [["0001"], ["0002"]]


def test_a_stage_is_flushed_whole_and_one_without_a_cache_is_refused(
    timed: tuple[World, Conditions], tmp_path: Path
) -> None:
    world, _ = timed
    gateway = client("apigateway")
    api = gateway.create_rest_api(name="orders")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    gateway.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    deployment = gateway.create_deployment(restApiId=api)["id"]
    for stage, cached in (("prod", True), ("test", False)):
        gateway.create_stage(restApiId=api, stageName=stage, deploymentId=deployment, cacheClusterEnabled=cached)
    plan = world.plan("cache-flush", {"target": f"stage:{api}/prod"})
    carry_out(plan, world, MemoryJournal(), tmp_path)
    named = world.plan("cache-flush", {"target": "stage:orders/prod"}).changes[0].params
    assert (named["kind"], named["cache"]) == ("stage", f"{api}/prod")
    for target, hint in (("stage:orders/live", "prod, test"), ("stage:other/prod", f"orders ({api})")):
        with pytest.raises(InvalidInput) as caught:
            world.plan("cache-flush", {"target": target})
        assert hint in str(caught.value.diagnostics[0].hint)
    with pytest.raises(RefusedByGuard, match="not-possible"):
        world.plan("cache-flush", {"target": f"stage:{api}/test"})


def sessions() -> None:
    """A Memcached cluster of one node."""
    client("elasticache").create_cache_cluster(
        CacheClusterId="sessions", Engine="memcached", CacheNodeType="cache.t3.micro", NumCacheNodes=1
    )


class Dying(Wrapping):
    """The process dies before the first reboot reaches AWS, or its answer says that nobody knows."""

    dies: bool = True
    made: int = 0

    def write(self, service: str, operation: str, params: dict[str, Json], region: str | None) -> Json:
        """Die once."""
        self.made += 1
        if self.made == 1:
            if self.dies:
                raise Killed
            raise OutcomeUnknown("lost on the way there")
        if self.made == 2:
            raise AwsRefused(refusal(RefusalKind.CONFLICT, "InvalidCacheClusterState", f"{service}.{operation}"))
        return self.inner.write(service, operation, params, region)


@pytest.mark.parametrize("dies", [True, False])
def test_a_node_whose_reboot_nobody_saw_is_not_taken_for_empty(
    timed: tuple[World, Conditions], tmp_path: Path, *, dies: bool
) -> None:
    world, _ = timed
    sessions()
    plan, journal = world.plan("cache-flush", {"target": "memcached:sessions"}), MemoryJournal()
    aws = Dying(world.aws)
    aws.dies = dies
    if dies:
        with pytest.raises(Killed):
            carry_out(plan, world, journal, tmp_path, aws)
    carry_out(plan, world, journal, tmp_path, aws)
    assert aws.made == 3


@pytest.mark.parametrize("url", ["https://shop.example.com:443/a?b=c", "https://me:secret@SHOP.example.com/a"])
def test_port_and_user_are_no_part_of_a_host(timed: tuple[World, Conditions], url: str) -> None:
    world, _ = timed
    found = run_fetching(CacheKept(target=url).read(world.about()), world.reader())
    assert isinstance(found, KeptFor)
    assert (found.path, "shop.example.com") == ("/a", found.name)


def test_half_an_address_is_wrong_input(timed: tuple[World, Conditions]) -> None:
    world, _ = timed
    with pytest.raises(InvalidInput):
        run_fetching(CacheKept(target="https://[::1/a").read(world.about()), world.reader())
