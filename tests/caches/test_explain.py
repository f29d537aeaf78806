"""What stands in front of a URL, and what each kind of cache keeps and for how long."""

import pytest

from opsctl.caches.facts.cache_explained import CacheExplain, CacheExplained
from opsctl.model.errors import InvalidInput
from opsctl.model.reads import RefusalKind
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.render.views.caches import markdown_explained, render_explained
from tests.kit.canned import ABOUT, Canned, drive
from tests.kit.moto_account import client, fresh_world
from tests.kit.ports import refusal

BEHAVIOR = {"TargetOriginId": "api", "CachePolicyId": "p1"}
POLICY = {"Name": "short", "MinTTL": 0, "DefaultTTL": 60, "MaxTTL": 600}
STAGE = {
    "stageName": "prod",
    "cacheClusterEnabled": True,
    "cacheClusterSize": "1.6",
    "methodSettings": {
        "*/*": {"cachingEnabled": True, "cacheTtlInSeconds": 30},
        "items/GET": {
            "cachingEnabled": True,
            "cacheTtlInSeconds": 3600,
            "requireAuthorizationForCacheControl": False,
        },
        "admin/GET": {"cachingEnabled": False},
    },
}


def answers(origin: str, path: str = "", **more: Canned) -> dict[str, Canned]:
    """A distribution with one origin, and a REST API with a stage that caches."""
    one = {
        "Id": "E1",
        "DomainName": "d.cloudfront.net",
        "Aliases": {"Items": ["shop.example.com"]},
        "Origins": {"Items": [{"Id": "api", "DomainName": origin, "OriginPath": path}]},
        "DefaultCacheBehavior": BEHAVIOR,
    }
    return {
        "cloudfront.ListDistributions": {"DistributionList": {"Items": [one]}},
        "cloudfront.GetCachePolicy": {"CachePolicy": {"CachePolicyConfig": POLICY}},
        "apigateway.GetRestApis": {"items": [{"id": "abc", "name": "orders"}]},
        "apigateway.GetStage": STAGE,
        **{name.replace("_", "."): value for name, value in more.items()},
    }


def explained(target: str, told: dict[str, Canned]) -> CacheExplained:
    """What is read of it."""
    found, _ = drive(CacheExplain(target=target).read(ABOUT), told)
    assert isinstance(found, CacheExplained)
    return found


def test_behind_a_distribution_the_cache_of_a_stage_is_found_as_well() -> None:
    found = explained("https://shop.example.com/a", answers("abc.execute-api.eu-west-1.amazonaws.com", "/prod"))
    assert [(one.kind, one.target, one.gone_after_s) for one in found.layers] == [
        ("distribution", "E1", 600),
        ("stage", "stage:abc/prod", 3600),
    ]
    text = render_explained(found, width=100, colour=False)
    assert "gone by itself after 10m at the latest" in text
    assert "items/GET: kept for 1h" in text
    assert "admin/GET" not in text
    assert "any client can have one answer made anew" in text
    assert "stage:abc/prod" in markdown_explained(found)


@pytest.mark.parametrize("origin", ["alb.eu-west-1.elb.amazonaws.com", "bucket.s3.eu-west-1.amazonaws.com"])
def test_another_origin_has_no_cache_that_aws_knows_of(origin: str) -> None:
    assert len(explained("shop.example.com", answers(origin)).layers) == 1


def test_an_api_that_is_not_of_this_account_is_not_known_to_cache_nothing() -> None:
    found = explained("shop.example.com", answers("zzz.execute-api.eu-west-1.amazonaws.com", "/prod"))
    assert len(found.layers) == 1
    assert "is not known" in found.unknown[0]


def dax(**values: str) -> dict[str, Canned]:
    """A DAX cluster whose parameters have these values."""
    parameters: Json = [
        {"ParameterName": name.replace("_", "-"), "ParameterValue": value} for name, value in values.items()
    ]
    return {
        "dax.DescribeClusters": {"Clusters": [{"ParameterGroup": {"ParameterGroupName": "g"}}]},
        "dax.DescribeParameters": {"Parameters": parameters},
    }


def test_dax_keeps_items_and_queries_apart_and_a_reboot_does_not_help() -> None:
    found = explained("dax:prices", dax(record_ttl_millis="300000", query_ttl_millis="60000"))
    (layer,) = found.layers
    assert layer.gone_after_s == 300
    text = render_explained(found, width=200, colour=False)
    assert "keeps what it has over a reboot" in text
    assert "items are kept for 5m" in text
    assert "queries and scans are kept for 1m" in text


def test_what_dax_does_not_tell_is_not_none() -> None:
    (layer,) = explained("dax:prices", dax(record_ttl_millis="300000")).layers
    assert layer.gone_after_s is None
    assert any("could not be read" in one for one in layer.says)
    with pytest.raises(InvalidInput, match="no DAX cluster"):
        explained(
            "dax:x", {"dax.DescribeClusters": refusal(RefusalKind.MISSING, "NotFound", "dax.DescribeClusters")}
        )


def test_a_key_of_a_serverless_cache_lives_as_long_as_its_program_said() -> None:
    cache = {"Endpoint": {"Address": "a.x", "Port": 6379}, "Engine": "valkey", "Status": "available"}
    (layer,) = explained(
        "serverless:a", {"elasticache.DescribeServerlessCaches": {"ServerlessCaches": [cache]}}
    ).layers
    assert layer.gone_after_s is None
    assert any("--via INSTANCE" in one for one in layer.says)


def test_the_sandbox_tells_the_times_of_dax() -> None:
    with fresh_world() as world:
        role = f"arn:aws:iam::{world.account}:role/dax"
        client("dax").create_cluster(
            ClusterName="prices", NodeType="dax.t3.small", ReplicationFactor=1, IamRoleArn=role
        )
        found = run_fetching(CacheExplain(target="dax:prices").read(world.about()), world.reader())
        assert isinstance(found, CacheExplained)
        assert found.layers[0].gone_after_s == 300
