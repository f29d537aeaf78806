"""How long things take in the sandbox, in a person's words: a pace, and single things that take longer or hang."""

from collections.abc import Sequence

from opsctl.model.durations import parse_duration
from opsctl.model.errors import InvalidInput

THINGS = {
    "start": "instance_start",
    "stop": "instance_stop",
    "terminate": "instance_terminate",
    "volume": "volume_create",
    "attach": "volume_attach",
    "detach": "volume_detach",
    "snapshot": "snapshot",
    "image": "image",
    "query": "log_query",
}
"""What can be slow, by the name that a person gives it."""
HANGS, HANGS_FOR_S = "hangs", 10**9


def pace_text(pace: str, slow: Sequence[str]) -> str:
    """Return a pace and its slow things as one word, such as `quick,stop=30m,snapshot=hangs`, checked.

    Raises:
        InvalidInput: a thing or a time is none.
    """
    text = ",".join([pace, *slow])
    for one in text.split(",")[1:]:
        slow_thing(one)
    return text


def slow_thing(text: str) -> tuple[str, float]:
    """Return what takes time, by the engine's name for it, and how long.

    Raises:
        InvalidInput: it is nothing that does, or no time.
    """
    thing, _, time = text.partition("=")
    if thing not in THINGS:
        raise InvalidInput.one(f"{thing!r} is not an operation that can be slow", source="--slow", hint=_HINT)
    try:
        return THINGS[thing], HANGS_FOR_S if time == HANGS else parse_duration(time)
    except ValueError:
        raise InvalidInput.one(f"{time!r} is not a duration", source="--slow", hint=_HINT) from None


_HINT = f"one of {', '.join(THINGS)}, and how long, such as stop=30m, or snapshot={HANGS}"
