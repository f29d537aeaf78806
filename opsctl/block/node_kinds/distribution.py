"""A CloudFront distribution: whatever stands behind it sees only CloudFront, and the client in a header."""

from collections.abc import Sequence

from opsctl.block import cloudfront, wafv2
from opsctl.block.cloudfront import Distribution, VpcOrigin
from opsctl.block.cloudfront import Origin as OriginOf
from opsctl.block.node_kinds.names import resolve
from opsctl.block.node_kinds.origins import links_to, vpc_origins
from opsctl.block.node_kinds.reading import web_acl_of_distribution
from opsctl.block.node_kinds.tenant_names import tenants_of
from opsctl.block.tenants import Tenant
from opsctl.block.topology.gates import GeoGate
from opsctl.block.topology.graph import Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.block.topology.unfold import both
from opsctl.model.fetching import Fetching, gather
from opsctl.model.reads import Read, Refusal
from opsctl.model.sentences import first_few
from opsctl.resources.route53 import normal_name, plain_target


class DistributionKind(NodeKind):
    """Gates: geographic restriction first, then the web ACL (requests denied by country never reach WAF)."""

    kind = "distribution"
    title = "distribution"
    looked_in = "distributions (id, ARN, domain name, alternate names)"

    def bulk(self, region: str) -> Sequence[Read]:
        """All distributions."""
        return (cloudfront.list_distributions(),)

    def named(self, text: str, survey: Survey) -> Fetching[Naming]:
        """Find it by id, ARN or domain name; by an alternate name only if no record says otherwise."""
        name = normal_name(text)
        found = yield from _listed(survey, f"whether a distribution is called {text}")
        if isinstance(found, str):
            return Naming(unknown=(found,))
        strong = [one for one in found if text in (one.id, one.arn) or name == one.domain]
        return Naming(places=_places(strong), weak=_places(_with_alias(name, found)))

    def behind(self, name: str, survey: Survey) -> Fetching[Naming]:
        """Find it by its domain name, or by an alternate name that no hosted zone of the account holds."""
        found = yield from _listed(survey, f"which distribution answers {name}")
        if isinstance(found, str):
            return Naming(unknown=(found,) if name.endswith(".cloudfront.net") else ())
        strong = [one for one in found if name == one.domain]
        return Naming(places=_places(strong), weak=_places(_with_alias(name, found)))

    def leading_to(self, node: Node, survey: Survey, *, seed: bool) -> Fetching[Naming]:
        """Find those with an origin that is the node: by its name, a name that resolves to it, or in its VPC."""
        if not node.entrance and not node.vpc:
            return Naming()
        found = yield from _listed(survey, f"which distributions lead to {node.name}")
        if isinstance(found, str):
            return Naming(unknown=(found,))
        private = yield from vpc_origins(found, survey)
        if isinstance(private, str):
            unknown: tuple[str, ...] = (private,)
            private = {}
        else:
            unknown = ()
        named = found if node.entrance else ()
        names = sorted({plain_target(one.domain) for it in named for one in it.origins if one.domain})
        ends = yield from gather([resolve(name, survey) for name in names])
        leading = {
            name
            for name, step in zip(names, ends, strict=True)
            if node.answers_to & {name, *(target for target, _ in step.targets)}
        }
        fronts = [it for it in found if any(_leads(one, node, leading, private) for one in it.origins)]
        missed = tuple(dict.fromkeys(text for step in ends for text in step.unknown))
        return Naming(places=_places(fronts), unknown=(*unknown, *missed))

    def onward(self, place: Place, survey: Survey) -> Fetching[Naming]:
        """Find what its origins are."""
        found = yield from _listed(survey, "what it leads to")
        if isinstance(found, str):
            return Naming()
        origins = [origin for one in found if one.id == place.id for origin in one.origins]
        links = yield from gather([links_to(origin, found, survey) for origin in origins])
        return Naming(places=tuple(link.to for listed, _ in links for link in listed))

    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Read its origins, restriction, web ACL and tags."""
        found = yield from _listed(survey, "what it is")
        it = None if isinstance(found, str) else next((one for one in found if one.id == place.id), None)
        if isinstance(found, str) or it is None:
            why = found if isinstance(found, str) else "cannot tell what it is: it is not listed"
            return Node(
                place=place, title=place.id, name=place.id, resource=place.id, blind=why, entrance=place.id
            )
        config, tags = cloudfront.get_distribution_config(it.id), cloudfront.list_tags(it.arn)
        acl = (wafv2.get_web_acl(it.web_acl),) if wafv2.is_arn(it.web_acl) else ()
        yield from survey.prefetch([config, tags, *acl])
        waf, origins = yield from both(
            web_acl_of_distribution(it.web_acl, survey),
            gather([links_to(one, found, survey) for one in it.origins]),
        )
        policy = yield from survey.ask(config, cloudfront.parse_continuous_deployment)
        tagged = yield from survey.ask(tags, cloudfront.parse_tags)
        served = (yield from tenants_of(it.id, survey)) if it.tenants else ()
        tenants = () if isinstance(served, str) else tuple(one for one in served if one.enabled and one.inherits)
        others = (
            () if isinstance(served, str) else tuple(one for one in served if one.enabled and not one.inherits)
        )
        unknown = [text for _, missing in origins for text in missing]
        if isinstance(policy, Refusal):
            unknown.append(cannot_tell(f"whether {it.id} has a continuous deployment policy", policy))
        return Node(
            place=place,
            title=f"{self.title} {it.id}",
            name=it.title,
            resource=it.id,
            relays=True,
            gates=(GeoGate(restriction=it.geo, countries=it.countries), waf),
            answers_to=frozenset({it.domain, *it.aliases, *(name for one in tenants for name in one.domains)}),
            entrance=it.domain if it.enabled and (tenants or not it.tenants or isinstance(served, str)) else "",
            versions=(4, 6) if it.ipv6 else (4,),
            links=tuple(dict.fromkeys(link for links, _ in origins for link in links)),
            unknown=tuple(unknown),
            blind=served if isinstance(served, str) else "",
            fixed=_fixed(it, "" if isinstance(policy, Refusal) else policy),
            remarks=(*_remarks(it), *_of_tenants(tenants, others)),
            tags={} if isinstance(tagged, Refusal) else tagged,
        )


def _listed(survey: Survey, what: str) -> Fetching[tuple[Distribution, ...] | str]:
    found = yield from survey.ask(cloudfront.list_distributions(), cloudfront.parse_distributions)
    return cannot_tell(what, found) if isinstance(found, Refusal) else found


def _places(found: Sequence[Distribution]) -> tuple[Place, ...]:
    return tuple(Place(kind=DistributionKind.kind, id=one.id) for one in found)


def _with_alias(name: str, found: Sequence[Distribution]) -> list[Distribution]:
    """Return the distributions with an alternate name; an exact one beats a wildcard."""
    exact = [one for one in found if name in one.aliases]
    wildcard = f"*.{name.partition('.')[2]}"
    return exact or [one for one in found if wildcard in one.aliases]


def _leads(origin: OriginOf, node: Node, names: set[str], private: dict[str, VpcOrigin]) -> bool:
    if origin.vpc_origin:
        endpoint = private[origin.vpc_origin].endpoint if origin.vpc_origin in private else ""
        return endpoint == node.resource or endpoint.endswith(f"/{node.place.id}")
    return plain_target(origin.domain) in names


def _fixed(it: Distribution, policy: str) -> str:
    if (policy or it.staging) and not it.web_acl:
        return (
            f"{it.id} is under continuous deployment, where CloudFront refuses to attach a web ACL for the"
            " first time"
        )
    return ""


def _remarks(it: Distribution) -> tuple[str, ...]:
    remarks = []
    if not it.enabled:
        remarks.append("it is disabled and serves no requests")
    if it.staging:
        remarks.append("it is a staging distribution: its primary sends it a share of the traffic")
    return tuple(remarks)


def _of_tenants(tenants: Sequence[Tenant], others: Sequence[Tenant]) -> list[str]:
    """Say whom a web ACL of a multi-tenant distribution protects, and whom not."""
    remarks = []
    if tenants:
        remarks.append(f"its web ACL protects tenants {first_few([one.name for one in tenants], 5)}")
    if others:
        named = first_few([one.name for one in others], 5)
        remarks.append(f"tenants {named} have a web ACL of their own or none: each is a way in of its own")
    return remarks
