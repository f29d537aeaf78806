"""The kinds of nodes that are found by scanning."""

from opsctl.block.node_kinds.registry import every_node_kind
from opsctl.block.topology.node_kind import Blind


def test_every_kind_of_node_is_found_once_with_a_title() -> None:
    kinds = [kind.kind for kind in every_node_kind()]
    assert len(kinds) == len(set(kinds))
    assert set(kinds) >= {"name", "distribution", "alb", "nlb", "target_group", "instance", "interface"}
    assert all(kind.title and (type(kind).__doc__ or "").strip() for kind in every_node_kind())


def test_kinds_that_are_not_followed_say_why() -> None:
    blind = {kind.kind: kind.reason for kind in every_node_kind() if isinstance(kind, Blind)}
    assert set(blind) == {
        "classic_load_balancer",
        "function_url",
        "gateway_load_balancer",
        "http_api",
    }
    assert all(blind.values())
