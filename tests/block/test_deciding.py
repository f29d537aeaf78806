"""Taking back what was chosen where its point turns out to be unusable."""

from opsctl.block.asked import Asked
from opsctl.block.deciding import Judged, PointKey, points_of, without
from opsctl.block.layers.verdict import NodeVerdict
from opsctl.block.topology.gates import NaclGate, WafGate
from opsctl.block.topology.graph import Node
from opsctl.block.topology.nacl import NetworkAcl
from opsctl.block.topology.naming import Place
from opsctl.block.topology.traffic_paths import Stop, TrafficPath

ADDRESS = "198.51.100.7/32"
NACL: PointKey = ("nacl", "acl-1")
SECOND: PointKey = ("nacl", "acl-2")
WAF: PointKey = ("waf", "edge")


def judged(*, nacl: bool = True) -> Judged:
    """A way on which both address layers were judged; network ACLs may have been rejected."""
    acls = NaclGate(acls=(NetworkAcl(id="acl-1"), NetworkAcl(id="acl-2")), subnets=("subnet-1",))
    node = Node(
        place=Place(kind="alb", id="edge"),
        title="edge",
        name="edge",
        resource="edge",
        gates=(acls, WafGate(scope="REGIONAL")),
    )
    asked = Asked(addresses=(ADDRESS,))
    return Judged(
        way=TrafficPath(names=(), stops=(Stop(node=node),)),
        outcomes={},
        verdicts=(
            NodeVerdict(layer="nacl", node=node, chosen=nacl, reason="first", versions=(4,) if nacl else ()),
            NodeVerdict(layer="waf", node=node, chosen=True, reason="second", versions=(4, 6)),
        ),
        closed="",
        asked=asked,
        left=asked,
    )


def told(one: Judged) -> list[tuple[bool, str, tuple[int, ...], tuple[str, ...]]]:
    """What is left of the verdicts."""
    return [(verdict.chosen, verdict.reason, verdict.versions, verdict.unknown) for verdict in one.verdicts]


def test_a_layer_with_one_point_that_cannot_be_used_is_rejected_for_every_reason_and_the_others_stay() -> None:
    (one,) = without([judged()], {NACL: "it is full", SECOND: "cannot tell: access denied"})
    assert told(one) == [
        (False, "it is full; cannot tell: access denied", (), ("cannot tell: access denied",)),
        (True, "second", (4, 6), ()),
    ]
    assert [(point.layer, point.resource) for point in points_of([one])] == [("waf", "edge")]


def test_the_same_reason_at_two_points_is_told_once() -> None:
    (one,) = without([judged()], {NACL: "it is full", SECOND: "it is full"})
    assert told(one)[0] == (False, "it is full", (), ())


def test_what_was_rejected_before_keeps_its_own_reason() -> None:
    (one,) = without([judged(nacl=False)], {NACL: "it is full", WAF: "no room"})
    assert told(one) == [(False, "first", (), ()), (False, "no room", (), ())]
    assert points_of([one]) == ()


def test_points_of_several_ways_are_one_with_all_their_ways_and_addresses() -> None:
    first, second = judged(), judged()
    second = second.model_copy(
        update={
            "way": second.way.model_copy(update={"names": ("shop.example.com",)}),
            "left": Asked(addresses=(ADDRESS, "203.0.113.4/32", "2001:db8::7/128")),
        }
    )
    acl, _, waf = points_of([first, second])
    assert acl.ways == ("internet > edge", "internet > shop.example.com > edge")
    assert acl.addresses == (ADDRESS, "203.0.113.4/32")
    assert waf.addresses == (ADDRESS, "203.0.113.4/32", "2001:db8::7/128")
