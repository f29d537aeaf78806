"""Elastic Load Balancing: reading load balancers, listeners and target groups."""

from collections.abc import Sequence

from opsctl.model.reads import Read
from opsctl.model.value import Json, Value
from opsctl.resources.route53 import normal_name

TCP, UDP = 6, 17
_PROTOCOLS: dict[str, tuple[int, ...]] = {
    "HTTP": (TCP,),
    "HTTPS": (TCP,),
    "TCP": (TCP,),
    "TLS": (TCP,),
    "UDP": (UDP,),
    "QUIC": (UDP,),
    "TCP_UDP": (TCP, UDP),
    "TCP_QUIC": (TCP, UDP),
}


class LoadBalancer(Value):
    """A load balancer; `type` is application, network or gateway. A gateway one has no name in DNS."""

    arn: str
    name: str
    type: str
    dns: str = ""
    internal: bool
    vpc: str = ""
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    dualstack: bool = False
    ipv4: bool = True
    addresses: tuple[str, ...] = ()


class Listener(Value):
    """What a listener accepts: IP protocol numbers and a port, and the target groups it may forward to."""

    protocol: str
    port: int

    @property
    def services(self) -> tuple[tuple[int, int], ...]:
        """The (protocol number, port) pairs on which packets are accepted."""
        return tuple((number, self.port) for number in _PROTOCOLS.get(self.protocol, ()))


class TargetGroup(Value):
    """A target group; `type` is instance, ip, lambda or alb."""

    arn: str
    name: str
    type: str
    protocol: str = ""
    port: int = 0
    vpc: str = ""
    ipv6: bool = False
    load_balancers: tuple[str, ...] = ()

    @property
    def protocols(self) -> tuple[int, ...]:
        """The IP protocol numbers spoken to targets."""
        return _PROTOCOLS.get(self.protocol, (TCP,))


class Target(Value):
    """One registered target: an instance id, an address, a function or a load balancer's ARN."""

    id: str
    port: int = 0


def region_of_arn(arn: str) -> str:
    """Return the region written in an ARN, empty for global ones."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 5 else ""


def describe_load_balancers(region: str) -> Read:
    """Read all application, network and gateway load balancers of a region."""
    return Read(service="elbv2", operation="DescribeLoadBalancers", region=region)


def describe_classic_load_balancers(region: str) -> Read:
    """Read all Classic load balancers of a region."""
    return Read(service="elb", operation="DescribeLoadBalancers", region=region)


def describe_target_groups(region: str) -> Read:
    """Read all target groups of a region; each names its load balancers."""
    return Read(service="elbv2", operation="DescribeTargetGroups", region=region)


def describe_listeners(load_balancer: str) -> Read:
    """Read the listeners of one load balancer, by its ARN."""
    return _of("DescribeListeners", load_balancer, LoadBalancerArn=load_balancer)


def describe_target_health(target_group: str) -> Read:
    """Read the registered targets of one target group, by its ARN."""
    return _of("DescribeTargetHealth", target_group, TargetGroupArn=target_group)


def describe_target_group_attributes(target_group: str) -> Read:
    """Read the attributes of one target group, `preserve_client_ip.enabled` among them."""
    return _of("DescribeTargetGroupAttributes", target_group, TargetGroupArn=target_group)


def describe_tags(resources: Sequence[str]) -> Read:
    """Read the tags of up to 20 load balancers of one region, by ARN."""
    return _of("DescribeTags", resources[0], ResourceArns=list(resources))


def parse_load_balancers(answer: Json) -> tuple[LoadBalancer, ...]:
    """Parse DescribeLoadBalancers; old load balancers lack IpAddressType, network ones may lack groups."""
    return tuple(_load_balancer(one) for one in answer.get("LoadBalancers", []))


def parse_classic_names(answer: Json) -> dict[str, str]:
    """Parse the Classic DescribeLoadBalancers: load balancer name by DNS name."""
    found = answer.get("LoadBalancerDescriptions", [])
    return {normal_name(one.get("DNSName", "")): str(one["LoadBalancerName"]) for one in found}


def parse_target_groups(answer: Json) -> tuple[TargetGroup, ...]:
    """Parse DescribeTargetGroups."""
    return tuple(
        TargetGroup(
            arn=one["TargetGroupArn"],
            name=one["TargetGroupName"],
            type=one.get("TargetType", "instance"),
            protocol=one.get("Protocol", ""),
            port=int(one.get("Port") or 0),
            vpc=one.get("VpcId", ""),
            ipv6=one.get("IpAddressType", "ipv4") == "ipv6",
            load_balancers=tuple(one.get("LoadBalancerArns", [])),
        )
        for one in answer.get("TargetGroups", [])
    )


def parse_listeners(answer: Json) -> tuple[Listener, ...]:
    """Parse DescribeListeners; gateway listeners have neither protocol nor port."""
    return tuple(
        Listener(protocol=one.get("Protocol", ""), port=int(one.get("Port") or 0))
        for one in answer.get("Listeners", [])
    )


def parse_targets(answer: Json) -> tuple[Target, ...]:
    """Parse DescribeTargetHealth, whatever the health."""
    return tuple(
        Target(
            id=one["Target"]["Id"],
            port=int(one["Target"].get("Port") or 0),
        )
        for one in answer.get("TargetHealthDescriptions", [])
    )


def parse_attributes(answer: Json) -> dict[str, str]:
    """Parse attributes as a dictionary; one that AWS leaves out has its documented default."""
    return {one["Key"]: str(one.get("Value", "")) for one in answer.get("Attributes", [])}


def parse_tags(answer: Json) -> dict[str, dict[str, str]]:
    """Parse DescribeTags: tags by resource ARN."""
    return {
        one["ResourceArn"]: {tag["Key"]: str(tag.get("Value", "")) for tag in one.get("Tags", [])}
        for one in answer.get("TagDescriptions", [])
    }


def _of(operation: str, arn: str, **params: Json) -> Read:
    """Read something in the region of an ARN."""
    return Read(service="elbv2", operation=operation, params=params, region=region_of_arn(arn))


def _load_balancer(one: Json) -> LoadBalancer:
    zones = one.get("AvailabilityZones", [])
    addresses = [item for zone in zones for item in zone.get("LoadBalancerAddresses", [])]
    kind = str(one.get("IpAddressType", "ipv4"))
    return LoadBalancer(
        arn=one["LoadBalancerArn"],
        name=one["LoadBalancerName"],
        type=one.get("Type", "application"),
        dns=normal_name(one.get("DNSName", "")),
        internal=one.get("Scheme", "internal") != "internet-facing",
        vpc=one.get("VpcId", ""),
        subnets=tuple(zone["SubnetId"] for zone in zones if zone.get("SubnetId")),
        security_groups=tuple(one.get("SecurityGroups", [])),
        dualstack=kind.startswith("dualstack"),
        ipv4=kind != "dualstack-without-public-ipv4",
        addresses=tuple(
            str(item[key]) for item in addresses for key in ("IpAddress", "IPv6Address") if item.get(key)
        ),
    )
