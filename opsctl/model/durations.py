"""Durations as people write them."""

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"^(\d{1,12})([smhd])$")
LONGEST_WAIT_S = 7 * 86_400
"""As long as anything is waited for."""
LONGEST_S = 3_653 * 86_400
"""Ten years: what is longer is a slip, and no date any more."""


def parse_duration(text: str) -> int:
    """Return the seconds of `30s`, `5m`, `2h` or `1d`, ten years at most; raises ValueError."""
    match = _DURATION.match(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a duration: write 30s, 5m, 2h or 1d")
    seconds = int(match[1]) * _UNITS[match[2]]
    if seconds > LONGEST_S:
        raise ValueError(f"{text!r} is longer than ten years")
    return seconds
