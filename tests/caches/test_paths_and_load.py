"""Which paths CloudFront takes, how they are cut, what a cache is called, and what the origin will get."""

import pytest

from opsctl.caches.cache_names import parse_cache
from opsctl.caches.invalidation_paths import is_everything, slices_of, why_no_path
from opsctl.caches.not_flushed import why_not
from opsctl.caches.origin_load import OriginHealth, health_of, load_from_counts, load_from_rate
from opsctl.model.errors import InvalidInput
from opsctl.model.reads import Answer
from opsctl.model.value import Json


@pytest.mark.parametrize("path", ["/", "/*", "/a/b.css", "/a*", "/img/%C3%A4.png", "/a?b=c*", "/~x/"])
def test_paths_that_cloudfront_takes(path: str) -> None:
    assert why_no_path(path) == ""


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("a", "slash"),
        ("", "slash"),
        ("/a/*/b", "wildcard"),
        ("/ä", "URL-encoded"),
        ("/a b", "URL-encoded"),
        ("/" + "a" * 4000, "4,000"),
    ],
)
def test_paths_that_it_does_not(path: str, says: str) -> None:
    assert says in why_no_path(path)


def test_slices_hold_at_most_so_many_and_at_most_fifteen_wildcards() -> None:
    assert slices_of(["/a", "/b*", "/c"], 3000) == [["/a", "/b*", "/c"]]
    assert slices_of(["/a", "/b", "/c"], 2) == [["/a", "/b"], ["/c"]]
    assert [len(one) for one in slices_of([f"/{n}*" for n in range(31)], 3000)] == [15, 15, 1]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("E2ABC", ("distribution", "E2ABC")),
        ("https://shop.example.com/a", ("distribution", "shop.example.com")),
        ("stage:a1b2/prod", ("stage", "a1b2/prod")),
        ("memcached:sessions", ("memcached", "sessions")),
    ],
)
def test_names_of_caches(asked: str, found: tuple[str, str]) -> None:
    assert parse_cache(asked, "target") == found


@pytest.mark.parametrize(
    "asked", ["", "stage:a1b2", "squid:x", "a b", "stage:", "stage:/prod", "stage:a/", "stage:a/b/c"]
)
def test_what_is_no_cache(asked: str) -> None:
    with pytest.raises(InvalidInput):
        parse_cache(asked, "target")


def test_a_dax_cluster_keeps_what_it_has_over_a_reboot_and_memorydb_is_no_cache() -> None:
    assert "over a reboot" in why_not(parse_cache("dax:a", "target"))
    assert "database" in why_not(parse_cache("memorydb:a", "target"))
    assert why_not(parse_cache("memcached:a", "target")) == ""


def metric(**values: list[float]) -> Answer:
    """An answer of GetMetricData."""
    told: Json = [{"Id": name, "Values": list(found)} for name, found in values.items()]
    return Answer(value={"MetricDataResults": told})


def test_a_hit_rate_of_95_percent_means_twenty_times_the_load() -> None:
    found = load_from_rate(metric(rate=[95.0]))
    assert round(found.times) == 20
    assert "about 20 times" in found.says
    assert round(load_from_counts(metric(hits=[950.0], misses=[50.0])).times) == 20


def test_without_a_figure_it_is_unknown_not_small() -> None:
    assert load_from_rate(metric(rate=[])).unknown
    assert load_from_counts(metric(hits=[], misses=[])).unknown
    assert health_of(metric(errors=[])) == OriginHealth()


@pytest.mark.parametrize(
    ("paths", "all_of_it"),
    [
        (["/*"], True),
        ([f"/{one}*" for one in "abcdefghijklmnopqrstuvwxyz"], True),
        ([f"/{one}*" for one in "abcdefg"], True),
        ([f"/{one}*" for one in "ABCDEFG"], True),
        (["/a*", "/ab*", "/aa*", "/ac*", "/ad*", "/ae*", "/af*", "/ag*"], False),
        (["/a*", "/b*"], False),
        (["/img/*", "/css/*", "/"], False),
        (["/"], False),
    ],
)
def test_wildcards_that_together_are_everything_count_as_everything(paths: list[str], *, all_of_it: bool) -> None:
    assert is_everything(paths) is all_of_it


@pytest.mark.parametrize(
    ("errors", "latency", "says"),
    [
        ([40.0], [100.0], "40.0 % of requests with errors, 1.0 % before"),
        ([1.0], [450.0], "450 ms for its answers, 100 ms before"),
        ([5.9], [199.0], ""),
        ([], [], ""),
    ],
)
def test_an_origin_is_worse_by_errors_or_by_latency(errors: list[float], latency: list[float], says: str) -> None:
    before = OriginHealth(errors=1.0, latency=100.0)
    worse = health_of(metric(errors=errors, latency=latency)).worse_than(before)
    assert says in worse
    assert bool(says) == bool(worse)
