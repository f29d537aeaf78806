"""The host name of a REST API of API Gateway; the path of a request names the stage."""

import re

from opsctl.block import apigateway
from opsctl.block.node_kinds.api_names import named_by_host, rest_api, stages_of
from opsctl.block.topology.graph import Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.survey import Survey
from opsctl.model.fetching import Fetching


class RestApiKind(NodeKind):
    """Only a name: what can be enforced is enforced at each of its stages."""

    kind = "rest_api"
    title = "REST API"
    domains = re.compile(r"\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$")
    transparent = True

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find it by its host name or ARN."""
        region, api, stage = apigateway.parts_of_arn(text) or ("", "", "")
        if api and not stage:
            return Naming(places=(Place(kind=self.kind, id=api, region=region),))
        found = yield from self.behind(text.lower(), survey)
        return found

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Find it by its host name."""
        found = yield from named_by_host(name, self.kind, rest_api, survey)
        return found

    def leading_to(self, node: Node, survey: Survey, *, seed: bool) -> Fetching[Naming]:
        """Find the API of a stage, unless its host name answers nobody."""
        if node.place.kind != "rest_stage":
            return Naming()
        identifier = node.place.id.partition("/")[0]
        found = yield from rest_api(identifier, node.place.region, survey)
        shut = found is None or isinstance(found, str) or found.private or not found.open
        return Naming(places=() if shut else (Place(kind=self.kind, id=identifier, region=node.place.region),))

    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Read its stages."""
        links, unknown = yield from stages_of(place.id, place.region, survey)
        host = apigateway.host_of(place.id, place.region, survey.about.identity.partition)
        found = yield from rest_api(place.id, place.region, survey)
        title = (
            f"{self.title} {found.name}" if isinstance(found, apigateway.RestApi) else f"{self.title} {place.id}"
        )
        missing = () if found else (f"cannot tell what {place.id} is: no such REST API is listed",)
        return Node(
            place=place,
            title=title,
            name=host,
            resource=host,
            transparent=True,
            links=tuple(links),
            unknown=(*unknown, *missing),
        )
