"""Walking packets of a block along a way in: where they are dropped, or how far they pass."""

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeAlias

from opsctl.block.topology.block_kinds import Gates
from opsctl.block.topology.forwarded import Forwarded
from opsctl.block.topology.gates import GroupGate, NaclGate, WafGate
from opsctl.block.topology.graph import Client, Node
from opsctl.block.topology.nacl import first_match, passing
from opsctl.block.topology.naming import Place
from opsctl.block.topology.packet import Packet, Service
from opsctl.block.topology.sight import Sight
from opsctl.block.topology.traffic_paths import Stop, TrafficPath, left_of
from opsctl.block.topology.waf_statements import near
from opsctl.block.topology.webacl import request_passes
from opsctl.model.networks import Network, covers, parse_network
from opsctl.model.sentences import first_few
from opsctl.model.value import Value

_PROTOCOLS = {6: "tcp", 17: "udp", -1: "any protocol"}


Drop: TypeAlias = tuple[Place, str]
"""Where a packet is dropped, and by what."""


class PacketOutcome(Value):
    """What becomes of a block of addresses on one way: `dropped` only when every packet certainly is.

    `says` is a sentence, `by_groups` whether security groups alone drop it, `unknown` what could not be told.
    `stops` is where packets of it are dropped.
    """

    dropped: bool
    says: str
    by_groups: bool = False
    unknown: tuple[str, ...] = ()
    stops: tuple[Drop, ...] = ()


SOURCE = Sight()


def walk(way: TrafficPath, text: str, sight: Sight = SOURCE) -> PacketOutcome:
    """Walk a packet from every address of a block along a way; exact for partly covered blocks.

    Where a proxy in front has the addresses, its own packets get in, and only requests are looked at; what comes
    without the proxy has to be dropped as well.
    """
    network = parse_network(text)
    entrance = way.entrance
    if entrance.blind:
        return PacketOutcome(dropped=False, says=f"not followed: {entrance.blind}")
    if sight.in_front:
        return _behind_proxy(way, network, sight)
    if network.version not in entrance.versions:
        return PacketOutcome(
            dropped=True,
            says=f"{entrance.title} does not support IPv{network.version}",
            by_groups=True,
            stops=((entrance.place, f"having no IPv{network.version} address"),),
        )
    alive: list[Network] = []
    drops: dict[Drop, None] = {}
    only_groups = True
    for atom in _atoms(network, map(parse_network, _boundaries(way))):
        dropped = _packets(way, atom)
        if not dropped:
            alive.append(atom)
            continue
        drops.update(dict.fromkeys(dropped))
        only_groups = only_groups and (_groups_drop(entrance, atom) or _groups_behind(entrance, dropped))
    if not alive:
        return PacketOutcome(dropped=True, says=_dropped_by(drops), by_groups=only_groups, stops=tuple(drops))
    return _requests(way, network.version, alive, drops, sight)


def _behind_proxy(way: TrafficPath, network: Network, sight: Sight) -> PacketOutcome:
    """Send requests that have the addresses in a header, and then those of the same clients without the proxy."""
    through = _requests(way, network.version, [network], {}, sight)
    if not through.dropped:
        return through
    direct = walk(way, str(network))
    if direct.dropped:
        return through
    return direct.model_copy(update={"says": f"without the proxy in front, {direct.says}"})


def walk_all(way: TrafficPath, addresses: Sequence[str], sight: Sight = SOURCE) -> dict[str, PacketOutcome]:
    """Walk the packets of many blocks along a way; what is said of blocks that meet the same names their first."""
    webs = [stop.node.waf.web_acl for stop in way.stops if stop.node.waf and stop.node.waf.web_acl]
    sets = {arn: one.addresses for acl in webs for arn, one in acl.ip_sets.items()}
    gates = Gates.of(_boundaries(way), tuple(sets.values()))
    outcomes: dict[Hashable, PacketOutcome] = {}
    found: dict[str, PacketOutcome] = {}
    for text in addresses:
        kind = gates.kind(parse_network(text))
        if kind not in outcomes:
            outcomes[kind] = walk(way, text, sight)
        found[text] = outcomes[kind]
    return found


def shut_to_clients(way: TrafficPath) -> str:
    """Say why nobody but CloudFront or the account's own gets in here, empty when others do."""
    groups = way.entrance.groups
    if groups is None or not groups.only_lists:
        return ""
    if not groups.rules:
        return f"security groups {', '.join(groups.groups)} allow nothing in"
    return f"security groups {', '.join(groups.groups)} allow in only {', '.join(groups.sources)}"


