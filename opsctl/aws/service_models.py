"""The installed AWS service models, for checks that need no network, no credentials and no session.

They are read from the SDK's files and not through it: importing it takes longer than all the checks of a plan.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from opsctl.aws.data_files import data_places, read_data, versions_of
from opsctl.model.value import Json

MAX_DEPTH = 12

_MODEL = "service-2"
_SERVICE = re.compile(r"[a-z0-9][a-z0-9.-]*")
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
        return frozenset(_model(service).get("operations", ()))

    def input_shape(self, service: str, operation: str) -> Json:
        """The parameters of an operation as a JSON Schema; None when there is no such operation."""
        return _side(service, operation, "input")

    def output_shape(self, service: str, operation: str) -> Json:
        """The answer of an operation as a JSON Schema; None when there is no such operation."""
        return _side(service, operation, "output")

    def request(self, service: str, operation: str, told: Json, token: str) -> tuple[str, dict[str, Json]]:
        """Return an operation's exact name and its parameters as boto3 takes them, from a request written as JSON.

        Names of operations and members may differ in their capital letters. Where the operation takes a token that
        makes a repetition harmless, and the request has none, it gets `token`.

        Raises:
            ValueError: it is no request of that operation, as far as the installed models know it.
        """
        from botocore.model import ServiceModel

        from opsctl.aws.requests import request_params

        if not _model(service):
            raise ValueError(f"the installed SDK does not know {service}: upgrade boto3")
        model = ServiceModel(_model(service), service)
        names = {name.lower(): name for name in model.operation_names}
        name = names.get(operation.lower())
        if name is None:
            raise ValueError(f"the installed SDK does not know {service}.{operation}: upgrade boto3")
        return name, request_params(model.operation_model(name), told, token)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    places = [place for place in data_places() if place.is_dir()]
    return frozenset(one.name for place in places for one in place.iterdir() if versions_of(one, _MODEL))


@lru_cache(maxsize=64)
def _model(service: str) -> Mapping[str, Any]:
    """Return the newest model of a service, as the SDK's loader finds it; empty when there is none."""
    if not _SERVICE.fullmatch(service):  # a stranger's plan names no path
        return {}
    versions = [version for place in data_places() for version in versions_of(place / service, _MODEL)]
    if not versions:
        return {}
    newest = max(versions)
    model = _first(service, newest, _MODEL)
    _merge(model, _first(service, newest, f"{_MODEL}.sdk-extras").get("merge", {}))
    return model


def _first(service: str, version: str, kind: str) -> dict[str, Any]:
    found = (read_data(str(place / service / version / kind)) for place in data_places())
    return next((one for one in found if one is not None), {})


def _merge(base: dict[str, Any], extra: Mapping[str, Any]) -> None:
    """Merge what the SDK adds to a model of AWS's, as its loader does."""
    for name, value in extra.items():
        if isinstance(base.get(name), dict) and isinstance(value, dict):
            _merge(base[name], value)
        else:
            base[name] = value


@lru_cache(maxsize=256)
def _side(service: str, operation: str, side: str) -> Json:
    model = _model(service)
    if operation not in model.get("operations", ()):
        return None
    shape = model["operations"][operation].get(side)
    return {"type": "object", "properties": {}} if shape is None else _schema(service, shape["shape"], MAX_DEPTH)


@lru_cache(maxsize=20_000)
def _schema(service: str, name: str, depth: int) -> Json:
    """Turn a shape of a model into a JSON Schema; recursive shapes end in `{}`, which accepts anything.

    Each is made once: a statement of AWS WAF holds statements, a thousand of them down to that depth.
    """
    if depth == 0:
        return {}
    shape = _model(service)["shapes"][name]
    if shape["type"] == "structure":
        schema: dict[str, Json] = {
            "type": "object",
            "properties": {
                member: _schema(service, one["shape"], depth - 1)
                for member, one in shape.get("members", {}).items()
            },
            "additionalProperties": False,
        }
        required = list(shape.get("required", []))
        return schema | ({"required": required} if required else {})
    if shape["type"] == "list":
        return {"type": "array", "items": _schema(service, shape["member"]["shape"], depth - 1)}
    if shape["type"] == "map":
        return {"type": "object", "additionalProperties": _schema(service, shape["value"]["shape"], depth - 1)}
    scalar: dict[str, Json] = {"type": _SCALARS.get(shape["type"], "string")}
    enum = shape.get("enum")
    return scalar | ({"enum": list(enum)} if enum else {})
