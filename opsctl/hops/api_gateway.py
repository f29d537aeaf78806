"""An Amazon API Gateway API, by its DNS name."""

import re

from opsctl.hops.managed import traces
from opsctl.model.looking import Looking
from opsctl.topology.graph import Node
from opsctl.topology.hop import Blind
from opsctl.topology.places import Naming
from opsctl.topology.survey import Survey


class ApiGateway(Blind):
    """REST APIs take a regional web ACL on the stage; HTTP and WebSocket APIs take none."""

    kind = "api_gateway"
    title = "API Gateway"
    domains = re.compile(r"\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$")
    reason = (
        "an API Gateway stands here: opsctl does not plan for its stages yet;"
        " attach a web ACL to the stage of a REST API, or put CloudFront with WAF in front"
    )

    def leading_to(self, node: Node, survey: Survey, *, seed: bool) -> Looking[Naming]:
        """Notice its interfaces beside a node; where they lead is not followed."""
        found = yield from traces(node, "api_gateway_managed", "an API Gateway", survey)
        return found
