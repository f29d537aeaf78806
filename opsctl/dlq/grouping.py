"""Groups dead letters by cause: how many, since when, one example each; bounded, whatever their number."""

from datetime import UTC, datetime

from opsctl.dlq.dead_letter import OF_LAMBDA, DeadLetter, dead_letter_of, same_cause, shape_of
from opsctl.model.value import Json, Value

_GROUPS_AT_MOST = 200
_PREVIEW = 2000
_LATEST = 5


class Example(Value):
    """One message of a group; a long body is cut."""

    id: str
    body: str
    attributes: dict[str, str]
    receives: int


class Latest(Value):
    """One of the newest messages of a group: when it was sent, and first received by anybody before this look.

    `request` is the id of the invocation that failed, where the message names it.
    """

    id: str
    sent: str
    first_received: str = ""
    request: str = ""


class CauseGroup(Value):
    """Messages that failed alike. Times are UTC, RFC 3339; `origin` is the ARN of what failed to take them.

    `rule` is the rule, schedule or topic by which they went there, `latest` the newest of them, newest first.
    `carries` is the kind of the failure record inside a notification, `carries_origin` what failed by that record.
    """

    kind: str
    cause: str
    code: str
    shape: str
    origin: str
    count: int
    first: str
    last: str
    redrivable: bool
    note: str
    example: Example
    rule: str = ""
    carries: str = ""
    carries_origin: str = ""
    latest: tuple[Latest, ...] = ()


class Causes:
    """Takes messages one by one and keeps one group for each cause."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, ...], dict[str, Json]] = {}
        self.seen = 0

    def add(self, message: Json) -> None:
        """Count a received message to its group."""
        self.seen += 1
        dead_letter, shape = dead_letter_of(message), shape_of(message["Body"])
        key = _key(dead_letter, shape)
        if key not in self._groups and len(self._groups) >= _GROUPS_AT_MOST:
            key = _OTHER
        if key not in self._groups:
            self._groups[key] = _begun(message, dead_letter, shape) | (_MIXED if key == _OTHER else {})
        group = self._groups[key]
        group["count"] += 1
        sent = _sent(message)
        group["first"], group["last"] = min(group["first"], sent), max(group["last"], sent)
        newest = group["latest"]
        if len(newest) < _LATEST or sent > newest[-1][0]:
            newest.append(_latest(message, dead_letter, sent))
            newest.sort(key=lambda one: -one[0])
            del newest[_LATEST:]

    def groups(self) -> list[CauseGroup]:
        """Return the groups, largest first."""
        made = [CauseGroup.model_validate(group | _told(group)) for group in self._groups.values()]
        return sorted(made, key=lambda group: (-group.count, group.kind, group.cause))


def _key(dead_letter: DeadLetter, shape: str) -> tuple[str, ...]:
    """What tells one cause from another; where the message says no cause, it is the form of the body."""
    inside = dead_letter.inside
    says_why = inside is not None or dead_letter.kind not in ("sqs", "plain", "sns")
    return (
        dead_letter.kind,
        dead_letter.code,
        same_cause(dead_letter.cause),
        dead_letter.origin,
        dead_letter.refused,
        "" if says_why else shape,
        inside.kind if inside else "",
        inside.origin if inside else "",
    )


_OTHER = ("other",)
_MIXED: dict[str, Json] = {
    "kind": "other",
    "cause": f"more than {_GROUPS_AT_MOST} other causes",
    "rule": "",
    "carries": "",
    "carries_origin": "",
}


def _begun(message: Json, dead_letter: DeadLetter, shape: str) -> dict[str, Json]:
    """A group before its first message is counted."""
    sent, inside = _sent(message), dead_letter.inside
    return {
        "kind": dead_letter.kind,
        "cause": dead_letter.cause or shape,
        "code": dead_letter.code,
        "shape": shape,
        "origin": dead_letter.origin,
        "count": 0,
        "first": sent,
        "last": sent,
        "redrivable": not dead_letter.refused,
        "note": dead_letter.refused,
        "example": _example(message),
        "rule": dead_letter.rule,
        "carries": inside.kind if inside else "",
        "carries_origin": inside.origin if inside else "",
        "latest": [],
    }


def _sent(message: Json) -> int:
    return int((message.get("Attributes") or {}).get("SentTimestamp", 0))


def _told(group: dict[str, Json]) -> dict[str, Json]:
    """What a group tells in another form than it is kept in."""
    times = {name: _utc(group[name]) for name in ("first", "last")}
    latest = [
        {"id": id_, "sent": _utc(sent), "first_received": _utc(received), "request": request}
        for sent, id_, received, request in group["latest"]
    ]
    return times | {"latest": latest}


def _latest(message: Json, dead_letter: DeadLetter, sent: int) -> tuple[int, str, int, str]:
    """What `Latest` tells, as it is kept: most messages are the newest for a moment only."""
    told = message.get("Attributes") or {}
    again = int(told.get("ApproximateReceiveCount", 0)) > 1
    received = int(told.get("ApproximateFirstReceiveTimestamp", 0)) if again else 0
    of_lambda = dead_letter.inside is not None or dead_letter.kind in OF_LAMBDA
    return sent, str(message["MessageId"]), received, dead_letter.request if of_lambda else ""


def _example(message: Json) -> Example:
    attributes = {
        name: str(value.get("StringValue", f"binary, {len(value.get('BinaryValue', ''))} characters of base64"))
        for name, value in (message.get("MessageAttributes") or {}).items()
    }
    return Example(
        id=message["MessageId"],
        body=message["Body"][:_PREVIEW],
        attributes=attributes,
        receives=int((message.get("Attributes") or {}).get("ApproximateReceiveCount", 0)),
    )


def _utc(milliseconds: int) -> str:
    if not milliseconds:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
