"""Who else a point of enforcement hits, and who owns it."""

from collections.abc import Sequence

from opsctl.block import cloudfront, elbv2, wafv2
from opsctl.block.decision import Point
from opsctl.block.topology.graph import Node, Web
from opsctl.block.topology.nacl import NetworkAcl
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching, gather
from opsctl.model.reads import Read, Refusal
from opsctl.resources import ec2
from opsctl.resources.ec2 import Interface
from opsctl.resources.owners import owner_of

_LISTED = 50


def completed(
    points: Sequence[Point], web: Web, survey: Survey
) -> Fetching[tuple[tuple[Point, ...], tuple[str, ...]]]:
    """Fill in `affects` and `owner` of all points in one go; what could not be read comes back by name."""
    found = yield from gather([_complete(point, web, survey) for point in points])
    return tuple(point for point, _ in found), tuple(text for _, unknown in found for text in unknown)


def interfaces_beside(node: Node) -> list[Read]:
    """Read the network interfaces in every subnet that a network ACL of a node guards."""
    subnets = [subnet for acl in (node.nacl.acls if node.nacl else ()) for subnet in acl.subnets]
    return ec2.describe_batches("DescribeNetworkInterfaces", node.place.region, "subnet-id", subnets)


def reads_beside(web_acl: str) -> list[Read]:
    """Read what a web ACL protects, and its tags, by its ARN."""
    tenants = () if _is_regional(web_acl) else (cloudfront.list_tenants_with_web_acl(web_acl),)
    return [*_protected(web_acl), *tenants, wafv2.list_tags(web_acl)]


def _protected(web_acl: str) -> list[Read]:
    kinds = wafv2.REGIONAL_RESOURCES if _is_regional(web_acl) else wafv2.GLOBAL_RESOURCES
    return [wafv2.list_resources(web_acl, kind) for kind in kinds]


def _is_regional(web_acl: str) -> bool:
    return wafv2.scope_of(web_acl) == "REGIONAL"


def _complete(point: Point, web: Web, survey: Survey) -> Fetching[tuple[Point, list[str]]]:
    if point.layer == "network-firewall":
        return point, []
    node = next(one for one in web.nodes if one.resource == point.resource and one.gates)
    unknown: list[str] = []
    if point.layer == "nacl":
        acl = next(acl for one in web.nodes if one.nacl for acl in one.nacl.acls if acl.id == point.id)
        affects = yield from _sharing_acl(acl, node, web, survey, unknown)
        owner = owner_of(acl.tags)
    elif point.layer == "waf" and point.id:
        affects, owner = yield from _sharing_web_acl(point.id, web, survey, unknown)
    else:
        affects, owner = _names(point, node), owner_of(node.tags)
    return point.model_copy(update={"affects": tuple(affects), "owner": owner}), unknown


def _names(point: Point, node: Node) -> list[str]:
    """A geographic restriction hits every name of its distribution."""
    if point.layer != "geo":
        return []
    # People's own names come first: that which CloudFront gave tells nobody anything.
    names = sorted(node.answers_to, key=lambda name: (name.endswith(".cloudfront.net"), name))
    return [f"everything that distribution {point.id} serves: {', '.join(names)}"]


def _sharing_acl(acl: NetworkAcl, node: Node, web: Web, survey: Survey, unknown: list[str]) -> Fetching[list[str]]:
    region = node.place.region
    reads = interfaces_beside(node)
    yield from survey.prefetch([*reads, elbv2.describe_load_balancers(region)])
    own_subnets = {subnet for one in web.nodes if one.nacl for subnet in one.nacl.subnets}
    own = {one.resource for one in web.nodes} | {one.place.id for one in web.nodes}
    subnets = yield from survey.ask(ec2.describe("DescribeSubnets", region), ec2.parse_subnets)
    known = {} if isinstance(subnets, Refusal) else subnets
    found = []
    for subnet in acl.subnets:
        if subnet not in own_subnets:
            details = (
                ", ".join(text for text in (known[subnet].name, known[subnet].cidr) if text)
                if (subnet in known)
                else ""
            )
            found.append(f"subnet {subnet}" + (f" ({details})" if details else ""))
    balancers = yield from survey.ask(elbv2.describe_load_balancers(region), elbv2.parse_load_balancers)
    if isinstance(balancers, Refusal):
        unknown.append(cannot_tell(f"which load balancers network ACL {acl.id} also protects", balancers))
    else:
        found += [
            f"load balancer {one.name}"
            for one in balancers
            if set(one.subnets) & set(acl.subnets) and one.arn not in own
        ]
    answers = yield from survey.ask_each(reads, ec2.parse_interfaces)
    for answer in answers:
        if isinstance(answer, Refusal):
            unknown.append(cannot_tell(f"what else network ACL {acl.id} protects", answer))
        else:
            beside = [one for one in answer if one.subnet in acl.subnets]
            found += [text for one in beside if (text := _interface(one, own))]
    listed = list(dict.fromkeys(found))
    more = [f"and {len(listed) - _LISTED} more"] if len(listed) > _LISTED else []
    return [f"{text} (network ACL {acl.id})" for text in (*listed[:_LISTED], *more)]


