"""Examples of what block-ip does."""

from collections.abc import Callable

from opsctl.model.value import Json
from opsctl.sandbox.worlds.seeding import seed_network
from tests.kit.block_targets import BOTH, REGIONAL, acl_of, distribution, waf_on, waf_on_distribution
from tests.kit.moto_account import state
from tests.registry.example import Example, Stage


def _network_acl(_: Stage) -> dict[str, Json]:
    return {"network_acl": acl_of("edge-a"), "addresses": BOTH, "why": "first line"}


def _countries(_: Stage) -> dict[str, Json]:
    return {"distribution": distribution(), "name": "shop", "countries": ["KP", "IR"], "why": "attack"}


def _at_the_edge(given: Callable[[Stage], dict[str, Json]]) -> Example:
    kept = "lock tokens, ETags and moments of web ACLs and distributions are others"
    return Example(given=given, seeds=(seed_network,), look=state, kept=kept)


EXAMPLES: dict[str, Example] = {
    "nacl.deny": Example(given=_network_acl, seeds=(seed_network,)),
    "waf.block": _at_the_edge(lambda _: waf_on("shop-alb") | REGIONAL),
    "waf.block, a web ACL there": _at_the_edge(lambda _: waf_on("direct-alb") | REGIONAL),
    "waf.block, CloudFront": _at_the_edge(lambda _: REGIONAL | waf_on_distribution()),
    "cloudfront.deny_countries": _at_the_edge(_countries),
}
