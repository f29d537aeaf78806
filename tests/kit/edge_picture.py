"""A picture of an account with services that answer clients without a load balancer of the account's."""

from collections.abc import Sequence

from opsctl.model.value import Json
from tests.kit.canned import ACCOUNT, REGION, Canned, missing
from tests.kit.picture import Picture


class EdgePicture(Picture):
    """Adds APIs with their custom domains, and distribution tenants, answered as their services do."""

    def __init__(self) -> None:
        super().__init__()
        self.rest_apis: list[Json] = []
        self.stages: dict[str, list[Json]] = {}
        self.plain_apis: list[Json] = []
        self.domains: list[Json] = []
        self.base_paths: dict[str, list[Json]] = {}
        self.mappings: dict[str, list[Json]] = {}
        self.tenants: list[Json] = []

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
            "apigatewayv2.GetApiMappings": lambda read: {"Items": self.mappings[read.params["DomainName"]]},
        }


def stage_arn(api: str, stage: str) -> str:
    """The ARN of a stage."""
    return f"arn:aws:apigateway:{REGION}::/restapis/{api}/stages/{stage}"


def ends(ways: Sequence[str]) -> list[str]:
    """The last stops of ways, by their names."""
    return [one.split(" > ")[-1] for one in ways]
