"""An HTTP or a WebSocket API of API Gateway."""

import re

from opsctl.block import apigateway
from opsctl.block.node_kinds.api_names import named_by_host, plain_api
from opsctl.block.node_kinds.managed import traces
from opsctl.block.topology.graph import Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import Blind
from opsctl.block.topology.survey import Survey
from opsctl.model.fetching import Fetching


class HttpApi(Blind):
    """It takes neither a web ACL nor a resource policy (AWS WAF guide, how-aws-waf-works-resources)."""

    kind = "http_api"
    title = "HTTP or WebSocket API"
    domains = re.compile(r"\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$")
    reason = (
        "an HTTP or WebSocket API of API Gateway takes no web ACL and no resource policy: put CloudFront with AWS "
        "WAF in front and disable its execute-api endpoint, or refuse the address in an authorizer"
    )

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find it by its host name."""
        found = yield from self.behind(text.lower(), survey)
        return found

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Find it by its host name."""
        found = yield from named_by_host(name, self.kind, plain_api, survey)
        return found

    def leading_to(self, node: Node, survey: Survey, *, seed: bool) -> Fetching[Naming]:
        """Notice interfaces of API Gateway beside a node; where those lead is not followed."""
        found = yield from traces(node, "api_gateway_managed", "an API Gateway", survey)
        return found

    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Say which it is, and whether its own host name answers."""
        found = yield from plain_api(place.id, place.region, survey)
        host = apigateway.host_of(place.id, place.region, survey.about.identity.partition)
        api = found if isinstance(found, apigateway.PlainApi) else None
        kind = {"HTTP": "HTTP API", "WEBSOCKET": "WebSocket API"}.get(api.protocol if api else "", self.title)
        return Node(
            place=place,
            title=f"{kind} {api.name if api else place.id}",
            name=api.name if api else place.id,
            resource=host,
            answers_to=frozenset({host}),
            entrance=host if api is None or api.open else "",
            relays=True,
            blind=self.reason,
            unknown=(found,) if isinstance(found, str) else (),
        )
