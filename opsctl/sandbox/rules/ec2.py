"""EC2's own rules, where moto is laxer. Source: EC2 API reference, Amazon VPC quotas, recorded answers."""

import ipaddress
from collections.abc import Callable
from typing import Any

from opsctl.sandbox.rules.quotas import network_acl_rules

_LAST = 32767
_PROTOCOLS = {"tcp": "6", "udp": "17", "icmp": "1", "all": "-1"}


def install() -> None:
    """Put the rules around moto's EC2."""
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.elastic_network_interfaces import NetworkInterface

    NetworkInterface.get_filter_value = _with_address_filters(NetworkInterface.get_filter_value)
    EC2Backend.create_network_acl = _with_last_rules(EC2Backend.create_network_acl)
    EC2Backend.create_network_acl_entry = _checked_entry(EC2Backend.create_network_acl_entry)
    EC2Backend.delete_network_acl_entry = _known_entry(EC2Backend.delete_network_acl_entry)
    EC2Backend.allocate_address = _public_address(EC2Backend.allocate_address)
    EC2Backend.create_default_pls = _with_edge_lists(EC2Backend.create_default_pls)


def _fault(code: str, message: str) -> Exception:
    from moto.ec2.exceptions import EC2ClientError

    fault: Exception = EC2ClientError(code, message)
    return fault


def _with_last_rules(method: Callable[..., Any]) -> Callable[..., Any]:
    """Every network ACL ends with `*` rules: 32767 for IPv4, and 32768 for IPv6 where its VPC has IPv6 addresses.

    A default one then also lets IPv6 in and out, at 101 (VPC user guide, default and custom network ACLs).
    """

    def created(self: Any, vpc_id: str, tags: Any = None, default: bool = False) -> Any:
        acl = method(self, vpc_id, tags, default)
        rules = [] if default else [(_LAST, "deny", "cidr_block", "0.0.0.0/0")]
        if self.get_vpc(vpc_id).get_cidr_block_association_set(ipv6=True):
            rules += [(101, "allow", "ipv6_cidr_block", "::/0")] if default else []
            rules += [(_LAST + 1, "deny", "ipv6_cidr_block", "::/0")]
        nothing = dict.fromkeys(_ENTRY)
        for egress in (False, True):
            for number, action, member, block in rules:
                given = {"rule_number": number, "rule_action": action, "egress": egress, "protocol": "-1"}
                self.create_network_acl_entry(**nothing | given | {"network_acl_id": acl.id, member: block})
        return acl

    return created


_ENTRY = ("cidr_block", "ipv6_cidr_block", "icmp_code", "icmp_type", "port_range_from", "port_range_to")


def _checked_entry(method: Callable[..., Any]) -> Callable[..., Any]:
    """As many numbered entries a direction as the quota says; host bits go; protocols become number strings."""

    def created(self: Any, **entry: Any) -> Any:
        acl = self.get_network_acl(entry["network_acl_id"])
        number = int(entry["rule_number"])
        numbered = [
            e for e in acl.network_acl_entries if e.egress == entry["egress"] and int(e.rule_number) < _LAST
        ]
        quota = network_acl_rules(self.account_id, self.region_name)
        if number < _LAST and len(numbered) >= quota:
            raise _fault("NetworkAclEntryLimitExceeded", f"The maximum number of network acl entries is {quota}.")
        if not entry.get("cidr_block") and not entry.get("ipv6_cidr_block"):
            raise _fault("MissingParameter", "The request must contain the parameter cidrBlock or ipv6CidrBlock")
        if entry.get("cidr_block") and entry.get("ipv6_cidr_block"):
            raise _fault("InvalidParameterCombination", "cidrBlock and ipv6CidrBlock exclude one another")
        for name, version in (("cidr_block", 4), ("ipv6_cidr_block", 6)):
            if entry.get(name):
                entry[name] = _canonical(entry[name], version)
        protocol = str(entry["protocol"]).lower()
        return method(self, **(entry | {"protocol": _PROTOCOLS.get(protocol, protocol)}))

    return created


def _canonical(text: str, version: int) -> str:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        network = None
    if network is None or network.version != version or "/" not in text:
        raise _fault("InvalidParameterValue", f"Value ({text}) for parameter cidrBlock is invalid.")
    return str(network)


def _known_entry(method: Callable[..., Any]) -> Callable[..., Any]:
    """Deleting a number that is not there says so, and is no server error."""

    def deleted(self: Any, network_acl_id: str, rule_number: int, egress: bool) -> Any:
        acl = self.get_network_acl(network_acl_id)
        if not any(e.egress == egress and e.rule_number == rule_number for e in acl.network_acl_entries):
            raise _fault(
                "InvalidNetworkAclEntry.NotFound",
                f"The network acl entry with rule number {rule_number} in {network_acl_id} does not exist",
            )
        return method(self, network_acl_id, rule_number, egress)

    return deleted


def _with_address_filters(method: Callable[..., Any]) -> Callable[..., Any]:
    """Interfaces can be found by their public and IPv6 addresses."""

    def value(self: Any, filter_name: str, *args: Any) -> Any:
        if filter_name in ("addresses.association.public-ip", "association.public-ip"):
            return self.public_ip
        if filter_name == "ipv6-addresses.ipv6-address":
            return self.ipv6_addresses
        return method(self, filter_name, *args)

    return value


def _public_address(method: Callable[..., Any]) -> Callable[..., Any]:
    """An Elastic IP is a public address; moto hands out loopback ones."""

    def allocated(self: Any, *args: Any, **kwargs: Any) -> Any:
        from moto.ec2.utils import random_public_ip

        address = method(self, *args, **kwargs)
        address.public_ip = kwargs.get("address") or random_public_ip()
        return address

    return allocated


def _with_edge_lists(method: Callable[..., Any]) -> Callable[..., Any]:
    """AWS's own prefix lists, with a few of their entries."""

    def created(self: Any) -> Any:
        method(self)
        region = self.region_name
        for known in list(self.managed_prefix_lists.values()):
            if known.prefix_list_name == "com.amazonaws.global.cloudfront.origin-facing":
                del self.managed_prefix_lists[known.id]
        for name, family, blocks in (
            ("com.amazonaws.global.cloudfront.origin-facing", "IPv4", ("13.124.199.0/24", "130.176.0.0/18")),
            ("com.amazonaws.global.ipv6.cloudfront.origin-facing", "IPv6", ("2600:9000:2000::/36",)),
            (f"com.amazonaws.{region}.route53-healthchecks", "IPv4", ("15.177.0.0/18", "54.183.255.128/26")),
        ):
            self.create_managed_prefix_list(
                address_family=family,
                entry=[{"Cidr": block, "Description": ""} for block in blocks],
                prefix_list_name=name,
                owner_id="AWS",
            )

    return created
