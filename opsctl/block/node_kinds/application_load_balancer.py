"""An Application Load Balancer: it ends the connection, so its targets see only its own addresses."""

from collections.abc import Sequence

from opsctl.block.node_kinds import balancers
from opsctl.block.node_kinds.balancers import Kind
from opsctl.block.node_kinds.reading import web_acl_of_resource
from opsctl.block.topology.graph import Link, Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.survey import Survey
from opsctl.block.wafv2 import get_web_acl_for_resource
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read

KIND = Kind(kind="alb", title="application load balancer", type="application")


class ApplicationLoadBalancer(NodeKind):
    """Gates: network ACLs of all its subnets, security groups, a regional web ACL."""

    kind = KIND.kind
    title = KIND.title
    domains = balancers.DOMAINS
    looked_in = "load balancers (ARN, name, DNS name)"

    def bulk(self, region: str) -> Sequence[Read]:
        """Load balancers and target groups of the region."""
        return balancers.bulk(region)

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find it by ARN, name or DNS name."""
        return balancers.named(text, KIND, survey)

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Find it by DNS name."""
        return balancers.behind(name, KIND, survey)

    def leading_to(self, node: Node, survey: Survey, *, seed: bool) -> Fetching[Naming]:
        """Find those that forward to a target group."""
        if node.place.kind != "target_group":
            return Naming()
        found = yield from balancers.of_target_group(node, KIND, survey)
        return found

    def onward(self, place: Place, survey: Survey) -> Fetching[Naming]:
        """Find its target groups."""
        return balancers.onward(place, survey)

    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Read it with its web ACL."""
        web_acl = get_web_acl_for_resource(place.id)
        node = yield from balancers.read_node(place, KIND, _link, survey, (web_acl,))
        if node.blind:
            return node
        waf = yield from web_acl_of_resource(place.id, survey)
        return node.model_copy(update={"gates": (*node.gates, waf)})


def _link(group: Place) -> Link:
    why = "the load balancer terminates the connection: targets see its own addresses, the client's in a header"
    return Link(to=group, client="header", why=why)
