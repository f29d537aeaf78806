"""Chooses the subnets in which a replacement may start: one a zone, alike in the way they are routed."""

from opsctl.ha.inventory import Inventory
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import parse_tags

FREE_ADDRESSES = 4
"""An instance takes one; the margin leaves room for others that start at the same moment."""


class CandidateSubnet(Value):
    """A subnet as far as choosing goes; `route` is where its default route leads: igw, nat, other or none."""

    id: str
    zone: str
    name: str = ""
    free: int = 0
    route: str = ""
    route_table: str = ""
    network_acl: str = ""
    special: bool = False
    ipv6: bool = False


class SubnetChoice(Value):
    """The subnets chosen, the current one first; or what is wrong with those that were requested."""

    subnets: tuple[CandidateSubnet, ...] = ()
    wrong: tuple[str, ...] = ()
    shortage: str = ""
    differences: tuple[str, ...] = ()

    @property
    def by_zone(self) -> dict[str, tuple[str, ...]]:
        """Their ids, by zone."""
        return {zone: tuple(one.id for one in self.subnets if one.zone == zone) for zone in self.zones}

    @property
    def zones(self) -> tuple[str, ...]:
        """Their zones."""
        return tuple(dict.fromkeys(one.zone for one in self.subnets))


def choose_subnets(inventory: Inventory) -> SubnetChoice:
    """Return the subnets requested, checked, or those found."""
    known = {one.id: one for one in _parse(inventory)}
    current = known.get(inventory.subnet)
    if current is None:
        return SubnetChoice(shortage=f"its subnet {inventory.subnet or '(none)'} cannot be found")
    offered = {
        one["Location"] for one in (inventory.answers.get("offerings") or {}).get("InstanceTypeOfferings", [])
    }
    chosen = (
        _asked(inventory, known, offered)
        if inventory.wanted.subnets
        else _found(inventory, known, current, offered)
    )
    return chosen.model_copy(update={"differences": _differences(current, chosen.subnets)})


def _asked(inventory: Inventory, known: dict[str, CandidateSubnet], offered: set[str]) -> SubnetChoice:
    wrong = [
        f"{one} is not in {inventory.instance.get('VpcId')}"
        for one in inventory.wanted.subnets
        if one not in known
    ]
    subnets = [known[one] for one in inventory.wanted.subnets if one in known]
    wrong += [
        f"{one.id}: {inventory.type} is not offered in {one.zone}" for one in subnets if one.zone not in offered
    ]
    wrong += [f"{one.id} is on an Outpost or in a Local Zone" for one in subnets if one.special]
    wrong += [
        f"{one.id} has no IPv6, and the instance has" for one in subnets if inventory.has_ipv6 and not one.ipv6
    ]
    if not wrong and inventory.zone not in {one.zone for one in subnets}:
        wrong.append(f"none of them is in {inventory.zone}, where the instance runs")
    ordered = sorted(subnets, key=lambda one: (one.id != inventory.subnet, one.zone != inventory.zone, one.zone))
    shortage = f"all subnets given are in {ordered[0].zone}" if ordered else ""
    return SubnetChoice(subnets=tuple(ordered), wrong=tuple(wrong), shortage=shortage)


def _found(
    inventory: Inventory, known: dict[str, CandidateSubnet], current: CandidateSubnet, offered: set[str]
) -> SubnetChoice:
    best: dict[str, CandidateSubnet] = {}
    rejected: list[str] = []
    for one in known.values():
        if one.zone == current.zone:
            continue
        reason = _reason_against(one, current, offered, inventory)
        if reason:
            rejected.append(f"{one.id} in {one.zone}: {reason}")
        elif one.zone not in best or _better(one, best[one.zone], current):
            best[one.zone] = one
    others = tuple(best[zone] for zone in sorted(best))
    why_not = f" ({'; '.join(rejected[:3])})" if rejected else ""
    shortage = f"no subnet of its VPC in another zone fits{why_not}"
    return SubnetChoice(subnets=(current, *others), shortage=shortage)


def _reason_against(
    one: CandidateSubnet, current: CandidateSubnet, offered: set[str], inventory: Inventory
) -> str:
    if one.special:
        return "on an Outpost or in a Local Zone"
    if one.zone not in offered:
        return f"{inventory.type} is not offered there"
    if inventory.has_ipv6 and not one.ipv6:
        return "it has no IPv6, and the instance has"
    if one.free < FREE_ADDRESSES:
        return f"{one.free} free addresses"
    if one.route != current.route:
        return f"its default route is {one.route}, here it is {current.route}"
    return ""


def _better(one: CandidateSubnet, other: CandidateSubnet, current: CandidateSubnet) -> bool:
    """Prefer the same network ACL and route table, then room."""

    def rank(subnet: CandidateSubnet) -> tuple[bool, bool, int]:
        same_acl = subnet.network_acl == current.network_acl
        return (same_acl, subnet.route_table == current.route_table, subnet.free)

    return rank(one) > rank(other)


def _differences(current: CandidateSubnet, chosen: tuple[CandidateSubnet, ...]) -> tuple[str, ...]:
    found = []
    for one in chosen:
        if one.network_acl != current.network_acl:
            found.append(f"{one.id} has network ACL {one.network_acl}, the current subnet {current.network_acl}")
        if one.route != current.route:
            found.append(f"{one.id} has default route {one.route}, the current subnet {current.route}")
    return tuple(found)


def _parse(inventory: Inventory) -> list[CandidateSubnet]:
    routes, acls = _route_tables(inventory), _network_acls(inventory)
    main = routes.get("", ("none", ""))
    return [
        CandidateSubnet(
            id=one["SubnetId"],
            zone=one["AvailabilityZone"],
            name=parse_tags(one).get("Name", ""),
            free=int(one.get("AvailableIpAddressCount", 0)),
            route=routes.get(one["SubnetId"], main)[0],
            route_table=routes.get(one["SubnetId"], main)[1],
            network_acl=acls.get(one["SubnetId"], ""),
            ipv6=bool(one.get("Ipv6CidrBlockAssociationSet")),
            special=bool(one.get("OutpostArn")) or one["AvailabilityZone"].count("-") > _dashes(inventory.region),
        )
        for one in (inventory.answers.get("subnets") or {}).get("Subnets", [])
        if one.get("State", "available") == "available"
    ]


def _dashes(region: str) -> int:
    """A zone's name is its region's and a letter; Local and Wavelength Zones have more parts."""
    return region.count("-")


def _route_tables(inventory: Inventory) -> dict[str, tuple[str, str]]:
    """Default route and table by subnet id; under "" those of the main table."""
    found: dict[str, tuple[str, str]] = {}
    for table in (inventory.answers.get("routes") or {}).get("RouteTables", []):
        entry = (_default_route(table), table["RouteTableId"])
        for one in table.get("Associations", []):
            if one.get("Main"):
                found[""] = entry
            elif one.get("SubnetId"):
                found[one["SubnetId"]] = entry
    return found


def _default_route(table: Json) -> str:
    for route in table.get("Routes", []):
        if route.get("DestinationCidrBlock") == "0.0.0.0/0":
            if str(route.get("GatewayId", "")).startswith("igw-"):
                return "an internet gateway"
            return "a NAT gateway" if route.get("NatGatewayId") else "something else"
    return "none"


def _network_acls(inventory: Inventory) -> dict[str, str]:
    return {
        one["SubnetId"]: acl["NetworkAclId"]
        for acl in (inventory.answers.get("network-acls") or {}).get("NetworkAcls", [])
        for one in acl.get("Associations", [])
    }
