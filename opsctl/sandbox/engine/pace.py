"""The durations of a pace that a person chose."""

from dataclasses import replace

from opsctl.sandbox.engine.conditions import PACES, Durations
from opsctl.sandbox.pace import slow_thing


def pace_of(text: str) -> Durations:
    """Return the durations of a pace and its slow things, such as `quick,stop=30m,snapshot=hangs`.

    Raises:
        InvalidInput: a thing or a time is none.
    """
    pace, *slow = text.split(",")
    return replace(PACES[pace], **dict(map(slow_thing, slow)))
