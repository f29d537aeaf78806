"""API Gateway's custom domain names, where moto is laxer. Source: API Gateway API references (V1 DomainName, V2
ApiMapping) and the service models."""

from collections.abc import Callable
from typing import Any


def install() -> None:
    """Put the rules around moto's two API Gateways."""
    from moto.apigateway.models import APIGatewayBackend, DomainName
    from moto.apigatewayv2.models import ApiGatewayV2Backend

    DomainName.to_json = _one_endpoint(DomainName.to_json)
    APIGatewayBackend.get_base_path_mappings = _maybe_none(APIGatewayBackend.get_base_path_mappings)
    ApiGatewayV2Backend.create_api_mapping = _for_any_domain(ApiGatewayV2Backend.create_api_mapping)
    ApiGatewayV2Backend.get_api_mappings = _with_base_paths(ApiGatewayV2Backend.get_api_mappings)


def _one_endpoint(method: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """A regional domain has a regional endpoint, an edge-optimised one a distribution (DomainName's members)."""

    def told(self: Any) -> dict[str, Any]:
        answer = method(self)
        types = (self.endpoint_configuration or {}).get("types") or ["EDGE"]
        other = "regional" if "EDGE" in types else "distribution"
        return {name: value for name, value in answer.items() if not name.startswith(other)}

    return told


def _maybe_none(method: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """A domain without mappings has none; moto fails."""

    def listed(self: Any, domain_name: str) -> list[Any]:
        if domain_name in self.domain_names:
            self.base_path_mappings.setdefault(domain_name, {})
        return method(self, domain_name)

    return listed


def _v1(backend: Any) -> Any:
    from moto.apigateway.models import apigateway_backends

    return apigateway_backends[backend.account_id][backend.region_name]


def _for_any_domain(method: Callable[..., Any]) -> Callable[..., Any]:
    """A domain is one thing to both APIs (guide, "API mappings"): moto keeps those of V2 apart."""

    def made(self: Any, api_id: str, api_mapping_key: str, domain_name: str, stage: str) -> Any:
        if domain_name in _v1(self).domain_names and domain_name not in self.domain_names:
            self.create_domain_name(domain_name, [], {}, {})
        return method(self, api_id, api_mapping_key, domain_name, stage)

    return made


def _with_base_paths(method: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """The API mappings of a regional domain are also those that V1 made as base path mappings."""

    def listed(self: Any, domain_name: str) -> list[Any]:
        from moto.apigatewayv2.models import ApiMapping

        first = _v1(self)
        based = first.get_base_path_mappings(domain_name) if domain_name in first.domain_names else []
        return [
            *method(self, domain_name),
            *(
                ApiMapping(
                    api_id=one.rest_api_id,
                    api_mapping_key="" if one.base_path == "(none)" else one.base_path,
                    api_mapping_id=f"{number:06}",
                    domain_name=domain_name,
                    stage=one.stage,
                )
                for number, one in enumerate(based)
            ),
        ]

    return listed
