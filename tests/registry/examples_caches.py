"""Examples of the actions that empty caches."""

from opsctl.caches.cache_names import parse_cache
from opsctl.caches.elasticache_nodes import find_nodes
from opsctl.model.value import Json
from opsctl.planning.run_fetching import run_fetching
from opsctl.sandbox.worlds.seeding import seed_network
from opsctl.sandbox.worlds.storefront import ADMIN, make_storefront
from tests.kit.moto_account import client
from tests.registry.example import Example, Stage


def _flush(_: Stage) -> dict[str, Json]:
    shop = client("cloudfront").list_distributions()["DistributionList"]["Items"][0]["Id"]
    return {"kind": "distribution", "cache": shop, "paths": ["/img/*"], "why": "the pictures are old"}


def _flush_via(stage: Stage) -> dict[str, Json]:
    nodes = run_fetching(find_nodes(parse_cache("redis:products", "target")), stage.world.reader())
    told = client("ec2").describe_instances(Filters=[{"Name": "tag:Name", "Values": [ADMIN]}])
    instance = told["Reservations"][0]["Instances"][0]["InstanceId"]
    return {"instance": instance, "nodes": nodes.model_dump(mode="json"), "why": "the prices are old"}


EXAMPLES: dict[str, Example] = {
    "cache.flush": Example(given=_flush, seeds=(seed_network,), look=lambda: None, kept="an invalidation stays"),
    "cache.flush_via": Example(
        given=_flush_via,
        seeds=(seed_network, make_storefront),
        look=lambda: None,
        kept="what a cache held is gone, and Systems Manager keeps what a script said",
    ),
}
