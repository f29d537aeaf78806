"""Custom event buses: they keep their events, and a subscriber begins where it says.

Source: the model of the EventBridge API for custom event buses (CreateSubscriber: the bus must be ACTIVE, one
ClientToken makes one subscriber, a start before `RetentionWindowStartTime` is refused; DeleteSubscriber;
PutEvents). Queues are the only targets that get something. What an event looks like there is not said: it comes as
an event of the other kind of bus does. What a subscriber does after its EndPoint is not said either: here it gets
nothing more.
"""

import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from opsctl.model.value import Json
from opsctl.resources.event_patterns import Pattern
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.deliveries import is_there, send_message
from opsctl.sandbox.engine.small_services import Fault, Operation, SmallCall
from opsctl.sandbox.rules.iam import role_allows

SERVICE = "eventbridgev2"
DAYS = 365


def begin_earlier(kept: dict[str, Json], seconds: float) -> None:
    """Let the buses of an account be so much older, and their events come during an hour and a half ago."""
    for name, buses in kept.items():
        for bus in buses.values() if name.startswith("buses ") else ():
            bus["about"]["CreationTime"] -= timedelta(seconds=seconds)
            for number, one in enumerate(bus["events"]):
                one["at"] -= (90 - number * 60 / len(bus["events"])) * 60


def create_event_bus(asked: SmallCall) -> Json:
    """Make a bus, which is active at once."""
    now = conditions(asked.account).moment()
    days = (asked.params.get("StorageConfiguration") or {}).get("RetentionPeriodInDays", DAYS)
    made = {
        "EventBusArn": _arn(asked, "event-busv2", asked.params["Name"]),
        "Name": asked.params["Name"],
        "State": "ACTIVE",
        "CreationTime": now,
    }
    _buses(asked)[made["EventBusArn"]] = {"about": made, "days": days, "events": []}
    return _told(asked, made["EventBusArn"])


def describe_event_bus(asked: SmallCall) -> Json:
    """Describe a bus, and from when on it has events."""
    return _told(asked, asked.params["EventBusArn"])


def list_event_buses(asked: SmallCall) -> Json:
    """List the buses of the region."""
    return {"EventBuses": [one["about"] for one in _buses(asked).values()]}


def delete_event_bus(asked: SmallCall) -> Json:
    """Delete a bus with its events."""
    _bus(asked, asked.params["EventBusArn"])
    del _buses(asked)[asked.params["EventBusArn"]]
    return {}


def put_events(asked: SmallCall) -> Json:
    """Keep events, and hand them to who is subscribed and runs."""
    bus = _bus(asked, asked.params["EventBusArn"])
    now = conditions(asked.account).now()
    results = []
    for entry in asked.params["Entries"]:
        event = _event(asked, entry)
        bus["events"].append({"at": now, "event": event})
        results.append({"EventId": event["id"], "SuccessCode": "PUBLISHED"})
        for one in _subscribers(asked).values():
            if one["bus"] == asked.params["EventBusArn"] and _takes_new(one, now):
                _hand_on(asked, one, event)
    return {"FailedEntryCount": 0, "Entries": results}


def create_subscriber(asked: SmallCall) -> Json:
    """Subscribe a target, from now on or from a point in time."""
    told, bus = asked.params, _bus(asked, asked.params["EventBusArn"])
    token = told.get("ClientToken")
    known = next((one for one in _subscribers(asked).values() if token and one["token"] == token), None)
    if known is not None:
        if known["asked"] != told:
            raise Fault("IdempotentParameterMismatchException", "The token was used with other parameters.")
        return _created(known)
    if any(one["about"]["Name"] == told["Name"] for one in _subscribers(asked).values()):
        raise Fault("ResourceAlreadyExistsException", f"Subscriber {told['Name']} already exists.")
    role = str(told["InvokeConfiguration"]["RoleArn"])
    if role.split(":")[4] != asked.account:
        raise Fault("InvalidInputException", "The role must belong to the calling account.")
    start, end = _window(asked, bus)
    arn = _arn(asked, "subscriber", told["Name"])
    about = {name: value for name, value in told.items() if name not in ("ClientToken", "Tags")}
    about |= {"SubscriberArn": arn, "State": told.get("State", "RUNNING")}
    about |= {"Type": told.get("Type", "UNORDERED"), "CreationTime": conditions(asked.account).moment()}
    made = {"about": about, "bus": told["EventBusArn"], "end": end, "token": token, "asked": told}
    made["tags"] = told.get("Tags") or {}
    _subscribers(asked)[arn] = made
    if start is not None:
        about_account = conditions(asked.account)
        about_account.later(about_account.durations.replay_start, partial(_catch_up, asked, arn, start))
    return _created(made)


