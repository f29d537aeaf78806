"""All layers in their order: what each says of a way in, and the points that a chosen one needs."""

from typing import Protocol

from opsctl.block.asked import Asked
from opsctl.block.decision import Point
from opsctl.block.layers import country, host, network_acl, network_firewall, web_acl
from opsctl.block.layers.verdict import Home, NodeVerdict, rejected
from opsctl.block.topology.traffic_paths import TrafficPath
from opsctl.model.paths import Layer


class BlockLayer(Protocol):
    """What a layer's module offers."""

    def judge(self, way: TrafficPath, asked: Asked, home: Home, /) -> list[NodeVerdict]:
        """Judge the layer at every place of a way where it could act, chosen or rejected with the reason."""

    def points(self, verdict: NodeVerdict, /) -> list[Point]:
        """Return the objects that a chosen verdict needs."""


ADDRESS_LAYERS: dict[Layer, BlockLayer] = {"nacl": network_acl, "waf": web_acl}
LAST_RESORTS: dict[Layer, BlockLayer] = {"host": host, "network-firewall": network_firewall}
"""Only for who asks for one by `--layer`."""
COUNTRY_LAYERS: dict[Layer, BlockLayer] = {"geo": country}


def judge(way: TrafficPath, asked: Asked, home: Home, *, closed: str, dropped: str) -> list[NodeVerdict]:
    """Judge every layer on a way in; `closed` is why clients do not get in here anyway, empty when they do.

    `dropped` says what stops the addresses already when the question has none left that it does not stop.
    """
    entrance = way.entrance
    if entrance.blind:
        return [rejected(layer, entrance, entrance.blind) for layer in _layers(asked)]
    if closed:
        return [rejected(layer, entrance, f"{closed}: no block is needed here") for layer in _layers(asked)]
    verdicts: list[NodeVerdict] = []
    if asked.addresses:
        layers = _address_layers(asked).items()
        verdicts += [one for name, layer in layers for one in _by_address(name, layer, way, asked, home)]
    elif dropped:
        verdicts += [
            rejected(layer, entrance, f"{dropped}: no block is needed here") for layer in _address_layers(asked)
        ]
    if asked.countries:
        verdicts += [one for layer in COUNTRY_LAYERS.values() for one in layer.judge(way, asked, home)]
    return verdicts


def _by_address(name: Layer, layer: BlockLayer, way: TrafficPath, asked: Asked, home: Home) -> list[NodeVerdict]:
    """Judge a layer; where a proxy in front has the addresses, AWS WAF alone can see them."""
    forwarded = asked.sight.forwarded
    if not asked.sight.in_front or forwarded is None or name == "waf":
        return layer.judge(way, asked, home)
    reason = (
        f"what reaches {way.entrance.title} comes from the proxy in front: the client's address is only in header "
        f"{forwarded.header}, which packets do not show"
    )
    return [rejected(name, way.entrance, reason)]


def points_for(verdict: NodeVerdict) -> list[Point]:
    """Return the objects that a chosen verdict needs."""
    return (ADDRESS_LAYERS | LAST_RESORTS | COUNTRY_LAYERS)[verdict.layer].points(verdict)


def _layers(asked: Asked) -> list[Layer]:
    both = [*_address_layers(asked)] if asked.addresses else []
    return [*both, "geo"] if asked.countries else both


def _address_layers(asked: Asked) -> dict[Layer, BlockLayer]:
    """Return the layers in the order in which they are told: a last resort that is asked for comes first."""
    return {layer: it for layer, it in LAST_RESORTS.items() if layer == asked.layer} | ADDRESS_LAYERS