def _interface(one: Interface, own: set[str]) -> str:
    """Name whoever stands at an interface; load balancers' own interfaces are listed as load balancers."""
    if one.description.startswith("ELB ") or {one.id, one.instance} & own:
        return ""
    if one.instance:
        return f"instance {one.instance}"
    kind = "" if one.kind == "interface" else one.kind.replace("_", " ")
    what = one.description or kind
    return f"network interface {one.id}{f' ({what})' if what else ''}"


def _sharing_web_acl(arn: str, web: Web, survey: Survey, unknown: list[str]) -> Fetching[tuple[list[str], str]]:
    yield from survey.prefetch(reads_beside(arn))
    own = {one.resource for one in web.nodes}
    name = arn.split("/")[-2]
    found: list[str] = []
    answers = yield from survey.ask_each(_protected(arn), wafv2.parse_resources)
    refused = [one for one in answers if isinstance(one, Refusal)]
    found += [one for answer in answers if not isinstance(answer, Refusal) for one in answer]
    if refused:
        unknown.append(cannot_tell(f"what else web ACL {name} protects", refused[0]))
    if not _is_regional(arn):
        listed = yield from survey.ask(cloudfront.list_distributions(), cloudfront.parse_distributions)
        if isinstance(listed, Refusal):
            unknown.append(cannot_tell(f"what else web ACL {name} protects", listed))
        else:
            found += [one.id for one in listed if one.web_acl == arn]
        tenants = cloudfront.list_tenants_with_web_acl(arn)
        overriding = yield from survey.ask(tenants, cloudfront.parse_tenants)
        if isinstance(overriding, Refusal):
            unknown.append(cannot_tell(f"which distribution tenants web ACL {name} protects", overriding))
        else:
            found += overriding
    tags = yield from survey.ask(wafv2.list_tags(arn), wafv2.parse_tags)
    owner = "" if isinstance(tags, Refusal) else owner_of(tags)
    own_tenants = tuple(f"{one.title} of " for one in web.nodes if one.place.kind == "distribution_tenant")
    beside = [one for one in dict.fromkeys(found) if one not in own and not one.startswith(own_tenants)]
    others = [f"{_readable(one)} (web ACL {name})" for one in beside]
    return others, owner


_CALLED = (
    (":amplify:", "apps/", "Amplify app"),
    (":bedrock-agentcore:", "gateway/", "AgentCore gateway"),
    (":cognito-idp:", "userpool/", "Cognito user pool"),
    (":appsync:", "apis/", "AppSync API"),
    (":apprunner:", "service/", "App Runner service"),
    (":ec2:", "verified-access-instance/", "Verified Access instance"),
    (":apigateway:", "/restapis/", "API Gateway API"),
)
"""What people call the resources that WAFv2 names by ARN (API reference, AssociateWebACL)."""


def _readable(resource: str) -> str:
    if not resource.startswith("arn:"):
        return resource if resource.startswith("distribution tenant ") else f"distribution {resource}"
    if ":loadbalancer/" in resource:
        return f"load balancer {resource.split('/')[-2]}"
    for service, before, title in _CALLED:
        if service in resource and before in resource:
            return f"{title} {resource.partition(before)[2]}"
    return resource
