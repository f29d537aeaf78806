"""A target group: it decides what its targets see of the client."""

from opsctl.block import elbv2
from opsctl.block.elbv2 import Target, TargetGroup
from opsctl.block.topology.finding import is_address
from opsctl.block.topology.graph import Link, Node
from opsctl.block.topology.naming import Naming, Place
from opsctl.block.topology.node_kind import NodeKind
from opsctl.block.topology.packet import Service
from opsctl.block.topology.survey import Survey, cannot_tell
from opsctl.block.topology.unfold import both
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal
from opsctl.model.value import Json
from opsctl.resources import ec2

ATTRIBUTE = "preserve_client_ip.enabled"
_ALWAYS = ("UDP", "TCP_UDP", "QUIC", "TCP_QUIC")


class TargetGroupKind(NodeKind):
    """No gate of its own; instances, addresses or an Application Load Balancer stand behind it."""

    kind = "target_group"
    title = "target group"
    holds = True

    def leading_to(self, node: Node, survey: Survey, *, seed: bool) -> Fetching[Naming]:
        """Find the groups, in the node's VPC, in which the node is registered.

        AWS lists targets only by group, so this asks each group that could hold the node.
        """
        if node.place.kind == "alb":
            types: tuple[str, ...] = ("alb",)
        elif seed and node.place.kind in ("instance", "interface"):
            types = ("instance", "ip")
        else:
            return Naming()
        found = yield from _holding(node, types, survey)
        return found

    def read(self, place: Place, survey: Survey) -> Fetching[Node]:
        """Read its targets and whether they see the client's address."""
        groups = yield from survey.ask(elbv2.describe_target_groups(place.region), elbv2.parse_target_groups)
        known = () if isinstance(groups, Refusal) else groups
        group = next((one for one in known if one.arn == place.id), None)
        if group is None:
            why = f"cannot tell what target group {place.id} holds: it is not listed"
            return Node(place=place, title=place.id, name=place.id, resource=place.id, unknown=(why,))
        targets, attributes = yield from both(
            survey.ask(elbv2.describe_target_health(place.id), elbv2.parse_targets),
            survey.ask(elbv2.describe_target_group_attributes(place.id), elbv2.parse_attributes),
        )
        unknown = []
        if isinstance(targets, Refusal):
            unknown.append(cannot_tell(f"what target group {group.name} holds", targets))
        if isinstance(attributes, Refusal):
            unknown.append(cannot_tell(f"whether targets of {group.name} see the client", attributes))
        preserved, why = preserves_client(group, {} if isinstance(attributes, Refusal) else attributes)
        links, missing = yield from _links(
            group, () if isinstance(targets, Refusal) else targets, place.region, survey
        )
        return Node(
            place=place,
            title=f"{self.title} {group.name}",
            name=group.name,
            resource=group.arn,
            vpc=group.vpc,
            links=tuple(_seeing(link, group, why, preserved=preserved) for link in links),
            unknown=(*unknown, *missing),
        )


def preserves_client(group: TargetGroup, attributes: dict[str, str]) -> tuple[bool, str]:
    """Tell whether targets see the client's address, and why (NLB guide, edit-target-group-attributes).

    For groups of an Application Load Balancer this does not matter: the connection ended before.
    """
    if group.type == "alb":
        return True, "the client's address is always preserved towards an Application Load Balancer"
    if group.type == "ip" and group.protocol in _ALWAYS:
        return True, f"{group.protocol} targets always see the client's address"
    if ATTRIBUTE in attributes:
        on = attributes[ATTRIBUTE].lower() == "true"
        return on, f"client IP preservation is {'on' if on else 'off'} ({ATTRIBUTE})"
    on = group.type == "instance"
    return on, f"client IP preservation is {'on' if on else 'off'} by default for {group.type} targets"


def _seeing(link: Link, group: TargetGroup, why: str, *, preserved: bool) -> Link:
    # To an IPv4 target an IPv6 client appears as the load balancer; the way to an ALB target is IPv4 only.
    versions = (6,) if group.ipv6 else (4,)
    client = link.client if preserved else "gone"
    return link.model_copy(update={"client": client, "versions": versions, "why": why})


def _holding(node: Node, types: tuple[str, ...], survey: Survey) -> Fetching[Naming]:
    groups = yield from survey.ask(elbv2.describe_target_groups(node.place.region), elbv2.parse_target_groups)
    if isinstance(groups, Refusal):
        return Naming(unknown=(cannot_tell(f"which target groups hold {node.name}", groups),))
    asked = [one for one in groups if one.type in types and one.load_balancers and one.vpc in ("", node.vpc)]
    held = yield from survey.ask_each(
        [elbv2.describe_target_health(one.arn) for one in asked], elbv2.parse_targets
    )
    ids = {node.place.id, *node.answers_to}
    places = [
        Place(kind="target_group", id=group.arn, region=node.place.region)
        for group, targets in zip(asked, held, strict=True)
        if not isinstance(targets, Refusal) and any(target.id in ids for target in targets)
    ]
    unknown = tuple(
        cannot_tell(f"whether target group {group.name} holds {node.name}", targets)
        for group, targets in zip(asked, held, strict=True)
        if isinstance(targets, Refusal)
    )
    return Naming(places=tuple(places), unknown=unknown)


def _links(
    group: TargetGroup, targets: tuple[Target, ...], region: str, survey: Survey
) -> Fetching[tuple[list[Link], tuple[str, ...]]]:
    """Link to the targets; what stands at their addresses is read for all of them at once."""
    if group.type == "alb":
        # Whether the ALB's own network ACLs see the client on this leg is not documented: never count them.
        albs = [Place(kind="alb", id=one.id, region=region) for one in targets]
        return [Link(to=place, packets=False) for place in albs], ()
    if group.type == "lambda":
        return [Link(to=Place(kind="origin", id=one.id), client="gone") for one in targets], ()
    if group.type == "instance":
        reads = ec2.describe_batches("DescribeInstances", region, "instance-id", [one.id for one in targets])
        answers = yield from survey.ask_each(reads, ec2.parse_instances)
        for answer in answers:
            if not isinstance(answer, Refusal):
                survey.learn({instance.id: instance for instance in answer})
        found = {one.id: Place(kind="instance", id=one.id, region=region) for one in targets}
    else:
        found, answers = yield from _interfaces(group, targets, region, survey)
    unknown = tuple(
        cannot_tell(f"what the targets of {group.name} are", one) for one in answers if isinstance(one, Refusal)
    )
    return [
        Link(
            to=found.get(one.id) or Place(kind="origin", id=one.id),
            services=tuple(Service(protocol=number, port=one.port) for number in group.protocols),
        )
        for one in targets
    ], unknown


def _interfaces(
    group: TargetGroup, targets: tuple[Target, ...], region: str, survey: Survey
) -> Fetching[tuple[dict[str, Place], Json]]:
    found: dict[str, Place] = {}
    addresses = [one.id for one in targets if is_address(one.id)]
    name = "ipv6-addresses.ipv6-address" if group.ipv6 else "addresses.private-ip-address"
    reads = ec2.describe_batches("DescribeNetworkInterfaces", region, name, addresses)
    answers = yield from survey.ask_each(reads, ec2.parse_interfaces)
    for answer in answers:
        if isinstance(answer, Refusal):
            continue
        mine = [one for one in answer if one.vpc == group.vpc]
        survey.learn({one.id: one for one in mine})
        for one in mine:
            place = Place(kind="interface", id=one.id, region=region)
            found.update(dict.fromkeys(one.addresses, place))
    return found, answers
