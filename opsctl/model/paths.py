"""The ways from the internet to a workload, as a plan shows them and every form of output draws them."""

from typing import Literal

from pydantic import ConfigDict

from opsctl.model.value import Value

Layer = Literal["nacl", "waf", "geo", "host", "network-firewall"]
Client = Literal["source", "header", "gone"]
"""Whether the client's address is the packet's or request's source, only in a header, or lost."""


class LayerVerdict(Value):
    """One layer on one way in: chosen or rejected, with the reason as a sentence.

    `where` is what acts there, in a few words, `node` its place's id.
    """

    layer: Layer
    at: str
    node: str = ""
    chosen: bool
    reason: str
    where: str = ""


class WayStop(Value):
    """Where on a way what was asked about is dropped: the node of the graph, and what drops it there."""

    node: str
    by: str


class WayIn(Value):
    """One way from the internet to the workload.

    `dropped` is what the evaluator finds now for every address asked about; `verdict` says where each packet
    is dropped or how far it passes. `handled` is whether what was asked for is so now (dropped, or for another
    mode than `block` at least met by such a rule), `covered` whether it will be so once the chosen points are in
    place. `closable` is whether any chosen point closes the way once applied. `edges` are those of the graph that
    traffic takes by this way, from the internet inwards, and `stops` where all of it is dropped now. `short` is
    the way in a few words, `now` and `after` what it is and will be in one; without them its name is told, and
    open or closed.
    """

    name: str
    hops: tuple[str, ...]
    dropped: bool
    verdict: str
    closable: bool
    handled: bool = False
    covered: bool = False
    short: str = ""
    now: str = ""
    after: str = ""
    layers: tuple[LayerVerdict, ...] = ()
    unknown: tuple[str, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    stops: tuple[WayStop, ...] = ()


class GraphNode(Value):
    """One node of the graph; `client` is the least that is left of a client's address on any way to it."""

    id: str
    kind: str
    label: str
    client: Client
    gates: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class GraphEdge(Value):
    """Traffic goes from one node to another.

    `leaves` is what this edge leaves of an address that is the source still in front of it; `arrives` what is left
    of one behind it, the most first: several where it depends on the way by which traffic came to this edge.
    Neither is known of a graph that an older version drew.
    """

    source: str
    target: str
    label: str = ""
    leaves: Client | None = None
    arrives: tuple[Client, ...] = ()


class Graph(Value):
    """The graph of ways in as it is drawn: from the node `internet` to the workload."""

    target: str
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]


class Paths(Value):
    """The ways in to one target; whatever else a fact has to say about them is not drawn.

    `standing` says of how many ways what was asked for is so now, `outlook` of how many it will be, and both
    which ways are left. Without any way in, `nowhere` says what was looked at, unless nobody can tell: then
    `untold` says why.
    """

    model_config = ConfigDict(extra="ignore")

    target: str
    kind: str
    graph: Graph
    ways: tuple[WayIn, ...]
    open: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    recommendations: tuple[str, ...] = ()
    standing: str = ""
    outlook: str = ""
    nowhere: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
