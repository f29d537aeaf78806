"""Traces of services that lead traffic into a VPC by interfaces of their own."""

from opsctl.block.affected import interfaces_beside
from opsctl.block.topology.graph import Node
from opsctl.block.topology.naming import Naming
from opsctl.block.topology.survey import Survey
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Refusal
from opsctl.resources import ec2


def traces(node: Node, kind: str, title: str, survey: Survey) -> Fetching[Naming]:
    """Say that a service may lead to a node, when it has an interface of its kind in the node's subnets."""
    if node.nacl is None or not (node.entrance or node.relays):
        return Naming()
    answers = yield from survey.ask_each(interfaces_beside(node), ec2.parse_interfaces)
    found = [
        one.id
        for answer in answers
        if not isinstance(answer, Refusal)
        for one in answer
        if one.kind == kind and one.subnet in node.nacl.subnets
    ]
    if not found:
        return Naming()
    text = f"cannot tell whether {title} leads to {node.title}: it has {', '.join(found)} in its subnets"
    return Naming(unknown=(text,))
