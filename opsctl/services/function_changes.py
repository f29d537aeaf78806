"""Who changed a function last, as CloudTrail's event history has it.

Lambda tells the moment (LastModified), CloudTrail who it was: looked up by the names that the two calls have
there, around that moment, a page each. The history keeps 90 days, answers twice a second, and costs nothing
(CloudTrail API reference, LookupEvents; Lambda guide, "Logging AWS Lambda API calls using AWS CloudTrail").
"""

from collections.abc import Sequence
from datetime import datetime

from opsctl.model.reads import Answer, Read
from opsctl.model.value import Json, Value, json_object

KEPT_S = 90 * 86_400
LATE_S = 900
"""How long an event may take until it can be looked up."""
_AROUND_S = 120
_EVENTS = {
    "UpdateFunctionCode20150331v2": "code",
    "UpdateFunctionConfiguration20150331v2": "configuration",
}


class Changed(Value):
    """The last change: what of the function and by whom; `unknown` says why that is not told."""

    what: str = ""
    by: str = ""
    unknown: str = ""


def seconds(text: str) -> float:
    """A moment as Lambda writes it, in seconds since the epoch; 0 when it cannot be understood."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def change_reads(modified: float) -> list[Read]:
    """Look up who changed functions around a moment."""
    return [
        Read(
            service="cloudtrail",
            operation="LookupEvents",
            params={
                "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": name}],
                "StartTime": int(modified) - _AROUND_S,
                "EndTime": int(modified) + _AROUND_S,
                "MaxResults": 50,
            },
        )
        for name in _EVENTS
    ]


def change_of(function: str, answers: Sequence[Answer], modified: float, now: float) -> Changed:
    """Say who made the last change of a function, from the answers to `change_reads`."""
    refused = next((one.refusal for one in answers if one.refusal is not None), None)
    if refused is not None:
        return Changed(unknown=str(refused))
    events = [event for one in answers for event in (one.value or {}).get("Events") or []]
    mine = [event for event in events if _about(event, function)]
    if mine:
        last = min(mine, key=lambda event: abs(seconds(str(event.get("EventTime", ""))) - modified))
        return Changed(what=_EVENTS.get(str(last.get("EventName")), ""), by=str(last.get("Username") or ""))
    if any((one.value or {}).get("NextToken") for one in answers):
        return Changed(unknown="CloudTrail has more than 50 changes of functions at that moment")
    if now - modified < LATE_S:
        return Changed(unknown="CloudTrail does not have it yet; it may take a quarter of an hour")
    return Changed(unknown="CloudTrail has no change of it at that moment: it was created or published then")


def _about(event: Json, function: str) -> bool:
    record = json_object(str(event.get("CloudTrailEvent", ""))) or {}
    asked = record.get("requestParameters")
    named = str(asked.get("functionName", "")) if isinstance(asked, dict) else ""
    return not record.get("errorCode") and named.split(":function:")[-1].split(":")[0] == function
