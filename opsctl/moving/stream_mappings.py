"""Asks by which event source mapping a function reads a stream, and what that does with the records."""

import datetime
from collections.abc import Callable

from opsctl.deadletters.stream_batches import StreamMapping
from opsctl.model.reads import Answer, Refused
from opsctl.model.value import Json

Ask = Callable[[str, dict[str, Json]], Answer]
CONSUMER = "/consumer/"


def mapping_of(function: str, stream: str, ask: Ask) -> StreamMapping | None:
    """Return the mapping that reads a stream for a function, None when there is none.

    `ask` reads Lambda: the operation and its parameters.

    Raises:
        ValueError: it cannot be told, and why.
    """
    answer = ask("ListEventSourceMappings", {"FunctionName": function.removesuffix(":$LATEST")})
    if answer.refusal is not None:
        if answer.refusal.kind is Refused.MISSING:
            return None
        raise ValueError(f"how its mapping reads the stream is unknown: {answer.refusal}")
    home = stream.partition(CONSUMER)[0]
    found = [
        one
        for one in answer.value.get("EventSourceMappings") or []
        if str(one.get("EventSourceArn", "")).partition(CONSUMER)[0] == home
    ]
    read = [_mapping(one, ask) for one in found]
    if any(one != read[0] for one in read):
        raise ValueError(
            f"{len(read)} mappings read the stream for the function, and the letter does not name one"
        )
    return read[0] if read else None


def _mapping(told: dict[str, Json], ask: Ask) -> StreamMapping:
    unreadable = ""
    if told.get("KMSKeyArn"):
        # A list leaves out filters that are encrypted with a key of the account's own.
        answer = ask("GetEventSourceMapping", {"UUID": told["UUID"]})
        fault = (answer.value or {}).get("FilterCriteriaError") or {}
        if answer.refusal is not None or fault:
            why = answer.refusal or fault.get("Message") or fault.get("ErrorCode")
            unreadable = f"its filter is encrypted with {told['KMSKeyArn']} and cannot be read ({why})"
        told = {**told, **(answer.value or {})}
    filters = (told.get("FilterCriteria") or {}).get("Filters") or []
    return StreamMapping(
        filters=tuple(str(one.get("Pattern", "")) for one in filters),
        unreadable=unreadable,
        factor=int(told.get("ParallelizationFactor") or 1),
        window_s=int(told.get("TumblingWindowInSeconds") or 0),
        fans_out=CONSUMER in str(told.get("EventSourceArn", "")),
        since=seconds(told.get("LastModified")),
    )


def seconds(told: Json) -> float:
    """A time as an answer or a letter tells it, in seconds; 0 for none."""
    if not isinstance(told, str):
        return 0.0
    try:
        return datetime.datetime.fromisoformat(told).timestamp()
    except ValueError:
        return 0.0
