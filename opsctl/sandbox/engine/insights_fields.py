"""The fields that CloudWatch Logs Insights finds in an event by itself.

Source: CloudWatch Logs user guide, "Supported logs and discovered fields": JSON is flattened with dots, arrays by
their index, at most 200 fields of an event; VPC flow logs have names of their own where the format is the default.
"""

import json
from datetime import UTC, datetime
from typing import Any, TypeAlias

Fields: TypeAlias = dict[str, Any]

_MOST_OF_JSON = 200
_FLOW = (
    "version",
    "accountId",
    "interfaceId",
    "srcAddr",
    "dstAddr",
    "srcPort",
    "dstPort",
    "protocol",
    "packets",
    "bytes",
    "startTime",
    "endTime",
    "action",
    "logStatus",
)


def fields_of(message: str, timestamp_ms: int, stream: str, log: str, pointer: str) -> Fields:
    """Return what a query may name of one event."""
    own = {"@timestamp": timestamp_ms, "@message": message, "@logStream": stream, "@log": log, "@ptr": pointer}
    return _discovered(message) | own


def _discovered(message: str) -> Fields:
    if message.lstrip().startswith("{"):
        try:
            told = json.loads(message)
        except ValueError:
            return {}
        flat: Fields = {}
        _flatten(told, "", flat)
        return dict(list(flat.items())[:_MOST_OF_JSON])
    words = message.split()
    if len(words) == len(_FLOW) and words[0] == "2" and words[-1] in ("OK", "NODATA", "SKIPDATA"):
        return {name: word for name, word in zip(_FLOW, words, strict=True) if word != "-"}
    return {}


def _flatten(value: Any, name: str, into: Fields) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(inner, f"{name}.{key}" if name else key, into)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _flatten(inner, f"{name}.{index}", into)
    elif value is not None:
        into[name] = value


def shown(name: str, value: Any) -> str:
    """Return a value as an answer has it: text always, times in UTC with milliseconds."""
    if name == "@timestamp":
        return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{value % 1000:03d}"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)
