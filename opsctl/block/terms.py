"""How long a block is for, and who asked for it why: what is recorded beside the block itself."""

import re
from datetime import UTC, datetime

from opsctl.model.durations import LONGEST_S, parse_duration
from opsctl.model.spans import utc
from opsctl.model.value import Value

NEVER = "never"
"""How the end of a block without one is written."""

SAME_END_S = 300
"""Ends this near each other count as one: the same command typed again is no extension."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)")


class Term(Value):
    """What is recorded of a block: `until` and `since` as RFC 3339 writes moments of UTC; `until` may be never.

    `target` is what the ways in lead to, as it was asked for. `via` is the header that was to be
    looked at for the address, where a proxy is in front.
    """

    until: str
    since: str
    by: str
    reason: str = ""
    incident: str = ""
    target: str = ""
    via: str = ""


def parse_moment(text: str) -> datetime:
    """Parse a moment as RFC 3339 writes it, with its zone; raises ValueError."""
    if not _MOMENT.fullmatch(text):
        raise ValueError(f"{text!r} is not a moment with its zone: write 2026-12-01T08:00Z")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"there is no moment {text!r}") from None


def parse_ttl(text: str) -> int | None:
    """Return for how many seconds a block is, none for never; raises ValueError."""
    if text == NEVER:
        return None
    try:
        seconds = parse_duration(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no time for a block: write 30m, 2h, 7d (ten years at most) or never"
        ) from None
    if not seconds:
        raise ValueError(f"{text!r} would end the block before it is made: write 30m, 2h, 7d or never")
    return seconds


def ends_at(ttl_s: float | None, until: str, now: float) -> str:
    """Return when a block ends: at a moment, else some seconds from now, else never.

    Raises:
        ValueError: the moment is none, has passed, or is more than ten years away.
    """
    if until == NEVER or (not until and ttl_s is None):
        return NEVER
    if until:
        moment = parse_moment(until)
        if moment.timestamp() <= now:
            raise ValueError(f"{until} has passed")
        if moment.timestamp() > now + LONGEST_S:
            raise ValueError(f"{until} is more than ten years away: write never for a block without an end")
        return utc(moment)
    return utc(datetime.fromtimestamp(int(now + (ttl_s or 0)), UTC))


def seconds_of(until: str) -> float:
    """Return an end in seconds since the epoch; never is beyond all others."""
    return float("inf") if until == NEVER else parse_moment(until).timestamp()


def lasts_longer(until: str, than: str) -> bool:
    """Tell whether an end is later than another by more than typing the same command again makes it."""
    return until != than and seconds_of(until) > seconds_of(than) + (0 if until == NEVER else SAME_END_S)


def who(arn: str) -> str:
    """Return the person behind a caller's ARN: the user, or the role with the name of its session."""
    _, _, name = arn.rpartition(":")
    return name.partition("/")[2] or name
