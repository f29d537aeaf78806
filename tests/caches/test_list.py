"""The caches of a region: by the name that flush takes, and what could not be listed is said."""

from opsctl.caches.facts.cache_list import CacheList, CachesListed
from opsctl.render.views.cache_list import markdown_caches, render_caches
from tests.kit.canned import ABOUT, Canned, denied, drive

ANSWERS: dict[str, Canned] = {
    "cloudfront.ListDistributions": {
        "DistributionList": {
            "Items": [{"Id": "E1", "DomainName": "d.cloudfront.net", "Aliases": {"Items": ["shop.example.com"]}}]
        }
    },
    "apigateway.GetRestApis": {"items": [{"id": "abc", "name": "orders"}]},
    "apigateway.GetStages": {
        "item": [
            {"stageName": "prod", "cacheClusterEnabled": True, "cacheClusterStatus": "AVAILABLE"},
            {"stageName": "test", "cacheClusterEnabled": False},
        ]
    },
    "elasticache.DescribeReplicationGroups": {"ReplicationGroups": [{"ReplicationGroupId": "sessions"}]},
    "elasticache.DescribeCacheClusters": {
        "CacheClusters": [
            {"CacheClusterId": "pages", "Engine": "memcached"},
            {"CacheClusterId": "sessions-001", "Engine": "redis", "ReplicationGroupId": "sessions"},
        ]
    },
    "elasticache.DescribeServerlessCaches": {"ServerlessCaches": [{"ServerlessCacheName": "quick"}]},
    "dax.DescribeClusters": denied("dax.DescribeClusters"),
}


def listed() -> CachesListed:
    """The caches of an account with one of each kind."""
    found, reader = drive(CacheList().read(ABOUT), ANSWERS)
    assert isinstance(found, CachesListed)
    assert (len(reader.made), reader.rounds) == (7, 2)
    return found


def test_each_cache_has_the_name_that_flush_takes_and_a_node_of_a_group_is_none() -> None:
    found = listed()
    targets = [one.target for one in found.caches]
    assert targets == ["E1", "memcached:pages", "redis:sessions", "serverless:quick", "stage:abc/prod"]
    assert [one.target for one in found.caches if one.not_flushed] == ["redis:sessions", "serverless:quick"]


def test_what_could_not_be_listed_is_said() -> None:
    found = listed()
    assert [one.partition(":")[0] for one in found.unknown] == ["DAX clusters"]
    text = render_caches(found, width=80, colour=False)
    assert "5 caches in eu-west-1" in text
    assert "Could not be read" in text
    assert "shop.example.com" in markdown_caches(found)
