"""How long things take in the sandbox, as a person chooses: a pace, and single things that take longer or hang."""

from collections.abc import Sequence
from dataclasses import replace

from opsctl.model.errors import InvalidInput
from opsctl.planning.durations import parse_duration
from opsctl.sandbox.engine.conditions import PACES, Durations

THINGS = {
    "start": "instance_start",
    "stop": "instance_stop",
    "terminate": "instance_terminate",
    "volume": "volume_create",
    "attach": "volume_attach",
    "detach": "volume_detach",
    "snapshot": "snapshot",
    "image": "image",
}
"""What can be slow, by the name that a person gives it."""
HANGS, HANGS_FOR_S = "hangs", 10**9


def pace_of(text: str) -> Durations:
    """Return the durations of a pace and its slow things, such as `quick,stop=30m,snapshot=hangs`.

    Raises:
        InvalidInput: a thing or a time is none.
    """
    pace, *slow = text.split(",")
    return replace(PACES[pace], **dict(map(_slow, slow)))


def pace_text(pace: str, slow: Sequence[str]) -> str:
    """Return a pace and its slow things as one word, checked."""
    text = ",".join([pace, *slow])
    pace_of(text)
    return text


def _slow(text: str) -> tuple[str, float]:
    thing, _, time = text.partition("=")
    if thing not in THINGS:
        raise InvalidInput.one(f"{thing!r} is nothing that takes time here", source="--slow", hint=_HINT)
    try:
        return THINGS[thing], HANGS_FOR_S if time == HANGS else parse_duration(time)
    except ValueError:
        raise InvalidInput.one(f"{time!r} is no duration", source="--slow", hint=_HINT) from None


_HINT = f"one of {', '.join(THINGS)}, and how long, such as stop=30m, or snapshot={HANGS}"
