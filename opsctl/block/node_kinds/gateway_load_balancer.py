"""A Gateway Load Balancer, recognised so that it is named."""

from opsctl.block.node_kinds import balancers
from opsctl.block.node_kinds.balancers import Kind
from opsctl.block.topology.naming import Naming
from opsctl.block.topology.node_kind import Blind
from opsctl.block.topology.survey import Survey
from opsctl.model.fetching import Fetching

KIND = Kind(kind="gateway_load_balancer", title="Gateway load balancer", type="gateway")


class GatewayLoadBalancer(Blind):
    """It hands traffic to firewall appliances by routes; it has neither a DNS name nor a web ACL."""

    kind = KIND.kind
    title = KIND.title
    reason = (
        "a Gateway load balancer passes traffic to appliances: AWS enforces nothing there; block on the "
        "appliance, or at the load balancer or instance behind it"
    )

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find it by ARN or name."""
        found = yield from balancers.named(text, KIND, survey)
        return found

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """It answers no name."""
        yield from ()
        return Naming()
