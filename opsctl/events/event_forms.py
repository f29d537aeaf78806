"""The forms that one event takes on its way: of a bucket, on a bus, published to a topic, sent to a queue; pure.

Sources: S3 guide, "Event message structure" and "Event message structure for EventBridge"; SNS guide, "Message
formats"; recorded answers of S3's EventBridge events (`detail.object.etag` in lower case, `reason` PutObject).
"""

import json
from urllib.parse import quote_plus, unquote_plus

from opsctl.events.arns import named
from opsctl.model.value import Json, Value
from opsctl.resources.event_inputs import event_of

_DETAIL_TYPES = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "LifecycleExpiration": "Object Deleted",
    "ObjectTagging": "Object Tags Added",
    "ObjectAcl": "Object ACL Updated",
    "LifecycleTransition": "Object Storage Class Changed",
    "IntelligentTiering": "Object Access Tier Changed",
}
_RESTORE = {
    "Post": "Object Restore Initiated",
    "Completed": "Object Restore Completed",
    "Delete": "Object Restore Expired",
}
_REASONS = {
    "Put": "PutObject",
    "Post": "POST Object",
    "Copy": "CopyObject",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
}
_OF_OBJECT = {"size": "size", "eTag": "etag", "versionId": "version-id", "sequencer": "sequencer"}
_OF_EVENT = ("id", "time", "detail.request-id", "detail.requester", "detail.source-ip-address")
_NO_EVENTBRIDGE = ("Replication", "ReducedRedundancyLostObject")


class S3Event(Value):
    """What happened to an object: the name as notifications have it (`s3:ObjectCreated:Put`), and its key.

    `known` is what else was told of the object, by the names that EventBridge uses.
    """

    name: str
    key: str
    known: dict[str, Json] = {}


class ApiRequest(Value):
    """A request to an API, as a client sends it."""

    method: str
    path: str
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: str = ""

    def fits(self, route: str) -> tuple[int, ...] | None:
        """How well a route takes it, the best first in order: None when it does not.

        API Gateway guide, "Routes for HTTP APIs": a method before ANY, names before parameters, parameters before
        greedy ones, `$default` last.
        """
        if route == "$default":
            return (3,)
        method, _, path = route.partition(" ")
        if method not in ("ANY", self.method) or not path.startswith("/"):
            return None
        ranks = _ranks(path.strip("/").split("/"), self.path.strip("/").split("/"))
        return None if ranks is None else (*ranks, method == "ANY")

    def parameters(self, route: str) -> dict[str, str]:
        """The values of the parameters of a route's path."""
        wanted = route.partition(" ")[2].strip("/").split("/")
        told = self.path.strip("/").split("/")
        found = {}
        for at, one in enumerate(wanted):
            if one.endswith("+}"):
                found[one[1:-2]] = "/".join(told[at:])
            elif one.startswith("{") and at < len(told):
                found[one[1:-1]] = told[at]
        return found


def _ranks(wanted: list[str], told: list[str]) -> list[int] | None:
    """For each part of a path whether it is named (0), a parameter (1) or greedy (2)."""
    found: list[int] = []
    for at, one in enumerate(wanted):
        if one.endswith("+}"):
            return [*found, 2] if len(told) > at else None
        if at >= len(told) or (one != told[at] and not one.startswith("{")):
            return None
        found.append(int(one.startswith("{") and one != told[at]))
    return found if len(told) == len(wanted) else None


class PassingEvent(Value):
    """An event at one place: its body, its message attributes as Publish takes them; `s3` only at a bucket.

    `request` only at an API. `unsure` are the dotted names of members that the real one has with values that
    nobody told.
    """

    body: str
    attributes: dict[str, Json] = {}
    s3: S3Event | None = None
    request: ApiRequest | None = None
    unsure: tuple[str, ...] = ()


def event_from(text: str, kind: str) -> PassingEvent:
    """Read what a person gave as the event of a resource of a kind.

    Of a bucket: a notification (`Records`) or `{"eventName": "ObjectCreated:Put", "key": "a.jpg"}`. Of a topic or
    queue: `{"Message" or "Body": text, "MessageAttributes": {...}}`, or any other text, which is the body. Of a
    bus or rule: an event of EventBridge. Of an API: a request, `{"method": "POST", "path": "/orders", "body":
    text}`.

    Raises: ValueError: it is no such event.
    """
    if kind in ("REST API", "HTTP API"):
        return PassingEvent(body="", request=_request(text))
    if kind == "bucket":
        return PassingEvent(body="", s3=_s3_event(text))
    if kind in ("event bus", "rule"):
        told = event_of(text)
        lacking = [name for name in ("source", "detail-type", "detail") if name not in told]
        if lacking:
            raise ValueError(f"an event of EventBridge has {', '.join(lacking)}")
        return PassingEvent(body=text.strip())
    if kind in ("topic", "queue"):
        return _message(text)
    raise ValueError(f"{_article(kind)} sends what it is set to send; trace the resource behind it with an event")


