"""EC2: reading instances, network interfaces, subnets, security groups and prefix lists."""

from collections.abc import Mapping, Sequence

from opsctl.model.reads import Read
from opsctl.model.value import Json, Value

FILTER_VALUES = 200
"""Most values that one filter of a Describe call takes."""


class Interface(Value):
    """A network interface, whoever owns it."""

    id: str
    subnet: str = ""
    vpc: str = ""
    instance: str = ""
    groups: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    kind: str = "interface"
    description: str = ""
    primary: bool = False

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address that the interface answers on."""
        return self.public + self.private + self.ipv6


class Instance(Value):
    """An instance with its interfaces; a terminated one has none. `public` is its address as EC2 sums it up.

    `launched` is when it was started last; a reboot is no start.
    """

    id: str
    name: str = ""
    state: str = ""
    vpc: str = ""
    interfaces: tuple[Interface, ...] = ()
    public: str = ""
    launched: str = ""
    tags: dict[str, str] = {}

    @property
    def title(self) -> str:
        """Its Name tag with its id, or the id alone."""
        return f"{self.name} ({self.id})" if self.name else self.id


class Subnet(Value):
    """A subnet; `owner` differs from the caller's account when the VPC is shared."""

    id: str
    vpc: str
    owner: str = ""
    cidr: str = ""
    name: str = ""


class Allow(Value):
    """One allow rule of a security group; protocol -1 is all, `ports` None is every port."""

    group: str
    protocol: int
    ports: tuple[int, int] | None = None
    cidrs: tuple[str, ...] = ()
    prefix_lists: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class Address(Value):
    """An Elastic IP and what it is associated with."""

    ip: str
    interface: str = ""
    instance: str = ""
    association: str = ""
    name: str = ""


def describe(operation: str, region: str, filters: Mapping[str, Sequence[str]] | None = None) -> Read:
    """Build a Describe call, with filters by name."""
    listed = [{"Name": name, "Values": list(values)} for name, values in (filters or {}).items()]
    return Read(service="ec2", operation=operation, params={"Filters": listed} if listed else {}, region=region)


def describe_batches(
    operation: str, region: str, name: str, values: Sequence[str], also: Mapping[str, Sequence[str]] | None = None
) -> list[Read]:
    """Build as few Describe calls as the limit on filter values allows; none for no values.

    `also` are further filters, which every call has.
    """
    distinct = sorted(set(values))
    return [
        describe(operation, region, {name: distinct[start : start + FILTER_VALUES], **(also or {})})
        for start in range(0, len(distinct), FILTER_VALUES)
    ]


def get_prefix_list_entries(prefix_list: str, region: str) -> Read:
    """Read the entries of one managed prefix list."""
    return Read(
        service="ec2",
        operation="GetManagedPrefixListEntries",
        params={"PrefixListId": prefix_list},
        region=region,
    )


def parse_instances(answer: Json) -> tuple[Instance, ...]:
    """Parse DescribeInstances."""
    return tuple(
        Instance(
            id=one["InstanceId"],
            name=parse_tags(one).get("Name", ""),
            state=one.get("State", {}).get("Name", ""),
            vpc=one.get("VpcId", ""),
            interfaces=tuple(_interface(eni, one["InstanceId"]) for eni in one.get("NetworkInterfaces", [])),
            public=one.get("PublicIpAddress") or "",
            launched=one.get("LaunchTime") or "",
            tags=parse_tags(one),
        )
        for reservation in answer.get("Reservations", [])
        for one in reservation.get("Instances", [])
    )


def parse_interfaces(answer: Json) -> tuple[Interface, ...]:
    """Parse DescribeNetworkInterfaces."""
    return tuple(_interface(one, "") for one in answer.get("NetworkInterfaces", []))


def parse_subnets(answer: Json) -> dict[str, Subnet]:
    """Parse DescribeSubnets, by id."""
    return {
        one["SubnetId"]: Subnet(
            id=one["SubnetId"],
            vpc=one.get("VpcId", ""),
            owner=one.get("OwnerId", ""),
            cidr=one.get("CidrBlock", ""),
            name=parse_tags(one).get("Name", ""),
        )
        for one in answer.get("Subnets", [])
    }


def parse_inbound_rules(answer: Json) -> tuple[Allow, ...]:
    """Parse the inbound rules out of DescribeSecurityGroups."""
    return tuple(
        _allow(group["GroupId"], rule)
        for group in answer.get("SecurityGroups", [])
        for rule in group.get("IpPermissions", [])
    )


def parse_prefix_list_names(answer: Json) -> dict[str, str]:
    """Parse DescribeManagedPrefixLists: name by id."""
    return {one["PrefixListId"]: one.get("PrefixListName", "") for one in answer.get("PrefixLists", [])}


def parse_prefix_list_entries(answer: Json) -> tuple[str, ...]:
    """Parse GetManagedPrefixListEntries: CIDR blocks."""
    return tuple(one["Cidr"] for one in answer.get("Entries", []))


def parse_addresses(answer: Json) -> tuple[Address, ...]:
    """Parse DescribeAddresses."""
    return tuple(
        Address(
            ip=one["PublicIp"],
            interface=one.get("NetworkInterfaceId") or "",
            instance=one.get("InstanceId") or "",
            association=one.get("AssociationId") or "",
            name=parse_tags(one).get("Name", ""),
        )
        for one in answer.get("Addresses", [])
        if one.get("PublicIp")
    )


def parse_tags(one: Json) -> dict[str, str]:
    """Parse the `Tags` (or an interface's `TagSet`) of one EC2 resource."""
    return {tag["Key"]: str(tag.get("Value", "")) for tag in one.get("Tags", one.get("TagSet", []))}


def _interface(one: Json, instance: str) -> Interface:
    addresses = one.get("PrivateIpAddresses", [])
    associated = [one.get("Association", {}), *(item.get("Association", {}) for item in addresses)]
    attachment = one.get("Attachment", {})
    private = [one.get("PrivateIpAddress"), *(item.get("PrivateIpAddress") for item in addresses)]
    return Interface(
        id=one["NetworkInterfaceId"],
        subnet=one.get("SubnetId", ""),
        vpc=one.get("VpcId", ""),
        instance=instance or attachment.get("InstanceId", ""),
        groups=tuple(group["GroupId"] for group in one.get("Groups", [])),
        public=tuple(dict.fromkeys(str(item["PublicIp"]) for item in associated if item.get("PublicIp"))),
        private=tuple(dict.fromkeys(str(ip) for ip in private if ip)),
        ipv6=tuple(str(item["Ipv6Address"]) for item in one.get("Ipv6Addresses", [])),
        kind=one.get("InterfaceType", "interface"),
        description=one.get("Description", ""),
        primary=attachment.get("DeviceIndex") == 0,
    )


def _allow(group: str, rule: Json) -> Allow:
    protocol = str(rule.get("IpProtocol", "-1"))
    number = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58}.get(protocol)
    low, high = rule.get("FromPort"), rule.get("ToPort")
    return Allow(
        group=group,
        protocol=number if number is not None else int(protocol),
        ports=(int(low), int(high)) if low is not None and high is not None and int(low) >= 0 else None,
        cidrs=(
            *(item["CidrIp"] for item in rule.get("IpRanges", [])),
            *(item["CidrIpv6"] for item in rule.get("Ipv6Ranges", [])),
        ),
        prefix_lists=tuple(item["PrefixListId"] for item in rule.get("PrefixListIds", [])),
        groups=tuple(item["GroupId"] for item in rule.get("UserIdGroupPairs", []) if item.get("GroupId")),
    )
