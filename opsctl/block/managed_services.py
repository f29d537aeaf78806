"""App Runner, Amplify and Verified Access: reading what of them answers clients."""

from opsctl.model.reads import Read
from opsctl.model.value import Json, Value
from opsctl.resources import ec2
from opsctl.resources.route53 import normal_name


class AppRunnerService(Value):
    """A service of App Runner, as ListServices tells it."""

    name: str
    arn: str
    host: str


class AccessEndpoint(Value):
    """An endpoint of Verified Access: `instance` has the web ACL, `balancer` is the ARN of what it leads to."""

    id: str
    instance: str
    domain: str
    application: str = ""
    balancer: str = ""


def list_services(region: str) -> Read:
    """Read all App Runner services of a region."""
    return Read(service="apprunner", operation="ListServices", region=region)


def describe_service(arn: str, region: str) -> Read:
    """Read one App Runner service, with how it is reached."""
    return Read(service="apprunner", operation="DescribeService", params={"ServiceArn": arn}, region=region)


def list_domain_associations(app: str, region: str) -> Read:
    """Read the custom domains of an Amplify app; the app itself holds the password of its site and is not read."""
    return Read(service="amplify", operation="ListDomainAssociations", params={"appId": app}, region=region)


def describe_access_endpoints(region: str) -> Read:
    """Read all endpoints of Verified Access in a region."""
    return ec2.describe("DescribeVerifiedAccessEndpoints", region)


def parse_services(answer: Json) -> tuple[AppRunnerService, ...]:
    """Parse ListServices."""
    found = answer.get("ServiceSummaryList") or []
    hosts = [normal_name(one.get("ServiceUrl") or "") for one in found]
    return tuple(
        AppRunnerService(name=one["ServiceName"], arn=one["ServiceArn"], host=host)
        for one, host in zip(found, hosts, strict=True)
    )


def parse_is_public(answer: Json) -> bool:
    """Parse DescribeService: whether the internet leads there, which is so unless it says otherwise."""
    ingress = (answer["Service"].get("NetworkConfiguration") or {}).get("IngressConfiguration") or {}
    return bool(ingress.get("IsPubliclyAccessible", True))


def parse_domain_associations(answer: Json) -> tuple[str, ...]:
    """Parse ListDomainAssociations: every name, with its sub-domains."""
    found: dict[str, None] = {}
    for one in answer.get("domainAssociations") or []:
        for sub in one.get("subDomains") or []:
            prefix = (sub.get("subDomainSetting") or {}).get("prefix") or ""
            found[normal_name(f"{prefix}.{one['domainName']}" if prefix else one["domainName"])] = None
    return tuple(found)


def parse_access_endpoints(answer: Json) -> tuple[AccessEndpoint, ...]:
    """Parse DescribeVerifiedAccessEndpoints."""
    return tuple(
        AccessEndpoint(
            id=one["VerifiedAccessEndpointId"],
            instance=one["VerifiedAccessInstanceId"],
            domain=normal_name(one.get("EndpointDomain") or ""),
            application=normal_name(one.get("ApplicationDomain") or ""),
            balancer=(one.get("LoadBalancerOptions") or {}).get("LoadBalancerArn") or "",
        )
        for one in answer.get("VerifiedAccessEndpoints") or []
    )
