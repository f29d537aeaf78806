"""What accelerators lead to, and the interfaces by which one is noticed from behind.

Rule of AWS: with client IP preservation network ACLs count for egress alone, and what comes in is filtered by
security groups (Global Accelerator guide, about-endpoints.sipp-caveats).
"""

from opsctl.block import accelerators
from opsctl.block.accelerators import Accelerator, Endpoint
from opsctl.block.affected import interfaces_beside
from opsctl.block.elbv2 import region_of_arn
from opsctl.block.node_kinds.addresses import elastic_ip, reached
from opsctl.block.topology.graph import Link, Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.model.fetching import Fetching, gather
from opsctl.model.reads import Refusal
from opsctl.resources import ec2

_ON = (
    "client IP preservation is on: security groups see the client, and inbound network ACL rules are not evaluated"
    " behind a Global Accelerator"
)
_OFF = (
    "client IP preservation is off there, so that only the accelerator's own addresses arrive: turn it on, or put"
    " CloudFront with AWS WAF in front"
)


def known_accelerators(what: str, survey: Survey) -> Fetching[tuple[Accelerator, ...] | str]:
    """Return all accelerators of the account; a text says why nobody can tell."""
    found = yield from survey.ask(accelerators.list_accelerators(), accelerators.parse_accelerators)
    return cannot_tell(what, found) if isinstance(found, Refusal) else found


def endpoints_of(one: Accelerator, survey: Survey) -> Fetching[tuple[list[Endpoint], tuple[str, ...]]]:
    """Return everything that an accelerator leads to, and what could not be read."""
    what = f"where Global Accelerator {one.name} leads"
    listeners = yield from survey.ask(accelerators.list_listeners(one.arn), accelerators.parse_listeners)
    if isinstance(listeners, Refusal):
        return [], (cannot_tell(what, listeners),)
    reads = [accelerators.list_endpoint_groups(listener) for listener in listeners]
    groups = yield from survey.ask_each(reads, accelerators.parse_endpoint_groups)
    unknown = tuple(cannot_tell(what, group) for group in groups if isinstance(group, Refusal))
    found = dict.fromkeys(end for group in groups if not isinstance(group, Refusal) for end in group)
    return list(found), tuple(dict.fromkeys(unknown))


def links_to(end: Endpoint, survey: Survey) -> Fetching[tuple[list[Link], tuple[str, ...]]]:
    """Return the links of an endpoint, with what is left of the client's address there, and what is unknown."""
    places, unknown = yield from _places(end, survey)
    if end.preserved:
        seen = [
            Link(to=place, packets=False, groups=True, label="client IP preserved", why=_ON) for place in places
        ]
        return seen, unknown
    return [Link(to=place, client="gone", why=_OFF) for place in places], unknown


def interfaces_of_accelerators(node: Node, survey: Survey) -> Fetching[list[str]]:
    """Return interfaces of Global Accelerator in a node's subnets: AWS makes them where it preserves addresses."""
    if node.nacl is None or not (node.entrance or node.relays):
        return []
    answers = yield from survey.ask_each(interfaces_beside(node), ec2.parse_interfaces)
    return [
        one.id
        for answer in answers
        if not isinstance(answer, Refusal)
        for one in answer
        if one.kind == "global_accelerator_managed" and one.subnet in node.nacl.subnets
    ]


def fronts(node: Node, survey: Survey) -> Fetching[tuple[list[str], bool, tuple[str, ...]]]:
    """Return the accelerators that lead to a node, whether any explains interfaces there, what is unknown."""
    known = yield from known_accelerators(f"whether a Global Accelerator leads to {node.title}", survey)
    if isinstance(known, str):
        return [], True, (known,)
    every = yield from gather([endpoints_of(one, survey) for one in known if one.enabled])
    unknown = tuple(text for _, missing in every for text in missing)
    ids = {node.place.id, node.resource}
    enabled = [one for one in known if one.enabled]
    leading = [
        one.arn for one, (ends, _) in zip(enabled, every, strict=True) if any(_tail(end.id) in ids for end in ends)
    ]
    explained = any(end.preserved and end.region == node.place.region for ends, _ in every for end in ends)
    return leading, explained or bool(unknown), unknown


def _tail(identifier: str) -> str:
    """An instance of another account is named by its ARN."""
    return identifier.rpartition("/")[2] if ":instance/" in identifier else identifier


def _places(end: Endpoint, survey: Survey) -> Fetching[tuple[tuple[Place, ...], tuple[str, ...]]]:
    if ":loadbalancer/" in end.id:
        kind = "nlb" if ":loadbalancer/net/" in end.id else "alb"
        return (Place(kind=kind, id=end.id, region=region_of_arn(end.id)),), ()
    if _tail(end.id).startswith("i-"):
        return (Place(kind="instance", id=_tail(end.id), region=end.region),), ()
    if end.region != survey.about.region:
        return (), (
            f"cannot tell what Elastic IP {end.id} in {end.region} is: run again with --region {end.region}",
        )
    having = yield from elastic_ip("allocation-id", end.id, survey)
    found: Naming = reached(having, survey)
    return found.places, found.unknown
