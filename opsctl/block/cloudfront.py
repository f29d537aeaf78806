"""CloudFront: reading distributions, their origins, and the VPC origins among them."""

from opsctl.model.reads import Read
from opsctl.model.value import Json, Value
from opsctl.resources.route53 import normal_name


class Origin(Value):
    """Where a distribution fetches from: a name, or a VPC origin by its id; `ports` are those it connects to."""

    domain: str
    vpc_origin: str = ""
    ports: tuple[int, ...] = ()


class Distribution(Value):
    """A distribution as ListDistributions tells it.

    `web_acl` is empty, an ARN (WAFv2) or a bare id (WAF Classic). `geo` is none, blacklist or whitelist.
    """

    id: str
    arn: str
    domain: str
    aliases: tuple[str, ...] = ()
    origins: tuple[Origin, ...] = ()
    web_acl: str = ""
    enabled: bool = True
    ipv6: bool = False
    geo: str = "none"
    countries: tuple[str, ...] = ()
    staging: bool = False
    tenants: bool = False

    @property
    def title(self) -> str:
        """How people know it: its first alias, else its own domain name."""
        return self.aliases[0] if self.aliases else self.domain


class VpcOrigin(Value):
    """A VPC origin: the private load balancer or instance it leads to, by ARN."""

    id: str
    endpoint: str


def list_distributions() -> Read:
    """Read all distributions of the account."""
    return Read(service="cloudfront", operation="ListDistributions")


def list_tenants_with_web_acl(web_acl: str) -> Read:
    """Read the distribution tenants that override their distribution's web ACL by this one, given by its ARN."""
    return Read(
        service="cloudfront", operation="ListDistributionTenantsByCustomization", params={"WebACLArn": web_acl}
    )


def parse_tenants(answer: Json) -> tuple[str, ...]:
    """Parse ListDistributionTenantsByCustomization: what people call each tenant, with its distribution."""
    return tuple(
        f"distribution tenant {one.get('Name') or one['Id']} of {one.get('DistributionId', 'a distribution')}"
        for one in answer.get("DistributionTenantList", [])
    )


def get_distribution_config(distribution: str) -> Read:
    """Read the full configuration of one distribution, with its ETag."""
    return Read(service="cloudfront", operation="GetDistributionConfig", params={"Id": distribution})


def list_vpc_origins() -> Read:
    """Read all VPC origins of the account."""
    return Read(service="cloudfront", operation="ListVpcOrigins")


def list_tags(arn: str) -> Read:
    """Read the tags of one distribution."""
    return Read(service="cloudfront", operation="ListTagsForResource", params={"Resource": arn})


def parse_distributions(answer: Json) -> tuple[Distribution, ...]:
    """Parse ListDistributions; `Items` is missing wherever `Quantity` is 0."""
    return tuple(_distribution(one) for one in answer.get("DistributionList", {}).get("Items") or [])


def parse_vpc_origins(answer: Json) -> tuple[VpcOrigin, ...]:
    """Parse ListVpcOrigins."""
    return tuple(
        VpcOrigin(id=one["Id"], endpoint=one["OriginEndpointArn"])
        for one in answer.get("VpcOriginList", {}).get("Items") or []
    )


def parse_continuous_deployment(answer: Json) -> str:
    """Parse the id of the continuous deployment policy out of GetDistributionConfig; empty when none."""
    return str(answer.get("DistributionConfig", {}).get("ContinuousDeploymentPolicyId") or "")


def parse_tags(answer: Json) -> dict[str, str]:
    """Parse ListTagsForResource."""
    items = answer.get("Tags", {}).get("Items") or []
    return {tag["Key"]: str(tag.get("Value", "")) for tag in items}


def _distribution(one: Json) -> Distribution:
    geo = one.get("Restrictions", {}).get("GeoRestriction", {})
    return Distribution(
        id=one["Id"],
        arn=one["ARN"],
        domain=normal_name(one["DomainName"]),
        aliases=tuple(normal_name(name) for name in one.get("Aliases", {}).get("Items") or []),
        origins=tuple(_origin(origin) for origin in one.get("Origins", {}).get("Items") or []),
        web_acl=one.get("WebACLId") or "",
        enabled=bool(one.get("Enabled", True)),
        ipv6=bool(one.get("IsIPV6Enabled", False)),
        geo=geo.get("RestrictionType", "none"),
        countries=tuple(geo.get("Items") or []),
        staging=bool(one.get("Staging", False)),
        tenants=one.get("ConnectionMode", "direct") == "tenant-only",
    )


def _origin(one: Json) -> Origin:
    return Origin(
        domain=normal_name(one.get("DomainName", "")),
        vpc_origin=one.get("VpcOriginConfig", {}).get("VpcOriginId", ""),
        ports=_ports(one.get("CustomOriginConfig") or {}),
    )


def _ports(config: Json) -> tuple[int, ...]:
    """Return the ports of a custom origin that its protocol policy uses (API reference, CustomOriginConfig)."""
    plain, secure = int(config.get("HTTPPort") or 80), int(config.get("HTTPSPort") or 443)
    by_policy = {"http-only": (plain,), "https-only": (secure,)}
    return by_policy.get(str(config.get("OriginProtocolPolicy")), (plain, secure))
