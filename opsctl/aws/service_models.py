"""The installed AWS service models, for checks that need no network, no credentials and no session."""

from functools import lru_cache
from typing import Any

from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.model import OperationNotFoundError, ServiceModel

from opsctl.aws.model_files import model_files
from opsctl.aws.requests import request_params
from opsctl.model.value import Json

MAX_DEPTH = 12

_SCALARS = {
    "boolean": "boolean",
    "integer": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "string": "string",
    "character": "string",
    "timestamp": "string",
    "blob": "string",
}


class InstalledModels:
    """Implements the `ServiceModels` port with the models that come with botocore."""

    def services(self) -> frozenset[str]:
        """The names of all boto3 clients."""
        return _names()

    def operations(self, service: str) -> frozenset[str]:
        """The operation names of a client; empty when there is no such client."""
        if service not in _names():
            return frozenset()
        return frozenset(_service(service).operation_names)

    def input_shape(self, service: str, operation: str) -> Json:
        """The parameters of an operation as a JSON Schema; None when there is no such operation."""
        return _side(service, operation, "input_shape")

    def output_shape(self, service: str, operation: str) -> Json:
        """The answer of an operation as a JSON Schema; None when there is no such operation."""
        return _side(service, operation, "output_shape")

    def request(self, service: str, operation: str, told: Json, token: str) -> tuple[str, dict[str, Json]]:
        """Return an operation's exact name and its parameters as boto3 takes them, from a request written as JSON.

        Names of operations and members may differ in their capital letters. Where the operation takes a token that
        makes a repetition harmless, and the request has none, it gets `token`.

        Raises:
            ValueError: it is no request of that operation, as far as the installed models know it.
        """
        if service not in _names():
            raise ValueError(f"the installed SDK does not know {service}: upgrade boto3")
        model = _service(service)
        names = {name.lower(): name for name in model.operation_names}
        name = names.get(operation.lower())
        if name is None:
            raise ValueError(f"the installed SDK does not know {service}.{operation}: upgrade boto3")
        return name, request_params(model.operation_model(name), told, token)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(model_files().list_available_services("service-2"))


@lru_cache(maxsize=64)
def _service(service: str) -> ServiceModel:
    return ServiceModel(model_files().load_service_model(service, "service-2"), service)


@lru_cache(maxsize=256)
def _side(service: str, operation: str, side: str) -> Json:
    try:
        model = _service(service).operation_model(operation)
    except (DataNotFoundError, UnknownServiceError, OperationNotFoundError):
        return None
    shape = getattr(model, side)
    return {"type": "object", "properties": {}} if shape is None else _schema(shape, MAX_DEPTH)


def _schema(shape: Any, depth: int) -> Json:
    """Turn a botocore shape into a JSON Schema; recursive shapes end in `{}`, which accepts anything."""
    if depth == 0:
        return {}
    if shape.type_name == "structure":
        schema: dict[str, Json] = {
            "type": "object",
            "properties": {name: _schema(member, depth - 1) for name, member in shape.members.items()},
            "additionalProperties": False,
        }
        required = list(shape.metadata.get("required", []))
        return schema | ({"required": required} if required else {})
    if shape.type_name == "list":
        return {"type": "array", "items": _schema(shape.member, depth - 1)}
    if shape.type_name == "map":
        return {"type": "object", "additionalProperties": _schema(shape.value, depth - 1)}
    scalar: dict[str, Json] = {"type": _SCALARS.get(shape.type_name, "string")}
    enum = getattr(shape, "enum", None)
    return scalar | ({"enum": list(enum)} if enum else {})
