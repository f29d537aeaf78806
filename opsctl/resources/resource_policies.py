"""What a resource's policy lets an AWS service do, as far as a policy alone can tell."""

import json
import re
from enum import StrEnum

from opsctl.model.value import Json, Value


class PolicyAnswer(StrEnum):
    """Whether a policy lets a call pass; unsure when it hangs on something that only AWS evaluates."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class ServiceCall(Value):
    """A call by an AWS service on behalf of a resource of an account.

    Without a `source_arn` or `account` it is not known whether the service tells it; `absent` are the condition
    keys, in small letters, that it certainly does not tell.
    """

    service: str
    action: str
    resource: str
    source_arn: str
    account: str
    absent: tuple[str, ...] = ()


def verdict_on(policy: str, call: ServiceCall) -> PolicyAnswer:
    """Judge a policy document; one that is empty or cannot be parsed allows nothing.

    A denial that hangs on what only AWS evaluates leaves in doubt what is allowed otherwise: a negated condition
    holds for a key that a request does not have (IAM user guide, "Condition operators").
    """
    told = [
        (str(one.get("Effect")), _applies(one, call)) for one in statements_of(policy) if isinstance(one, dict)
    ]
    denied = [answer for effect, answer in told if effect == "Deny"]
    allowed = [answer for effect, answer in told if effect == "Allow"]
    if PolicyAnswer.YES in denied:
        return PolicyAnswer.NO
    best = next((one for one in (PolicyAnswer.YES, PolicyAnswer.UNSURE) if one in allowed), PolicyAnswer.NO)
    return PolicyAnswer.UNSURE if best is PolicyAnswer.YES and PolicyAnswer.UNSURE in denied else best


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


def _applies(statement: Json, call: ServiceCall) -> PolicyAnswer:
    """Whether a statement is about the caller, the action and the resource, and its conditions hold."""
    if not is_about(statement, call.action) or not _is_about_resource(statement, call.resource):
        return PolicyAnswer.NO
    if "NotPrincipal" in statement:
        return PolicyAnswer.UNSURE
    if not _is_caller(statement.get("Principal"), call):
        return PolicyAnswer.NO
    found = [
        _holds(operator, name, as_list(values), call)
        for operator, tests in (statement.get("Condition") or {}).items()
        for name, values in tests.items()
    ]
    return next((one for one in (PolicyAnswer.NO, PolicyAnswer.UNSURE) if one in found), PolicyAnswer.YES)


def _is_about_resource(statement: Json, resource: str) -> bool:
    if "NotResource" in statement:
        return not any(_like(pattern, resource) for pattern in as_list(statement["NotResource"]))
    return any(_like(pattern, resource) for pattern in as_list(statement.get("Resource", "*")))


def _is_caller(principal: Json, call: ServiceCall) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    return "*" in as_list(principal.get("AWS")) or any(
        one in ("*", call.service) for one in as_list(principal.get("Service"))
    )


def _holds(operator: str, name: str, values: list[Json], call: ServiceCall) -> PolicyAnswer:
    """Whether one condition holds, which is known of aws:SourceArn, aws:SourceAccount and aws:SecureTransport."""
    known = {
        "aws:sourcearn": call.source_arn,
        "aws:sourceaccount": call.account,
        "aws:securetransport": "true",
    }
    actual = known.get(name.lower(), "")
    plain = operator.removesuffix("IfExists")
    positive = plain.replace("Not", "", 1)
    texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in values]
    if name.lower() in call.absent and positive in _COMPARED:
        return _answer(positive != plain or operator.endswith("IfExists"))
    if not actual or any("${" in one for one in texts):
        return PolicyAnswer.UNSURE
    if plain == "Bool":
        return _answer(actual in (one.lower() for one in texts))
    if positive not in _COMPARED:
        return PolicyAnswer.UNSURE
    matched = [_one_matches(positive, one, actual) for one in texts]
    if None in matched and True not in matched:
        return PolicyAnswer.UNSURE
    return _answer((True in matched) == (positive == plain))


def _answer(holds: bool) -> PolicyAnswer:
    return PolicyAnswer.YES if holds else PolicyAnswer.NO


def _one_matches(operator: str, value: str, actual: str) -> bool | None:
    """Whether a value is meant; None of a pattern of an ARN that has not its six parts.

    ARNs are compared part by part (IAM user guide, "ARN condition operators").
    """
    if operator == "StringEquals":
        return actual == value
    if operator == "StringLike" or value == "*":
        return _like(value, actual)
    wanted, found = value.split(":", 5), actual.split(":", 5)
    if len(wanted) != len(found):
        return None
    return all(_like(one, other) for one, other in zip(wanted, found, strict=True))


def _like(pattern: Json, text: str, *, fold: bool = False) -> bool:
    """Match IAM's `*` and `?`; actions are matched in any case."""
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in str(pattern))
    return re.fullmatch("".join(parts), text, re.IGNORECASE if fold else 0) is not None


def as_list(value: Json) -> list[Json]:
    """An element of a policy as a list: IAM takes a single value for a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
