"""Examples of the actions that empty caches."""

from opsctl.model.value import Json
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.moto_account import client
from tests.registry.example import Example, Stage


def _flush(_: Stage) -> dict[str, Json]:
    shop = client("cloudfront").list_distributions()["DistributionList"]["Items"][0]["Id"]
    return {"kind": "distribution", "cache": shop, "paths": ["/img/*"], "why": "the pictures are old"}


EXAMPLES: dict[str, Example] = {
    "cache.flush": Example(given=_flush, seeds=(seed_network,), look=lambda: None, kept="an invalidation stays"),
}
