"""Judges an identity policy by AWS's Service Authorization Reference: actions, kinds of resources, condition keys.

A condition key that an action does not have is never in a request, so a statement with it allows nothing: that
fails on AWS alone, and shows in no simulation that takes the keys from the policy. `authorization_reference.json`
holds the rows of the reference's tables (Amazon EC2, EC2 Auto Scaling, KMS, ...) for the actions that our roles
have, or may come to have; under "" are the keys of an action whatever its resource.
"""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from opsctl.model.value import Json

OPERATORS = ("StringEquals", "StringLike", "Bool", "Null", "ForAllValues:StringEquals")
EFFECTS = ("Allow", "Deny")
_LIMIT = 10_240
"""IAM quotas: characters of a role's inline policies together, white space not counted."""


@cache
def _reference() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = json.loads(
        Path(__file__).with_name("authorization_reference.json").read_text()
    )
    return found


def faults_of(policy: Json) -> list[str]:
    """Return what AWS would refuse in a policy, or silently never match."""
    found = [] if policy.get("Version") == "2012-10-17" else ["not of version 2012-10-17"]
    if len(json.dumps(policy, separators=(",", ":"))) > _LIMIT:
        found.append(f"longer than {_LIMIT} characters")
    return found + [fault for statement in policy["Statement"] for fault in _of_statement(statement)]


def _of_statement(statement: Json) -> Iterator[str]:
    if statement.keys() - {"Effect", "Action", "Resource", "Condition"} or statement["Effect"] not in EFFECTS:
        yield f"no statement: {statement}"
    for operator in statement.get("Condition", {}):
        if operator not in OPERATORS:
            yield f"the operator {operator}"
    keys = [key for pairs in statement.get("Condition", {}).values() for key in pairs]
    for action in statement["Action"]:
        rows = [row for name, row in _reference().items() if fnmatchcase(name, action)]
        if not rows:
            yield f"{action} is not in the reference; add its rows"
        for resource in statement["Resource"]:
            usable = [row for row in rows if _kind(resource) in row or _kind(resource) == ""]
            if rows and not usable:
                yield f"{action} is not asked about {resource}"
            for key in keys:
                if usable and not any(_has(row, _kind(resource), key) for row in usable):
                    yield f"{action} on {resource} never has {key}"


def _kind(arn: str) -> str:
    """The resource type of an ARN in the reference's words; nothing for any resource at all."""
    if arn == "*":
        return ""
    _, _, service, _, _, rest = arn.split(":", 5)
    fixed = {"sns": "topic", "sqs": "queue", "logs": "log-stream"}
    return fixed.get(service) or re.split("[:/]", rest)[0]


def _has(row: dict[str, list[str]], kind: str, key: str) -> bool:
    known = {*row.get(kind, ()), *row.get("", ())}
    return any(key == each or fnmatchcase(key, re.sub(r"\$\{\w+\}", "*", each)) for each in known)
