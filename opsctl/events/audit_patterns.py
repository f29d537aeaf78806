"""Why a pattern of a rule can match nothing that a known source sends; pure.

Sources: EventBridge guide, "Events from AWS services" and "Troubleshooting" (API calls that CloudTrail reports
have no `resources`; ARNs are compared letter by letter, also where a service takes `:` for `/`; an account is no
wildcard; calls that only read come to rules of the state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS alone); S3
guide, "Using EventBridge" (detail types).
"""

import json
import re
from collections.abc import Iterator

from opsctl.events.s3_event_types import detail_types
from opsctl.model.value import Json

BY_CLOUDTRAIL = "AWS API Call via CloudTrail"
_WITH_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
_READS = re.compile(r"(?:Get|List|Describe)[A-Z]\w*")
_REPORTED = ("GetSessionToken", "GetFederationToken")
# How ARNs of these services go on, where `:` and `/` are mixed up (Service Authorization Reference).
_WRONG_SIGN = re.compile(
    r"arn:[\w-]+:(?:ec2:[^:]*:[^:]*:(?:instance|volume|vpc|snapshot|image):|ecs:[^:]*:[^:]*:\w+:)"
)


def why_never(pattern: str, state: str) -> Iterator[str]:
    """Go through the reasons why a rule's pattern never matches; none does not say that it does."""
    try:
        told = json.loads(pattern)
    except ValueError:
        return
    if not isinstance(told, dict):
        return
    types = _texts(told, "detail-type")
    if _texts(told, "account") == ["*"]:
        yield "its account is the text *, which no account is; leave account out"
    if types == [BY_CLOUDTRAIL] and "resources" in told:
        yield "it asks for resources, which calls that CloudTrail reports do not have"
    for arn in _texts(told, "resources"):
        if _WRONG_SIGN.match(arn):
            yield f"no ARN is like {arn}: behind the kind of resource comes / and no colon"
    if _texts(told, "source") == ["aws.s3"] and types and not set(types) & (detail_types() | {BY_CLOUDTRAIL}):
        yield f"S3 sends no events of the type {', '.join(types)}"
    if types == [BY_CLOUDTRAIL] and state != _WITH_READS:
        calls = _calls(told)
        if calls and all(_READS.fullmatch(one) and one not in _REPORTED for one in calls):
            yield f"{', '.join(calls)} only read, and calls that do come to rules of the state {_WITH_READS} alone"


def _texts(told: dict[str, Json], name: str) -> list[str]:
    """The values of a member where all of them are texts; nothing where one is an operator."""
    values = told.get(name)
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        return []
    return values


def _calls(told: dict[str, Json]) -> list[str]:
    detail = told.get("detail")
    return _texts(detail, "eventName") if isinstance(detail, dict) else []
