"""AWS AppSync: reading GraphQL APIs and custom domain names."""

from urllib.parse import urlsplit

from opsctl.model.reads import Read
from opsctl.model.value import Json, Value
from opsctl.resources.route53 import normal_name


class GraphqlApi(Value):
    """A GraphQL API with the names of its endpoints; a private one answers in VPCs alone."""

    id: str
    name: str
    arn: str
    hosts: tuple[str, ...] = ()
    private: bool = False


class DomainName(Value):
    """A custom domain name; records point at its `endpoint`, a CloudFront of AWS's own."""

    name: str
    endpoint: str


def list_graphql_apis(region: str) -> Read:
    """Read all GraphQL APIs of a region."""
    return Read(service="appsync", operation="ListGraphqlApis", region=region)


def list_domain_names(region: str) -> Read:
    """Read all custom domain names of a region."""
    return Read(service="appsync", operation="ListDomainNames", region=region)


def get_api_association(domain: str, region: str) -> Read:
    """Read which API a custom domain leads to."""
    return Read(service="appsync", operation="GetApiAssociation", params={"domainName": domain}, region=region)


def parse_apis(answer: Json) -> tuple[GraphqlApi, ...]:
    """Parse ListGraphqlApis."""
    return tuple(
        GraphqlApi(
            id=one["apiId"],
            name=one.get("name") or one["apiId"],
            arn=one["arn"],
            hosts=tuple(dict.fromkeys(_host(uri) for uri in (one.get("uris") or {}).values())),
            private=one.get("visibility") == "PRIVATE",
        )
        for one in answer.get("graphqlApis") or []
    )


def parse_domain_names(answer: Json) -> tuple[DomainName, ...]:
    """Parse ListDomainNames."""
    return tuple(
        DomainName(name=normal_name(one["domainName"]), endpoint=normal_name(one.get("appsyncDomainName") or ""))
        for one in answer.get("domainNameConfigs") or []
    )


def parse_association(answer: Json) -> str:
    """Parse GetApiAssociation: the id of the API."""
    return str((answer.get("apiAssociation") or {}).get("apiId") or "")


def _host(uri: str) -> str:
    return normal_name(urlsplit(uri).hostname or "")
