"""APIs of AWS that answer clients without a load balancer of the account's, and their names in Route 53."""

from collections.abc import Callable
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.endpoint import REGION
from opsctl.sandbox.worlds.network import CLOUDFRONT_ZONE, ZONE

Clients = Callable[[str], Any]
ACCELERATOR_ZONE = "Z2BJ6XQ5FK7U4H"


def make_rest_api(clients: Clients) -> Json:
    """A REST API with two stages; a custom domain leads to one of them, and so does the host name of the API."""
    gateway = clients("apigateway")
    api = gateway.create_rest_api(name="orders-api", endpointConfiguration={"types": ["REGIONAL"]})
    root = gateway.get_resources(restApiId=api["id"])["items"][0]["id"]
    at = {"restApiId": api["id"], "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**at, authorizationType="NONE")
    gateway.put_integration(**at, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    for stage in ("prod", "staging"):
        gateway.create_deployment(restApiId=api["id"], stageName=stage)
    name = f"orders.{ZONE}"
    domain = gateway.create_domain_name(
        domainName=name,
        regionalCertificateArn=_certificate("orders"),
        endpointConfiguration={"types": ["REGIONAL"]},
    )
    gateway.create_base_path_mapping(domainName=name, restApiId=api["id"], stage="prod")
    return _alias(name, domain["regionalDomainName"], domain["regionalHostedZoneId"])


def make_http_api(clients: Clients) -> Json:
    """An HTTP API behind a custom domain: nothing can be blocked at it."""
    api = clients("apigatewayv2").create_api(Name="hooks-api", ProtocolType="HTTP")
    name = f"hooks.{ZONE}"
    domain = clients("apigateway").create_domain_name(
        domainName=name,
        regionalCertificateArn=_certificate("hooks"),
        endpointConfiguration={"types": ["REGIONAL"]},
    )
    clients("apigatewayv2").create_stage(ApiId=api["ApiId"], StageName="live")
    clients("apigatewayv2").create_api_mapping(ApiId=api["ApiId"], DomainName=name, Stage="live")
    return _alias(name, domain["regionalDomainName"], domain["regionalHostedZoneId"])


def make_graphql_api(clients: Clients) -> Json:
    """A GraphQL API of AppSync behind a custom domain."""
    appsync = clients("appsync")
    api = appsync.create_graphql_api(name="catalog-api", authenticationType="API_KEY")["graphqlApi"]["apiId"]
    name = f"catalog.{ZONE}"
    domain = appsync.create_domain_name(domainName=name, certificateArn=_certificate("catalog"))[
        "domainNameConfig"
    ]
    appsync.associate_api(domainName=name, apiId=api)
    return _alias(name, domain["appsyncDomainName"], CLOUDFRONT_ZONE)


def make_managed(clients: Clients) -> list[Json]:
    """A service of App Runner, an app of Amplify, and a Verified Access endpoint before the internal ALB."""
    image = {"ImageIdentifier": "public.ecr.aws/nginx/nginx:latest", "ImageRepositoryType": "ECR_PUBLIC"}
    runner = clients("apprunner").create_service(
        ServiceName="quotes", SourceConfiguration={"ImageRepository": image}
    )["Service"]["ServiceUrl"]
    app = clients("amplify").create_app(name="docs")["app"]["defaultDomain"]
    ec2 = clients("ec2")
    (balancer,) = clients("elbv2").describe_load_balancers(Names=["play-alb"])["LoadBalancers"]
    instance = ec2.create_verified_access_instance()["VerifiedAccessInstance"]["VerifiedAccessInstanceId"]
    group = ec2.create_verified_access_group(VerifiedAccessInstanceId=instance)["VerifiedAccessGroup"]
    admin = ec2.create_verified_access_endpoint(
        VerifiedAccessGroupId=group["VerifiedAccessGroupId"],
        EndpointType="load-balancer",
        AttachmentType="vpc",
        ApplicationDomain=f"admin.{ZONE}",
        EndpointDomainPrefix="admin",
        LoadBalancerOptions={"LoadBalancerArn": balancer["LoadBalancerArn"], "Port": 80, "Protocol": "http"},
    )["VerifiedAccessEndpoint"]["EndpointDomain"]
    targets = {"quotes": runner, "docs": f"main.{app}", "admin": admin}
    return [
        {"Name": f"{name}.{ZONE}", "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": target}]}
        for name, target in targets.items()
    ]


def make_user_pool(clients: Clients) -> Json:
    """A user pool of Cognito with a custom domain for its sign-in pages."""
    cognito = clients("cognito-idp")
    pool = cognito.create_user_pool(PoolName="customers")["UserPool"]["Id"]
    name = f"login.{ZONE}"
    made = cognito.create_user_pool_domain(
        Domain=name, UserPoolId=pool, CustomDomainConfig={"CertificateArn": _certificate("login")}
    )
    return _alias(name, made["CloudFrontDomain"], CLOUDFRONT_ZONE)