def _article(kind: str) -> str:
    return f"an {kind}" if kind[:1] in "aeiou" else f"a {kind}"


def _message(text: str) -> PassingEvent:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return PassingEvent(body=text)
    for member in ("Message", "Body", "body"):
        if isinstance(told, dict) and isinstance(told.get(member), str):
            attributes = told.get("MessageAttributes") or {}
            if not isinstance(attributes, dict) or not all(isinstance(one, dict) for one in attributes.values()):
                raise ValueError("MessageAttributes is an object of objects with DataType and StringValue")
            return PassingEvent(body=told[member], attributes=attributes)
    return PassingEvent(body=text)


def _request(text: str) -> ApiRequest:
    told = event_of(text)
    strangers = sorted(told.keys() - ApiRequest.model_fields.keys())
    if strangers or not {"method", "path"} <= told.keys() or not str(told["path"]).startswith("/"):
        raise ValueError(
            'a request has method, path, and query, headers and body if you like: {"method": "GET", "path": "/a"}'
        )
    body = told.get("body", "")
    texts = {name: dict(told.get(name) or {}) for name in ("query", "headers")}
    whole = body if isinstance(body, str) else json.dumps(body)
    return ApiRequest.model_validate(
        {"method": str(told["method"]).upper(), "path": told["path"], "body": whole} | texts
    )


def _s3_event(text: str) -> S3Event:
    told = event_of(text)
    known: dict[str, Json] = {}
    records = told.get("Records")
    if isinstance(records, list) and records:
        if len(records) > 1:
            raise ValueError("give one record: each is an event of its own")
        told = records[0] if isinstance(records[0], dict) else {}
        thing = (told.get("s3") or {}).get("object") or {}
        key = unquote_plus(str(thing.get("key", "")))
        known = {there: thing[here] for here, there in _OF_OBJECT.items() if here in thing}
    else:
        key = str(told.get("key", ""))
    name = str(told.get("eventName", "")).removeprefix("s3:")
    if not name or not key:
        raise ValueError(
            'an event of a bucket has eventName and a key: {"eventName": "ObjectCreated:Put", "key": "a"}'
        )
    return S3Event(name=f"s3:{name}", key=key, known=known)


def unsure_of(event: S3Event) -> tuple[str, ...]:
    """The members that S3's event on the bus has, and that what was told of it does not tell."""
    of_object = (f"detail.object.{one}" for one in _OF_OBJECT.values() if one not in event.known)
    return (*_OF_EVENT, *of_object)


def as_records(event: S3Event, bucket: str, region: str) -> str:
    """Return the document that S3 sends to queues, topics and functions; the key is URL-encoded there."""
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": region,
        "eventName": event.name.removeprefix("s3:"),
        "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(event.key, safe="/")}},
    }
    return json.dumps({"Records": [record]})


def as_eventbridge(event: S3Event, bucket: str, region: str, account: str) -> str:
    """Return the event that S3 puts on the default bus, of a bucket by its ARN.

    Raises:
        ValueError: S3 has no such event for EventBridge.
    """
    family, _, what = event.name.removeprefix("s3:").partition(":")
    if family in _NO_EVENTBRIDGE:
        raise ValueError(f"S3 sends no events of {family} to EventBridge")
    kind = _RESTORE.get(what, "") if family == "ObjectRestore" else _DETAIL_TYPES.get(family, "")
    if family == "ObjectTagging" and what == "Delete":
        kind = "Object Tags Deleted"
    if not kind:
        raise ValueError(f"{event.name} is no event of S3")
    detail: dict[str, Json] = {
        "version": "0",
        "bucket": {"name": named(bucket).name},
        "object": {"key": event.key} | event.known,
    }
    if family == "ObjectCreated":
        detail["reason"] = _REASONS.get(what, what)
    told = {
        "version": "0",
        "detail-type": kind,
        "source": "aws.s3",
        "account": account,
        "region": region,
        "resources": [bucket],
        "detail": detail,
    }
    return json.dumps(told)


def as_notification(event: PassingEvent, topic: str) -> str:
    """Return the envelope of SNS around a message, as queues get it without raw delivery."""
    told: dict[str, Json] = {"Type": "Notification", "TopicArn": topic, "Message": event.body}
    if event.attributes:
        told["MessageAttributes"] = {
            name: {
                "Type": one.get("DataType", one.get("Type", "String")),
                "Value": one.get("StringValue", one.get("Value", "")),
            }
            for name, one in event.attributes.items()
        }
    return json.dumps(told)
