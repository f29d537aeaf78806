"""An Amazon API Gateway API, by its DNS name."""

import re

from opsctl.topology.hop import Blind


class ApiGateway(Blind):
    """REST APIs take a regional web ACL on the stage; HTTP and WebSocket APIs take none."""

    kind = "api_gateway"
    title = "API Gateway"
    domains = re.compile(r"\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$")
    reason = (
        "an API Gateway stands here: opsctl does not plan for its stages yet;"
        " attach a web ACL to the stage of a REST API, or put CloudFront with WAF in front"
    )
