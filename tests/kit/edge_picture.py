"""A picture of an account with services that answer clients without a load balancer of the account's."""

from collections.abc import Sequence

from opsctl.model.value import Json
from tests.kit.canned import ACCOUNT, REGION, Canned, missing
from tests.kit.picture import Picture


class EdgePicture(Picture):
    """Adds APIs with custom domains, distribution tenants and accelerators, answered as their services do."""

    def __init__(self) -> None:
        super().__init__()
        self.rest_apis: list[Json] = []
        self.stages: dict[str, list[Json]] = {}
        self.plain_apis: list[Json] = []
        self.domains: list[Json] = []
        self.base_paths: dict[str, list[Json]] = {}
        self.mappings: dict[str, list[Json]] = {}
        self.tenants: list[Json] = []
        self.accelerators: dict[str, list[Json]] = {}
        self.graphql_apis: list[Json] = []
        self.graphql_domains: dict[str, str] = {}
        self.pools: dict[str, Json] = {}
        self.runners: list[Json] = []
        self.apps: dict[str, list[Json]] = {}
        self.access: list[Json] = []

    def rest_api(
        self, identifier: str, name: str, *stages: str, kind: str = "REGIONAL", shut: bool = False
    ) -> str:
        """A REST API with stages; returns its host name."""
        self.rest_apis.append(
            {
                "id": identifier,
                "name": name,
                "endpointConfiguration": {"types": [kind]},
                "disableExecuteApiEndpoint": shut,
            }
        )
        self.stages[identifier] = [{"stageName": one} for one in stages]
        return f"{identifier}.execute-api.{REGION}.amazonaws.com"

    def plain_api(self, identifier: str, name: str, protocol: str = "HTTP", *, shut: bool = False) -> str:
        """An HTTP or WebSocket API; returns its host name."""
        self.plain_apis.append(
            {"ApiId": identifier, "Name": name, "ProtocolType": protocol, "DisableExecuteApiEndpoint": shut}
        )
        return f"{identifier}.execute-api.{REGION}.amazonaws.com"

    def api_domain(self, name: str, *mapped: tuple[str, str], kind: str = "REGIONAL", **more: Json) -> str:
        """A custom domain that is mapped to APIs and stages; returns what records point at."""
        number = len(self.domains)
        raw: Json = {"domainName": name, "endpointConfiguration": {"types": [kind]}, **more}
        if kind == "EDGE":
            endpoint = f"d{number}edge.cloudfront.net"
            raw["distributionDomainName"] = endpoint
            self.base_paths[name] = [{"basePath": "(none)", "restApiId": api, "stage": at} for api, at in mapped]
        else:
            endpoint = f"d-{number}abc.execute-api.{REGION}.amazonaws.com"
            raw["regionalDomainName"] = endpoint
            self.mappings[name] = [{"ApiId": api, "Stage": stage, "ApiMappingKey": ""} for api, stage in mapped]
        self.domains.append(raw)
        return endpoint

    def graphql_api(self, name: str, *domains: str, private: bool = False) -> str:
        """A GraphQL API of AppSync, with custom domains; returns its host name."""
        host = f"h{name}.appsync-api.{REGION}.amazonaws.com"
        arn = f"arn:aws:appsync:{REGION}:{ACCOUNT}:apis/{name}"
        visibility = "PRIVATE" if private else "GLOBAL"
        uris = {"GRAPHQL": f"https://{host}/graphql"}
        self.graphql_apis.append({"apiId": name, "name": name, "arn": arn, "uris": uris, "visibility": visibility})
        self.graphql_domains |= dict.fromkeys(domains, name)
        return host

    def user_pool(self, name: str, *, prefix: str = "", custom: str = "") -> str:
        """A user pool of Cognito with its domains; returns its ARN."""
        identifier = f"{REGION}_{name}"
        arn = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{identifier}"
        domains = {"Domain": prefix, "CustomDomain": custom}
        self.pools[identifier] = {"Id": identifier, "Name": name, "Arn": arn} | {
            key: value for key, value in domains.items() if value
        }
        return arn

    def app_runner(self, name: str, *, public: bool = True) -> str:
        """A service of App Runner; returns its host name."""
        host = f"{name}.{REGION}.awsapprunner.com"
        arn = f"arn:aws:apprunner:{REGION}:{ACCOUNT}:service/{name}/0a1b"
        ingress = {"IngressConfiguration": {"IsPubliclyAccessible": public}}
        self.runners.append(
            {"ServiceName": name, "ServiceArn": arn, "ServiceUrl": host, "NetworkConfiguration": ingress}
        )
        return host

    def amplify_app(self, identifier: str, *domains: str) -> str:
        """An app of Amplify with custom domains; returns the name of a branch."""
        self.apps[identifier] = [
            {"domainName": one, "subDomains": [{"subDomainSetting": {"prefix": "www", "branchName": "main"}}]}
            for one in domains
        ]
        return f"main.{identifier}.amplifyapp.com"

    def access_endpoint(self, name: str, balancer: str) -> str:
        """A Verified Access endpoint before a load balancer; returns its endpoint domain."""
        domain = f"{name}.0.vai-1.prod.verified-access.{REGION}.amazonaws.com"
        self.access.append(
            {
                "VerifiedAccessEndpointId": f"vae-{name}",
                "VerifiedAccessInstanceId": "vai-1",
                "ApplicationDomain": f"{name}.example.com",
                "EndpointDomain": domain,
                "LoadBalancerOptions": {"LoadBalancerArn": balancer},
            }
        )
        return domain

    def _services(self) -> dict[str, Canned]:
        pool_domains: dict[str, Canned] = {
            f"cognito-idp.DescribeUserPoolDomain {domain}": {"DomainDescription": {"UserPoolId": identifier}}
            for identifier, pool in self.pools.items()
            for domain in (pool.get("Domain"), pool.get("CustomDomain"))
            if domain
        }
        return {
            "appsync.ListGraphqlApis": {"graphqlApis": self.graphql_apis},
            "appsync.ListDomainNames": {
                "domainNameConfigs": [
                    {"domainName": one, "appsyncDomainName": f"d{one.replace('.', '')}.cloudfront.net"}
                    for one in self.graphql_domains
                ]
            },
            "appsync.GetApiAssociation": lambda read: {
                "apiAssociation": {"apiId": self.graphql_domains[read.params["domainName"]]}
            },
            "cognito-idp.DescribeUserPoolDomain": {"DomainDescription": {}},
            "cognito-idp.DescribeUserPool": lambda read: {"UserPool": self.pools[read.params["UserPoolId"]]},
            **pool_domains,
            "apprunner.ListServices": {"ServiceSummaryList": self.runners},
            "apprunner.DescribeService": lambda read: {
                "Service": next(one for one in self.runners if one["ServiceArn"] == read.params["ServiceArn"])
            },
            "amplify.ListDomainAssociations": missing("amplify.ListDomainAssociations", "NotFoundException"),
            **{
                f"amplify.ListDomainAssociations {app}": {"domainAssociations": found}
                for app, found in self.apps.items()
            },
            "ec2.DescribeVerifiedAccessEndpoints": {"VerifiedAccessEndpoints": self.access},
        }

    def tenant(self, name: str, distribution: str, *, web_acl: str = "", disabled: bool = False) -> str:
        """A distribution tenant, by default with its distribution's web ACL; returns its ARN."""
        custom: Json = {"Action": "override", "Arn": web_acl} if web_acl else {"Action": "disable"}
        arn = f"arn:aws:cloudfront::{ACCOUNT}:distribution-tenant/dt_{name}"
        raw: Json = {
            "Id": f"dt_{name}",
            "Arn": arn,
            "Name": name,
            "DistributionId": distribution,
            "Domains": [{"Domain": f"{name}.example.com", "Status": "active"}],
            "Enabled": True,
        }
        self.tenants.append(raw | ({"Customizations": {"WebAcl": custom}} if web_acl or disabled else {}))
        return arn

    def accelerator(self, name: str, *endpoints: tuple[str, bool], region: str = REGION) -> str:
        """A Global Accelerator with endpoints that preserve the client's address or not; returns its DNS name."""
        described = [{"EndpointId": one, "ClientIPPreservationEnabled": preserved} for one, preserved in endpoints]
        self.accelerators[name] = [{"EndpointGroupRegion": region, "EndpointDescriptions": described}]
        return f"{name}.awsglobalaccelerator.com"

    def _accelerators(self) -> dict[str, Canned]:
        listed = [
            {
                "AcceleratorArn": accelerator_arn(name),
                "Name": name,
                "DnsName": f"{name}.awsglobalaccelerator.com",
                "IpAddressType": "IPV4",
                "Enabled": True,
                "IpSets": [{"IpAddresses": [f"75.2.60.{number}"]}],
            }
            for number, name in enumerate(self.accelerators)
        ]
        groups: dict[str, Canned] = {
            f"globalaccelerator.ListEndpointGroups {accelerator_arn(name)}/listener/1": {"EndpointGroups": found}
            for name, found in self.accelerators.items()
        }
        return {
            "globalaccelerator.ListAccelerators": {"Accelerators": listed},
            "globalaccelerator.ListListeners": lambda read: {
                "Listeners": [{"ListenerArn": f"{read.params['AcceleratorArn']}/listener/1"}]
            },
            **groups,
        }

    def _by_domain(self) -> dict[str, Canned]:
        api = "cloudfront.GetDistributionTenantByDomain"
        found: dict[str, Canned] = {api: missing(api, "EntityNotFound")}
        for one in self.tenants:
            found[f"{api} {one['Domains'][0]['Domain']}"] = {"DistributionTenant": one, "ETag": "E1"}
        return found

    def edges(self) -> dict[str, Canned]:
        """The answers of those services."""
        return {
            "apigateway.GetRestApis": {"items": self.rest_apis},
            "apigateway.GetDomainNames": {"items": self.domains},
            "apigateway.GetStages": lambda read: {"item": self.stages[read.params["restApiId"]]},
            "apigateway.GetBasePathMappings": lambda read: {"items": self.base_paths[read.params["domainName"]]},
            "apigatewayv2.GetApis": {"Items": self.plain_apis},
            "cloudfront.ListDistributionTenants": lambda read: {
                "DistributionTenantList": [
                    one
                    for one in self.tenants
                    if one["DistributionId"] == read.params["AssociationFilter"]["DistributionId"]
                ]
            },
            "cloudfront.GetDistributionTenant": lambda read: {
                "DistributionTenant": next(one for one in self.tenants if one["Id"] == read.params["Identifier"])
            },
            **self._by_domain(),
            **self._services(),
            **self._accelerators(),
            "apigatewayv2.GetApiMappings": lambda read: {"Items": self.mappings[read.params["DomainName"]]},
        }


def stage_arn(api: str, stage: str) -> str:
    """The ARN of a stage."""
    return f"arn:aws:apigateway:{REGION}::/restapis/{api}/stages/{stage}"


def accelerator_arn(name: str) -> str:
    """The ARN of a Global Accelerator."""
    return f"arn:aws:globalaccelerator::{ACCOUNT}:accelerator/{name}"


def ends(ways: Sequence[str]) -> list[str]:
    """The last stops of ways, by their names."""
    return [one.split(" > ")[-1] for one in ways]
