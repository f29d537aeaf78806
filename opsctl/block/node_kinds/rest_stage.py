"""A stage of a REST API of API Gateway: where AWS WAF sees the client, whatever name led there."""

from opsctl.block import apigateway
from opsctl.block.node_kinds.api_names import fetched_domains, rest_api
from opsctl.block.node_kinds.reading import web_acl_of_resource
from opsctl.block.topology.gates import WafGate
from opsctl.block.topology.graph import Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.survey import Survey
from opsctl.block.topology.unfold import both
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal


class RestStage(NodeKind):
    """Gate: a regional web ACL, also where the API is edge-optimised; a private API has no way in.

    Source: API Gateway guide, apigateway-control-access-aws-waf; that an edge-optimised endpoint shows WAF the
    viewer and not CloudFront is said by AWS's re:Post article alone.
    """

    kind = "rest_stage"
    title = "API Gateway stage"
    looked_in = "API Gateway"

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find it by its ARN."""
        yield from ()
        region, api, stage = apigateway.parts_of_arn(text) or ("", "", "")
        return Naming(places=(Place(kind=self.kind, id=f"{api}/{stage}", region=region),) if stage else ())

    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Read its web ACL and tags, and what is open of its API."""
        identifier, _, name = place.id.partition("/")
        partition = survey.about.identity.partition
        resource = apigateway.stage_arn(identifier, name, place.region, partition)
        stages = apigateway.get_stages(identifier, place.region)
        (api, listed), (waf, domains) = yield from both(
            both(rest_api(identifier, place.region, survey), survey.ask(stages, apigateway.parse_stages)),
            both(web_acl_of_resource(resource, survey), fetched_domains(place, survey)),
        )
        host = apigateway.host_of(identifier, place.region, partition)
        unknown = (api,) if isinstance(api, str) else ()
        known = None if isinstance(api, str) else api
        called = f"{known.name if known else identifier}/{name}"
        stage = next((one for one in (() if isinstance(listed, Refusal) else listed) if one.name == name), None)
        if stage is not None and stage.classic:
            waf = WafGate(scope="REGIONAL", classic=stage.classic)
        return Node(
            place=place,
            title=f"{self.title} {called}",
            name=called,
            resource=resource,
            relays=True,
            gates=(waf,),
            answers_to=frozenset({host, *(text for one in domains for text in (one.name, one.endpoint))}),
            entrance="" if known and known.private else host,
            unknown=unknown,
            remarks=_remarks(known),
            tags=stage.tags if stage else {},
        )


def _remarks(api: apigateway.RestApi | None) -> tuple[str, ...]:
    if api is None:
        return ()
    if api.private:
        return ("the API is private: only VPC endpoints lead to it",)
    remarks = [] if api.open else ["its execute-api endpoint is disabled: only custom domains lead to it"]
    return (*remarks, *(["the API is edge-optimized"] if api.edge else []))
