"""API Gateway: reading REST APIs with their stages, HTTP and WebSocket APIs, and custom domain names.

Resource ARNs of REST APIs have no account (WAFV2 API reference, AssociateWebACL).
"""

import re

from opsctl.model.reads import Read
from opsctl.model.value import Json, Value
from opsctl.resources.route53 import normal_name

HOST = re.compile(r"^(?P<api>[a-z0-9]+)\.execute-api\.(?P<region>[a-z0-9-]+)\.(?P<suffix>amazonaws\.com(\.cn)?)$")
_ARN = re.compile(
    r"^arn:[a-z0-9-]+:apigateway:(?P<region>[a-z0-9-]+)::/restapis/(?P<api>[a-z0-9]+)(/stages/(?P<stage>[\w-]+))?$"
)


class RestApi(Value):
    """A REST API; `open` says whether its execute-api endpoint answers, `private` that VPC endpoints alone do."""

    id: str
    name: str
    private: bool = False
    edge: bool = False
    open: bool = True


class PlainApi(Value):
    """An HTTP or a WebSocket API."""

    id: str
    name: str
    protocol: str
    open: bool = True


class Stage(Value):
    """A stage of a REST API, with its tags; `classic` is the id of a web ACL of WAF Classic, if it has one."""

    name: str
    classic: str = ""
    tags: dict[str, str] = {}


class ApiDomain(Value):
    """A custom domain name; records point at its `endpoint`, which for an edge-optimised one is CloudFront's."""

    name: str
    endpoint: str
    edge: bool = False
    private: bool = False
    rules: bool = False


class Mapping(Value):
    """Where requests of a domain go: an API, and its stage, empty when the path names it."""

    api: str
    stage: str = ""


def get_rest_apis(region: str) -> Read:
    """Read all REST APIs of a region."""
    return Read(service="apigateway", operation="GetRestApis", region=region)


def get_apis(region: str) -> Read:
    """Read all HTTP and WebSocket APIs of a region."""
    return Read(service="apigatewayv2", operation="GetApis", region=region)


def get_stages(api: str, region: str) -> Read:
    """Read the stages of a REST API."""
    return Read(service="apigateway", operation="GetStages", params={"restApiId": api}, region=region)


def get_domain_names(region: str) -> Read:
    """Read all custom domain names of a region, of whatever kind of API."""
    return Read(service="apigateway", operation="GetDomainNames", region=region)


def get_mappings(domain: ApiDomain, region: str) -> Read:
    """Read where a domain's requests go: edge-optimised ones have base paths, others API mappings."""
    if domain.edge:
        params: dict[str, Json] = {"domainName": domain.name}
        return Read(service="apigateway", operation="GetBasePathMappings", params=params, region=region)
    params = {"DomainName": domain.name}
    return Read(service="apigatewayv2", operation="GetApiMappings", params=params, region=region)


def list_routing_rules(domain: ApiDomain, region: str) -> Read:
    """Read the routing rules of a domain, which choose an API by headers and paths."""
    params = {"DomainName": domain.name}
    return Read(service="apigatewayv2", operation="ListRoutingRules", params=params, region=region)


def host_of(api: str, region: str, partition: str = "aws") -> str:
    """Return the name of an API's execute-api endpoint."""
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return f"{api}.execute-api.{region}.{suffix}"


def stage_arn(api: str, stage: str, region: str, partition: str = "aws") -> str:
    """Return the ARN by which AWS WAF knows a stage."""
    return f"arn:{partition}:apigateway:{region}::/restapis/{api}/stages/{stage}"


def parts_of_arn(text: str) -> tuple[str, str, str] | None:
    """Return region, API and stage, which may be empty, of a REST API's or a stage's ARN."""
    found = _ARN.match(text)
    return (found["region"], found["api"], found["stage"] or "") if found else None


def parse_rest_apis(answer: Json) -> tuple[RestApi, ...]:
    """Parse GetRestApis."""
    return tuple(_rest_api(one) for one in answer.get("items") or [])


def parse_apis(answer: Json) -> tuple[PlainApi, ...]:
    """Parse GetApis."""
    return tuple(
        PlainApi(
            id=one["ApiId"],
            name=one["Name"],
            protocol=one["ProtocolType"],
            open=not one.get("DisableExecuteApiEndpoint", False),
        )
        for one in answer.get("Items") or []
    )


def parse_stages(answer: Json) -> tuple[Stage, ...]:
    """Parse GetStages."""
    return tuple(
        Stage(name=one["stageName"], classic=_classic(one.get("webAclArn") or ""), tags=one.get("tags") or {})
        for one in answer.get("item") or []
    )


def parse_domain_names(answer: Json) -> tuple[ApiDomain, ...]:
    """Parse GetDomainNames."""
    return tuple(_domain(one) for one in answer.get("items") or [])


def parse_mappings(answer: Json) -> tuple[Mapping, ...]:
    """Parse GetBasePathMappings or GetApiMappings."""
    based = [Mapping(api=one["restApiId"], stage=one.get("stage") or "") for one in answer.get("items") or []]
    return (*based, *(Mapping(api=one["ApiId"], stage=one["Stage"]) for one in answer.get("Items") or []))


def parse_routing_rules(answer: Json) -> tuple[Mapping, ...]:
    """Parse ListRoutingRules: whatever an action invokes."""
    actions = [one for rule in answer.get("RoutingRules") or [] for one in rule.get("Actions") or []]
    return tuple(
        Mapping(api=one["InvokeApi"]["ApiId"], stage=one["InvokeApi"]["Stage"])
        for one in actions
        if "InvokeApi" in one
    )


def _classic(web_acl: str) -> str:
    """AWS WAF's own answer leaves out what is WAF Classic's, of which the stage tells (Stage.webAclArn)."""
    return web_acl.rpartition("/")[2] if ":waf-regional:" in web_acl else ""


def _rest_api(one: Json) -> RestApi:
    types = (one.get("endpointConfiguration") or {}).get("types") or []
    return RestApi(
        id=one["id"],
        name=one["name"],
        private="PRIVATE" in types,
        edge="EDGE" in types,
        open=not one.get("disableExecuteApiEndpoint", False),
    )


def _domain(one: Json) -> ApiDomain:
    types = (one.get("endpointConfiguration") or {}).get("types") or []
    edge = "EDGE" in types
    endpoint = one.get("distributionDomainName" if edge else "regionalDomainName") or ""
    return ApiDomain(
        name=normal_name(one["domainName"]),
        endpoint=normal_name(endpoint),
        edge=edge,
        private="PRIVATE" in types,
        rules=one.get("routingMode", "BASE_PATH_MAPPING_ONLY") != "BASE_PATH_MAPPING_ONLY",
    )
