"""How far a packet gets on all ways together: a way that is stopped where another passes hides neither."""

from opsctl.model.paths import Graph, GraphEdge, GraphNode, LayerVerdict, Paths, WayIn, WayStop
from opsctl.render.flow import flow_now, flow_planned
from opsctl.render.svg import drawing

THROUGH = (("internet", "cdn"), ("cdn", "alb"), ("alb", "app"))
DIRECT = (("internet", "alb"), ("alb", "app"))


def way(edges: tuple[tuple[str, str], ...], *stops: str, layers: tuple[LayerVerdict, ...] = ()) -> WayIn:
    """A way that is stopped at some nodes now, and that layers will close."""
    return WayIn(
        name=" > ".join(target for _, target in edges),
        hops=(),
        dropped=bool(stops),
        verdict="",
        closable=any(one.chosen for one in layers),
        layers=layers,
        edges=edges,
        stops=tuple(WayStop(node=node, by=f"gate of {node}") for node in stops),
    )


def paths(*ways: WayIn, standing: str = "0 of 2 ways closed") -> Paths:
    names = ("internet", "cdn", "alb", "app")
    nodes = tuple(GraphNode(id=name, kind=name, label=name, client="source") for name in names)
    edges = tuple(
        GraphEdge(source=source, target=target, leaves="source", arrives=("source",))
        for source, target in dict.fromkeys((*THROUGH, *DIRECT))
    )
    return Paths(
        target="t", kind="alb", graph=Graph(target="t", nodes=nodes, edges=edges), ways=ways, standing=standing
    )


def test_what_is_open_passes_everywhere() -> None:
    flow = flow_now(paths(way(THROUGH), way(DIRECT)))
    assert flow is not None
    assert flow.edges == {*THROUGH, *DIRECT}
    assert (flow.stopped, flow.stops) == (frozenset(), {})


def test_nothing_passes_behind_a_stop() -> None:
    flow = flow_now(paths(way(THROUGH, "cdn"), way(DIRECT, "alb")))
    assert flow is not None
    assert flow.edges == flow.stopped == {("internet", "cdn"), ("internet", "alb")}
    assert flow.reached == {"internet"}
    assert flow.stops == {"cdn": (("internet", "gate of cdn"),), "alb": (("internet", "gate of alb"),)}


def test_a_way_that_is_stopped_where_another_passes_is_stopped_on_its_own_edge_alone() -> None:
    """It was drawn as if both were."""
    seen = paths(way(THROUGH), way(DIRECT, "alb"))
    flow = flow_now(seen)
    assert flow is not None
    assert flow.stopped == {("internet", "alb")}
    assert {"alb", "app"} <= flow.reached
    drawn = drawing(seen.graph, flow)
    assert drawn.count('class="bar"') == 1
    assert 'class="stopping"' not in drawn
    assert "✕ from the internet:" in drawn


def test_an_edge_on_which_one_way_ends_and_another_goes_on_is_open() -> None:
    flow = flow_now(paths(way(DIRECT), way((("internet", "alb"),), "alb")))
    assert flow is not None
    assert flow.stopped == frozenset()
    assert flow.edges == set(DIRECT)


def test_what_a_plan_chose_stops_where_it_will_act_and_what_it_rejected_does_not() -> None:
    chosen = LayerVerdict(layer="nacl", at="alb", node="alb", chosen=True, reason="", where="acl-1")
    rejected = chosen.model_copy(update={"layer": "waf", "chosen": False})
    seen = paths(way(THROUGH, layers=(rejected,)), way(DIRECT, layers=(rejected, chosen)))
    now, planned = flow_now(seen), flow_planned(seen)
    assert now is not None
    assert planned is not None
    assert now.stops == {}
    assert planned.stops == {"alb": (("internet", "network ACL acl-1"),)}


def test_nothing_is_drawn_as_passing_where_nothing_was_asked_or_an_older_version_looked() -> None:
    assert flow_now(paths(way(THROUGH), standing="")) is None
    assert flow_planned(paths(way(()))) is None
