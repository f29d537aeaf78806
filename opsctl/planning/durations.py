"""Durations as people write them."""

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"^(\d+)([smhd])$")


def parse_duration(text: str) -> int:
    """Return the seconds of `30s`, `5m`, `2h` or `1d`; raises ValueError."""
    match = _DURATION.match(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a duration: write 30s, 5m, 2h or 1d")
    return int(match[1]) * _UNITS[match[2]]
