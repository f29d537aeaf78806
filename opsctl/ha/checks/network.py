"""Judges the addresses and interfaces of an instance, and what relies on them."""

from collections.abc import Iterator

from opsctl.ha.checks.preflight_finding import RECOVER_ONLY, PreflightFinding, accept, block, carry, warn
from opsctl.ha.inventory import Inventory
from opsctl.model.sentences import first_few
from opsctl.model.value import Json

_EFA = ("efa", "efa-only")


def check_network(inventory: Inventory) -> Iterator[PreflightFinding]:
    """Interfaces, addresses, and everything that names the private address."""
    yield from _interfaces(inventory)
    yield from _addresses(inventory)
    users = sorted(set(_users_of_private_address(inventory)) - {f"DNS record {inventory.wanted.record}"})
    if inventory.wanted.record:
        yield carry(
            "record", f"DNS record {inventory.wanted.record}", "the handler points it at every replacement"
        )
    if users:
        listed = first_few(users, 5, "; ")
        why = "a replacement gets a different private address, in another zone from a different range"
        yield accept("private-address", f"{inventory.primary_ip} is referenced by {listed}", why)


def _interfaces(inventory: Inventory) -> Iterator[PreflightFinding]:
    extra = [one["NetworkInterfaceId"] for one in inventory.interfaces[1:]]
    if extra:
        why = (
            "a network interface cannot move to another zone, and a group's launch template only creates new ones"
        )
        yield accept(
            "several-interfaces", f"it has {len(extra)} more network interface(s): {', '.join(extra)}", why
        )
    efa = [one["NetworkInterfaceId"] for one in inventory.interfaces if one.get("InterfaceType") in _EFA]
    if efa:
        yield accept("efa", f"{', '.join(efa)} is an EFA", "EFA works within one zone only; not carried over")
        yield block(
            "efa-recover", f"{', '.join(efa)} is an EFA", "automatic recovery does not support EFA", RECOVER_ONLY
        )
    managed = [
        one["NetworkInterfaceId"] for one in inventory.interfaces if (one.get("Operator") or {}).get("Managed")
    ]
    if managed:
        yield block("managed-interface", f"{', '.join(managed)} is managed by a service", "AWS refuses to move it")
    if inventory.instance.get("SourceDestCheck") is False:
        why = (
            "a launch template cannot set this: the handler sets it on every replacement; routes to the "
            "old interface become black holes"
        )
        yield accept("source-dest-check", "its source/destination check is off", why)


def _addresses(inventory: Inventory) -> Iterator[PreflightFinding]:
    secondary = [
        str(one.get("PrivateIpAddress"))
        for interface in inventory.interfaces
        for one in interface.get("PrivateIpAddresses") or []
        if not one.get("Primary")
    ]
    if secondary:
        why = "a group cannot launch with secondary private addresses; Elastic IPs on them are not moved"
        yield accept("secondary-addresses", f"secondary addresses {', '.join(secondary)}", why)
    v6 = [
        str(one["Ipv6Address"])
        for interface in inventory.interfaces
        for one in interface.get("Ipv6Addresses") or []
    ]
    if v6:
        yield accept("ipv6", f"IPv6 {', '.join(v6)}", "a replacement gets different IPv6 addresses")
    if any(one.get("Ipv4Prefixes") or one.get("Ipv6Prefixes") for one in inventory.interfaces):
        yield accept("prefixes", "it has delegated prefixes", "a replacement gets none")
    for one in inventory.elastic_ips:
        if one.managed:
            yield block("managed-address", f"{one.ip} is managed by {one.managed}", "AWS refuses to move it")
    if inventory.elastic_ips:
        listed = ", ".join(one.ip for one in inventory.elastic_ips)
        yield carry("elastic-ip", listed, "the handler moves it last, once the volumes are attached")
    elif inventory.instance.get("PublicIpAddress"):
        what = f"its public address {inventory.instance['PublicIpAddress']} is not an Elastic IP"
        yield warn(
            "public-address", what, "it changes with every replacement; allocate an Elastic IP first to keep one"
        )


def _users_of_private_address(inventory: Inventory) -> Iterator[str]:
    ours = {str(one.get("PrivateIpAddress")) for one in inventory.interfaces} | {inventory.primary_ip}
    interfaces = {one["NetworkInterfaceId"] for one in inventory.interfaces}
    for name, answer in inventory.answers.items():
        if name.startswith("records "):
            yield from _records(answer, ours)
        elif name.startswith("health "):
            yield from _targets(name, answer, ours)
    for group in (inventory.answers.get("rules") or {}).get("SecurityGroups", []):
        for rule in [*group.get("IpPermissions", []), *group.get("IpPermissionsEgress", [])]:
            if any(entry.get("CidrIp") in {f"{ip}/32" for ip in ours} for entry in rule.get("IpRanges", [])):
                yield f"security group {group['GroupId']}"
    for table in (inventory.answers.get("routes") or {}).get("RouteTables", []):
        if any(route.get("NetworkInterfaceId") in interfaces for route in table.get("Routes", [])):
            yield f"route table {table['RouteTableId']}"


def _records(answer: Json, ours: set[str]) -> Iterator[str]:
    for record in answer.get("ResourceRecordSets", []):
        values = {one.get("Value") for one in record.get("ResourceRecords") or []}
        if values & ours:
            yield f"DNS record {str(record['Name']).rstrip('.')}"


def _targets(name: str, answer: Json, ours: set[str]) -> Iterator[str]:
    targets = {one["Target"]["Id"] for one in answer.get("TargetHealthDescriptions", [])}
    if targets & ours:
        yield (
            f"target group {name.split('/')[1]} (registered by IP address, which an Auto Scaling group cannot do)"
        )
