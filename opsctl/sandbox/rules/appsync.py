"""AppSync's endpoints and custom domain names, which moto lacks.

Source: AppSync API reference (GraphqlApi, CreateDomainName, AssociateApi, GetApiAssociation, ListDomainNames) and
guide, custom-domain-name: an endpoint's name is not the API's id, a custom domain's is one of CloudFront's.
"""

import hashlib
from collections.abc import Callable
from typing import Any

_PATHS = ("domainnames$", "domainnames/(?P<domain_name>[^/]+)/apiassociation$")


def install() -> None:
    """Put the rules around moto's AppSync."""
    from moto.appsync import urls
    from moto.appsync.responses import AppSyncResponse

    AppSyncResponse.list_graphql_apis = _with_endpoints(AppSyncResponse.list_graphql_apis)
    for path in _PATHS:
        urls.url_paths[f"{{0}}/v1/{path}"] = AppSyncResponse.dispatch
    for operation in (create_domain_name, list_domain_names, associate_api, get_api_association):
        setattr(AppSyncResponse, operation.__name__, operation)


def create_domain_name(self: Any) -> Any:
    """Make a custom domain, with a distribution of AWS's own."""
    name = self._get_param("domainName")
    made = {
        "domainName": name,
        "certificateArn": self._get_param("certificateArn"),
        "appsyncDomainName": f"d{_short(name)[:13]}.cloudfront.net",
        "hostedZoneId": "Z2FDTNDATAQYW2",
    }
    _domains(self)[name] = {"about": made, "api": ""}
    return _answer({"domainNameConfig": made})


def list_domain_names(self: Any) -> Any:
    """List them."""
    return _answer({"domainNameConfigs": [one["about"] for one in _domains(self).values()]})


def associate_api(self: Any) -> Any:
    """Let a custom domain lead to an API."""
    api = self._get_param("apiId")
    self.appsync_backend.get_graphql_api(api)
    _domain(self)["api"] = api
    return _association(self)


def get_api_association(self: Any) -> Any:
    """Say which API a custom domain leads to."""
    if not _domain(self)["api"]:
        raise _missing("No API is associated with the domain name.")
    return _association(self)


def _with_endpoints(method: Callable[..., Any]) -> Callable[..., Any]:
    def listed(self: Any) -> Any:
        answer = method(self).result
        for one in answer["graphqlApis"]:
            name, region = _short(one["apiId"])[:26], self.region
            one["uris"] = {
                "GRAPHQL": f"https://{name}.appsync-api.{region}.amazonaws.com/graphql",
                "REALTIME": f"wss://{name}.appsync-realtime-api.{region}.amazonaws.com/graphql",
            }
        return _answer(answer)

    return listed


def _answer(result: Any) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult(result)


def _missing(message: str) -> Exception:
    from moto.appsync.exceptions import AppSyncExceptions

    fault: Exception = AppSyncExceptions("NotFoundException", message)
    fault.code = 404  # type: ignore[attr-defined] # moto's exceptions have a status
    return fault


def _domains(self: Any) -> dict[str, Any]:
    backend = self.appsync_backend
    if not hasattr(backend, "opsctl_domains"):
        backend.opsctl_domains = {}
    found: dict[str, Any] = backend.opsctl_domains
    return found


def _domain(self: Any) -> dict[str, Any]:
    name = self._get_param("domainName")
    if name not in _domains(self):
        raise _missing(f"There is no domain name {name}.")
    found: dict[str, Any] = _domains(self)[name]
    return found


def _association(self: Any) -> Any:
    name = self._get_param("domainName")
    told = {"domainName": name, "apiId": _domain(self)["api"], "associationStatus": "SUCCESS"}
    return _answer({"apiAssociation": told})


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
