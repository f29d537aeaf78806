"""Where a request to a name arrives in the sandbox: distribution, load balancer or network interface.

By what Route 53, CloudFront, Elastic Load Balancing and EC2 describe; nothing of opsctl's own topology is used.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from opsctl.sandbox.engine.traffic_network import Doorway, doorway

Clients = Callable[[str], Any]

_SPINS = 8
_HTTPS = 443


@dataclass(frozen=True)
class FrontDoor:
    """A CloudFront distribution, with the ARN of its web ACL and the names of its origins."""

    id: str
    acl: str
    origins: tuple[str, ...]


@dataclass(frozen=True)
class Balancer:
    """A load balancer with an interface in each subnet; only one of kind `application` can have a web ACL."""

    arn: str
    name: str
    kind: str
    doors: tuple[Doorway, ...]
    targets: tuple[Doorway, ...] = ()

    @property
    def label(self) -> str:
        """As its ARN ends: `app/NAME/ID`."""
        return self.arn.partition(":loadbalancer/")[2]


@dataclass(frozen=True)
class Host:
    """A network interface that the internet reaches by its own address."""

    door: Doorway


def arrives_at(clients: Clients, target: str) -> FrontDoor | Balancer | Host | None:
    """Return where requests to a name, a load balancer or an address arrive; nothing where they arrive nowhere."""
    names = [target.rstrip(".").lower()]
    for _ in range(_SPINS):
        found = _at(clients, names[-1])
        if found is not None:
            return found
        following = _record(clients, names[-1])
        if not following or following in names:
            return None
        names.append(following)
    return None


def _at(clients: Clients, name: str) -> FrontDoor | Balancer | Host | None:
    if _is_address(name):
        return _host(clients, name)
    return _distribution(clients, name) or balancer(clients, name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _record(clients: Clients, name: str) -> str:
    route53 = clients("route53")
    for zone in route53.list_hosted_zones()["HostedZones"]:
        for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
            if record["Name"].rstrip(".").lower() != name or record["Type"] not in ("A", "AAAA", "CNAME"):
                continue
            values = [one["Value"] for one in record.get("ResourceRecords", ())]
            told = record.get("AliasTarget", {}).get("DNSName") or next(iter(values), "")
            return str(told).rstrip(".").lower()
    return ""


def _distribution(clients: Clients, name: str) -> FrontDoor | None:
    listed = clients("cloudfront").list_distributions()["DistributionList"].get("Items") or ()
    for one in listed:
        if name in (one["DomainName"].lower(), *((one.get("Aliases") or {}).get("Items") or ())):
            origins = tuple(origin["DomainName"] for origin in one["Origins"]["Items"])
            return FrontDoor(one["Id"], one.get("WebACLId") or "", origins)
    return None


def balancer(clients: Clients, name: str) -> Balancer | None:
    """Return a load balancer by its DNS name or its own name, with its interfaces and targets."""
    elbv2 = clients("elbv2")
    for one in elbv2.describe_load_balancers()["LoadBalancers"]:
        if name.removeprefix("dualstack.") in (one["DNSName"].lower(), one["LoadBalancerName"].lower()):
            label = one["LoadBalancerArn"].partition(":loadbalancer/")[2]
            port = _port(elbv2, one["LoadBalancerArn"])
            found = _interfaces(clients, "description", f"ELB {label}")
            # A Network Load Balancer made without groups has none, whatever its interfaces are described with.
            groups = tuple(one.get("SecurityGroups") or ())
            doors = tuple(replace(doorway(nic, port), groups=groups) for nic in found)
            targets = _targets(clients, one["LoadBalancerArn"]) if one["Type"] == "network" else ()
            return Balancer(one["LoadBalancerArn"], one["LoadBalancerName"], one["Type"], doors, targets)
    return None


def _port(elbv2: Any, arn: str) -> int:
    ports = [one["Port"] for one in elbv2.describe_listeners(LoadBalancerArn=arn)["Listeners"]]
    return _HTTPS if _HTTPS in ports or not ports else int(min(ports))


def _targets(clients: Clients, arn: str) -> tuple[Doorway, ...]:
    """Instances behind a Network Load Balancer, which see the client's own address (fact page of blocks, 1.1)."""
    elbv2 = clients("elbv2")
    found: list[Doorway] = []
    for group in elbv2.describe_target_groups(LoadBalancerArn=arn)["TargetGroups"]:
        if group["TargetType"] != "instance":
            continue
        health = elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
        for one in health:
            nics = _interfaces(clients, "attachment.instance-id", one["Target"]["Id"])
            found += [doorway(nic, group["Port"]) for nic in nics[:1]]
    return tuple(found)


def _host(clients: Clients, address: str) -> Host | None:
    by = "addresses.association.public-ip" if ":" not in address else "ipv6-addresses.ipv6-address"
    nics = _interfaces(clients, by, address)
    return Host(doorway(nics[0], _HTTPS)) if nics else None


def _interfaces(clients: Clients, by: str, value: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = clients("ec2").describe_network_interfaces(
        Filters=[{"Name": by, "Values": [value]}]
    )["NetworkInterfaces"]
    return found