def _certificate(name: str) -> str:
    return f"arn:aws:acm:{REGION}:123456789012:certificate/{name}"


def make_tenants(clients: Clients) -> list[Json]:
    """A multi-tenant distribution: one tenant has its web ACL, one another, and one has disabled it."""
    edge = _web_acl(clients, "tenants-acl")
    own = _web_acl(clients, "bravo-acl")
    cloudfront = clients("cloudfront")
    origin = {"Id": "site", "DomainName": "sites.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    distribution = cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": "tenants",
            "Comment": "sites of customers",
            "Enabled": True,
            "ConnectionMode": "tenant-only",
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {"TargetOriginId": "site", "ViewerProtocolPolicy": "redirect-to-https"},
            "WebACLId": edge,
        }
    )["Distribution"]["Id"]
    custom: dict[str, Json] = {
        "alfa": {},
        "bravo": {"WebAcl": {"Action": "override", "Arn": own}},
        "charlie": {"WebAcl": {"Action": "disable"}},
    }
    for name, one in custom.items():
        cloudfront.create_distribution_tenant(
            DistributionId=distribution,
            Name=name,
            Domains=[{"Domain": f"{name}.{ZONE}"}],
            **({"Customizations": one} if one else {}),
        )
    endpoint = cloudfront.list_connection_groups()["ConnectionGroups"][0]["RoutingEndpoint"]
    return [_alias(f"{name}.{ZONE}", endpoint, CLOUDFRONT_ZONE) for name in custom]


def make_accelerated(clients: Clients) -> list[Json]:
    """Two Global Accelerators: one preserves addresses to an internal ALB, one leads to the NLB without them."""
    ec2 = clients("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["prod"]}])["Vpcs"][0]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.20.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")[
            "Subnet"
        ]
        for number, zone in ((40, "a"), (41, "b"))
    ]
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["web-open"]}])[
        "SecurityGroups"
    ]
    elbv2 = clients("elbv2")
    balancer = elbv2.create_load_balancer(
        Name="play-alb",
        Type="application",
        Scheme="internal",
        Subnets=[one["SubnetId"] for one in subnets],
        SecurityGroups=[group["GroupId"]],
    )["LoadBalancers"][0]["LoadBalancerArn"]
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "ContentType": "text/plain"}}
    elbv2.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[answer])
    nlb = elbv2.describe_load_balancers(Names=["api-nlb"])["LoadBalancers"][0]["LoadBalancerArn"]
    play = _accelerator(clients, "play", 80, {"EndpointId": balancer})
    voice = _accelerator(clients, "voice", 443, {"EndpointId": nlb, "ClientIPPreservationEnabled": False})
    addresses = [{"Value": one} for one in voice["IpSets"][0]["IpAddresses"]]
    return [
        _alias(f"play.{ZONE}", play["DnsName"], ACCELERATOR_ZONE),
        {"Name": f"voice.{ZONE}", "Type": "A", "TTL": 300, "ResourceRecords": addresses},
    ]


def _accelerator(clients: Clients, name: str, port: int, endpoint: Json) -> dict[str, Json]:
    api = clients("globalaccelerator")
    token = {"IdempotencyToken": name}
    made: dict[str, Json] = api.create_accelerator(Name=name, **token)["Accelerator"]
    ports = [{"FromPort": port, "ToPort": port}]
    arn = made["AcceleratorArn"]
    listener = api.create_listener(AcceleratorArn=arn, Protocol="TCP", PortRanges=ports, **token)["Listener"]
    api.create_endpoint_group(
        ListenerArn=listener["ListenerArn"], EndpointGroupRegion=REGION, EndpointConfigurations=[endpoint], **token
    )
    return made


def _web_acl(clients: Clients, name: str) -> str:
    visible = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name}
    made: str = clients("wafv2").create_web_acl(
        Name=name, Scope="CLOUDFRONT", DefaultAction={"Allow": {}}, VisibilityConfig=visible
    )["Summary"]["ARN"]
    return made


def add_records(clients: Clients, records: list[Json]) -> None:
    """Add records to the zone of the network worlds."""
    route53 = clients("route53")
    zone = route53.list_hosted_zones_by_name(DNSName=ZONE)["HostedZones"][0]["Id"]
    changes = [{"Action": "CREATE", "ResourceRecordSet": record} for record in records]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


def _alias(name: str, target: str, zone: str) -> Json:
    return {
        "Name": name,
        "Type": "A",
        "AliasTarget": {"DNSName": target, "HostedZoneId": zone, "EvaluateTargetHealth": False},
    }
