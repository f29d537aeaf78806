"""A picture of an account: what stands where, answered in AWS's own shapes."""

from collections.abc import Callable, Mapping
from typing import Self

from opsctl.model.reads import Read, Refusal, RefusalKind
from opsctl.model.value import Json
from tests.kit.canned import ACCOUNT, REGION, Canned, missing

VPC = "vpc-0a1"
OPEN = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
OPEN_BOTH = OPEN | {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
EDGE_LIST = "pl-0edge"
EDGE_NAME = "com.amazonaws.global.cloudfront.origin-facing"


class Picture:
    """Collects resources as AWS describes them and answers the reads that concern them.

    Every method that adds something returns what other methods need to refer to it.
    """

    def __init__(self) -> None:
        self.zones: list[Json] = []
        self.records: dict[str, list[Json]] = {}
        self.distributions: list[Json] = []
        self.configs: dict[str, Json] = {}
        self.vpc_origins: list[Json] = []
        self.balancers: list[Json] = []
        self.classic: list[Json] = []
        self.listeners: dict[str, list[Json]] = {}
        self.groups: list[Json] = []
        self.targets: dict[str, list[Json]] = {}
        self.attributes: dict[str, list[Json]] = {}
        self.acls: list[Json] = []
        self.subnets: list[Json] = []
        self.security_groups: list[Json] = []
        self.instances: list[Json] = []
        self.interfaces: list[Json] = []
        self.addresses: list[Json] = []
        self.routes: list[Json] = []
        self.web_acls: dict[str, Json] = {}
        self.ip_sets: dict[str, Json] = {}
        self.attached: dict[str, str] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.refusals: dict[str, Canned] = {}

    def zone(self, name: str, *records: Json, private: bool = False) -> None:
        """A hosted zone with its records."""
        identifier = f"Z{len(self.zones):04}"
        self.zones.append(
            {"Id": f"/hostedzone/{identifier}", "Name": f"{name}.", "Config": {"PrivateZone": private}}
        )
        self.records[identifier] = list(records)

    def subnet(
        self, name: str, *entries: Json, owner: str = ACCOUNT, tags: Mapping[str, str] | None = None
    ) -> str:
        """A subnet with a network ACL of its own; without entries everything is allowed."""
        subnet = f"subnet-{name}"
        self.subnets.append({"SubnetId": subnet, "VpcId": VPC, "OwnerId": owner, "CidrBlock": "10.0.0.0/24"})
        self.acl(f"acl-{name}", [subnet], *(entries or allow_all()), owner=owner, tags=tags)
        return subnet

    def acl(
        self,
        identifier: str,
        subnets: list[str],
        *entries: Json,
        owner: str = ACCOUNT,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """A network ACL of some subnets."""
        closing = [
            {
                "RuleNumber": 32767,
                "Protocol": "-1",
                "RuleAction": "deny",
                "Egress": False,
                "CidrBlock": "0.0.0.0/0",
            },
            {
                "RuleNumber": 32768,
                "Protocol": "-1",
                "RuleAction": "deny",
                "Egress": False,
                "Ipv6CidrBlock": "::/0",
            },
        ]
        self.acls.append(
            {
                "NetworkAclId": identifier,
                "VpcId": VPC,
                "OwnerId": owner,
                "IsDefault": False,
                "Associations": [{"NetworkAclId": identifier, "SubnetId": one} for one in subnets],
                "Entries": [*entries, *closing],
                "Tags": tag_list(tags or {}),
            }
        )

    def security_group(self, name: str, *rules: Json) -> str:
        """A security group with inbound rules."""
        self.security_groups.append({"GroupId": f"sg-{name}", "GroupName": name, "IpPermissions": list(rules)})
        return f"sg-{name}"

    def balancer(
        self,
        name: str,
        subnets: list[str],
        groups: list[str] | None = None,
        *,
        kind: str = "application",
        internal: bool = False,
        ip: str = "ipv4",
        ports: tuple[tuple[str, int], ...] = (("HTTPS", 443),),
    ) -> str:
        """A load balancer; returns its ARN."""
        short = {"application": "app", "network": "net", "gateway": "gwy"}[kind]
        tail = f"loadbalancer/{short}/{name}/50dc6c495c0c9188"
        arn = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:{tail}"
        raw: Json = {
            "LoadBalancerArn": arn,
            "LoadBalancerName": name,
            "Type": kind,
            "VpcId": VPC,
            "AvailabilityZones": [
                {"ZoneName": "eu-west-1a", "SubnetId": one, "LoadBalancerAddresses": []} for one in subnets
            ],
        }
        if kind != "gateway":
            raw |= {"DNSName": balancer_dns(name, kind), "IpAddressType": ip}
            raw["Scheme"] = "internal" if internal else "internet-facing"
        if groups is not None:
            raw["SecurityGroups"] = groups
        self.balancers.append(raw)
        self.listeners[arn] = [
            {"ListenerArn": f"{arn}/{port}", "LoadBalancerArn": arn, "Protocol": protocol, "Port": port}
            for protocol, port in ports
        ]
        return arn

    def target_group(
        self,
        name: str,
        balancers: list[str],
        targets: list[str],
        *,
        kind: str = "instance",
        protocol: str = "HTTPS",
        port: int = 8443,
        preserve: bool | None = None,
    ) -> str:
        """A target group; `preserve` None leaves `preserve_client_ip.enabled` out of the answer."""
        arn = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{name}/73e2d6bc24d8a067"
        self.groups.append(
            {
                "TargetGroupArn": arn,
                "TargetGroupName": name,
                "TargetType": kind,
                "Protocol": protocol,
                "Port": port,
                "VpcId": VPC,
                "LoadBalancerArns": balancers,
            }
        )
        self.targets[arn] = [
            {"Target": {"Id": one, "Port": port}, "TargetHealth": {"State": "healthy"}} for one in targets
        ]
        attributes = {} if preserve is None else {"preserve_client_ip.enabled": str(preserve).lower()}
        self.attributes[arn] = [{"Key": key, "Value": value} for key, value in attributes.items()]
        return arn

    def instance(self, identifier: str, *interfaces: Json, name: str = "", state: str = "running") -> str:
        """An instance with its interfaces."""
        attached = [one | {"Attachment": {"DeviceIndex": n}} for n, one in enumerate(interfaces)]
        self.instances.append(
            {
                "InstanceId": identifier,
                "VpcId": VPC,
                "State": {"Name": state},
                "NetworkInterfaces": attached,
                "Tags": tag_list({"Name": name} if name else {}),
            }
        )
        for number, one in enumerate(interfaces):
            attachment = {"InstanceId": identifier, "DeviceIndex": number}
            self.interfaces.append(one | {"Attachment": attachment})
        return identifier

    def elastic_ip(self, address: str, interface: str = "", **more: str) -> None:
        """An Elastic IP, associated with an interface or not."""
        raw = {"PublicIp": address, "AllocationId": f"eipalloc-{len(self.addresses)}", **more}
        self.addresses.append(raw | ({"NetworkInterfaceId": interface} if interface else {}))

    def distribution(
        self, identifier: str, *origins: str, aliases: tuple[str, ...] = (), policy: str = "", **more: Json
    ) -> str:
        """A distribution; returns its domain name."""
        domain = f"{identifier.lower()}.cloudfront.net"
        self.distributions.append(
            {
                "Id": identifier,
                "ARN": f"arn:aws:cloudfront::{ACCOUNT}:distribution/{identifier}",
                "DomainName": domain,
                "Enabled": True,
                "IsIPV6Enabled": True,
                "WebACLId": "",
                "Aliases": {"Quantity": len(aliases), **({"Items": list(aliases)} if aliases else {})},
                "Origins": {"Quantity": len(origins), "Items": [_origin(one) for one in origins]},
                "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
                **more,
            }
        )
        self.configs[identifier] = {"ContinuousDeploymentPolicyId": policy}
        return domain

    def vpc_origin(self, identifier: str, endpoint: str) -> str:
        """A VPC origin; returns what `distribution` takes as its origin."""
        self.vpc_origins.append({"Id": identifier, "OriginEndpointArn": endpoint, "AccountId": ACCOUNT})
        return f"vpc:{identifier}"

    def web_acl(self, name: str, *rules: Json, scope: str = "REGIONAL", allow: bool = True, **more: Json) -> str:
        """A web ACL; returns its ARN."""
        region, kind = (REGION, "regional") if scope == "REGIONAL" else ("us-east-1", "global")
        arn = f"arn:aws:wafv2:{region}:{ACCOUNT}:{kind}/webacl/{name}/id-{name}"
        self.web_acls[arn] = {
            "Name": name,
            "Id": f"id-{name}",
            "ARN": arn,
            "DefaultAction": {"Allow": {}} if allow else {"Block": {}},
            "Rules": list(rules),
            **more,
        }
        return arn

    def ip_set(self, name: str, *addresses: str, scope: str = "REGIONAL") -> str:
        """An IP set; returns its ARN."""
        region, kind = (REGION, "regional") if scope == "REGIONAL" else ("us-east-1", "global")
        arn = f"arn:aws:wafv2:{region}:{ACCOUNT}:{kind}/ipset/{name}/id-{name}"
        version = "IPV6" if any(":" in one for one in addresses) else "IPV4"
        self.ip_sets[arn] = {
            "Name": name,
            "Id": f"id-{name}",
            "ARN": arn,
            "IPAddressVersion": version,
            "Addresses": list(addresses),
        }
        return arn

    def refuse(self, api: str, refusal: Canned) -> Self:
        """Refuse a read, whatever else is in the picture."""
        self.refusals[api] = refusal
        return self

    def answers(self) -> dict[str, Canned]:
        """The table for a `CannedReader`."""
        return {
            "route53.ListHostedZones": {"HostedZones": self.zones},
            "route53.ListResourceRecordSets": lambda read: {
                "ResourceRecordSets": self.records[read.params["HostedZoneId"]]
            },
            "cloudfront.ListDistributions": {"DistributionList": {"Items": self.distributions}},
            "cloudfront.ListDistributionTenantsByCustomization": {"DistributionTenantList": []},
            "cloudfront.GetDistributionConfig": lambda read: {
                "DistributionConfig": self.configs[read.params["Id"]],
                "ETag": "E1",
            },
            "cloudfront.ListTagsForResource": lambda read: {
                "Tags": {"Items": self._tags(read.params["Resource"])}
            },
            "elbv2.DescribeLoadBalancers": {"LoadBalancers": self.balancers},
            "elbv2.DescribeTargetGroups": {"TargetGroups": self.groups},
            "elbv2.DescribeListeners": lambda read: {"Listeners": self.listeners[read.params["LoadBalancerArn"]]},
            "elbv2.DescribeTags": lambda read: {
                "TagDescriptions": [
                    {"ResourceArn": one, "Tags": self._tags(one)} for one in read.params["ResourceArns"]
                ]
            },
            "elbv2.DescribeTargetHealth": lambda read: {
                "TargetHealthDescriptions": self.targets[read.params["TargetGroupArn"]]
            },
            "elbv2.DescribeTargetGroupAttributes": lambda read: {
                "Attributes": self.attributes[read.params["TargetGroupArn"]]
            },
            "ec2.DescribeNetworkAcls": lambda read: {
                "NetworkAcls": [
                    one
                    for one in self.acls
                    if one["NetworkAclId"] in read.params.get("NetworkAclIds", [one["NetworkAclId"]])
                ]
            },
            "ec2.DescribeSubnets": {"Subnets": self.subnets},
            "ec2.DescribeRouteTables": {"RouteTables": self.routes},
            "ec2.DescribeSecurityGroups": _filtered(self.security_groups, "SecurityGroups"),
            "ec2.DescribeInstances": lambda read: {
                "Reservations": [{"Instances": _matching(self.instances, read)}]
            },
            "ec2.DescribeNetworkInterfaces": _filtered(self.interfaces, "NetworkInterfaces"),
            "ec2.DescribeAddresses": _filtered(self.addresses, "Addresses"),
            "wafv2.GetWebACL": lambda read: self._web_acl(read.params["Id"]),
            "service-quotas.GetServiceQuota": {"Quota": {"QuotaCode": "L-2AEEBF1A", "Value": 20.0}},
            "wafv2.ListWebACLs": lambda read: {"WebACLs": _summaries(self.web_acls, read.params["Scope"])},
            "wafv2.ListIPSets": lambda read: {"IPSets": _summaries(self.ip_sets, read.params["Scope"])},
            "wafv2.GetIPSet": lambda read: {
                "IPSet": next(one for one in self.ip_sets.values() if one["Id"] == read.params["Id"]),
                "LockToken": "t",
            },
            "wafv2.GetWebACLForResource": missing("wafv2.GetWebACLForResource", "WAFNonexistentItemException"),
            **{
                f"wafv2.GetWebACLForResource {resource}": {"WebACL": self.web_acls[arn]}
                for resource, arn in self.attached.items()
            },
            "wafv2.ListTagsForResource": lambda read: {
                "TagInfoForResource": {"TagList": self._tags(read.params["ResourceARN"])}
            },
            "wafv2.ListResourcesForWebACL": lambda read: {"ResourceArns": self._protected(read)},
            **self._when_present(),
            **self.edges(),
            **self.refusals,
        }

    def edges(self) -> dict[str, Canned]:
        """What services answer that have no load balancer; there is none of them (`tests/kit/edge_picture.py`)."""
        by_domain = "cloudfront.GetDistributionTenantByDomain"
        return {
            "apigateway.GetRestApis": {},
            "apigateway.GetDomainNames": {},
            "apigatewayv2.GetApis": {},
            by_domain: missing(by_domain, "EntityNotFound"),
            "appsync.ListDomainNames": {},
            "cognito-idp.DescribeUserPoolDomain": {"DomainDescription": {}},
            "globalaccelerator.ListAccelerators": {},
        }

    def _when_present(self) -> dict[str, Canned]:
        """Reads that may only be made when there is a reason for them."""
        found: dict[str, Canned] = {}
        if self.vpc_origins:
            found["cloudfront.ListVpcOrigins"] = {"VpcOriginList": {"Items": self.vpc_origins}}
        if self.classic:
            found["elb.DescribeLoadBalancers"] = {"LoadBalancerDescriptions": self.classic}
        if any("PrefixListIds" in rule for group in self.security_groups for rule in group["IpPermissions"]):
            found["ec2.DescribeManagedPrefixLists"] = {
                "PrefixLists": [{"PrefixListId": EDGE_LIST, "PrefixListName": EDGE_NAME, "OwnerId": "AWS"}]
            }
            found["ec2.GetManagedPrefixListEntries"] = {"Entries": [{"Cidr": "130.176.0.0/18"}]}
        return found

    def _web_acl(self, identifier: str) -> Json:
        return {"WebACL": next(one for one in self.web_acls.values() if one["Id"] == identifier), "LockToken": "t"}

    def _protected(self, read: Read) -> list[str]:
        if read.params["ResourceType"] != "APPLICATION_LOAD_BALANCER":
            return []
        return [resource for resource, arn in self.attached.items() if arn == read.params["WebACLArn"]]

    def _tags(self, resource: str) -> list[Json]:
        return tag_list(self.tags.get(resource, {}))


def balancer_dns(name: str, kind: str = "application") -> str:
    """The DNS name that AWS gives a load balancer."""
    if kind == "network":
        return f"{name}-50dc6c495c0c9188.elb.{REGION}.amazonaws.com"
    return f"{name}-1234567890.{REGION}.elb.amazonaws.com"


def interface(
    identifier: str,
    subnet: str,
    groups: list[str],
    *,
    public: str = "",
    private: str = "10.0.0.10",
    ipv6: str = "",
    kind: str = "interface",
    description: str = "",
) -> Json:
    """A network interface as DescribeNetworkInterfaces and DescribeInstances show it."""
    association = {"Association": {"PublicIp": public, "IpOwnerId": ACCOUNT}} if public else {}
    return {
        "NetworkInterfaceId": identifier,
        "SubnetId": subnet,
        "VpcId": VPC,
        "Groups": [{"GroupId": one} for one in groups],
        "InterfaceType": kind,
        "Description": description,
        "PrivateIpAddress": private,
        "PrivateIpAddresses": [{"PrivateIpAddress": private, **association}],
        "Ipv6Addresses": [{"Ipv6Address": ipv6}] if ipv6 else [],
        **association,
    }


def _summaries(things: Mapping[str, Json], scope: str) -> list[Json]:
    """Web ACLs or IP sets of a scope as the lists of WAFv2 show them."""
    part = ":global/" if scope == "CLOUDFRONT" else ":regional/"
    return [
        {"Name": one["Name"], "Id": one["Id"], "ARN": arn, "LockToken": "t"}
        for arn, one in things.items()
        if part in arn
    ]


def entry(
    number: int, action: str, cidr: str, *, protocol: str = "-1", ports: tuple[int, int] | None = None
) -> Json:
    """An inbound network ACL entry."""
    family = "Ipv6CidrBlock" if ":" in cidr else "CidrBlock"
    raw: Json = {"RuleNumber": number, "Protocol": protocol, "RuleAction": action, "Egress": False, family: cidr}
    return raw | ({"PortRange": {"From": ports[0], "To": ports[1]}} if ports else {})


def allow_all() -> tuple[Json, ...]:
    """The entries of a default network ACL."""
    return entry(100, "allow", "0.0.0.0/0"), entry(101, "allow", "::/0")


def alias(name: str, target: str, **more: Json) -> Json:
    """An alias record, with the trailing dots of real answers."""
    return {
        "Name": f"{name}.",
        "Type": "A",
        "AliasTarget": {"DNSName": f"{target}.", "HostedZoneId": "Z2"},
        **more,
    }


def record(name: str, kind: str, *values: str, **more: Json) -> Json:
    """A record with values."""
    return {"Name": f"{name}.", "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": v} for v in values], **more}


