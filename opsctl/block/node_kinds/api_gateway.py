"""An Amazon API Gateway API, by its DNS name."""

import re

from opsctl.block.node_kinds.managed import traces
from opsctl.block.topology.graph import Node
from opsctl.block.topology.naming import Naming
from opsctl.block.topology.node_kind import Blind
from opsctl.block.topology.survey import Survey
from opsctl.model.fetching import Fetching


class ApiGateway(Blind):
    """REST APIs take a regional web ACL on the stage; HTTP and WebSocket APIs take none."""

    kind = "api_gateway"
    title = "API Gateway"
    domains = re.compile(r"\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$")
    reason = (
        "this is an API Gateway: opsctl does not support its stages yet; attach a web ACL to the stage "
        "of a REST API, or put CloudFront with WAF in front"
    )

    def leading_to(self, node: Node, survey: Survey, *, seed: bool) -> Fetching[Naming]:
        """Notice its interfaces beside a node; where they lead is not followed."""
        found = yield from traces(node, "api_gateway_managed", "an API Gateway", survey)
        return found
