"""The gates that a packet or a request passes at a place, in the order in which it meets them."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

from opsctl.block.topology.nacl import NetworkAcl
from opsctl.block.topology.packet import ANY, TCP, UDP, Service
from opsctl.block.topology.webacl import WebAcl
from opsctl.model.networks import Network, covers, parse_network
from opsctl.model.value import Value


class NaclGate(Value):
    """The network ACLs of all subnets of a place: a packet may enter by any of them.

    `unknown` says which could not be read; such a gate never proves anything dropped.
    """

    kind: Literal["nacl"] = "nacl"
    acls: tuple[NetworkAcl, ...]
    subnets: tuple[str, ...]
    unknown: tuple[str, ...] = ()


class OpenRule(Value):
    """An allow rule with its prefix lists spelled out; `source` is what a person calls where it lets in."""

    group: str
    protocol: int
    ports: tuple[int, int] | None = None
    networks: tuple[str, ...] = ()
    source: str

    def admits(self, network: Network, service: Service) -> bool:
        """Tell whether every packet from the block to a service is let in."""
        if self.protocol not in (ANY, service.protocol):
            return False
        if self.protocol != ANY and self.ports and not self.ports[0] <= service.port <= self.ports[1]:
            return False
        return any(covers(parse_network(one), network) for one in self.networks)


class GroupGate(Value):
    """The security groups of a place: whatever one of them allows gets in, everything else does not."""

    kind: Literal["groups"] = "groups"
    groups: tuple[str, ...]
    rules: tuple[OpenRule, ...] = ()
    unknown: tuple[str, ...] = ()

    def admits(self, network: Network, service: Service) -> bool:
        """Tell whether a packet may get in; what could not be read is taken as letting it in."""
        return bool(self.unknown) or any(rule.admits(network, service) for rule in self.rules)

    def keeps_out(self, network: Network, services: Iterable[Service]) -> bool:
        """Tell whether nothing from a block certainly gets in to any of some services, by whatever brings it.

        A rule that admits a security group may admit what an accelerator's own interfaces bring, of any client.
        """
        if self.unknown or any(rule.source.startswith("security group ") for rule in self.rules):
            return False
        wanted = tuple(services) or open_services(self, ())
        return not any(rule.admits(network, one) for rule in self.rules for one in wanted)

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the groups let in from, as a person would say it, each once."""
        return tuple(dict.fromkeys(rule.source for rule in self.rules))

    @property
    def only_lists(self) -> bool:
        """Whether nothing but AWS's own prefix lists and other security groups is let in."""
        return not self.unknown and all(
            rule.source.startswith(("prefix list com.amazonaws.", "security group ")) for rule in self.rules
        )


class WafGate(Value):
    """A place where AWS WAF sees requests; `web_acl` is the one attached, if any.

    `classic` is the id of a WAF Classic web ACL. `unknown` says why the web ACL could not be read, `doubts`
    what inside it could not.
    """

    kind: Literal["waf"] = "waf"
    scope: Literal["REGIONAL", "CLOUDFRONT"]
    web_acl: WebAcl | None = None
    classic: str = ""
    unknown: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


class GeoGate(Value):
    """A distribution's geographic restriction; which country an address is in is not known offline."""

    kind: Literal["geo"] = "geo"
    restriction: str = "none"
    countries: tuple[str, ...] = ()

    def denies(self, country: str) -> bool:
        """Tell whether requests from a country (ISO 3166-1, two letters) are refused."""
        if self.restriction == "blacklist":
            return country.upper() in self.countries
        return self.restriction == "whitelist" and country.upper() not in self.countries


class HostGate(Value):
    """The firewall of an instance, as far as it was read of late: networks that opsctl has it drop.

    `ends` says until when each of them is dropped, as a moment of UTC or never.
    `read_at` is when, as a moment of UTC, empty when it was not. `closed` is why no script can be sent to the
    instance, `unknown` says what could not be read. `member_of` is its Auto Scaling group.
    """

    kind: Literal["host"] = "host"
    networks: tuple[str, ...] = ()
    ends: dict[str, str] = {}
    read_at: str = ""
    closed: str = ""
    unknown: tuple[str, ...] = ()
    member_of: str = ""

    def drops(self, network: Network) -> bool:
        """Tell whether every packet from a block is dropped."""
        return any(covers(parse_network(one), network) for one in self.networks)


class InspectionGate(Value):
    """A firewall that the routes lead every packet through, to all subnets of a place.

    `firewall` is its name, empty where the endpoint is another appliance's. `group` is the ARN of the rule group
    that a drop can go into, `refused` why there is none; both are empty until it was read. `networks` are dropped
    there for certain. `owner` and `affects` are those of the rule group.
    """

    kind: Literal["inspection"] = "inspection"
    vpc: str
    endpoints: tuple[str, ...]
    arn: str = ""
    firewall: str = ""
    group: str = ""
    refused: str = ""
    networks: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    owner: str = ""
    affects: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What a person calls it."""
        if not self.endpoints and not self.firewall:
            return "whatever the routes lead through, which could not be read"
        through = ", ".join(self.endpoints)
        return f"Network Firewall {self.firewall}" if self.firewall else f"an appliance behind endpoint {through}"

    def drops(self, network: Network) -> bool:
        """Tell whether every packet from a block is dropped."""
        return any(covers(parse_network(one), network) for one in self.networks)


Gate: TypeAlias = NaclGate | GroupGate | WafGate | GeoGate | HostGate | InspectionGate


def representative_ports(low: int, high: int, acls: Iterable[NetworkAcl]) -> list[int]:
    """Return ports of a range such that every network ACL treats each other port like one of them."""
    edges = {low}
    for acl in acls:
        for entry in acl.entries:
            if entry.ports is not None:
                edges |= {entry.ports[0], entry.ports[1] + 1}
    return sorted(port for port in edges if low <= port <= high)


def open_services(groups: GroupGate | None, acls: Iterable[NetworkAcl]) -> tuple[Service, ...]:
    """Return representatives of every service that security groups open to anybody.

    Without groups, or with groups that could not be read, everything counts as open. Protocol -1 stands for
    anything that is neither TCP nor UDP. ICMP is no service.
    """
    known = list(acls)
    rules = [OpenRule(group="", protocol=ANY, source="")]
    if groups is not None and not groups.unknown:
        rules = [rule for rule in groups.rules if rule.protocol in (ANY, TCP, UDP)]
    found: dict[tuple[int, int], Service] = {}
    for rule in rules:
        low, high = rule.ports if rule.ports and rule.protocol != ANY else (0, 65535)
        for protocol in (TCP, UDP) if rule.protocol == ANY else (rule.protocol,):
            for port in representative_ports(low, high, known):
                found[protocol, port] = Service(protocol=protocol, port=port)
        if rule.protocol == ANY:
            found[ANY, 0] = Service(protocol=ANY, port=0)
    return tuple(service for _, service in sorted(found.items()))