def describe_subscriber(asked: SmallCall) -> Json:
    """Describe a subscriber."""
    return _described(_subscriber(asked))


def list_subscribers(asked: SmallCall) -> Json:
    """List subscribers, of a bus or of all."""
    bus, prefix = asked.params.get("EventBusArn"), asked.params.get("NamePrefix") or ""
    found = [one for one in _subscribers(asked).values() if bus in (None, one["bus"])]
    names = ("SubscriberArn", "Name", "EventBusArn", "Type", "State", "CreationTime")
    return {
        "Subscribers": [
            {name: one["about"][name] for name in names}
            | {"TargetArn": one["about"]["InvokeConfiguration"]["TargetArn"]}
            for one in found
            if one["about"]["Name"].startswith(prefix)
        ]
    }


def delete_subscriber(asked: SmallCall) -> Json:
    """Take a subscriber away; it gets nothing any more."""
    _subscriber(asked)
    del _subscribers(asked)[asked.params["SubscriberArn"]]
    return {}


def list_tags(asked: SmallCall) -> Json:
    """The tags of a subscriber; buses have none here."""
    found = _subscribers(asked).get(asked.params["ResourceArn"])
    return {"Tags": found["tags"] if found else {}}


def _window(asked: SmallCall, bus: Json) -> tuple[float | None, float]:
    """From when on a subscriber gets what is kept (None: nothing of it), and until when it gets something."""
    told = asked.params.get("PointInTimeConfiguration") or {}
    if asked.params.get("StartingPosition", "LATEST") != "POINT_IN_TIME":
        return None, float("inf")
    earliest = _kept_from(asked, bus)
    if told.get("PointType") == "HORIZON":
        start = earliest
    elif "StartingPoint" in told:
        start = told["StartingPoint"].timestamp()
    else:
        raise Fault("InvalidInputException", "StartingPoint is required when PointType is TIMESTAMP.")
    if start < earliest:
        raise Fault("InvalidInputException", "StartingPoint is before the start of the retention window.")
    end = told["EndPoint"].timestamp() if "EndPoint" in told else float("inf")
    if end <= start:
        raise Fault("InvalidInputException", "EndPoint must be after StartingPoint.")
    return start, end


def _catch_up(asked: SmallCall, arn: str, start: float) -> None:
    """Hand on what is kept, if the subscriber is still there."""
    found = _subscribers(asked).get(arn)
    bus = _buses(asked).get(found["bus"]) if found else None
    if found is None or bus is None:
        return
    begun = found["about"]["CreationTime"].timestamp()
    for one in list(bus["events"]):
        if max(start, _kept_from(asked, bus)) <= one["at"] <= min(found["end"], begun):
            _hand_on(asked, found, one["event"])


def _takes_new(one: Json, now: float) -> bool:
    return bool(one["about"]["State"] == "RUNNING" and now <= one["end"])


