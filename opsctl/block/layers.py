"""Choosing and rejecting layers on one way in, each with a reason that a responder understands."""

from opsctl.block.asked import Asked
from opsctl.block.drawing import id_of
from opsctl.block.topology.gates import WafGate
from opsctl.block.topology.graph import Node
from opsctl.block.topology.nacl import QUOTA, NetworkAcl, NoRoom, Slot, free_slot
from opsctl.block.topology.traffic_paths import TrafficPath
from opsctl.block.topology.webacl import allow_lists
from opsctl.model.paths import Layer, LayerVerdict
from opsctl.model.value import Value

IP_SET_LIMIT = 10_000
ADDRESS_LAYERS: tuple[Layer, ...] = ("nacl", "waf")


class NodeVerdict(Value):
    """A verdict about one layer at one node; a chosen one closes the way for these IP versions."""

    layer: Layer
    node: Node
    chosen: bool
    reason: str
    versions: tuple[int, ...] = ()
    unknown: tuple[str, ...] = ()

    def shown(self) -> LayerVerdict:
        """The verdict as the decision reports it."""
        return LayerVerdict(
            layer=self.layer,
            at=self.node.title,
            node=id_of(self.node.place),
            chosen=self.chosen,
            reason=self.reason,
            where=self._where(),
        )

    def _where(self) -> str:
        node = self.node
        if self.layer == "nacl":
            return ", ".join(acl.id for acl in node.nacl.acls) if node.nacl else ""
        if self.layer == "geo":
            return "country restriction"
        return f"web ACL {node.waf.web_acl.name}" if node.waf and node.waf.web_acl else "new web ACL"


class Home(Value):
    """The account and region that the plan is for, and how many inbound rules a network ACL may have there.

    `acl_doubt` is added to what is refused for want of rules when the quota could not be read.
    """

    account: str
    region: str
    acl_rules: int = QUOTA
    acl_doubt: str = ""


def judge(way: TrafficPath, asked: Asked, home: Home, *, closed: str, dropped: str) -> list[NodeVerdict]:
    """Judge every layer on a way in; `closed` is why clients do not get in here anyway, empty when they do.

    `dropped` says what stops the addresses already when the question has none left that it does not stop.
    """
    entrance = way.entrance
    if entrance.blind:
        return [_no(layer, entrance, entrance.blind) for layer in _layers(asked)]
    if closed:
        return [_no(layer, entrance, f"{closed}: no block is needed here") for layer in _layers(asked)]
    verdicts: list[NodeVerdict] = []
    if asked.addresses:
        verdicts += [*_nacl(way, asked, home), *_waf(way, asked)]
    elif dropped:
        verdicts += [_no(layer, entrance, f"{dropped}: no block is needed here") for layer in ADDRESS_LAYERS]
    if asked.countries:
        verdicts += _geo(way, asked)
    return verdicts


def _layers(asked: Asked) -> list[Layer]:
    both = [*ADDRESS_LAYERS] if asked.addresses else []
    return [*both, "geo"] if asked.countries else both


def _nacl(way: TrafficPath, asked: Asked, home: Home) -> list[NodeVerdict]:
    entrance = way.entrance
    reason = _nacl_refused(entrance, asked, home)
    behind = [_nacl_behind(way, index) for index in range(1, len(way.stops)) if way.stops[index].node.nacl]
    if reason:
        return [_no("nacl", entrance, reason, _unknown_nacl(entrance)), *behind]
    acls = ", ".join(acl.id for acl in entrance.nacl.acls) if entrance.nacl else ""
    return [
        NodeVerdict(
            layer="nacl",
            node=entrance,
            chosen=True,
            versions=entrance.versions,
            reason=(
                f"packets reach the subnets of {entrance.title} with the client's address as their source,"
                f" so a deny at {acls} drops them before anything answers"
            ),
        ),
        *behind,
    ]


def _nacl_refused(node: Node, asked: Asked, home: Home) -> str:
    """Say why network ACLs cannot serve at an entrance, empty when they can."""
    gate = node.nacl
    if asked.layer not in ("auto", "nacl"):
        return f"--layer {asked.layer} was asked for"
    if gate is None:
        return f"no network ACL is in front of {node.title}: it is not in a VPC"
    if asked.mode != "block":
        return f"a network ACL can only drop packets, it cannot {_doing(asked.mode)}"
    if gate.unknown:
        return gate.unknown[0]
    if node.place.region not in ("", home.region):
        return f"{node.title} is in {node.place.region}: run again with --region {node.place.region}"
    addresses = asked.addresses_of(node.versions)
    return next((text for acl in gate.acls if (text := _acl_refused(acl, addresses, home))), "")


def _acl_refused(acl: NetworkAcl, addresses: tuple[str, ...], home: Home) -> str:
    if acl.owner and acl.owner != home.account:
        return f"network ACL {acl.id} belongs to account {acl.owner}, which shares the VPC"
    if acl.firewall_manager:
        return f"network ACL {acl.id} is managed by AWS Firewall Manager, which removes other rules"
    taken: list[int] = []
    for address in addresses:
        slot = free_slot(acl, address, taken, home.acl_rules)
        if isinstance(slot, NoRoom):
            needed = f"{len(addresses)} address" + "es" * (len(addresses) != 1)
            return f"no room for {needed}: {slot.reason}{home.acl_doubt}; use AWS WAF, or a wider network instead"
        if isinstance(slot, Slot):
            taken.append(slot.number)
    return ""


