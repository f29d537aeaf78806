"""Groups dead letters by cause: how many, since when, one example each; bounded, whatever their number."""

from datetime import UTC, datetime

from opsctl.deadletters.letter import letter_of, same_cause, shape_of
from opsctl.model.value import Json, Value

_GROUPS_AT_MOST = 200
_PREVIEW = 2000


class Example(Value):
    """One message of a group; a long body is cut."""

    id: str
    body: str
    attributes: dict[str, str]
    receives: int


class CauseGroup(Value):
    """Messages that failed alike. Times are UTC, RFC 3339; `origin` is the ARN of what failed to take them."""

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


class Causes:
    """Takes messages one by one and keeps one group for each cause."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, ...], dict[str, Json]] = {}
        self.seen = 0

    def add(self, message: Json) -> None:
        """Count a received message to its group."""
        self.seen += 1
        letter = letter_of(message)
        shape = shape_of(message["Body"])
        says_why = letter.inside is not None or letter.kind not in ("sqs", "plain", "sns")
        key: tuple[str, ...] = (
            letter.kind,
            letter.code,
            same_cause(letter.cause),
            letter.origin,
            letter.refused,
            "" if says_why else shape,
        )
        if key not in self._groups and len(self._groups) >= _GROUPS_AT_MOST:
            key = ("other",)
        sent = int((message.get("Attributes") or {}).get("SentTimestamp", 0))
        group = self._groups.setdefault(
            key,
            {
                "kind": letter.kind if key != ("other",) else "other",
                "cause": letter.cause or shape
                if key != ("other",)
                else f"more than {_GROUPS_AT_MOST} other causes",
                "code": letter.code,
                "shape": shape,
                "origin": letter.origin,
                "count": 0,
                "first": sent,
                "last": sent,
                "redrivable": not letter.refused,
                "note": letter.refused,
                "example": _example(message),
            },
        )
        group["count"] += 1
        group["first"], group["last"] = min(group["first"], sent), max(group["last"], sent)

    def groups(self) -> list[CauseGroup]:
        """Return the groups, largest first."""
        made = [
            CauseGroup.model_validate(group | {"first": _utc(group["first"]), "last": _utc(group["last"])})
            for group in self._groups.values()
        ]
        return sorted(made, key=lambda group: (-group.count, group.kind, group.cause))


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
