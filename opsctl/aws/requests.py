"""Makes parameters for boto3 of a request that somebody else wrote as JSON, by the service models and offline."""

from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator

from opsctl.model.value import Json

_NUMBERS = {"integer": int, "long": int, "float": int | float, "double": int | float}


def request_params(operation: OperationModel, told: Json, token: str) -> dict[str, Json]:
    """Return the parameters; no value of the request is repeated in what is raised.

    Raises:
        ValueError: it is no request of this operation.
    """
    shape = operation.input_shape
    params = _fit(shape, told, "the request") if shape is not None else told
    if not isinstance(params, dict) or (shape is None and params):
        raise ValueError(f"{operation.name} takes no such request")
    for name in operation.idempotent_members:
        params.setdefault(name, token)
    if shape is not None and ParamValidator().validate(params, shape).has_errors():
        raise ValueError(f"the request is not complete, or not as the installed SDK knows {operation.name}")
    return params


def _fit(shape: Shape, told: Json, where: str) -> Json:
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return told
    if kind == "structure":
        return _members(shape, told, where)
    if kind == "map" and isinstance(told, dict):
        return {name: _fit(shape.value, value, where) for name, value in told.items()}
    if kind == "list" and isinstance(told, list):
        return [_fit(shape.member, value, where) for value in told]
    if kind == "blob":
        raise ValueError(f"{where} is binary, and how a schedule writes that is not documented")
    if _is_scalar(kind, told):
        return told
    raise ValueError(f"{where} is not what the installed SDK takes there")


def _members(shape: Shape, told: Json, where: str) -> dict[str, Json]:
    if not isinstance(told, dict):
        raise ValueError(f"{where} is no object")
    known = {name.lower(): name for name in shape.members}
    made: dict[str, Json] = {}
    for name, value in told.items():
        member = known.get(name.lower())
        if member is None or member in made:
            raise ValueError(f"{where} has a member that the installed SDK does not know, or one twice: {name}")
        made[member] = _fit(shape.members[member], value, member)
    return made


def _is_scalar(kind: str, told: Json) -> bool:
    if kind == "boolean" or isinstance(told, bool):
        return kind == "boolean" and isinstance(told, bool)
    if kind in _NUMBERS:
        return isinstance(told, _NUMBERS[kind])
    if kind == "timestamp":
        return isinstance(told, str | int | float)
    return kind in ("string", "character") and isinstance(told, str)
