"""REST APIs that are made by a document, where moto is laxer.

Source: API Gateway API (ImportRestApi, CreateDeployment, UpdateStage with its patch operations); guide, "OpenAPI
extensions" (x-amazon-apigateway-authtype and -authorizer).
"""

import json
import re
from collections.abc import Callable
from typing import Any

_TYPES = {"awsSigv4": "AWS_IAM", "cognito_user_pools": "COGNITO_USER_POOLS"}


def install() -> None:
    """Put the rules around moto's import, resources and stages."""
    from moto.apigateway.models import APIGatewayBackend, Stage
    from moto.apigateway.responses import APIGatewayResponse

    APIGatewayResponse.import_rest_api = _with_endpoint(APIGatewayResponse.import_rest_api)
    APIGatewayResponse.create_deployment = _with_description(APIGatewayResponse.create_deployment)
    APIGatewayBackend.import_rest_api = _with_authorization(APIGatewayBackend.import_rest_api)
    Stage.apply_operations = _with_removal(Stage.apply_operations)


def _with_authorization(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method asks for what its security scheme says; moto lets everybody in, and keeps small letters."""

    def made(self: Any, api_doc: dict[str, Any], fail_on_warnings: bool) -> Any:
        api = method(self, api_doc, fail_on_warnings)
        schemes = (api_doc.get("components") or {}).get("securitySchemes") or {}
        for path, methods in api_doc["paths"].items():
            resource = api.get_resource_for_path(path)
            for verb, told in methods.items():
                _in_capitals(resource.resource_methods[verb.upper()].method_integration)
                names = [name for one in told.get("security") or [] for name in one]
                for name in names[:1]:
                    kind = _TYPES.get(schemes.get(name, {}).get("x-amazon-apigateway-authtype", ""))
                    resource.resource_methods[verb.upper()].authorization_type = kind or "NONE"
        return api

    return made


def _in_capitals(integration: Any) -> None:
    """PutIntegration and what reads it have types and behaviors in capitals, documents in small letters."""
    if integration is not None:
        integration.integration_type = str(integration.integration_type).upper()
        integration.passthrough_behaviour = str(integration.passthrough_behaviour).upper()


def _with_endpoint(method: Callable[..., Any]) -> Callable[..., Any]:
    """An import says of which type the endpoint is (`parameters`); moto makes every one edge-optimised."""

    def made(self: Any) -> Any:
        status, headers, body = method(self)
        asked = self.querystring.get("endpointConfigurationTypes")
        if status != 200 or not asked:
            return status, headers, body
        api = self.backend.apis[json.loads(body)["id"]]
        api.endpoint_configuration = {"types": list(asked)}
        return status, headers, json.dumps(api.to_dict())

    return made


def _with_description(method: Callable[..., Any]) -> Callable[..., Any]:
    """A deployment describes the stage that it makes (`stageDescription`); moto leaves that out."""

    def made(self: Any) -> Any:
        answer = method(self)
        api = self.backend.apis[self.path.split("/")[2]]
        stage = api.stages.get(self._get_param("stageName") or "")
        if stage is not None and self._get_param("stageDescription"):
            stage.description = self._get_param("stageDescription")
        return answer

    return made


def _with_removal(method: Callable[..., Any]) -> Callable[..., Any]:
    """The settings of a method, or of all, can be taken away; moto does not."""

    def applied(self: Any, patch_operations: list[dict[str, Any]]) -> Any:
        for one in patch_operations:
            setting = re.fullmatch(r"/([^/]+/[^/]+)", one["path"])
            if one["op"] == "remove" and setting:
                self.method_settings.pop(setting[1], None)
        return method(self, patch_operations)

    return applied
