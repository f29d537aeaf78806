"""A distribution tenant of CloudFront that does not have its distribution's web ACL."""

from opsctl.block import cloudfront, tenants
from opsctl.block.node_kinds.edge_names import is_known_elsewhere
from opsctl.block.node_kinds.origins import links_to
from opsctl.block.node_kinds.reading import web_acl_of_distribution
from opsctl.block.node_kinds.tenant_names import place_of_tenant, tenant_serving, tenants_of
from opsctl.block.tenants import Tenant
from opsctl.block.topology.finding import is_address
from opsctl.block.topology.graph import Link, Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.block.topology.unfold import both
from opsctl.model.fetching import Fetching, gather
from opsctl.model.reads import Refusal
from opsctl.resources.route53 import normal_name

_ARN = ":distribution-tenant/"


class DistributionTenantKind(NodeKind):
    """Gate: its own web ACL; its distribution's does not protect it (CloudFront guide, tenant-customization).

    Tenants that have their distribution's web ACL are the distribution, and no nodes of their own.
    """

    kind = "distribution_tenant"
    title = "distribution tenant"
    looked_in = "distribution tenants"

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find it by id or ARN, or by a domain of its own where nothing of the account says what that is."""
        if text.startswith("dt_") or _ARN in text:
            found = yield from survey.ask(tenants.get_tenant(text.rpartition("/")[2]), tenants.parse_tenant)
            if isinstance(found, Refusal):
                return Naming()
            survey.learn({found.id: found})
            return Naming(places=(place_of_tenant(found),))
        name = normal_name(text)
        if "." not in name or name.startswith("arn:") or is_address(name):
            return Naming()
        elsewhere = yield from is_known_elsewhere(name, survey)
        if elsewhere:
            return Naming()
        serving = yield from tenant_serving(name, survey)
        return serving.model_copy(update={"places": (), "weak": serving.places})

    def leading_to(self, node: Node, survey: Survey, *, seed: bool) -> Fetching[Naming]:
        """Find those of a multi-tenant distribution, which serve the same origins."""
        if node.place.kind != "distribution":
            return Naming()
        listed = yield from survey.ask(cloudfront.list_distributions(), cloudfront.parse_distributions)
        known = () if isinstance(listed, Refusal) else listed
        if not any(one.id == node.place.id and one.tenants and one.enabled for one in known):
            return Naming()
        found = yield from tenants_of(node.place.id, survey)
        if isinstance(found, str):
            return Naming(unknown=(found,))
        return Naming(places=tuple(place_of_tenant(one) for one in found if one.enabled and not one.inherits))

    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Read its web ACL, and the origins of its distribution."""
        tenant = survey.learnt(place.id, Tenant)
        if tenant is None:
            asked = yield from survey.ask(tenants.get_tenant(place.id), tenants.parse_tenant)
            if isinstance(asked, Refusal):
                why = cannot_tell("what it is", asked)
                return Node(
                    place=place, title=place.id, name=place.id, resource=place.id, blind=why, entrance=place.id
                )
            tenant = asked
        waf, (links, unknown) = yield from both(
            web_acl_of_distribution(tenant.web_acl, survey), _links(tenant.distribution, survey)
        )
        return Node(
            place=place,
            title=f"{self.title} {tenant.name}",
            name=tenant.name,
            resource=tenant.id,
            relays=True,
            gates=(waf,),
            answers_to=frozenset(tenant.domains),
            entrance=next(iter(tenant.domains), "") if tenant.enabled else "",
            links=links,
            unknown=unknown,
            remarks=_remarks(tenant),
        )


def _links(distribution: str, survey: Survey) -> Fetching[tuple[tuple[Link, ...], tuple[str, ...]]]:
    """Return where the origins of the tenant's distribution lead."""
    listed = yield from survey.ask(cloudfront.list_distributions(), cloudfront.parse_distributions)
    if isinstance(listed, Refusal):
        return (), (cannot_tell("what its distribution fetches from", listed),)
    origins = [origin for one in listed if one.id == distribution for origin in one.origins]
    found = yield from gather([links_to(origin, listed, survey) for origin in origins])
    links = dict.fromkeys(link for listed_links, _ in found for link in listed_links)
    return tuple(links), tuple(dict.fromkeys(text for _, missing in found for text in missing))


def _remarks(tenant: Tenant) -> tuple[str, ...]:
    remarks = [f"a tenant of distribution {tenant.distribution}, whose web ACL does not protect it"]
    if tenant.action == "disable":
        remarks.append("it has disabled that web ACL and has none of its own")
    if not tenant.enabled:
        remarks.append("it is disabled and serves no requests")
    return tuple(remarks)