def ip_rule(name: str, priority: int, action: str, ip_set: str) -> Json:
    """A rule of a web ACL that refers to an IP set."""
    return {
        "Name": name,
        "Priority": priority,
        "Action": {action: {}},
        "Statement": {"IPSetReferenceStatement": {"ARN": ip_set}},
        "VisibilityConfig": {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name},
    }


def only_edge() -> Json:
    """A security group rule that admits CloudFront alone."""
    listed = [{"PrefixListId": EDGE_LIST}]
    return {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": listed}


def tag_list(tags: Mapping[str, str]) -> list[Json]:
    """Tags in AWS's list form."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def refused(kind: RefusalKind, api: str) -> Refusal:
    """A refusal of any kind."""
    return Refusal(kind=kind, code=kind.value.title(), message="no", api=api)


def _origin(text: str) -> Json:
    if text.startswith("vpc:"):
        return {"Id": text, "DomainName": "internal", "VpcOriginConfig": {"VpcOriginId": text[4:]}}
    return {"Id": text, "DomainName": text}


def _filtered(things: list[Json], member: str) -> Callable[[Read], Json]:
    return lambda read: {member: _matching(things, read)}


def _matching(things: list[Json], read: Read) -> list[Json]:
    wanted = {one["Name"]: set(one["Values"]) for one in read.params.get("Filters", [])}
    return [one for one in things if all(_values(one, name) & values for name, values in wanted.items())]


def _values(thing: Json, name: str) -> set[str]:
    addresses = thing.get("PrivateIpAddresses", [])
    found: dict[str, list[str | None]] = {
        "group-id": [thing.get("GroupId")],
        "instance-id": [thing.get("InstanceId")],
        "subnet-id": [thing.get("SubnetId")],
        "network-interface-id": [thing.get("NetworkInterfaceId")],
        "public-ip": [thing.get("PublicIp")],
        "allocation-id": [thing.get("AllocationId")],
        "addresses.private-ip-address": [one.get("PrivateIpAddress") for one in addresses],
        "addresses.association.public-ip": [one.get("Association", {}).get("PublicIp") for one in addresses],
        "ipv6-addresses.ipv6-address": [one["Ipv6Address"] for one in thing.get("Ipv6Addresses", [])],
    }
    if name.startswith("tag:"):
        return {tag["Value"] for tag in thing.get("Tags", []) if tag["Key"] == name[4:]}
    return {value for value in found[name] if value}
