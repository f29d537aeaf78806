"""Asks by which event source mapping a function reads a stream, and what that does with the records."""

import datetime
from collections.abc import Callable

from opsctl.dlq.stream_batches import StreamMapping
from opsctl.model.reads import Answer
from opsctl.model.value import Json

Ask = Callable[[str, dict[str, Json]], Answer]
CONSUMER = "/consumer/"


def mapping_of(function: str, stream: str, ask: Ask) -> StreamMapping | None:
    """Return the mapping that reads a stream for a function, None when there is none.

    `ask` reads Lambda: the operation and its parameters.

    Raises:
        ValueError: it cannot be told, and why.
    """
    answer = ask("ListEventSourceMappings", {})
    if answer.refusal is not None:
        raise ValueError(f"how its mapping reads the stream is unknown: {answer.refusal}")
    found = [
        one
        for one in answer.value.get("EventSourceMappings") or []
        if _stream(str(one.get("EventSourceArn", ""))) == _stream(stream)
        and _function(str(one.get("FunctionArn", ""))) == _function(function)
    ]
    # A function may read a stream by an alias as well; the letter names what was invoked.
    exact = [one for one in found if one["FunctionArn"] == function.removesuffix(":$LATEST")]
    read = [_mapping(one, ask) for one in exact or found]
    if any(one != read[0] for one in read):
        raise ValueError(
            f"{len(read)} mappings read the stream for the function, and the message does not name one"
        )
    return read[0] if read else None


def _stream(arn: str) -> str:
    """A stream, also by the ARN of one of its consumers."""
    return arn.partition(CONSUMER)[0]


def _function(arn: str) -> str:
    """A function without its alias or version."""
    return ":".join(arn.split(":")[:7])


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
