"""Who changed a function last, as CloudTrail's event history has it.

Lambda tells the moment (LastModified), CloudTrail who it was: looked up by the names that the two calls have
there, around that moment, a page each. A published version does not change, but an alias is moved to another, and
only CloudTrail knows when. The history keeps 90 days, answers twice a second, and costs nothing
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


_ALIAS = "UpdateAlias20150331"
_BEFORE_S = 86_400


class Changed(Value):
    """The last change: when, what of the function and by whom; `unknown` says why that is not told."""

    at: float = 0.0
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
    return [_looked_up(name, modified - _AROUND_S, modified + _AROUND_S) for name in _EVENTS]


def alias_read(first: float, now: float) -> Read:
    """Look up which aliases were moved from a day before the first letter on; Lambda does not tell when."""
    return _looked_up(_ALIAS, max(first - _BEFORE_S, now - KEPT_S), now)


def _looked_up(name: str, start: float, end: float) -> Read:
    return Read(
        service="cloudtrail",
        operation="LookupEvents",
        params={
            "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": name}],
            "StartTime": int(start),
            "EndTime": int(end),
            "MaxResults": 50,
        },
    )


def move_of(function: str, alias: str, answer: Answer) -> Changed:
    """Say who moved an alias to the version that it leads to, from the answer to `alias_read`."""
    if answer.refusal is not None:
        return Changed(unknown=str(answer.refusal))
    events = [one for one in answer.value.get("Events") or [] if _about(one, function)]
    mine = [one for one in events if _parameters(one).get("name") == alias]
    if mine:
        last = max(mine, key=lambda event: seconds(str(event.get("EventTime", ""))))
        at = seconds(str(last.get("EventTime", "")))
        return Changed(at=at, what="alias", by=str(last.get("Username") or ""))
    if answer.value.get("NextToken"):
        return Changed(unknown="CloudTrail has more than 50 changes of aliases in that time")
    return Changed(unknown="CloudTrail has no change of it since a day before the first message")


def change_of(function: str, answers: Sequence[Answer], modified: float, now: float) -> Changed:
    """Say who made the last change of a function, from the answers to `change_reads`."""
    refused = next((one.refusal for one in answers if one.refusal is not None), None)
    if refused is not None:
        return Changed(unknown=str(refused))
    events = [event for one in answers for event in (one.value or {}).get("Events") or []]
    mine = [event for event in events if _about(event, function)]
    if mine:
        last = min(mine, key=lambda event: abs(seconds(str(event.get("EventTime", ""))) - modified))
        what, by = _EVENTS.get(str(last.get("EventName")), ""), str(last.get("Username") or "")
        return Changed(at=modified, what=what, by=by)
    if any((one.value or {}).get("NextToken") for one in answers):
        return Changed(unknown="CloudTrail has more than 50 changes of functions at that moment")
    if now - modified < LATE_S:
        return Changed(unknown="CloudTrail does not have it yet; it may take a quarter of an hour")
    return Changed(unknown="CloudTrail has no change of it at that moment: it was created or published then")


def _about(event: Json, function: str) -> bool:
    named = str(_parameters(event).get("functionName", ""))
    return not _record(event).get("errorCode") and named.split(":function:")[-1].split(":")[0] == function


def _parameters(event: Json) -> dict[str, Json]:
    asked = _record(event).get("requestParameters")
    return asked if isinstance(asked, dict) else {}


def _record(event: Json) -> dict[str, Json]:
    return json_object(str(event.get("CloudTrailEvent", ""))) or {}
