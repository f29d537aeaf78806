"""What CloudFront fetches from: by name, or as VPC origin; behind it the client is only in a header."""

from collections.abc import Collection, Sequence

from opsctl.block import cloudfront
from opsctl.block.cloudfront import Distribution, VpcOrigin
from opsctl.block.cloudfront import Origin as OriginOf
from opsctl.block.elbv2 import region_of_arn
from opsctl.block.topology.graph import Link, Node
from opsctl.block.topology.naming import Place
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal
from opsctl.resources.route53 import plain_target

_BEHIND = "the packet's source is CloudFront, the client's address is only in a header"
_VPC_ORIGIN = "a VPC origin: inbound network ACL rules are not evaluated for CloudFront's traffic"


def vpc_origins(found: Sequence[Distribution], survey: Survey) -> Fetching[dict[str, VpcOrigin] | str]:
    """Return VPC origins by id; they are read only when a distribution has one."""
    if not any(origin.vpc_origin for one in found for origin in one.origins):
        return {}
    listed = yield from survey.ask(cloudfront.list_vpc_origins(), cloudfront.parse_vpc_origins)
    if isinstance(listed, Refusal):
        return cannot_tell("where CloudFront's VPC origins lead", listed)
    return {one.id: one for one in listed}


def links_to(
    origin: OriginOf, found: Sequence[Distribution], survey: Survey
) -> Fetching[tuple[list[Link], tuple[str, ...]]]:
    """Return what an origin leads to, and what could not be read of it."""
    if origin.vpc_origin:
        private = yield from vpc_origins(found, survey)
        if isinstance(private, str):
            return [], (private,)
        if origin.vpc_origin in private:
            place = _endpoint(private[origin.vpc_origin].endpoint)
            return [Link(to=place, client="header", packets=False, label="VPC origin", why=_VPC_ORIGIN)], ()
    name = plain_target(origin.domain)
    naming = yield from survey.place_of(name)
    inside = tuple(place for place in naming.places if place.kind != "outside")
    places = inside or (Place(kind="origin", id=name),)
    return [Link(to=place, client="header", why=_BEHIND) for place in places], naming.unknown


def ports_of(place: Place, nodes: Sequence[Node], survey: Survey) -> Fetching[tuple[int, ...]]:
    """Return the ports at which distributions of the account connect to a place, by names as well."""
    ends = {place}
    while more := {one.place for one in nodes if one.transparent and one.place not in ends and _leads(one, ends)}:
        ends |= more
    found = yield from survey.ask(cloudfront.list_distributions(), cloudfront.parse_distributions)
    listed = () if isinstance(found, Refusal) else found
    ports: set[int] = set()
    for origin in [one for it in listed for one in it.origins if not one.vpc_origin]:
        links, _ = yield from links_to(origin, listed, survey)
        if any(link.to in ends for link in links):
            ports |= set(origin.ports)
    return tuple(sorted(ports))


def _leads(node: Node, ends: Collection[Place]) -> bool:
    return any(link.to in ends for link in node.links)


def _endpoint(arn: str) -> Place:
    region = region_of_arn(arn)
    if ":loadbalancer/" in arn:
        return Place(kind="nlb" if "/net/" in arn else "alb", id=arn, region=region)
    return Place(kind="instance", id=arn.rpartition("/")[2], region=region)
