"""The graph as it is drawn."""

from tests.block.facts.asking import served, ways_in
from tests.kit.picture import Picture, alias, balancer_dns


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
    assert [edge.label for edge in graph.edges][-1] == "client's address gone"