def _hand_on(asked: SmallCall, one: Json, event: Json) -> None:
    """Send an event that passes every filter to the target, by the role; else to where failures go."""
    filters = (one["about"].get("FilterConfiguration") or {}).get("Filters") or []
    if not all(Pattern(told["Pattern"]).matches(event) for told in filters):
        return
    invoke = one["about"]["InvokeConfiguration"]
    dead = (one["about"].get("OnFailureConfiguration") or {}).get("Arn", "")
    for arn in (str(invoke["TargetArn"]), str(dead)):
        sqs = arn.split(":")[2:3] == ["sqs"] and is_there(asked.account, asked.region, arn)
        if sqs and role_allows(asked.account, str(invoke["RoleArn"]), "sqs:SendMessage", arn):
            group = (invoke.get("SqsParameters") or {}).get("MessageGroupId", "")
            send_message(asked.account, asked.region, arn, json.dumps(event), group=group)
            return


def _event(asked: SmallCall, entry: Json) -> dict[str, Any]:
    when = entry.get("Time") or conditions(asked.account).moment()
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "source": entry["Source"],
        "detail-type": entry["DetailType"],
        "account": asked.account,
        "region": asked.region,
        "time": when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resources": list(entry.get("Resources") or []),
        "detail": json.loads(entry.get("Detail") or "{}"),
    }


def _kept_from(asked: SmallCall, bus: Json) -> float:
    """The retention window begins with the bus, or so many days ago (DescribeEventBus)."""
    now = conditions(asked.account).moment()
    begun: datetime = max(bus["about"]["CreationTime"], now - timedelta(days=bus["days"]))
    return begun.timestamp()


def _told(asked: SmallCall, arn: str) -> Json:
    bus = _bus(asked, arn)
    kept = datetime.fromtimestamp(_kept_from(asked, bus), UTC)
    storage = {"RetentionPeriodInDays": bus["days"], "RetentionWindowStartTime": kept}
    return {**bus["about"], "StorageConfiguration": storage}


_ANSWERED = ("SubscriberArn", "Name", "EventBusArn", "Type", "StartingPosition", "State", "CreationTime")


def _created(found: Json) -> Json:
    """What CreateSubscriber answers, which is less than is described."""
    return {name: found["about"][name] for name in _ANSWERED if name in found["about"]}


def _described(found: Json) -> Json:
    return dict(found["about"])


def _arn(asked: SmallCall, kind: str, name: str) -> str:
    """A new ARN; its last part is the same in each sandbox, so that a sample can be named."""
    asked.kept["made"] = asked.kept.get("made", 0) + 1
    identifier = hashlib.sha256(f"{kind} {name} {asked.kept['made']}".encode()).hexdigest()[:25]
    return f"arn:aws:events:{asked.region}:{asked.account}:{kind}/{name}/{identifier}"


def _buses(asked: SmallCall) -> dict[str, Json]:
    found: dict[str, Json] = asked.kept.setdefault(f"buses {asked.region}", {})
    return found


def _subscribers(asked: SmallCall) -> dict[str, Json]:
    found: dict[str, Json] = asked.kept.setdefault(f"subscribers {asked.region}", {})
    return found


def _bus(asked: SmallCall, arn: str) -> Json:
    if arn not in _buses(asked):
        raise Fault("ResourceNotFoundException", f"Event bus {arn} does not exist.")
    return _buses(asked)[arn]


def _subscriber(asked: SmallCall) -> Json:
    arn = asked.params["SubscriberArn"]
    if arn not in _subscribers(asked):
        raise Fault("ResourceNotFoundException", f"Subscriber {arn} does not exist.")
    return _subscribers(asked)[arn]


OPERATIONS: dict[str, Operation] = {
    "CreateEventBus": create_event_bus,
    "DescribeEventBus": describe_event_bus,
    "ListEventBuses": list_event_buses,
    "DeleteEventBus": delete_event_bus,
    "PutEvents": put_events,
    "CreateSubscriber": create_subscriber,
    "DescribeSubscriber": describe_subscriber,
    "ListSubscribers": list_subscribers,
    "DeleteSubscriber": delete_subscriber,
    "ListTagsForResource": list_tags,
}