def _nacl_behind(way: TrafficPath, index: int) -> NodeVerdict:
    """Reject the network ACLs of a later stop, where the client is not the source any more."""
    node, link = way.stops[index].node, way.stops[index].link
    if way.client_at(index, 4) == "source":
        reason = f"the network ACLs in front of {way.entrance.title} are evaluated first"
    elif link is not None and not link.packets:
        reason = link.why
    else:
        reason = (
            f"behind {way.entrance.title} a network ACL sees only the proxy's addresses: it cannot tell "
            "clients apart, and denying those addresses would block everybody"
        )
    return _no("nacl", node, reason)


def _waf(way: TrafficPath, asked: Asked) -> list[NodeVerdict]:
    verdicts: list[NodeVerdict] = []
    for index, stop in enumerate(way.stops):
        waf = stop.node.waf
        if waf is None:
            continue
        arriving = [version for version in asked.versions if version in way.entrance.versions]
        seen = tuple(version for version in arriving if way.client_at(index, version) == "source")
        if not seen:
            verdicts.append(_no("waf", stop.node, _why_unseen(way, index)))
            continue
        reason = _waf_refused(stop.node, waf, asked)
        if reason:
            verdicts.append(_no("waf", stop.node, reason, waf.unknown))
            continue
        reason = _waf_reason(stop.node, waf)
        verdicts.append(NodeVerdict(layer="waf", node=stop.node, chosen=True, versions=seen, reason=reason))
    if verdicts:
        return verdicts
    return [_no("waf", way.entrance, f"AWS WAF cannot be attached to {_article(way.entrance)}")]


def _why_unseen(way: TrafficPath, index: int) -> str:
    if way.client_at(index, 4) == "header":
        return (
            f"behind {way.entrance.title} the request's source is the proxy; the client's address is "
            "only in a header, and the proxy in front is the right place"
        )
    return (
        f"behind {way.entrance.title} the client's address is lost: clients of this IP version arrive with "
        "its address"
    )


def _waf_refused(node: Node, waf: WafGate, asked: Asked) -> str:
    """Say why AWS WAF cannot serve at a node that sees the client, empty when it can."""
    if asked.layer not in ("auto", "waf") and not (asked.layer == "cloudfront" and waf.scope == "CLOUDFRONT"):
        return f"--layer {asked.layer} was asked for"
    if waf.unknown:
        return waf.unknown[0]
    if waf.classic:
        return f"its web ACL {waf.classic} is WAF Classic, which opsctl does not edit: migrate it to AWS WAF"
    if waf.web_acl is None and node.fixed:
        return node.fixed
    for version in asked.versions:
        count = sum(1 for network in asked.networks if network.version == version)
        if count > IP_SET_LIMIT:
            return f"{count} IPv{version} addresses do not fit into an IP set of {IP_SET_LIMIT}: block networks"
    if waf.web_acl is None:
        return ""
    for one in allow_lists(waf.web_acl, asked.networks):
        names = ", ".join(waf.web_acl.ip_sets[arn].name for arn in one.sets)
        return (
            f"rule {one.rule.name} of web ACL {waf.web_acl.name} allows {one.source}, which is in IP set "
            f"{names}: remove the address from that allow list first"
        )
    return ""


def _waf_reason(node: Node, waf: WafGate) -> str:
    what = f"its web ACL is {waf.web_acl.name}" if waf.web_acl else "it has no web ACL yet, so one is created"
    return f"{node.title} is where requests still have the client's address as their source; {what}"


def _geo(way: TrafficPath, asked: Asked) -> list[NodeVerdict]:
    node = way.entrance
    if node.geo is None:
        return [_no("geo", node, "only CloudFront has geographic restrictions, and this is not a distribution")]
    if asked.layer not in ("auto", "geo", "cloudfront"):
        return [_no("geo", node, f"--layer {asked.layer} was asked for")]
    if asked.mode != "block":
        reason = f"a geographic restriction can only refuse requests, it cannot {_doing(asked.mode)}"
        return [_no("geo", node, reason)]
    reason = f"{node.title} refuses requests by the viewer's country, before AWS WAF sees them"
    return [NodeVerdict(layer="geo", node=node, chosen=True, reason=reason)]


def _unknown_nacl(node: Node) -> tuple[str, ...]:
    return node.nacl.unknown if node.nacl else ()


def _article(node: Node) -> str:
    kinds = {"nlb": "a network load balancer", "interface": "an instance or a network interface"}
    return kinds.get(node.place.kind, node.title)


def _doing(mode: str) -> str:
    return {"count": "count", "challenge": "challenge", "captcha": "ask for a CAPTCHA"}[mode]


def _no(layer: Layer, node: Node, reason: str, unknown: tuple[str, ...] = ()) -> NodeVerdict:
    return NodeVerdict(layer=layer, node=node, chosen=False, reason=reason, unknown=unknown)
