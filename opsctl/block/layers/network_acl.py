"""Network ACLs: they drop packets where the client's address is the source, before anything answers."""

from collections.abc import Sequence

from opsctl.block.acl_slots import AclSlots, acl_slots, occupied
from opsctl.block.asked import Asked
from opsctl.block.decision import Point
from opsctl.block.layers.verdict import Home, NodeVerdict, doing, rejected
from opsctl.block.records import parse_ledger
from opsctl.block.topology.graph import Node
from opsctl.block.topology.nacl import NetworkAcl, NoRoom
from opsctl.block.topology.traffic_paths import TrafficPath


def judge(way: TrafficPath, asked: Asked, home: Home) -> list[NodeVerdict]:
    """Judge the network ACLs of the entrance, and say of those behind it why they are no place for it."""
    entrance = way.entrance
    reason = _refused(entrance, asked, home)
    behind = [_behind(way, index) for index in range(1, len(way.stops)) if way.stops[index].node.nacl]
    if reason:
        return [_no(entrance, reason, _unknown(entrance)), *behind]
    acls = _where(entrance)
    return [
        NodeVerdict(
            layer="nacl",
            node=entrance,
            chosen=True,
            versions=entrance.versions,
            where=acls,
            reason=(
                f"packets reach the subnets of {entrance.title} with the client's address as their source,"
                f" so a deny at {acls} drops them before anything answers"
            ),
        ),
        *behind,
    ]


def points(verdict: NodeVerdict) -> list[Point]:
    """Return every network ACL in front of the place: a packet may enter by any of its subnets."""
    node = verdict.node
    acls = node.nacl.acls if node.nacl else ()
    return [
        Point(
            layer="nacl",
            id=acl.id,
            resource=node.resource,
            resource_kind=node.place.kind,
            name=acl.tags.get("Name") or acl.id,
            region=node.place.region,
            reason=verdict.reason,
            ways=(),
        )
        for acl in acls
    ]


def without_room(node: Node, asked: Asked, home: Home) -> list[str]:
    """List the rules of the network ACLs in front of an entrance that have no room for the block."""
    if node.nacl is None or asked.layer not in ("auto", "nacl") or asked.mode != "block":
        return []
    addresses = asked.addresses_of(node.versions)
    return [
        f"{acl.id} {line.strip()}"
        for acl in node.nacl.acls
        if addresses and not _of_others(acl, home) and isinstance(_found(acl, addresses, home), NoRoom)
        for line in occupied(acl, parse_ledger(acl.tags))
    ]


def _refused(node: Node, asked: Asked, home: Home) -> str:
    """Say why network ACLs cannot serve at an entrance, empty when they can."""
    gate = node.nacl
    if asked.layer not in ("auto", "nacl"):
        return f"--layer {asked.layer} was asked for"
    if gate is None:
        return f"no network ACL is in front of {node.title}: it is not in a VPC"
    if asked.mode != "block":
        return f"a network ACL can only drop packets, it cannot {doing(asked.mode)}"
    if gate.unknown:
        return gate.unknown[0]
    if node.place.region not in ("", home.region):
        return f"{node.title} is in {node.place.region}: run again with --region {node.place.region}"
    addresses = asked.addresses_of(node.versions)
    return next((text for acl in gate.acls if (text := _acl_refused(acl, addresses, home))), "")


def _of_others(acl: NetworkAcl, home: Home) -> str:
    """Say whose a network ACL is where others decide about its rules."""
    if acl.owner and acl.owner != home.account:
        return f"network ACL {acl.id} belongs to account {acl.owner}, which shares the VPC"
    if acl.firewall_manager:
        return f"network ACL {acl.id} is managed by AWS Firewall Manager, which removes other rules"
    return ""


def _acl_refused(acl: NetworkAcl, addresses: tuple[str, ...], home: Home) -> str:
    if others := _of_others(acl, home):
        return others
    found = _found(acl, addresses, home)
    if not isinstance(found, NoRoom):
        return ""
    needed = f"{len(addresses):,} address" + "es" * (len(addresses) != 1)
    return f"no room for {needed}: {found.reason}{home.acl_doubt}; use AWS WAF, or a wider network instead"


def _found(acl: NetworkAcl, addresses: Sequence[str], home: Home) -> AclSlots | NoRoom:
    ledger = parse_ledger(acl.tags)
    return acl_slots(acl, addresses, home.until, quota=home.acl_rules, now=home.now, ledger=ledger)


def _behind(way: TrafficPath, index: int) -> NodeVerdict:
    """Reject the network ACLs of a later stop, where the client is not the source any more."""
    node, link = way.stops[index].node, way.stops[index].link
    unseen = link is not None and not link.packets and way.entrance.nacl is None
    if unseen and link is not None:
        reason = link.why
    elif way.client_at(index, 4) == "source":
        reason = f"the network ACLs in front of {way.entrance.title} are evaluated first"
    elif link is not None and not link.packets:
        reason = link.why
    else:
        reason = (
            f"behind {way.entrance.title} a network ACL sees only the proxy's addresses: it cannot tell "
            "clients apart, and denying those addresses would block everybody"
        )
    return _no(node, reason)


def _unknown(node: Node) -> tuple[str, ...]:
    return node.nacl.unknown if node.nacl else ()


def _where(node: Node) -> str:
    return ", ".join(acl.id for acl in node.nacl.acls) if node.nacl else ""


def _no(node: Node, reason: str, unknown: tuple[str, ...] = ()) -> NodeVerdict:
    return rejected("nacl", node, reason, unknown, where=_where(node))
