"""The kinds of nodes that are found by scanning."""

from opsctl.block.node_kinds.registry import every_hop
from opsctl.block.topology.hop import Blind


def test_every_kind_of_node_is_found_once_with_a_title() -> None:
    kinds = [hop.kind for hop in every_hop()]
    assert len(kinds) == len(set(kinds))
    assert set(kinds) >= {"name", "distribution", "alb", "nlb", "target_group", "instance", "interface"}
    assert all(hop.title and (type(hop).__doc__ or "").strip() for hop in every_hop())


def test_kinds_that_are_not_followed_say_why() -> None:
    blind = {hop.kind: hop.reason for hop in every_hop() if isinstance(hop, Blind)}
    assert set(blind) == {
        "api_gateway",
        "classic_load_balancer",
        "function_url",
        "gateway_load_balancer",
        "global_accelerator",
    }
    assert all(blind.values())
