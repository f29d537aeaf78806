"""CloudTrail's history of who changed functions and moved their aliases, which moto does not have, and its trails.

Source: CloudTrail API reference, LookupEvents: one attribute, at most 50 events, the newest first; Lambda guide,
"Logging AWS Lambda API calls using AWS CloudTrail", for the names and parameters of the events.
"""

import json
import uuid
from collections.abc import Callable
from typing import Any

from opsctl.model.value import Json
from opsctl.sandbox.engine.callers import caller_of
from opsctl.sandbox.engine.conditions import conditions

_AT_MOST = 50
_NAMES = {
    "update_function_code": "UpdateFunctionCode20150331v2",
    "update_function_configuration": "UpdateFunctionConfiguration20150331v2",
    "update_alias": "UpdateAlias20150331",
}


def install() -> None:
    """Note changes of functions, and let them be looked up."""
    from moto.awslambda.responses import LambdaResponse
    from moto.cloudtrail.models import Trail
    from moto.cloudtrail.responses import CloudTrailResponse

    Trail.get_event_selectors = _chosen_by_default(Trail.get_event_selectors)
    for method, name in _NAMES.items():
        setattr(LambdaResponse, method, _noted(getattr(LambdaResponse, method), name))
    CloudTrailResponse.lookup_events = _lookup_events


def _chosen_by_default(method: Callable[..., Any]) -> Callable[..., Any]:
    """A trail for which nothing was chosen logs all management events (API, EventSelector); moto has none."""

    def told(self: Any) -> Any:
        basic, advanced = method(self)
        if not basic and not advanced:
            basic = [{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}]
        return basic, advanced

    return told


def _noted(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    def changed(self: Any) -> Any:
        answer = method(self)
        if answer[0] in (200, 201):
            _note(self, name, _asked(json.loads(answer[2])))
        return answer

    return changed


def _asked(told: dict[str, Json]) -> dict[str, Json]:
    """What the call was about, by what it answered: a function, or an alias of one."""
    if "AliasArn" in told:
        return {"functionName": str(told["AliasArn"]).split(":")[6], "name": told["Name"]}
    return {"functionName": told["FunctionName"]}


def _note(response: Any, name: str, parameters: dict[str, Json]) -> None:
    about = conditions(response.current_account)
    caller = caller_of(response.current_account, response.access_key)
    user = caller.arn.rpartition("/")[2] if caller else "root"
    record = {
        "eventSource": "lambda.amazonaws.com",
        "eventName": name,
        "awsRegion": response.region,
        "requestParameters": parameters,
    }
    about.trail.append(
        {
            "EventId": str(uuid.uuid4()),
            "EventName": name,
            "EventTime": about.now(),
            "EventSource": "lambda.amazonaws.com",
            "ReadOnly": "false",
            "Username": user,
            "Resources": [],
            "CloudTrailEvent": json.dumps(record),
        }
    )


def _lookup_events(self: Any) -> str:
    asked = json.loads(self.body)
    start, end = asked.get("StartTime", 0), asked.get("EndTime", float("inf"))
    wanted = {one["AttributeKey"]: one["AttributeValue"] for one in asked.get("LookupAttributes") or []}
    found = [
        one
        for one in reversed(conditions(self.current_account).trail)
        if start <= one["EventTime"] <= end
        and f'"awsRegion": "{self.region}"' in one["CloudTrailEvent"]
        and _has(one, wanted)
    ]
    return json.dumps({"Events": found[: asked.get("MaxResults", _AT_MOST)]})


def _has(event: dict[str, Json], wanted: dict[str, str]) -> bool:
    return all(str(event.get(name)) == value for name, value in wanted.items())
