"""A custom domain name of API Gateway."""

import re

from opsctl.block import apigateway
from opsctl.block.apigateway import ApiDomain
from opsctl.block.node_kinds.api_names import fetched_domains, links_of
from opsctl.block.node_kinds.edge_names import is_known_elsewhere, is_no_distribution
from opsctl.block.topology.finding import is_address
from opsctl.block.topology.graph import Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal
from opsctl.resources.route53 import normal_name

_REGIONAL = re.compile(r"^d-[a-z0-9]+\.execute-api\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?$")


class ApiDomainKind(NodeKind):
    """Only a name; the endpoint of an edge-optimised one is a CloudFront of AWS's own."""

    kind = "api_domain"
    title = "custom domain of API Gateway"
    domains = re.compile(r"(^d-[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?|\.cloudfront\.net)$")
    transparent = True

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find it by its endpoint, or by its own name where no record of the account says what that is."""
        name = normal_name(text)
        if self.domains.search(name):
            found = yield from self.behind(name, survey)
            return found
        if "." not in name or name.startswith("arn:") or is_address(name):
            return Naming()
        elsewhere = yield from is_known_elsewhere(name, survey)
        if elsewhere:
            return Naming()
        region = survey.about.region
        wildcard = f"*.{name.partition('.')[2]}"
        found = yield from self._found(region, survey, f"whether {name} is a custom domain", {name, wildcard})
        return found.model_copy(update={"places": (), "weak": found.places})

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Find it by its endpoint."""
        regional = _REGIONAL.match(name)
        edge = not regional and (yield from is_no_distribution(name, survey))
        if not (regional or edge):
            return Naming()
        region = regional["region"] if regional else survey.about.region
        found = yield from self._found(region, survey, f"which custom domain answers {name}", {name})
        return found

    def leading_to(self, node: Node, survey: Survey, *, seed: bool) -> Fetching[Naming]:
        """Find those of a stage that distributions fetch from."""
        if node.place.kind != "rest_stage":
            return Naming()
        found = yield from fetched_domains(node.place, survey)
        region = node.place.region
        return Naming(places=tuple(Place(kind=self.kind, id=one.name, region=region) for one in found))

    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Read where its requests go."""
        listed = yield from survey.ask(apigateway.get_domain_names(place.region), apigateway.parse_domain_names)
        known = () if isinstance(listed, Refusal) else listed
        domain = next((one for one in known if one.name == place.id), None)
        open_to_all = domain if domain and not domain.private else None
        links, unknown = (yield from links_of(open_to_all, place.region, survey)) if open_to_all else ([], ())
        return Node(
            place=place,
            title=f"{self.title} {place.id}",
            name=place.id,
            resource=place.id,
            transparent=True,
            links=tuple(links),
            unknown=unknown,
            remarks=_remarks(domain),
        )

    def _found(self, region: str, survey: Survey, what: str, names: set[str]) -> Fetching[Naming]:
        listed = yield from survey.ask(apigateway.get_domain_names(region), apigateway.parse_domain_names)
        if isinstance(listed, Refusal):
            return Naming(unknown=(cannot_tell(what, listed),))
        found = [one for one in listed if {one.name, one.endpoint} & names]
        return Naming(places=tuple(Place(kind=self.kind, id=one.name, region=region) for one in found))


def _remarks(domain: ApiDomain | None) -> tuple[str, ...]:
    if domain is None:
        return ()
    if domain.private:
        return ("a private domain: only VPC endpoints lead to it",)
    return ("edge-optimized: AWS's own CloudFront stands in front",) if domain.edge else ()
