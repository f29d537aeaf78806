"""The graph as it is drawn."""

from opsctl.model.paths import Graph
from tests.block.facts.asking import ATTACKER, decide, served, ways_in
from tests.kit.picture import OPEN, Picture, alias, balancer_dns, entry, interface, record


def test_the_graph_goes_from_the_internet_to_the_instances_and_says_where_the_client_is_lost() -> None:
    picture = Picture()
    served(picture)
    domain = picture.distribution("E1", balancer_dns("shop"), aliases=("shop.example.com",))
    picture.zone("example.com", alias("shop.example.com", domain))
    graph = ways_in(picture, "shop.example.com").graph
    kinds = {node.id: node for node in graph.nodes}
    assert [node.kind for node in graph.nodes] == [
        "internet",
        "name",
        "distribution",
        "alb",
        "target_group",
        "instance",
    ]
    starts = [edge.target for edge in graph.edges if edge.source == "internet"]
    assert [kinds[one].kind for one in starts] == ["name", "alb"]
    clients = {node.kind: node.client for node in graph.nodes}
    assert clients["distribution"] == "source"
    assert clients["alb"] == clients["instance"] == "header"
    assert {edge.source for edge in graph.edges} | {edge.target for edge in graph.edges} == set(kinds)
    assert kinds["distribution:E1"].gates == ("geo restriction none", "no web ACL")


def test_ip_targets_of_an_nlb_do_not_see_the_client() -> None:
    picture = Picture()
    balancer = picture.balancer("api", [picture.subnet("edge")], kind="network", ports=(("TCP", 443),))
    picture.target_group("api", [balancer], ["10.9.9.9"], kind="ip", protocol="TCP")
    graph = ways_in(picture, "api").graph
    assert {node.kind: node.client for node in graph.nodes}["origin"] == "gone"
    last = graph.edges[-1]
    assert (last.leaves, last.arrives, last.label) == ("gone", ("gone",), "")


def behind_cloudfront(picture: Picture, kind: str) -> Graph:
    """The ways in to a load balancer that is reached through a distribution and directly."""
    served(picture, kind=kind)
    domain = picture.distribution("E1", balancer_dns("shop", kind), aliases=("shop.example.com",))
    picture.zone("example.com", alias("shop.example.com", domain))
    return ways_in(picture, "shop.example.com").graph


def edges_between(graph: Graph) -> dict[tuple[str, str], tuple[str, ...]]:
    """What is left of a client's address on each edge, by the kinds of its ends."""
    kinds = {node.id: node.kind for node in graph.nodes}
    return {(kinds[edge.source], kinds[edge.target]): edge.arrives for edge in graph.edges}


def test_an_alb_sees_the_client_where_it_is_reached_directly_and_not_behind_cloudfront() -> None:
    edges = edges_between(behind_cloudfront(Picture(), "application"))
    assert edges["internet", "alb"] == ("source",)
    assert edges["distribution", "alb"] == ("header",)
    assert edges["alb", "target_group"] == ("header",)


def test_what_an_instance_sees_behind_an_nlb_depends_on_the_way_and_the_edge_says_both() -> None:
    edges = edges_between(behind_cloudfront(Picture(), "network"))
    assert edges["internet", "nlb"] == ("source",)
    assert edges["distribution", "nlb"] == ("header",)
    assert edges["target_group", "instance"] == ("source", "header")


def test_an_edge_tells_of_ipv6_clients_only_where_they_come() -> None:
    for versions, told in (("dualstack", "addresses of IPv6 clients are gone"), ("ipv4", "")):
        picture = Picture()
        balancer = picture.balancer("api", [picture.subnet("edge")], kind="network", ip=versions)
        inside = picture.subnet("in")
        instance = picture.instance("i-1", interface("eni-1", inside, [picture.security_group("in", OPEN)]))
        picture.target_group("api", [balancer], [instance], protocol="TCP")
        graph = ways_in(picture, "api").graph
        assert graph.edges[-1].label == told
        assert graph.edges[-1].arrives == ("source",)


def test_the_edges_of_a_way_lead_from_the_internet_to_where_it_ends_and_nowhere_else() -> None:
    picture = Picture()
    behind_cloudfront(picture, "application")
    graph = ways_in(picture, "shop.example.com")
    kinds = {node.id: node.kind for node in graph.graph.nodes}
    through, direct = ([(kinds[one], kinds[two]) for one, two in way.edges] for way in graph.ways)
    inside = [("alb", "target_group"), ("target_group", "instance")]
    assert through == [("internet", "name"), ("name", "distribution"), ("distribution", "alb"), *inside]
    assert direct == [("internet", "alb"), *inside]
    assert {edge for way in graph.ways for edge in way.edges} == {
        (edge.source, edge.target) for edge in graph.graph.edges
    }


def test_names_that_lead_to_each_other_come_in_their_order() -> None:
    picture = Picture()
    served(picture)
    picture.zone(
        "example.com",
        record("a.example.com", "CNAME", "b.example.com"),
        record("b.example.com", "CNAME", balancer_dns("shop")),
    )
    (way,) = ways_in(picture, "a.example.com").ways
    assert [target for _, target in way.edges][:2] == ["name:a.example.com", "name:b.example.com"]


def test_a_way_says_where_everything_asked_about_is_dropped() -> None:
    picture = Picture()
    served(picture)
    assert decide(picture, "shop").ways[0].stops == ()
    for acl in picture.acls[:2]:
        acl["Entries"].insert(0, entry(90, "deny", f"{ATTACKER}/32"))
    (way,) = decide(picture, "shop").ways
    (stop,) = way.stops
    assert stop.node.startswith("alb:")
    assert stop.by == "network ACL acl-shop-a rule 90, acl-shop-b rule 90"
    assert way.edges[0] == ("internet", stop.node)