def _requests(
    way: TrafficPath, version: int, alive: Sequence[Network], drops: dict[Drop, None], sight: Sight
) -> PacketOutcome:
    """Send what passed every packet gate through the web ACLs that see the client."""
    unknown: dict[str, None] = {}
    remarks: list[str] = []
    partly = bool(drops)
    looking = _looking(way, version, sight)
    if len(looking) > 1:
        # What one web ACL lets through the next may stop: each part by itself, not one address for all of them.
        alive = [part for atom in alive for part in _atoms(atom, _cut_by(looking, atom))]
    for stop, waf, look in looking:
        if waf.web_acl is None:
            unknown.update(dict.fromkeys(waf.unknown))
            remarks.append("no web ACL is attached" if not waf.unknown and not waf.classic else "")
            continue
        survivors = []
        for atom in alive:
            outcome = request_passes(waf.web_acl, str(atom), look)
            if outcome.passes == "no":
                rule = f" {outcome.by}" if outcome.rule else "'s default action"
                drops[stop.node.place, f"web ACL {waf.web_acl.name}{rule}"] = None
                partly = True
                continue
            partly = partly or outcome.partly
            survivors.append(parse_network(outcome.source) if outcome.source and len(looking) == 1 else atom)
            if outcome.passes == "unknown":
                doubt = f"cannot tell whether web ACL {waf.web_acl.name} allows {atom}: rule {outcome.rule}"
                unknown[f"{doubt} cannot be evaluated offline"] = None
            else:
                by = f"{outcome.by} allows it" if outcome.rule else "no rule blocks it"
                remarks.append(f"web ACL {waf.web_acl.name}: {by}")
        if not survivors:
            return PacketOutcome(dropped=True, says=_dropped_by(drops), unknown=tuple(unknown), stops=tuple(drops))
        alive = survivors
    return _passed(way, alive[0], [text for text in remarks if text], tuple(unknown), partly=partly)


def _looking(way: TrafficPath, version: int, sight: Sight) -> list[tuple[Stop, WafGate, Forwarded | None]]:
    """Return the places for web ACLs that a client is seen at, and the header in which, if it is in one."""
    seen = [(stop, stop.node.waf, sight.at(way, index, version)) for index, stop in enumerate(way.stops)]
    return [(stop, waf, sight.looked_at(how)) for stop, waf, how in seen if waf is not None and how != "unseen"]


def _cut_by(looking: Sequence[tuple[Stop, WafGate, Forwarded | None]], atom: Network) -> list[Network]:
    """Return the blocks of IP sets that cut an atom."""
    acls = [waf.web_acl for _, waf, _ in looking if waf.web_acl is not None]
    return [block for acl in acls for one in acl.ip_sets.values() for block in near(one.addresses, atom)]


def _passed(
    way: TrafficPath, witness: Network, remarks: Sequence[str], unknown: tuple[str, ...], *, partly: bool
) -> PacketOutcome:
    part = " (only a part of the range is dropped)" if partly else ""
    service = way.entrance.services[:1]
    port = f" on {_PROTOCOLS.get(service[0].protocol, service[0].protocol)}/{service[0].port}" if service else ""
    reached = [stop.node.title for stop in way.stops if not stop.node.transparent][-1]
    why = f"; {'; '.join(dict.fromkeys(remarks))}" if remarks else ""
    return PacketOutcome(
        dropped=False, says=f"{witness.network_address} reaches {reached}{port}{part}{why}", unknown=unknown
    )


def _packets(way: TrafficPath, atom: Network) -> tuple[Drop, ...]:
    """Return what drops all packets from an atom, nothing when one gets to the last stop and its tails."""
    entrance = way.entrance
    if entrance.inspection is not None and entrance.inspection.drops(atom):
        return ((entrance.place, entrance.inspection.title),)
    services = [one for one in entrance.services if _enters(entrance, atom, one)]
    if entrance.services and not services:
        return (_why_not(entrance, atom, entrance.services),)
    if not entrance.services and (entrance.nacl or entrance.groups):
        return ((entrance.place, f"{entrance.title}, which accepts nothing: no port it listens on is open"),)
    if kept_out := _kept_out(way, atom):
        return kept_out
    client = left_of("source", way.stops[1:], atom.version)
    # What does not meet the gates of a stop for certain is not said to meet those behind it.
    certain = all(stop.link is None or stop.link.packets for stop in way.stops)
    drops = [_tail(tail, client, services, atom, certain=certain) for tail in way.tails]
    return tuple(one for one in drops if one) if all(drops) else ()


