"""Asks the facts about a picture of an account."""

from opsctl.block.decision import Decision
from opsctl.block.facts.block_decision import BlockDecision
from opsctl.block.facts.topology_ways_in import TopologyWaysIn
from opsctl.model.paths import LayerVerdict, WayIn
from opsctl.model.run import Context
from opsctl.model.value import Json
from tests.kit.canned import ABOUT, CannedReader, drive
from tests.kit.picture import OPEN_BOTH, Picture, interface

ATTACKER = "198.51.100.7"


def decide_read(
    picture: Picture, target: str, *addresses: str, about: Context = ABOUT, **more: Json
) -> tuple[Decision, CannedReader]:
    """Decide about a block, and give the reader back too; without addresses it is the attacker's."""
    asked = {"target": target, "addresses": addresses or (ATTACKER,), **more}
    found, reader = drive(BlockDecision.model_validate(asked).read(about), picture.answers())
    assert isinstance(found, Decision)
    return found, reader


def decide(picture: Picture, target: str, *addresses: str, **more: Json) -> Decision:
    """Decide about a block."""
    return decide_read(picture, target, *addresses, **more)[0]


def ways_in(picture: Picture, target: str) -> Decision:
    """Show the ways in."""
    found, _ = drive(TopologyWaysIn(target=target).read(ABOUT), picture.answers())
    assert isinstance(found, Decision)
    return found


def way(decision: Decision, *parts: str) -> WayIn:
    """The one way whose name has all of these parts, after `internet`."""
    (found,) = [one for one in decision.ways if one.name.split(" > ")[1:] == list(parts)]
    return found


def chosen(one: WayIn) -> list[tuple[str, str]]:
    """Layer and place of what was chosen on a way."""
    return [(layer.layer, layer.at) for layer in one.layers if layer.chosen]


def rejected(one: WayIn, layer: str) -> list[LayerVerdict]:
    """What was rejected on a way, for one layer."""
    return [verdict for verdict in one.layers if verdict.layer == layer and not verdict.chosen]


def served(picture: Picture, name: str = "shop", *, kind: str = "application", internal: bool = False) -> str:
    """A load balancer over two subnets with a private instance behind it; returns its ARN."""
    subnets = [picture.subnet(f"{name}-a"), picture.subnet(f"{name}-b")]
    groups = [picture.security_group(f"{name}-lb", OPEN_BOTH)]
    balancer = picture.balancer(name, subnets, groups, kind=kind, internal=internal)
    inside = picture.security_group(f"{name}-app", OPEN_BOTH | {"FromPort": 8443, "ToPort": 8443})
    private = picture.subnet(f"{name}-private")
    instance = picture.instance(f"i-{name}", interface(f"eni-{name}", private, [inside]), name=f"{name}-1")
    protocol = "HTTPS" if kind == "application" else "TCP"
    picture.target_group(name, [balancer], [instance], protocol=protocol)
    return balancer
