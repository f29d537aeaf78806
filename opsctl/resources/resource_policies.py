"""What a resource's policy lets an AWS service do, as far as a policy alone can tell."""

import json
import re
from collections.abc import Iterable
from enum import StrEnum

from opsctl.model.value import Json, Value


class PolicyAnswer(StrEnum):
    """Whether a policy lets a call pass; unsure when it hangs on something that only AWS evaluates."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class ServiceCall(Value):
    """A call by an AWS service on behalf of a resource of an account."""

    service: str
    action: str
    resource: str
    source_arn: str
    account: str


def verdict_on(policy: str, call: ServiceCall) -> PolicyAnswer:
    """Judge a policy document; one that is empty or cannot be parsed allows nothing.

    Of denials with conditions only those on aws:SourceArn and aws:SourceAccount are weighed: the others in use
    (aws:SecureTransport, aws:SourceOrgID) do not meet calls that services make.
    """
    statements = statements_of(policy)
    if any(one.get("Effect") == "Deny" and _hits(one, call) and _all_hold(one, call) for one in statements):
        return PolicyAnswer.NO
    found = [_conditions(one, call) for one in statements if one.get("Effect") == "Allow" and _hits(one, call)]
    if PolicyAnswer.YES in found:
        return PolicyAnswer.YES
    return PolicyAnswer.UNSURE if PolicyAnswer.UNSURE in found else PolicyAnswer.NO


_COMPARED = ("ArnEquals", "ArnLike", "StringEquals", "StringLike")


def statements_of(policy: str) -> list[Json]:
    """Return the statements of a policy document."""
    try:
        found = json.loads(policy) if policy else {}
    except ValueError:
        return []
    return as_list(found.get("Statement")) if isinstance(found, dict) else []


def sources_named_in(policy: str) -> list[str]:
    """Return the ARNs that a policy lets send, from its conditions on aws:SourceArn."""
    return [
        arn
        for one in statements_of(policy)
        if one.get("Effect") == "Allow"
        for tests in (one.get("Condition") or {}).values()
        for name, values in tests.items()
        if name.lower() == "aws:sourcearn"
        for arn in as_list(values)
    ]


def is_about(statement: Json, action: str) -> bool:
    """Tell whether a statement is about an action, by its Action or by its NotAction."""
    patterns = as_list(statement.get("NotAction") if "NotAction" in statement else statement.get("Action"))
    named = any(_like(pattern, action, fold=True) for pattern in patterns)
    return named != ("NotAction" in statement)


def _hits(statement: Json, call: ServiceCall) -> bool:
    """Tell whether a statement is about the caller, the action and the resource."""
    if "NotPrincipal" in statement or "NotAction" in statement:
        return bool(statement.get("Effect") == "Allow")
    return (
        _is_caller(statement.get("Principal"), call)
        and is_about(statement, call.action)
        and any(_like(pattern, call.resource) for pattern in as_list(statement.get("Resource", "*")))
    )


def _is_caller(principal: Json, call: ServiceCall) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    return "*" in as_list(principal.get("AWS")) or any(
        one in ("*", call.service) for one in as_list(principal.get("Service"))
    )


def _conditions(statement: Json, call: ServiceCall) -> PolicyAnswer:
    if "NotPrincipal" in statement or "NotAction" in statement:
        return PolicyAnswer.UNSURE
    known = {"aws:sourcearn": call.source_arn, "aws:sourceaccount": call.account}
    verdict = PolicyAnswer.YES
    for operator, tests in (statement.get("Condition") or {}).items():
        exact = operator.removesuffix("IfExists") in _COMPARED
        for name, values in tests.items():
            if not exact or name.lower() not in known:
                verdict = PolicyAnswer.UNSURE
            elif not _one_matches(operator, as_list(values), known[name.lower()]):
                return PolicyAnswer.NO
    return verdict


def _all_hold(statement: Json, call: ServiceCall) -> bool:
    """Whether every condition certainly holds; a negated one holds where no value is the actual one."""
    known = {"aws:sourcearn": call.source_arn, "aws:sourceaccount": call.account}
    for operator, tests in (statement.get("Condition") or {}).items():
        plain = operator.removesuffix("IfExists")
        positive = plain.replace("Not", "", 1)
        for name, values in tests.items():
            if positive not in _COMPARED or name.lower() not in known:
                return False
            if _one_matches(positive, as_list(values), known[name.lower()]) == (positive != plain):
                return False
    return True


def _one_matches(operator: str, values: Iterable[str], actual: str) -> bool:
    if operator.startswith("StringEquals"):
        return actual in values
    return any(_like(value, actual) for value in values)


def _like(pattern: Json, text: str, *, fold: bool = False) -> bool:
    """Match IAM's `*` and `?`; actions are matched in any case."""
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in str(pattern))
    return re.fullmatch("".join(parts), text, re.IGNORECASE if fold else 0) is not None


def as_list(value: Json) -> list[Json]:
    """An element of a policy as a list: IAM takes a single value for a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
