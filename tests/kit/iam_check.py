"""Decides whether an identity policy allows a call, for the condition operators that our policies use."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from opsctl.model.value import Json

Context = Mapping[str, list[str]]


def allows(policy: Json, action: str, resource: str, context: Context) -> bool:
    """Return whether some statement allows an action on one resource; keys of the context are lower case."""
    return any(
        any(fnmatchcase(action.lower(), each.lower()) for each in _listed(statement["Action"]))
        and any(fnmatchcase(resource, each) for each in _listed(statement["Resource"]))
        and all(
            _holds(operator, {key: _listed(values)}, context)
            for operator, wanted in statement.get("Condition", {}).items()
            for key, values in wanted.items()
        )
        for statement in policy["Statement"]
    )


def _holds(operator: str, wanted: Mapping[str, list[str]], context: Context) -> bool:
    ((key, values),) = wanted.items()
    found = context.get(key.lower())
    if operator in ("StringEquals", "Bool"):
        return found is not None and len(found) == 1 and found[0] in values
    if operator == "ForAllValues:StringEquals":
        return all(each in values for each in found or ())
    message = f"the test kit does not know the condition operator {operator}"
    raise NotImplementedError(message)


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
