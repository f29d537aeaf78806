"""A Network Load Balancer: packets reach its subnets with the client's address, whatever the targets see."""

from collections.abc import Sequence

from opsctl.block.node_kinds import balancers
from opsctl.block.node_kinds.balancers import Kind
from opsctl.block.topology.graph import Link, Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.survey import Survey
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Read

KIND = Kind(kind="nlb", title="network load balancer", type="network")


class NetworkLoadBalancer(NodeKind):
    """Gates: network ACLs of all its subnets, and security groups if it was made with any."""

    kind = KIND.kind
    title = KIND.title
    domains = balancers.DOMAINS

    def bulk(self, region: str) -> Sequence[Read]:
        """Load balancers and target groups of the region."""
        return balancers.bulk(region)

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find it by ARN, name, DNS name or fixed address."""
        found = yield from balancers.named(text, KIND, survey)
        if found.places:
            return found
        by_address = yield from balancers.at_address(text, KIND, survey)
        return by_address

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Find it by DNS name."""
        return balancers.behind(name, KIND, survey)

    def at_address(self, address: str, survey: Survey) -> Fetching[Naming]:
        """Find it by a fixed address."""
        return balancers.at_address(address, KIND, survey)

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
        """Read it; what its targets see of the client is decided by each target group."""
        return balancers.read_node(place, KIND, lambda group: Link(to=group), survey)
