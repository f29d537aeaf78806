"""What was decided about a block: the ways in, the points that close them, and what stays open."""

from typing import Literal

from opsctl.model.value import Value

Layer = Literal["nacl", "waf", "geo"]


class LayerVerdict(Value):
    """One layer on one way in: chosen or rejected, with the reason as a sentence."""

    layer: Layer
    at: str
    chosen: bool
    reason: str


class WayIn(Value):
    """One way from the internet to the workload.

    `dropped` is what the evaluator finds now for every address asked about; `verdict` says where each packet
    is dropped or how far it passes. `handled` is whether what was asked for is so now (dropped, or for another
    mode than `block` at least met by such a rule), `covered` whether it will be so once the chosen points are in
    place. `closable` is whether any chosen point closes the way once applied.
    """

    name: str
    hops: tuple[str, ...]
    dropped: bool
    verdict: str
    closable: bool
    handled: bool = False
    covered: bool = False
    layers: tuple[LayerVerdict, ...] = ()
    unknown: tuple[str, ...] = ()


class Point(Value):
    """One place to enforce a block, and everyone it would hit.

    `id` is the network ACL id (nacl), the web ACL's ARN or "" when one has to be made (waf), the distribution
    id (geo). `resource` is what is protected: a load balancer's ARN or a distribution id. `addresses` are those
    that can come this way: a load balancer without IPv6 needs no IPv6 rule.
    """

    layer: Layer
    id: str
    resource: str
    resource_kind: str
    name: str
    scope: Literal["", "REGIONAL", "CLOUDFRONT"] = ""
    region: str
    reason: str
    ways: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    affects: tuple[str, ...] = ()
    owner: str = ""


class GraphNode(Value):
    """One node of the graph; `client` says what is left of the client's address when traffic arrives."""

    id: str
    kind: str
    label: str
    client: Literal["source", "header", "gone"]
    gates: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class GraphEdge(Value):
    """Traffic goes from one node to another."""

    source: str
    target: str
    label: str = ""


class Graph(Value):
    """The graph of ways in as it is drawn: from the node `internet` to the workload."""

    target: str
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]


class Decision(Value):
    """The whole decision about one target.

    `standing` says of how many ways what was asked for is so now, `outlook` of how many it will be, and both
    which ways are left. Without any way in, `nowhere` says what was looked at, unless nobody can tell: then
    `untold` says why.
    """

    target: str
    kind: str
    graph: Graph
    ways: tuple[WayIn, ...]
    points: tuple[Point, ...]
    open: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    recommendations: tuple[str, ...] = ()
    standing: str = ""
    outlook: str = ""
    nowhere: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()


class Hazard(Value):
    """Why an address should not be blocked: the kind names the guard, the evidence is for the person."""

    address: str
    kind: str
    evidence: str


class Hazards(Value):
    """All hazards found, and what could not be read."""

    found: tuple[Hazard, ...]
    unknown: tuple[str, ...] = ()