def _kept_out(way: TrafficPath, atom: Network) -> tuple[Drop, ...]:
    """Return the security groups of a later stop that alone see the client, and let nothing of an atom in."""
    for index, stop in enumerate(way.stops):
        if _groups_alone(stop) and way.client_at(index, atom.version) == "source":
            groups = stop.node.groups
            if groups is not None and groups.keeps_out(atom, stop.node.services):
                return (_by_groups(stop.node),)
    return ()


def _groups_behind(entrance: Node, dropped: Sequence[Drop]) -> bool:
    """Tell whether security groups dropped it behind an entrance that has no packet gate."""
    gated = entrance.nacl is not None or entrance.groups is not None
    return not gated and all(by.startswith("security groups ") for _, by in dropped)


def _groups_alone(stop: Stop) -> bool:
    return stop.link is not None and stop.link.groups


def _tail(
    tail: tuple[Stop, ...], client: Client, services: Sequence[Service], atom: Network, *, certain: bool
) -> Drop | None:
    """Return what drops an atom between the last relaying stop and the end of one tail.

    `certain` says whether network ACLs and security groups see the traffic; a host's own firewall always does.
    """
    for index, stop in enumerate(tail):
        seen = left_of("source", tail[: index + 1], atom.version) if client == "source" else client
        services = (stop.link.services if stop.link else ()) or services
        if seen == "source" and stop.node.host and stop.node.host.drops(atom):
            read = stop.node.host.read_at
            return stop.node.place, f"the firewall of {stop.node.title}, as it was read at {read}"
        groups = stop.node.groups
        if seen == "source" and _groups_alone(stop) and groups and groups.keeps_out(atom, stop.node.services):
            return _by_groups(stop.node)
        if seen != "source" or stop.link is None or not (certain and stop.link.packets) or not services:
            continue
        if not any(_enters(stop.node, atom, one) for one in services):
            return _why_not(stop.node, atom, services)
    return None


def _enters(node: Node, atom: Network, service: Service) -> bool:
    """Tell whether some subnet's network ACL and the security groups let an atom in to a service."""
    return _acl_lets(node.nacl, atom, [service]) and (node.groups is None or node.groups.admits(atom, service))


def _acl_lets(gate: NaclGate | None, atom: Network, services: Sequence[Service]) -> bool:
    if gate is None or gate.unknown or not gate.acls:
        return True
    return any(passing(acl, str(atom), services) is not None for acl in gate.acls)


def _groups_drop(node: Node, atom: Network) -> bool:
    groups: GroupGate | None = node.groups
    return groups is not None and not any(groups.admits(atom, one) for one in node.services)


def _why_not(node: Node, atom: Network, services: Sequence[Service]) -> Drop:
    """Name what drops an atom at a node: its network ACLs if they alone do, else the security groups."""
    gate = node.nacl
    if gate is not None and not _acl_lets(gate, atom, services):
        source = str(atom.network_address)
        packet = Packet(source=source, protocol=services[0].protocol, port=services[0].port)
        rules = {acl.id: first_match(acl, packet) for acl in gate.acls}
        named = [f"{acl} rule {entry.number if entry else '*'}" for acl, entry in rules.items()]
        return node.place, f"network ACL {', '.join(named)}"
    return _by_groups(node)


def _by_groups(node: Node) -> Drop:
    groups = node.groups.groups if node.groups else ()
    return node.place, f"security groups {', '.join(groups)} of {node.title}, which do not allow it"


def _boundaries(way: TrafficPath) -> tuple[str, ...]:
    """Return every block in a packet gate of a way: within what they cut out, all addresses are alike."""
    nodes = {stop.node.place: stop.node for stop in (*way.stops, *(one for tail in way.tails for one in tail))}
    texts: set[str] = set()
    for node in nodes.values():
        if node.nacl:
            texts |= {entry.cidr for acl in node.nacl.acls for entry in acl.inbound()}
        if node.groups:
            texts |= {text for rule in node.groups.rules for text in rule.networks}
        if node.host:
            texts |= set(node.host.networks)
        if node.inspection:
            texts |= set(node.inspection.networks)
    return tuple(texts)


def _atoms(network: Network, boundaries: Iterable[Network]) -> list[Network]:
    """Split a block so that every boundary holds all or nothing of each part."""
    inside = [one for one in boundaries if one != network and covers(network, one)]
    if not inside:
        return [network]
    halves = [parse_network(str(half)) for half in network.subnets()]
    return [atom for half in halves for atom in _atoms(half, inside)]


def _dropped_by(drops: Iterable[Drop]) -> str:
    """Say what drops packets, each thing once."""
    return f"dropped by {first_few(dict.fromkeys(by for _, by in drops), 3, ' and ')}"
